//! The counter: what reaches it is masked in the bytes; registration and notice.

use serde_json::json;
use tacebo_identity::Identity;
use tacebo_vault::policy::{PersonKind, Purpose, Role};
use tacebo_vault::{Asker, Door, Everything, Find, PatientId, Scope};

use crate::house::{House, NAME, PHONE, RESIDENT_ID};

#[tokio::test(flavor = "multi_thread")]
async fn acc_02_no_name_number_or_telephone_reaches_the_counter_unmasked() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let day = jiff::Timestamp::from_microsecond(house.app.vault().now_us()).unwrap();
    let day = day.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).strftime("%Y-%m-%d").to_string();
    house.keep(&json!({ "resourceType": "Appointment", "id": "apt", "status": "booked", "serviceType": [{ "text": "心内科" }],
            "start": format!("{day}T10:30:00+08:00"), "end": format!("{day}T10:45:00+08:00"),
            "participant": [{ "actor": { "reference": "Patient/p1" }, "status": "accepted" },
                { "actor": { "reference": "Practitioner/li" }, "status": "accepted" }] }))
        .await;
    let mut counter = house.log_in("xiao.yutong").await;
    counter.get("/").await.goes_to("/reception");
    let mut pages = vec![counter.get("/reception").await];
    pages[0].is(200).shows("10:30");
    for typed in [RESIDENT_ID, PHONE, "10p177"] {
        let page = counter.get(&format!("/reception?q={typed}")).await;
        page.is(200).shows("王*").shows("110105********002X").shows("138****8000").shows("Give the notice");
        pages.push(page);
    }
    pages.push(counter.get("/reception/patients/p1/consent").await);
    for page in &pages {
        page.is(200).hides(NAME).hides("秀兰").hides("1949-12-31").hides("心力衰竭").hides("19491231");
        // What was typed does not come back either.
        page.hides(RESIDENT_ID).hides(PHONE);
    }
    // A name is no way to look behind the mask.
    counter.get("/reception?q=%E7%8E%8B").await.is(200).shows("Not registered here yet");
    counter.get("/patients/p1").await.is(403).hides("王");
}

fn form<'a>(number: &'a str, born: &'a str, phone: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("name", "钱多多"), ("sex", "female"), ("born", born), ("id_number", number), ("phone", phone)]
}

