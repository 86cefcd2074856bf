// Starts the sample hospital in a folder of its own, and walks into it with a real browser.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const PROGRAM = process.env.TEST_TACEBO ?? "../../target/debug/tacebo";
const CHROMIUM = process.env.TEST_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
export const DESK = { width: 1366, height: 768 };
export const PHONE = { width: 390, height: 844 };

/** The demo, running: `{ address, accounts, patients, stop, data }`. */
export async function openHouse() {
  const data = mkdtempSync(join(tmpdir(), "tacebo-browser-"));
  const child = spawn(PROGRAM, ["demo", "--data", join(data, "house"), "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (text) => (log += text));
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the demo ended with ${code}:\n${log}`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners("exit");
      child.once("exit", () => {
        rmSync(data, { recursive: true, force: true });
        resolve();
      });
      child.kill("SIGTERM");
    });
  return { ...JSON.parse(line), data: join(data, "house"), stop };
}

export const openBrowser = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** RFC 6238: SHA-1, 30 seconds, six digits. */
export function code(secret, now = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const letter of secret) bits += alphabet.indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A page of its own for one person, logged in with password and code; faults of the page fail the test. */
export async function enter(house, browser, login, options = {}) {
  const account = house.accounts.find((one) => one.login === login);
  const context = await browser.newContext({ viewport: DESK, locale: "zh-CN", ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (message) => {
    // A refused page answers 403, which the console calls an error too.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) page.faults.push(message.text());
  });
  page.on("pageerror", (error) => page.faults.push(String(error)));
  await page.goto(`${house.address}/login`);
  await page.fill("[name=name]", account.login);
  await page.fill("[name=password]", account.password);
  await page.click("form[action='/login'] button.is-main");
  await page.waitForSelector("[name=code]");
  await page.fill("[name=code]", code(account.totp_secret));
  await page.click("form[action='/login/code'] button.is-main");
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
  return page;
}

/** Keeps a picture when `TEST_PICTURES` names a folder. */
export async function picture(page, name) {
  const folder = process.env.TEST_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
