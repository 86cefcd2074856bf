// The story of the house, told by clicks: own patient, stranger, emergency, review, the patient's look, the patient's limit.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { code, enter, openBrowser, openHouse, picture } from "./house.mjs";

let house, browser, doctor, officer, patient;

before(async () => {
  house = await openHouse();
  browser = await openBrowser();
}, { timeout: 600_000 });

after(async () => {
  await browser?.close();
  await house?.stop();
});

const own = () => house.patients.own;
const stranger = () => house.patients.stranger;
const at = (path) => `${house.address}${path}`;

test("a doctor logs in with password and code and sees own patients", async () => {
  doctor = await enter(house, browser, "li.mingyuan");
  assert.equal(new URL(doctor.url()).pathname, "/patients");
  await doctor.waitForSelector(`a[href='/patients/${own()}']`);
  await picture(doctor, "patients");
});

test("an own patient's record opens and says why", async () => {
  await doctor.click(`a[href='/patients/${own()}']`);
  await doctor.waitForSelector(".why");
  assert.ok((await doctor.textContent(".why")).trim().length > 10);
  assert.ok((await doctor.locator(".record svg[role=img]").count()) > 0, "labs are drawn");
  await picture(doctor, "record");
});

test("a stranger is refused with three ways on, in the very bytes of a patient who does not exist", async () => {
  const answer = await doctor.goto(at(`/patients/${stranger()}`));
  assert.equal(answer.status(), 403);
  assert.equal(await doctor.locator(".way").count(), 3);
  await picture(doctor, "refusal");
  const bytes = async (id) => {
    const page = await doctor.request.get(at(`/patients/${id}`));
    return [page.status(), (await page.text()).replaceAll(id, "ID").replaceAll(/datetime="[^"]*"/g, "")];
  };
  // Same length, so that nothing differs but the id that was asked for.
  assert.deepEqual(await bytes(stranger()), await bytes("pat-9999"));
});

test("an emergency opens the record and its banner runs", async () => {
  await doctor.goto(at(`/patients/${stranger()}`));
  await doctor.click(`a[href='/patients/${stranger()}/emergency']`);
  await doctor.check("[name=reason][value=unconscious]");
  await doctor.fill("textarea[name=text]", "昏迷送入急诊，需要过敏史和用药史");
  await doctor.locator("[name=minutes]").first().check();
  const declare = () => doctor.click(`form[action='/patients/${stranger()}/emergency'] button.is-danger`);
  // At a screen left open nobody else knows the password; nothing opens, and what was typed does not come back.
  await doctor.fill("input[name=code]", "not the password");
  await declare();
  await doctor.waitForSelector(".field.is-wrong input[name=code]");
  assert.equal(await doctor.inputValue("input[name=code]"), "");
  assert.equal(await doctor.locator(".alarm").count(), 0);
  await picture(doctor, "emergency");
  // The password: the code of the log-in is used up, and the next one may be half a minute away.
  await doctor.fill("input[name=code]", house.accounts.find((one) => one.login === "li.mingyuan").password);
  await declare();
  await doctor.waitForSelector(".alarm");
  await doctor.waitForSelector(".person h1");
  await picture(doctor, "emergency-record");
});

test("the privacy officer finds the emergency waiting and reviews it", async () => {
  officer = await enter(house, browser, "ye.qinglan");
  await picture(officer, "privacy");
  await officer.goto(at("/privacy/reviews"));
  await officer.locator("a[href^='/privacy/reviews/']").first().click();
  assert.match(await officer.textContent("blockquote"), /昏迷送入急诊/);
  await picture(officer, "review");
  await officer.check("[name=outcome][value=justified]");
  await officer.fill("[name=note]", "急诊值班，病情属实");
  await officer.click("form[action^='/privacy/reviews/'] button.is-main");
  await officer.waitForLoadState();
  await officer.goto(at("/privacy/reviews"));
  await officer.locator("a[href^='/privacy/reviews/']").first().click();
  assert.equal(await officer.locator("[name=outcome]").count(), 0, "a reviewed emergency asks no more");
});

test("the patient sees who looked in the emergency, and the proof verifies here and with the program", async () => {
  const login = house.accounts.find((one) => one.role === "patient" && one.patient === stranger())?.login ?? "patient.other";
  patient = await enter(house, browser, login, { viewport: { width: 390, height: 844 } });
  await picture(patient, "me");
  await patient.goto(at("/me/seen"));
  const link = patient.locator("a[href^='/me/seen/']").first();
  await picture(patient, "seen");
  await link.click();
  const [download] = await Promise.all([
    patient.waitForEvent("download"),
    patient.click("a[download]"),
  ]);
  const file = join(house.data, "..", "entry.tlog-proof");
  await download.saveAs(file);
  const proof = readFileSync(file, "utf8");
  assert.match(proof, /^c2sp\.org\/tlog-proof@v1\n/);
  const vkey = readFileSync(join(house.data, "log.vkey"), "utf8").trim();
  execFileSync(process.env.TEST_TACEBO ?? "../../target/debug/tacebo", ["verify", "--proof", file, "--vkey", vkey]);
  await patient.goto(at("/check-proof"));
  await patient.fill("textarea[name=proof]", proof);
  await patient.click("form[action='/check-proof'] button.is-main");
  await patient.waitForSelector(".verdict.is-good");
  await picture(patient, "proof");
  // One changed byte of the entry is found.
  const broken = proof.replace(/^extra (....)/m, (line, four) => `extra ${four === "AAAA" ? "BBBB" : "AAAA"}`);
  assert.notEqual(broken, proof);
  writeFileSync(file, broken);
  assert.throws(() =>
    execFileSync(process.env.TEST_TACEBO ?? "../../target/debug/tacebo", ["verify", "--proof", file, "--vkey", vkey], { stdio: "ignore" }));
  await patient.fill("textarea[name=proof]", broken);
  await patient.click("form[action='/check-proof'] button.is-main");
  await patient.waitForSelector(".verdict.is-bad");
});

test("the patient limits the doctor's department and the doctor is refused on the next click", async () => {
  const mine = await enter(house, browser, "patient.own", { viewport: { width: 390, height: 844 } });
  await doctor.goto(at(`/patients/${own()}`));
  await doctor.waitForSelector(".why");
  await mine.goto(at("/me/choices"));
  const department = house.accounts.find((one) => one.login === "li.mingyuan").department ?? "Organization/dept-cardiology";
  const form = mine.locator("form[action='/me/choices']").filter({ has: mine.locator(`input[value='${department}']`) });
  await form.locator("button[role=switch]").click();
  await mine.locator("form[action='/me/choices']").filter({ has: mine.locator(`input[value='${department}']`) })
    .locator("button[aria-checked=true]").waitFor();
  await picture(mine, "choices");
  const answer = await doctor.goto(at(`/patients/${own()}`));
  assert.equal(answer.status(), 403);
  assert.equal(await doctor.locator(".way").count(), 3);
  // And back: the switch opens the record again.
  await mine.locator("form[action='/me/choices']").filter({ has: mine.locator(`input[value='${department}']`) })
    .locator("button[role=switch]").click();
  await mine.locator("form[action='/me/choices']").filter({ has: mine.locator(`input[value='${department}']`) })
    .locator("button[aria-checked=false]").waitFor();
  assert.equal((await doctor.goto(at(`/patients/${own()}`))).status(), 200);
  assert.deepEqual([...doctor.faults, ...mine.faults, ...officer.faults, ...patient.faults], [], "no page broke its own rules");
});

test("a guardian sees the child's record in the portal, and a request that was accepted opens a stranger's", async () => {
  const guardian = await enter(house, browser, "parent.minor", { viewport: { width: 390, height: 844 } });
  assert.equal(new URL(guardian.url()).pathname, "/me");
  await guardian.waitForSelector(".whose button[aria-pressed=true]");
  await picture(guardian, "guardian");
  await guardian.goto(at("/me/record"));
  await guardian.waitForSelector(".card");

  const other = house.patients.other_ward;
  assert.equal((await doctor.goto(at(`/patients/${other}`))).status(), 403);
  await doctor.fill("textarea[name=text]", "电话会诊，需要查看既往用药");
  await doctor.click(`form[action='/patients/${other}/request-access'] button`);
  await officer.goto(at("/privacy"));
  await officer.locator("a[href^='/privacy/requests/']").first().click();
  await officer.waitForSelector("[name=days]");
  await picture(officer, "request");
  await officer.click("button[name=answer][value=accepted]");
  await officer.waitForURL((url) => url.pathname === "/privacy");
  assert.equal((await doctor.goto(at(`/patients/${other}`))).status(), 200);
  await doctor.waitForSelector(".why");
  await picture(doctor, "granted");
  assert.deepEqual([...guardian.faults, ...doctor.faults, ...officer.faults], [], "no page broke its own rules");
});

test("a mother is let into the portal at the counter, begins without a script, and is shut out on her next click when it ends", async () => {
  const counter = await enter(house, browser, "xiao.yutong");
  const child = house.patients.minor;
  const desk = `/reception/patients/${child}`;
  await counter.goto(at(`${desk}/consent`));
  await counter.click(`a[href='${desk}/portal']`);
  const form = counter.locator(`form[action='${desk}/guardians']`);
  await form.locator("[name=name]").fill("林静");
  await form.locator("[name=relationship]").selectOption("MTH");
  await form.locator("[name=proof]").selectOption("birth-certificate");
  await form.locator("[name=phone]").fill("13900139000");
  await form.locator("[name=document]").selectOption("resident-card");
  await form.locator("[name=checked]").check();
  await form.locator("button.is-main").click();
  await counter.waitForSelector(".is-once svg");
  const [user, password, secret] = await counter.locator(".is-once code.secret").allTextContents();
  await picture(counter, "portal-sheet");

  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 }, locale: "zh-CN" });
  const mother = await context.newPage();
  await mother.goto(at("/login"));
  await mother.fill("[name=name]", user);
  await mother.fill("[name=password]", password);
  await mother.click("form[action='/login'] button.is-main");
  await mother.fill("[name=code]", code(secret.replaceAll(" ", "")));
  await mother.click("form[action='/login/code'] button.is-main");
  await mother.fill("[name=new]", "一只蓝色的安静水壶");
  await mother.fill("[name=again]", "一只蓝色的安静水壶");
  await mother.click("form[action='/login/password'] button.is-main");
  const own = (await mother.textContent("#secret")).replaceAll(" ", "");
  assert.notEqual(own, secret.replaceAll(" ", ""));
  await mother.fill("[name=code]", code(own));
  await mother.click("form[action='/login/enrol'] button.is-main");
  assert.equal(new URL(mother.url()).pathname, "/me");
  assert.match(await mother.textContent("h1"), /林静/);
  await picture(mother, "portal-begun");

  await counter.goto(at(`${desk}/portal`));
  const hers = counter.locator(".ask").filter({ hasText: "139****9000" });
  await hers.locator("summary").click();
  await picture(counter, "portal-desk");
  await hers.locator("form[action$='/end-authority'] button").click();
  await counter.waitForURL((url) => url.search === "?done=authority-ended");
  assert.equal((await mother.goto(at("/me"))).status(), 403);
  assert.deepEqual(counter.faults, [], "no page broke its own rules");
});
