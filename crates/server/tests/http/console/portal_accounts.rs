//! Accounts of the portal, handed out at the counter: to the patient, to a parent or guardian, and ended again.

use serde_json::json;
use tacebo_identity::FactorOffer;
use tacebo_vault::LogEntry;

use crate::browser::{Browser, Page};
use crate::console::ward::patient;
use crate::house::{House, NAME, PASSWORD, PHONE, RESIDENT_ID};

const CHILD: &str = "周小满";
const SEEN: [(&str, &str); 2] = [("document", "resident-card"), ("checked", "yes")];

/// What stands on a sheet that was handed out.
struct Handed {
    user: String,
    password: String,
    secret: String,
}

fn sheet(page: &Page) -> Handed {
    page.is(200).shows("Shown only once");
    Handed {
        user: page.after("log in with</dt><dd><code class=\"secret\">"),
        password: page.after("One-time password</dt><dd><code class=\"secret\">"),
        secret: page.after("authenticator</dt><dd><code class=\"secret\">"),
    }
}

/// The first log-in: whatever is asked for, secrets of one's own come first.
async fn begins(house: &House, handed: &Handed) -> Browser {
    begins_with(house, handed).await.0
}

/// The same, with the second factor that was set up.
async fn begins_with(house: &House, handed: &Handed) -> (Browser, FactorOffer) {
    let mut browser = house.browser();
    let factor = House::factor(&handed.secret);
    house.both_steps(&mut browser, &handed.user, &handed.password, &factor).await.goes_to("/login/password");
    browser.get("/me").await.goes_to("/login/password");
    browser.post("/login/password", &[("new", PASSWORD), ("again", PASSWORD)]).await.goes_to("/login/enrol");
    browser.get("/me").await.goes_to("/login/enrol");
    let own = House::factor(&browser.get("/login/enrol").await.after("id=\"secret\">"));
    let code = house.code(&own);
    browser.post("/login/enrol", &[("code", &code)]).await.goes_to("/me");
    (browser, own)
}

/// A child with a diagnosis, and another one.
async fn admit_children(house: &House) {
    for (id, name) in [("kid", CHILD), ("kid2", "吴小雨")] {
        let subject = json!({ "reference": format!("Patient/{id}") });
        for body in [
            json!({ "resourceType": "Patient", "id": id, "name": [{ "text": name }], "birthDate": "2018-05-01" }),
            json!({ "resourceType": "Condition", "id": format!("c-{id}"), "subject": subject,
                "code": { "text": format!("支气管肺炎{id}") } }),
        ] {
            house.keep(&body).await;
        }
    }
}

fn guardian<'a>(name: &'a str, code: &'a str, until: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut form =
        vec![("name", name), ("relationship", code), ("proof", "birth-certificate"), ("phone", "13900139000")];
    form.push(("until", until));
    form.extend(SEEN);
    form
}

fn of<'a>(entries: &'a [LogEntry], patient: &str) -> Vec<&'a LogEntry> {
    entries.iter().filter(|one| one.get("patient") == patient).collect()
}

