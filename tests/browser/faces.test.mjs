// Every first screen of every role: reachable, within its rules, readable (WCAG A and AA), on a desk and on a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { DESK, PHONE, enter, openBrowser, openHouse, picture } from "./house.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let house, browser;

before(async () => {
  house = await openHouse();
  browser = await openBrowser();
}, { timeout: 600_000 });

after(async () => {
  await browser?.close();
  await house?.stop();
});

const SCREENS = {
  "li.mingyuan": (h) => ["/patients", "/patients/find", `/patients/${h.patients.own}`, `/patients/${h.patients.stranger}`,
    `/patients/${h.patients.stranger}/emergency`, "/account"],
  "yang.ruoliu": () => ["/patients"],
  "deng.kaiwen": () => ["/patients"],
  "xiao.yutong": (h) => ["/reception", "/reception/register", `/reception/patients/${h.patients.own}/consent`,
    `/reception/patients/${h.patients.own}/portal`, `/reception/patients/${h.patients.minor}/portal`],
  "ye.qinglan": (h) => ["/privacy", "/privacy/reviews", `/privacy/who-saw?patient=${h.patients.own}`],
  "pan.lijun": () => ["/system"],
  "tian.ruogu": () => ["/audit", "/audit/entries/3", "/audit/verify"],
  "jiang.xinran": () => ["/audit", "/audit/verify"],
  "yuan.bowen": () => ["/accounts", "/accounts/new"],
  "dong.haoran": () => ["/system"],
  "parent.minor": () => ["/me", "/me/seen", "/me/choices", "/me/record"],
  "patient.own": () => ["/me", "/me/seen", "/me/choices", "/me/record", "/check-proof"],
};

for (const [login, screens] of Object.entries(SCREENS)) {
  test(`the screens of ${login} are readable on a desk and on a phone`, async () => {
    const page = await enter(house, browser, login, { bypassCSP: true });
    for (const path of screens(house)) {
      for (const [name, size] of [["desk", DESK], ["phone", PHONE]]) {
        await page.setViewportSize(size);
        const answer = await page.goto(`${house.address}${path}`);
        assert.ok([200, 403].includes(answer.status()), `${path} answers ${answer.status()}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wide <= 1, `${path} is ${wide} px too wide on a ${name}`);
        await picture(page, `${login}-${name}-${path.replaceAll(/[^a-z0-9]+/gi, "-")}`);
      }
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
      assert.deepEqual(violations.map((one) => `${path}: ${one.id} ${one.nodes.map((n) => n.html).join(" ")}`), []);
    }
    assert.deepEqual(page.faults, []);
  });
}

test("the language switch works without a script", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: DESK, locale: "zh-CN" });
  const page = await context.newPage();
  await page.goto(`${house.address}/login`);
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await page.click("button[name=lang]");
  assert.equal(await page.getAttribute("html", "lang"), "en");
});

test("every page refuses whoever is not logged in", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const paths = new Set(Object.values(SCREENS).flatMap((screens) => screens(house)).filter((path) => path !== "/check-proof"));
  for (const path of paths) {
    await page.goto(`${house.address}${path}`);
    assert.equal(new URL(page.url()).pathname, "/login", path);
  }
});
