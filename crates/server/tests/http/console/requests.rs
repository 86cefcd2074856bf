//! The ways on after a refusal: access by request, for a time; and the glass, broken by nobody at a screen left open.

use std::sync::atomic::Ordering;

use tacebo_vault::LogEntry;

use crate::browser::Browser;
use crate::house::{House, NAME, PASSWORD};

const DAY: i64 = 24 * 3_600_000_000;

/// Asks for access; the request's address, as the officer finds it.
async fn ask(who: &mut Browser, officer: &mut Browser) -> String {
    let words = [("text", "consultation asked by phone")];
    who.post("/patients/p1/request-access", &words).await.is(200).shows("noted").shows("within 1 working day");
    officer.get("/privacy").await.is(200).link("/privacy/requests/")
}

fn accept(days: &'static str) -> [(&'static str, &'static str); 2] {
    [("answer", "accepted"), ("days", days)]
}

fn found<'a>(entries: &'a [LogEntry], detail: &str) -> Vec<&'a LogEntry> {
    entries.iter().filter(|one| one.get("detail") == detail).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_03_an_accepted_request_opens_the_record_until_its_end() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut wang = house.log_in("wang.siqi").await;
    let mut officer = house.log_in("ye.qinglan").await;
    let request = ask(&mut wang, &mut officer).await;
    officer.get(&request).await.is(200).shows("For how long").shows("7 day");
    wang.get("/patients/p1").await.is(403);
    // Only for times that are offered.
    for (form, status) in [(accept("365"), 409), (accept("0"), 409), (accept(""), 400)] {
        officer.post(&request, &form).await.is(status);
    }
    wang.get("/patients/p1").await.is(403);
    officer.post(&request, &accept("7")).await.goes_to("/privacy");
    officer.post(&request, &accept("7")).await.is(409);

    // On the next click, with the reason and the end.
    let record = wang.get("/patients/p1").await;
    record.is(200).shows(NAME).shows("Access was asked for and granted").shows("AR-").shows("until 2026-11-");
    // Among the own patients, with the end.
    wang.get("/patients").await.is(200).shows(NAME).shows("AR-").shows("until 2026-11-");
    officer.get(&request).await.is(200).shows("The access is running").shows("叶青岚");
    officer.get("/privacy").await.is(200).shows("Access granted now").shows("王思齐");
    // For the person who asked, and nobody else.
    let mut he = house.log_in("he.shuang").await;
    he.get("/patients/p1").await.is(403);
    // Both acts are in the log, and what was looked at rests on the request.
    let entries = house.entries().await;
    let (asked, accepted) = (found(&entries, "access-requested"), found(&entries, "access-request-accepted"));
    assert_eq!((asked.len(), accepted.len()), (1, 1));
    assert_eq!(
        (asked[0].get("actor"), accepted[0].get("actor")),
        (&*house.account("wang.siqi"), &*house.account("ye.qinglan"))
    );
    assert!([asked[0], accepted[0]].iter().all(|one| one.get("patient") == "p1" && one.get("outcome") == "done"));
    assert!(entries.iter().any(|one| one.get("evidence").contains("AccessRequest/") && one.get("action") == "search"));
    // The patient sees both too, and his limit is stronger.
    let mut patient = house.log_in("patient.own").await;
    patient.get("/me/seen").await.is(200).shows("request for access");
    let limit = |on: &'static str| [("department", "Organization/endocrinology"), ("limit", on)];
    patient.post("/me/choices", &limit("on")).await.is(303);
    wang.get("/patients/p1").await.is(403);
    wang.get("/patients").await.is(200).hides(NAME);
    patient.post("/me/choices", &limit("off")).await.is(303);

    // It ends by itself.
    house.clock.fetch_add(7 * DAY, Ordering::SeqCst);
    let mut wang = house.log_in("wang.siqi").await;
    wang.get("/patients/p1").await.is(403).hides(NAME);
    wang.get("/patients").await.is(200).hides(NAME);
    let mut officer = house.log_in("ye.qinglan").await;
    officer.get(&request).await.is(200).shows("The access has ended");
    officer.post(&request, &[("answer", "ended")]).await.is(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_03_an_access_that_was_granted_is_ended_early_on_the_next_click() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut wang = house.log_in("wang.siqi").await;
    let mut officer = house.log_in("ye.qinglan").await;
    let request = ask(&mut wang, &mut officer).await;
    officer.post(&request, &[("answer", "ended")]).await.is(409);
    officer.post(&request, &accept("1")).await.goes_to("/privacy");
    wang.get("/patients/p1").await.is(200).shows(NAME);
    // Who asked does not end or lengthen it: answers are the officer's.
    wang.post(&request, &[("answer", "ended")]).await.is(403);
    officer.post(&request, &[("answer", "ended")]).await.goes_to("/privacy");
    wang.get("/patients/p1").await.is(403).hides(NAME);
    officer.get(&request).await.is(200).shows("Ended early");
    assert_eq!(found(&house.entries().await, "access-request-ended").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_03_nobody_accepts_a_request_of_his_own() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut both = house.log_in("he.shuang").await;
    let mut officer = house.log_in("ye.qinglan").await;
    let request = ask(&mut both, &mut officer).await;
    both.get(&request).await.is(200).shows("a request of your own").hides("Accept for");
    let before = house.entries().await.len();
    both.post(&request, &accept("7")).await.is(403);
    both.get("/patients/p1").await.is(403).hides(NAME);
    let tried = house.entries().await.split_off(before);
    assert!(tried.iter().any(|one| one.get("action") == "review" && one.get("patient") == "p1"));
    let review = tried.iter().find(|one| one.get("action") == "review").unwrap();
    assert_eq!((review.get("outcome"), review.get("actor")), ("refused", &*house.account("he.shuang")));
    assert!(tried.iter().all(|one| one.get("outcome") == "refused"));
    officer.post(&request, &accept("7")).await.goes_to("/privacy");
    both.get("/patients/p1").await.is(200).shows(NAME);
}

fn emergency(code: &str) -> [(&'static str, &str); 4] {
    [("reason", "unconscious"), ("text", "found on the stairs"), ("minutes", "30"), ("code", code)]
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_12_an_emergency_is_declared_with_the_password_or_a_fresh_code() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut wang = house.log_in("wang.siqi").await;
    let used = house.used_code("wang.siqi");
    let path = "/patients/p1/emergency";
    for (code, says) in [("", "fill this in"), (&used, "code"), ("not the password", "password")] {
        let again = wang.post(path, &emergency(code)).await;
        again.is(422).shows(says).shows("found on the stairs").hides("value=\"not the password\"");
    }
    wang.get("/patients/p1").await.is(403).hides(NAME);
    assert!(found(&house.entries().await, "emergency-declared").is_empty(), "nothing was opened");
    let fresh = house.next_code("wang.siqi");
    wang.post(path, &emergency(&fresh)).await.goes_to("/patients/p1");
    wang.get("/patients/p1").await.is(200).shows(NAME);
    // The same code opens nothing a second time.
    wang.post(path, &emergency(&fresh)).await.is(422);
    wang.post(path, &emergency(PASSWORD)).await.goes_to("/patients/p1");
    assert_eq!(found(&house.entries().await, "emergency-declared").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_12_guessing_at_a_screen_left_open_is_locked_like_a_log_in() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut wang = house.log_in("wang.siqi").await;
    for _ in 0..5 {
        wang.post("/patients/p1/emergency", &emergency("a guess or two")).await.is(422);
    }
    wang.post("/patients/p1/emergency", &emergency(PASSWORD)).await.is(422).shows("Too many wrong tries");
    wang.get("/patients/p1").await.is(403);
    assert!(found(&house.entries().await, "emergency-declared").is_empty());
    // Who may not declare at all hears that from policy.
    let mut counter = house.log_in("xiao.yutong").await;
    counter.post("/patients/p1/emergency", &emergency(PASSWORD)).await.is(403);
}
