//! Accounts, the first log-in with changed secrets, one's own account, and the machine.

use crate::house::{House, PASSWORD};

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
        made.after("First password</dt><dd><code class=\"secret\">"),
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
    admin.post(&format!("{edit}/reset-password"), &[]).await.is(200).shows("First password");
    admin.post(&format!("{edit}/reset-factor"), &[]).await.is(200).shows("authenticator");
    admin.post(&format!("{edit}/shred"), &[]).await.is(404);
    let changed = [("name", "周一一"), ("department", "内分泌科"), ("role", "nurse")];
    admin.post(&edit, &changed).await.goes_to(&edit);
    admin.get(&edit).await.is(200).shows("周一一").shows("内分泌科");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_is_shown_to_those_who_run_it() {
    let house = House::staffed().await;
    house.app.vault().sign_now().await.unwrap();
    let mut system = house.log_in("dong.haoran").await;
    system.get("/").await.goes_to("/system");
    system.get("/system").await.is(200).shows("All is well").shows("Key epoch");
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/system").await.is(403);
}