#[tokio::test(flavor = "multi_thread")]
async fn col_03_a_person_is_registered_once_and_given_the_notice() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut counter = house.log_in("xiao.yutong").await;
    counter.get("/reception/register").await.is(200).shows("To call the person");
    for wrong in [
        form("110105194912310021", "1949-12-31", PHONE),
        form("110101199001011237", "1990-01-02", PHONE),
        form("110101199001011237", "1990-01-01", "12"),
        form("110101199001011237", "", PHONE),
    ] {
        counter.post("/reception/register", &wrong).await.is(422).shows("钱多多");
    }
    // A likely twin is shown masked, and nothing is kept.
    let twin = counter.post("/reception/register", &form(RESIDENT_ID, "1949-12-31", "13900139000")).await;
    twin.is(409).shows("Is it one of these").shows("王*").hides(NAME);
    let done = counter.post("/reception/register", &form("110101199001011237", "1990-01-01", "13900139000")).await;
    done.is(303);
    let to = done.header("location").to_owned();
    assert!(to.starts_with("/reception/patients/"), "{to}");
    let consent = counter.get(&to).await;
    consent.is(200).shows("钱*").hides("钱多多").shows("How we handle your information");
    let path = to.split('?').next().unwrap();
    let (version, digest) = (consent.hidden("version"), consent.hidden("digest"));
    let sent = |research: &'static str| {
        vec![
            ("version", version.clone()),
            ("digest", digest.clone()),
            ("method", "paper".into()),
            ("by", "self".into()),
            ("guardian", String::new()),
            ("given_on", "2026-11-16".into()),
            ("item.research", research.to_owned()),
            ("item.sharing", "no".into()),
        ]
    };
    let pairs = |form: &[(&'static str, String)]| form.iter().map(|(k, v)| (*k, v.clone())).collect::<Vec<_>>();
    let post = |form: Vec<(&'static str, String)>| pairs(&form);
    let unanswered = post(sent(""));
    let unanswered: Vec<(&str, &str)> = unanswered.iter().map(|(k, v)| (*k, v.as_str())).collect();
    counter.post(path, &unanswered).await.is(422).shows("record the answer");
    let mut old = post(sent("yes"));
    old[1].1 = "another text".into();
    let old: Vec<(&str, &str)> = old.iter().map(|(k, v)| (*k, v.as_str())).collect();
    counter.post(path, &old).await.is(409);
    let good = post(sent("yes"));
    let good: Vec<(&str, &str)> = good.iter().map(|(k, v)| (*k, v.as_str())).collect();
    counter.post(path, &good).await.goes_to(path);
    counter.get(path).await.is(200).shows("All done").hides("Nothing recorded yet");
    // The same card at another counter finds the record.
    counter.post("/reception/register", &form("110101199001011237", "1990-01-01", "13900139000")).await.is(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn l_03_the_day_of_the_notice_and_the_guardian_who_answers_are_kept() {
    let house = House::staffed().await;
    house.keep(&json!({ "resourceType": "Patient", "id": "p2", "name": [{ "text": "赵小军" }], "birthDate": "2020-05-05" })).await;
    let mut counter = house.log_in("xiao.yutong").await;
    let path = "/reception/patients/p2/consent";
    let page = counter.get(path).await;
    page.is(200).shows("in force since 2026-01-01").shows("always under 14");
    let (version, digest) = (page.hidden("version"), page.hidden("digest"));
    let sent = |by: &'static str, guardian: &'static str, on: &'static str| {
        vec![
            ("version", version.clone()),
            ("digest", digest.clone()),
            ("method", "paper".into()),
            ("by", by.to_owned()),
            ("guardian", guardian.to_owned()),
            ("given_on", on.to_owned()),
            ("item.research", "no".into()),
            ("item.sharing", "yes".into()),
        ]
    };
    for (form, says) in [
        (sent("self", "", "2026-11-10"), "Under 14 a parent or guardian answers"),
        (sent("guardian", "", "2026-11-10"), "fill this in"),
        (sent("guardian", "赵建军", ""), "fill this in"),
        (sent("guardian", "赵建军", "2025-12-31"), "not a possible date"),
        (sent("guardian", "赵建军", "2030-01-01"), "not a possible date"),
    ] {
        let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
        counter.post(path, &form).await.is(422).shows(says);
    }
    let good = sent("guardian", "赵建军", "2026-11-10");
    let good: Vec<(&str, &str)> = good.iter().map(|(k, v)| (*k, v.as_str())).collect();
    counter.post(path, &good).await.goes_to(path);
    // Masked at the counter like every name; whole for the person it is about.
    let past = counter.get(path).await;
    past.is(200).shows("given on 2026-11-10").shows("in force since 2026-01-01").shows("guardian 赵*").hides("赵建军");
    let mut own = house.log_in("patient.other").await;
    let choices = own.get("/me/choices").await;
    choices.is(200).shows("Notices given to you").shows("given on 2026-11-10").shows("guardian 赵建军");
    let find = Find::new(&["Consent"], Scope::Patient(PatientId::new("p2")), &Everything);
    let consents = house.app.vault().search(&patient_of(&house), &find).await.unwrap();
    let bodies: Vec<_> = consents.value().documents.iter().map(|one| &one.body).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies.iter().all(|one| one["performer"][0]["display"] == "赵建军" && one["dateTime"] == "2026-11-10"));
}

/// The portal account of p2, asking for the own record.
fn patient_of(house: &House) -> Asker {
    let mut asker = Identity::house(Door::Portal).for_purpose(Purpose::PatientRequest);
    let who = std::sync::Arc::make_mut(&mut asker.who);
    (who.account, who.kind) = (house.account("patient.other"), PersonKind::Patient);
    (who.roles, who.patient) = ([Role::Patient].into(), Some("p2".into()));
    asker
}
