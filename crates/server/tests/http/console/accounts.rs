//! Accounts, the first log-in with changed secrets, one's own account, and the machine.

use serde_json::json;
use tacebo_identity::Identity;
use tacebo_vault::{BackupPlan, BackupRun, Door, Drill};

use crate::browser::{Browser, Page};
use crate::house::{House, NAME, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_its_secrets_changed_and_taken_away_again() {
    let house = House::staffed().await;
    let mut admin = house.log_in("yuan.bowen").await;
    admin.get("/").await.goes_to("/accounts");
    admin.get("/accounts").await.is(200).shows("li.mingyuan");
    admin.get("/accounts?q=wang").await.is(200).shows("wang.siqi").hides("li.mingyuan");
    admin.get("/accounts/new").await.is(200);
    let new = |user: &'static str, roles: &[&'static str]| {
        let mut form = vec![("user", user), ("name", "周一"), ("department", "心内科")];
        form.extend(roles.iter().map(|role| ("role", *role)));
        form
    };
    // ACC-14: an administrator's role stands alone.
    for clash in [["system-administrator", "security-administrator"], ["doctor", "audit-administrator"]] {
        admin.post("/accounts", &new("zhou.yi", &clash)).await.is(422).shows("stands alone");
    }
    admin.post("/accounts", &new("li.mingyuan", &["doctor"])).await.is(422).shows("already");
    admin.post("/accounts", &new("zhou.yi", &[])).await.is(422);
    let made = admin.post("/accounts", &new("zhou.yi", &["doctor"])).await;
    made.is(200).shows("Shown only once");
    let (password, secret) = (
        made.after("One-time password</dt><dd><code class=\"secret\">"),
        made.after("authenticator</dt><dd><code class=\"secret\">"),
    );
    let edit = made.link("/accounts/0");
    let edit = edit.trim_end_matches("/lock").to_owned();
    admin.get(&edit).await.is(200).hides(&password).hides(&secret);

    // The first log-in leads to a new password and a new factor, whatever address is asked for.
    let mut zhou = house.browser();
    let first = House::factor(&secret);
    house.both_steps(&mut zhou, "zhou.yi", &password, &first).await.goes_to("/login/password");
    zhou.get("/patients").await.goes_to("/login/password");
    zhou.post("/login/password", &[("new", "12345678"), ("again", "12345678")]).await.is(422).shows("easy to guess");
    zhou.post("/login/password", &[("new", PASSWORD), ("again", "another")]).await.is(422).shows("do not match");
    zhou.post("/login/password", &[("new", PASSWORD), ("again", PASSWORD)]).await.goes_to("/login/enrol");
    zhou.get("/patients").await.goes_to("/login/enrol");
    let enrol = zhou.get("/login/enrol").await;
    let own = enrol.after("id=\"secret\">");
    let again = zhou.post("/login/enrol", &[("code", "000000")]).await;
    again.is(422).shows(&own);
    let code = house.code(&House::factor(&own));
    zhou.post("/login/enrol", &[("code", &code)]).await.goes_to("/patients");
    zhou.get("/patients").await.is(200);

    // A step of the administrator ends the session at once.
    admin.post(&format!("{edit}/lock"), &[]).await.goes_to(&edit);
    zhou.get("/patients").await.goes_to("/login");
    admin.post(&format!("{edit}/unlock"), &[]).await.goes_to(&edit);
    admin.post(&format!("{edit}/reset-password"), &[]).await.is(200).shows("One-time password");
    admin.post(&format!("{edit}/reset-factor"), &[]).await.is(200).shows("authenticator");
    admin.post(&format!("{edit}/shred"), &[]).await.is(404);
    let changed = [("name", "周一一"), ("department", "内分泌科"), ("role", "nurse")];
    admin.post(&edit, &changed).await.goes_to(&edit);
    let page = admin.get(&edit).await;
    page.is(200).shows("周一一").shows("内分泌科");
    // What was done to it, by whom; an older page does not overwrite it.
    page.shows("Account made").shows("Changed · Name · Roles · Department").shows("Locked").shows("袁博闻");
    let shown = page.hidden("shown");
    house.clock.fetch_add(1_000_000, std::sync::atomic::Ordering::SeqCst);
    let again = [("name", "周一"), ("department", "内分泌科"), ("role", "nurse"), ("shown", shown.as_str())];
    let before = house.entries().await.len();
    admin.post(&edit, &again).await.goes_to(&edit);
    let entries = house.entries().await.split_off(before);
    assert_eq!(entries.iter().map(|one| one.get("action")).collect::<Vec<_>>(), ["update"], "one ask");
    admin.post(&edit, &again).await.is(409);
    admin
        .post(&edit, &[("name", "周一"), ("department", "no such"), ("role", "nurse")])
        .await
        .is(422)
        .shows("No department");
    // Nobody administers the own account; nobody else administers at all.
    let own = format!("/accounts/{}", house.account("yuan.bowen"));
    admin.post(&format!("{own}/reset-factor"), &[]).await.is(403);
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/accounts").await.is(403);
    li.get("/accounts/new").await.is(403);
    li.post("/accounts", &new("zhao.er", &["doctor"])).await.is(403);
    li.post(&format!("{edit}/lock"), &[]).await.is(403);
    admin.get("/patients/p1").await.is(403);
}