/// The guardian of the page whose address is found first.
fn guardian_id(page: &Page, patient: &str) -> String {
    page.link(&format!("/reception/patients/{patient}/guardians/")).split('/').nth(5).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_04_a_patient_is_let_into_the_portal_at_the_counter() {
    let house = House::staffed().await;
    house.take_in("p3").await;
    let mut counter = house.log_in("xiao.yutong").await;
    counter.get("/reception/patients/p3/consent").await.is(200).shows("/reception/patients/p3/portal");
    let page = counter.get("/reception/patients/p3/portal").await;
    page.is(200).shows("王*").shows("Open an account").shows("nobody acts for the person");
    page.hides(NAME).hides(RESIDENT_ID).hides(PHONE).hides("心力衰竭").hides("1949-12-31");

    // No document, no tick, a document that is on no list: nothing is done.
    let path = "/reception/patients/p3/portal";
    for wrong in
        [&[][..], &[("document", "resident-card")], &[("checked", "yes")], &[("document", "x"), ("checked", "yes")]]
    {
        counter.post(path, wrong).await.is(422).shows("Nothing was done");
    }
    let mark = house.mark();
    let opened = counter.post(path, &SEEN).await;
    let handed = sheet(&opened);
    opened.shows("王*").shows("http://localhost/login").hides(NAME).hides(RESIDENT_ID);
    // Drawn: nothing of the person is in the name.
    assert!(handed.user.len() == 9 && !["wang", "1949", "8000"].iter().any(|part| handed.user.contains(part)));

    // One entry for the patient, who can read in it what was seen; one for the account.
    let entries = house.since(mark).await;
    let told = of(&entries, "p3");
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].get("outcome"), told[0].get("detail")), ("done", "portal-opened resident-card"));
    assert!(told[0].get("items").contains("PortalAccess/"), "{}", told[0].get("items"));
    assert_eq!(of(&entries, "").iter().map(|one| one.get("detail")).collect::<Vec<_>>(), ["account-created"]);
    assert_eq!(entries.len(), 2);

    // Shown once; afterwards there is an account, of which no more is told than its beginning.
    let again = counter.get(path).await;
    again.is(200).shows("The patient has an account").shows("Account opened").shows("Resident identity card");
    again.hides(&handed.user).hides(&handed.password).hides(&handed.secret).shows(&handed.user[..2]);
    counter.post(path, &SEEN).await.is(409).shows("The patient has an account").hides("Shown only once");

    let mut own = begins(&house, &handed).await;
    own.get("/me").await.is(200).shows(NAME);
    own.get("/me/record").await.is(200).shows("心力衰竭");
    own.get("/me/seen").await.is(200).shows("Receptionist");
    own.get("/reception").await.is(403);
    // What was handed out opens nothing any more.
    let mut finder = house.browser();
    finder.get("/login").await.is(200);
    let found = [("name", handed.user.as_str()), ("password", handed.password.as_str())];
    finder.post("/login", &found).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_04_forgotten_secrets_are_handed_out_anew_and_an_account_is_ended_at_the_counter() {
    let house = House::staffed().await;
    house.take_in("p3").await;
    let mut counter = house.log_in("xiao.yutong").await;
    let path = "/reception/patients/p3/portal";
    // Nothing to reset or to end yet.
    for step in ["reset-password", "reset-factor", "end"] {
        counter.post(&format!("{path}/{step}"), &SEEN).await.is(409).shows("Nothing was done");
    }
    let first = sheet(&counter.post(path, &SEEN).await);
    let mut own = begins(&house, &first).await;
    counter.post(&format!("{path}/reset-password"), &[("checked", "yes")]).await.is(422);
    own.get("/me").await.is(200);

    let mark = house.mark();
    let page = counter.post(&format!("{path}/reset-password"), &SEEN).await;
    page.is(200).shows("One-time password").hides("authenticator</dt>").shows(&first.user);
    let entries = house.since(mark).await;
    assert_eq!(of(&entries, "p3")[0].get("detail"), "portal-password-reset resident-card");
    own.get("/me").await.goes_to("/login");
    let page = counter.post(&format!("{path}/reset-factor"), &SEEN).await;
    page.is(200).shows("authenticator</dt>").hides("One-time password</dt>");

    counter.post(&format!("{path}/end"), &SEEN).await.goes_to(path);
    counter.get(path).await.is(200).shows("Account ended").shows("Open an account");
    let mut gone = house.browser();
    gone.get("/login").await.is(200);
    gone.post("/login", &[("name", &first.user), ("password", PASSWORD)]).await.is(401);
    // Another one, with another name.
    let second = sheet(&counter.post(path, &SEEN).await);
    assert_ne!(first.user, second.user);
    begins(&house, &second).await.get("/me").await.is(200).shows(NAME);
    counter.post(&format!("{path}/lock"), &SEEN).await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn l_03_a_mother_recorded_at_the_counter_sees_her_child_and_nobody_else_until_it_is_ended() {
    let house = House::staffed().await;
    house.take_in("p3").await;
    admit_children(&house).await;
    let mut counter = house.log_in("xiao.yutong").await;
    let path = "/reception/patients/kid/guardians";
    let page = counter.get("/reception/patients/kid/portal").await;
    page.is(200).shows("Under 14 the parent or guardian").shows("Mother").shows("Nobody is recorded");
    // A child has no account of its own.
    counter.post("/reception/patients/kid/portal", &SEEN).await.is(409).hides("Shown only once");

    let mark = house.mark();
    let handed = sheet(counter.post(path, &guardian("陈月", "MTH", "")).await.shows("陈月, for 周*"));
    let entries = house.since(mark).await;
    let told = of(&entries, "kid");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].get("detail"), "portal-opened resident-card birth-certificate");
    assert!(["RelatedPerson/", "PortalAccess/"].iter().all(|kind| told[0].get("items").contains(kind)));
    let page = counter.get("/reception/patients/kid/portal").await;
    page.is(200).shows("陈*").shows("139****9000").shows("acts for the patient").hides("陈月").hides("13900139000");

    let mut mother = begins(&house, &handed).await;
    mother.get("/me").await.is(200).shows("陈月").shows(CHILD).shows("parent or guardian");
    mother.get("/me/record").await.is(200).shows("支气管肺炎kid").hides("支气管肺炎kid2");
    // Nobody else's: not by the portal's choice, not by address.
    for place in ["1", "2", "kid2", "p3"] {
        mother.post("/me/whose", &[("person", place)]).await.is(400);
        mother.cookies.insert("tacebo-whose".into(), place.into());
        mother.get("/me/record").await.is(200).hides("kid2").hides("心力衰竭");
    }
    for other in ["/patients/kid", "/patients/kid2", "/reception/patients/kid/portal"] {
        mother.get(other).await.is(403);
    }

    // Ended: by the next click, with the rest of the document as it was.
    let id = guardian_id(&page, "kid");
    counter.post(&format!("/reception/patients/kid2/guardians/{id}/end-authority"), &[]).await.is(409);
    mother.get("/me").await.is(200);
    let mark = house.mark();
    counter.post(&format!("{path}/{id}/end-authority"), &[]).await.goes_to("/reception/patients/kid/portal");
    let entries = house.since(mark).await;
    assert_eq!(of(&entries, "kid").iter().map(|one| one.get("action")).collect::<Vec<_>>(), ["update"]);
    for page in ["/me", "/me/record", "/me/seen", "/me/choices"] {
        let mark = house.mark();
        mother.get(page).await.is(403).hides(CHILD);
        let entries = house.since(mark).await;
        assert!(of(&entries, "kid").iter().all(|one| one.get("outcome") == "refused") && !entries.is_empty());
    }
    let kept = house.get(&house.his, &format!("/fhir/RelatedPerson/{id}")).await;
    kept.is(200);
    let kept = kept.json();
    assert_eq!(kept["active"], false);
    assert_eq!(kept["name"][0]["text"], "陈月");
    assert_eq!(kept["telecom"][0]["value"], "13900139000");
    assert_eq!(kept["relationship"][0]["coding"][0]["code"], "MTH");

    // Only the account is left to be ended, and no new secrets are handed out for it.
    counter.post(&format!("{path}/{id}/end-authority"), &[]).await.is(409);
    counter.post(&format!("{path}/{id}/reset-password"), &SEEN).await.is(409);
    counter.post(&format!("{path}/{id}/end"), &SEEN).await.goes_to("/reception/patients/kid/portal");
    mother.get("/me").await.goes_to("/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn l_03_every_relationship_that_the_counter_offers_opens_the_record_and_its_last_day_closes_it() {
    let house = House::staffed().await;
    admit_children(&house).await;
    let mut counter = house.log_in("xiao.yutong").await;
    let path = "/reception/patients/kid/guardians";
    let relationships = house.app.governance().library().portal().relationships.clone();
    for (n, one) in relationships.iter().enumerate() {
        let until = if n == 0 { house.today() } else { String::new() };
        let handed = sheet(&counter.post(path, &guardian("周川", &one.code, &until)).await);
        let (mut browser, own) = begins_with(&house, &handed).await;
        browser.get("/me/record").await.is(200).shows("支气管肺炎kid");
        if n == 0 {
            // The last day counts whole, and the next not at all.
            house.clock.fetch_add(24 * 3_600 * 1_000_000, std::sync::atomic::Ordering::SeqCst);
            browser.get("/me").await.goes_to("/login");
            house.both_steps(&mut browser, &handed.user, PASSWORD, &own).await.goes_to("/me");
            browser.get("/me").await.is(403).hides(CHILD);
            counter = house.log_in("xiao.yutong").await;
            counter.get("/reception/patients/kid/portal").await.is(200).shows("ended");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_guardian_is_said_and_nothing_is_kept() {
    let house = House::staffed().await;
    house.take_in("p3").await;
    admit_children(&house).await;
    let mut counter = house.log_in("xiao.yutong").await;
    let path = "/reception/patients/kid/guardians";
    let without = |field: &str| {
        let mut form = guardian("陈月", "MTH", "");
        form.retain(|(name, _)| *name != field);
        form
    };
    let long = "陈".repeat(61);
    for (form, says) in [
        (without("name"), "fill this in"),
        (without("phone"), "fill this in"),
        (without("relationship"), "fill this in"),
        (without("proof"), "fill this in"),
        (without("document"), "Nothing was done"),
        (without("checked"), "Nothing was done"),
        (guardian(&long, "MTH", ""), "60"),
        (guardian("陈月", "FRND", ""), "fill this in"),
        (guardian("陈月", "MTH", "2026-11-01"), "lies in the past"),
        (guardian("陈月", "MTH", "soon"), "not a possible date"),
    ] {
        counter.post(path, &form).await.is(422).shows(says);
    }
    counter
        .get("/reception/patients/kid/portal")
        .await
        .is(200)
        .shows("Nobody is recorded")
        .shows("Nothing recorded yet");
    // Nobody acts for somebody of age; nobody is nobody's guardian.
    let of_age = counter.post("/reception/patients/p3/guardians", &guardian("陈月", "MTH", "")).await;
    of_age.is(422).shows("nobody acts for the person").hides("Shown only once");
    counter.post("/reception/patients/nobody/guardians", &guardian("陈月", "MTH", "")).await.is(404);
    counter.post(&format!("{path}/nobody/open"), &SEEN).await.is(404);
    counter.post(&format!("{path}/nobody/lock"), &SEEN).await.is(404);
    // A form from elsewhere is not taken.
    let body = "document=resident-card&checked=yes".to_owned();
    let elsewhere = [("sec-fetch-site", "cross-site")];
    let page = counter.send(http::Method::POST, "/reception/patients/p3/portal", body, &elsewhere).await;
    page.is(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_whom_another_system_recorded_is_given_an_account_at_the_counter() {
    let house = House::staffed().await;
    admit_children(&house).await;
    let mother =
        json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH" }] });
    house
        .keep(&json!({ "resourceType": "RelatedPerson", "id": "from-his", "active": true, "relationship": [mother],
            "patient": { "reference": "Patient/kid" }, "name": [{ "text": "陈月" }] }))
        .await;
    let mut counter = house.log_in("xiao.yutong").await;
    let step = |step: &str| format!("/reception/patients/kid/guardians/from-his/{step}");
    let page = counter.get("/reception/patients/kid/portal").await;
    page.is(200).shows("陈*").shows(&step("open"));
    let handed = sheet(&counter.post(&step("open"), &SEEN).await);
    counter.post(&step("open"), &SEEN).await.is(409);
    let mut mother = begins(&house, &handed).await;
    mother.get("/me").await.is(200).shows(CHILD);
    counter.post(&step("reset-password"), &SEEN).await.is(200).shows("One-time password");
    mother.get("/me").await.goes_to("/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_counters_at_once_open_one_account() {
    let house = House::staffed().await;
    house.take_in("p3").await;
    let (mut one, mut two) = (house.log_in("xiao.yutong").await, house.log_in("xiao.yutong").await);
    let path = "/reception/patients/p3/portal";
    for round in 0..3 {
        let (a, b) = tokio::join!(one.post(path, &SEEN), two.post(path, &SEEN));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "round {round}");
        one.post(&format!("{path}/end"), &SEEN).await.goes_to(path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_04_nobody_but_the_counter_opens_accounts_of_the_portal() {
    let house = House::staffed().await;
    house.take_in("p3").await;
    admit_children(&house).await;
    let people = ["li.mingyuan", "yang.ruoliu", "ye.qinglan", "tian.ruogu", "yuan.bowen", "dong.haoran", "patient.own"];
    for login in people {
        let mut browser = house.log_in(login).await;
        let mark = house.mark();
        browser.get("/reception/patients/p3/portal").await.is(403).hides("王*").hides("002X");
        browser.post("/reception/patients/p3/portal", &SEEN).await.is(403);
        browser.post("/reception/patients/p3/portal/end", &SEEN).await.is(403);
        browser.post("/reception/patients/kid/guardians", &guardian("陈月", "MTH", "")).await.is(403);
        browser.post("/reception/patients/kid/guardians/none/open", &SEEN).await.is(403);
        let entries = house.since(mark).await;
        assert!(
            entries.iter().all(|one| one.get("outcome") == "refused") && entries.len() == 5,
            "{login}: {:?}",
            entries.iter().map(|one| one.fields.clone()).collect::<Vec<_>>()
        );
    }
    let mut counter = house.log_in("xiao.yutong").await;
    counter.get("/reception/patients/p3/portal").await.is(200).shows("Nothing recorded yet");
    // And the counter makes no accounts of staff.
    let staff = [("user", "zhou.yi"), ("name", "周一"), ("role", "doctor")];
    counter.post("/accounts", &staff).await.is(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_14_who_administers_accounts_locks_a_portal_account_and_learns_nobodys_name() {
    let house = House::staffed().await;
    house.keep(&patient("p3")).await;
    let mut counter = house.log_in("xiao.yutong").await;
    let handed = sheet(&counter.post("/reception/patients/p3/portal", &SEEN).await);
    let mut own = begins(&house, &handed).await;
    let mut admin = house.log_in("yuan.bowen").await;
    // Neither those of the counter nor the house's first ones are listed or found by a name.
    admin.get("/accounts").await.is(200).shows(&handed.user).shows("Account of the portal").hides(NAME).hides("陈月");
    for name in [NAME, "赵建军", "陈月"] {
        let page = admin.get(&format!("/accounts?q={}", tacebo_server::pages::url::segment(name))).await;
        page.is(200).shows("No account fits");
    }
    let found = admin.get(&format!("/accounts?q={}", handed.user)).await;
    let edit = found.link("/accounts/0");
    let page = admin.get(&edit).await;
    page.is(200).shows("Account of the portal").hides(NAME).hides("reset-password").hides("reset-factor");
    // No way round the screen either: whoever hands out secrets could read the record.
    for step in ["reset-password", "reset-factor"] {
        let mark = house.mark();
        admin.post(&format!("{edit}/{step}"), &[]).await.is(404).hides("Shown only once");
        let outcomes: Vec<String> = house.since(mark).await.iter().map(|one| one.get("outcome").to_owned()).collect();
        assert_eq!(outcomes, ["not-found"]);
    }
    admin.post(&edit, &[("name", "x"), ("role", "doctor")]).await.is(422).hides(NAME);
    admin.get(&edit).await.is(200).shows("Account made").shows("肖雨桐").shows("Password changed");
    own.get("/me").await.is(200);
    admin.post(&format!("{edit}/lock"), &[]).await.goes_to(&edit);
    own.get("/me").await.goes_to("/login");
    // The counter sees that it is locked, and does not unlock it with new secrets.
    counter.get("/reception/patients/p3/portal").await.is(200).shows("Locked");
    let reset = counter.post("/reception/patients/p3/portal/reset-password", &SEEN).await;
    let password = reset.after("One-time password</dt><dd><code class=\"secret\">");
    own.get("/login").await.is(200);
    own.post("/login", &[("name", &handed.user), ("password", &password)]).await.is(401);
    admin.post(&format!("{edit}/unlock"), &[]).await.goes_to(&edit);
    own.post("/login", &[("name", &handed.user), ("password", &password)]).await.goes_to("/login/code");
}
