// Root keys are turned while the house is open, and a person is destroyed: asked for, approved, certified, gone.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DESK, enter, openBrowser, openHouse, PHONE, picture } from "./house.mjs";

const PROGRAM = process.env.TEST_TACEBO ?? "../../target/debug/tacebo";
let house, browser, officer, security, doctor, path;

before(async () => {
  house = await openHouse();
  browser = await openBrowser();
}, { timeout: 600_000 });

after(async () => {
  await browser?.close();
  await house?.stop();
});

const at = (path) => `${house.address}${path}`;
const own = () => house.patients.own;

/** Nothing sticks out at the side, on a desk and on a phone. */
async function fits(page, name) {
  for (const [size, view] of [["desk", DESK], ["phone", PHONE]]) {
    await page.setViewportSize(view);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${name} is ${over} px too wide on a ${size}`);
    await picture(page, `${name}-${size}`);
  }
  await page.setViewportSize(DESK);
}

test("the security administrator turns the root key while a doctor reads", async () => {
  const admin = await enter(house, browser, "yuan.bowen");
  doctor = await enter(house, browser, "li.mingyuan");
  await admin.goto(at("/system/keys"));
  await fits(admin, "root-keys-before");
  const reading = doctor.goto(at(`/patients/${own()}`));
  await admin.click("form[action='/system/keys/turn'] button");
  assert.equal((await reading).status(), 200);
  assert.equal(await admin.locator(".checks .is-held").count(), 4);
  assert.equal(await admin.locator(".checks .is-skipped").count(), 0);
  await fits(admin, "root-keys-after");
  const machines = await enter(house, browser, "dong.haoran");
  await machines.goto(at("/system/keys"));
  assert.equal(await machines.locator("form[action='/system/keys/turn']").count(), 0);
  assert.deepEqual([...admin.faults, ...machines.faults], []);
});

async function ask(ground) {
  await officer.goto(at("/privacy/destructions"));
  await officer.fill("#f-q", own());
  await officer.selectOption("[name=what]", "person");
  await officer.selectOption("[name=ground]", ground);
  await officer.fill("[name=reference]", "2026-隐-17");
  await officer.fill("#f-text", "建档时误用了测试数据，经核实并无此次就诊");
  await officer.click("form[action='/privacy/destructions'] button.is-danger");
}

test("law stands in the way of what a person merely asks for, and says until when", async () => {
  officer = await enter(house, browser, "ye.qinglan");
  await ask("consent-withdrawn");
  assert.match(await officer.textContent(".verdict.is-bad"), /依法须保存至 20\d\d/);
  // What was typed is still there.
  assert.equal(await officer.inputValue("[name=reference]"), "2026-隐-17");
  await fits(officer, "destruction-blocked");
});

test("a destruction is asked for by one officer and approved by another", async () => {
  await ask("registered-in-error");
  path = new URL(officer.url()).pathname;
  assert.match(path, /^\/privacy\/destructions\/[0-9a-f-]+$/);
  assert.equal(await officer.locator("button[value=approved]").count(), 0, "nobody approves his own");
  await fits(officer, "destruction-asked");
  security = await enter(house, browser, "pan.lijun");
  await security.goto(at("/privacy/destructions"));
  await security.click(`a[href='${path}']`);
  await fits(security, "destruction-to-approve");
  await security.click("button[value=approved]");
  await security.waitForSelector(".verdict.is-good");
});

test("the certificate says what is gone and from when, names no patient, and is checked offline", async () => {
  await officer.goto(at(path));
  await fits(officer, "destruction-certificate");
  const words = await officer.textContent("main");
  assert.match(words, /2026-隐-17/);
  assert.ok(!words.includes(own()), "the certificate names the patient");
  const file = await (await officer.request.get(at(`${path}/certificate`))).text();
  assert.ok(!file.includes(own()));
  const kept = join(house.data, "..", "certificate.json");
  writeFileSync(kept, file);
  const said = execFileSync(PROGRAM, ["verify", "--lang", "zh", "--certificate", kept, "--vkey", join(house.data, "log.vkey")]);
  assert.match(said.toString(), /证明成立/);
  await officer.goto(at("/privacy/destructions"));
  await fits(officer, "destruction-list");
});

test("there never was such a person, at any door", async () => {
  const bytes = async (page, path, id) => {
    const answer = await page.request.get(at(path));
    return [answer.status(), (await answer.text()).replaceAll(id, "ID").replaceAll(/datetime="[^"]*"/g, "")];
  };
  const never = "pat-9999";
  assert.deepEqual(await bytes(doctor, `/patients/${own()}`, own()), await bytes(doctor, `/patients/${never}`, never));
  await doctor.goto(at("/patients"));
  assert.equal(await doctor.locator(`a[href='/patients/${own()}']`).count(), 0);
  // The account of the portal is gone: its name and password open nothing.
  const account = house.accounts.find((one) => one.login === "patient.own");
  const context = await browser.newContext({ locale: "zh-CN" });
  const page = await context.newPage();
  await page.goto(at("/login"));
  await page.fill("[name=name]", account.login);
  await page.fill("[name=password]", account.password);
  await page.click("form[action='/login'] button.is-main");
  assert.equal(await page.locator("[name=code]").count(), 0);
  assert.deepEqual([...officer.faults, ...security.faults, ...doctor.faults], []);
});