/// Somebody of the staff register, as the personnel system writes it.
async fn hire(house: &House, id: &str, number: &str, name: &str, active: bool) {
    let identifier = json!([{ "system": "urn:oid:2.16.156.10011.1.4", "value": number },
        { "system": "urn:oid:2.16.156.10011.1.3", "value": "110101199001011237" }]);
    let person = json!({ "resourceType": "Practitioner", "id": id, "active": active, "identifier": identifier,
        "name": [{ "text": name }] });
    house.keep(&person).await;
}

/// The first log-in of an account just made, with its first secrets changed.
async fn first_log_in(house: &House, made: &Page, user: &str) -> Browser {
    let password = made.after("One-time password</dt><dd><code class=\"secret\">");
    let secret = made.after("authenticator</dt><dd><code class=\"secret\">");
    let mut browser = house.browser();
    house.both_steps(&mut browser, user, &password, &House::factor(&secret)).await.goes_to("/login/password");
    browser.post("/login/password", &[("new", PASSWORD), ("again", PASSWORD)]).await.goes_to("/login/enrol");
    let own = browser.get("/login/enrol").await.after("id=\"secret\">");
    let code = house.code(&House::factor(&own));
    browser.post("/login/enrol", &[("code", &code)]).await.is(303);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_made_on_the_screen_sees_the_patient_of_an_encounter_that_names_him() {
    let house = House::staffed().await;
    hire(&house, "zhou", "200731", "周一", true).await;
    hire(&house, "gone", "200100", "郑去", false).await;
    house.take_in("p1").await;
    let mut admin = house.log_in("yuan.bowen").await;
    let new = |user: &'static str, number: &'static str| {
        [("user", user), ("name", "周一"), ("department", "内分泌科"), ("practitioner", number), ("role", "doctor")]
    };
    // Unknown, left, and a number that is none of a post.
    for wrong in ["999999", "200100", "110101199001011237"] {
        admin.post("/accounts", &new("zhou.yi", wrong)).await.is(422).shows("Nobody in the staff register");
    }
    let made = admin.post("/accounts", &new("zhou.yi", "200731")).await;
    made.is(200).shows("value=\"200731\"");
    // One person, one account.
    admin.post("/accounts", &new("zhou.er", "zhou")).await.is(422).shows("already");
    let edit = format!("/accounts/{}", made.link("/accounts/0").split('/').nth(2).unwrap());

    let mut zhou = first_log_in(&house, &made, "zhou.yi").await;
    zhou.get("/patients/p1").await.is(403);
    let encounter = |practitioner: &str| {
        json!({ "resourceType": "Encounter", "id": "consult", "status": "in-progress", "class": { "code": "AMB" },
            "subject": { "reference": "Patient/p1" }, "period": { "start": "2026-11-10T09:00:00+08:00" },
            "participant": [{ "individual": { "reference": format!("Practitioner/{practitioner}") } }] })
    };
    house.keep(&encounter("zhou")).await;
    zhou.get("/patients").await.is(200).shows(NAME);
    zhou.get("/patients/p1").await.is(200).shows("心力衰竭");

    // The day of the training is kept, and shown to the person; no other day is taken.
    let trained = |day: &'static str| {
        [
            ("name", "周一"),
            ("department", "内分泌科"),
            ("practitioner", "200731"),
            ("role", "doctor"),
            ("training_until", day),
        ]
    };
    admin.post(&edit, &trained("next year")).await.is(422).shows("not a possible date");
    admin.post(&edit, &trained("2027-03-12")).await.goes_to(&edit);
    admin.get(&edit).await.is(200).shows("value=\"2027-03-12\"");
    zhou.get("/patients").await.is(200).shows("training valid until 2027-03-12");
    admin.post(&edit, &trained("2026-01-31")).await.goes_to(&edit);
    zhou.get("/patients").await.is(200).shows("training ran out on 2026-01-31");

    // Changed like everything else of an account: in the log, and in force at once.
    let before = house.entries().await.len();
    let cleared = [("name", "周一"), ("department", "内分泌科"), ("practitioner", ""), ("role", "doctor")];
    admin.post(&edit, &cleared).await.goes_to(&edit);
    let entries = house.entries().await.split_off(before);
    assert!(entries.iter().any(|one| one.get("detail") == "account-changed" && one.get("outcome") == "done"));
    admin.get(&edit).await.is(200).hides("200731");
    zhou.get("/patients").await.goes_to("/login");
    // Free again for another account.
    admin.post("/accounts", &new("zhou.er", "200731")).await.is(200);
    let taken = [("name", "周一"), ("department", "内分泌科"), ("practitioner", "200731"), ("role", "doctor")];
    admin.post(&edit, &taken).await.is(422).shows("already");
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_password_and_sessions_are_ones_own() {
    let house = House::staffed().await;
    let mut here = house.log_in("li.mingyuan").await;
    let mut there = house.log_in("li.mingyuan").await;
    let account = here.get("/account").await;
    account.is(200).shows("li.mingyuan").shows("this one");
    let end = account.link("/account/sessions/");
    here.post(&end, &[]).await.goes_to("/account");
    there.get("/account").await.goes_to("/login");
    let wrong = [("current", "nope nope nope"), ("new", "a new sentence for me"), ("again", "a new sentence for me")];
    here.post("/account/password", &wrong).await.is(422).shows("not right");
    let before = here.cookies.clone();
    let good = [("current", PASSWORD), ("new", "a new sentence for me"), ("again", "a new sentence for me")];
    here.post("/account/password", &good).await.goes_to("/account");
    assert_ne!(before["tacebo"], here.cookies["tacebo"], "the session goes on under a new id");
    here.get("/account?done=password").await.is(200).shows("The password is changed");
}

/// A backup that was made, and a restore that was tried, an hour ago.
async fn back_up(house: &House) {
    let (vault, job) = (house.app.vault(), Identity::house(Door::Job));
    let ended_us = vault.now_us() - 3_600_000_000;
    vault.plan_backups(BackupPlan {
        every_hours: 24,
        missed_hours: 30,
        drill_every_days: 30,
        drill_late_days: 90,
        target_minutes: 240,
        target_loss_hours: 24,
    });
    let begun_us = ended_us - 60_000_000;
    let run = BackupRun {
        run: 1,
        begun_us,
        ended_us,
        bytes: 4_096,
        versions: 7,
        entries: 9,
        log_size: 9,
        manifest: "ab".repeat(32),
    };
    vault.backed_up(&job, Ok(run)).await.unwrap();
    let drill = Drill { begun_us, ended_us, run: 1, versions: 7, entries: 9, loss_us: 60_000_000, trouble: None };
    vault.drilled(&job, drill).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_is_shown_to_those_who_run_it() {
    let house = House::staffed().await;
    house.app.vault().sign_now().await.unwrap();
    let mut system = house.log_in("dong.haoran").await;
    system.get("/").await.goes_to("/system");
    // Nothing is backed up yet: that is what it says first.
    system.get("/system").await.is(200).shows("2 check(s) need you").shows("No backup was made yet");
    back_up(&house).await;
    system.get("/system").await.is(200).shows("All is well").shows("Key epoch").shows(
        // A house of the tests has its root key in a file, whose word is worth the least.
        "may be in copies of the file",
    );
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/system").await.is(403);
}
