//! No answer without its entry: random asks by random people at every door, and after each the log. An answer has
//! exactly one entry for each person concerned, with its own end, durable before it left; a batch is as many answers
//! as it has entries.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tacebo_vault::LogEntry;

use crate::browser::{Browser, Page};
use crate::fhir::records::{observation, patient};
use crate::house::{House, JSON, PASSWORD, Person};

/// One ask; `Api` with the token of one of five people, `Page` in the browser of one of ten.
#[derive(Debug, Clone)]
enum Ask {
    Api(usize, usize, &'static str),
    Page(usize, usize, &'static str),
}

const APIS: usize = 25;
const PAGES: usize = 29;
const STAFF: [&str; 10] = [
    "li.mingyuan",
    "wang.siqi",
    "yang.ruoliu",
    "lu.xingye",
    "xiao.yutong",
    "ye.qinglan",
    "he.shuang",
    "tian.ruogu",
    "patient.own",
    "parent.mother",
];
/// Who has a way into the portal.
const PORTAL: [&str; 2] = ["patient.own", "parent.mother"];
/// Forms that come back with what is known of the person: data left the house.
const SHOWN_AGAIN: [usize; 5] = [20, 21, 26, 27, 28];

fn asks() -> impl Strategy<Value = Ask> {
    let whose = || prop::sample::select(vec!["p1", "p2", "nobody"]);
    prop_oneof![
        (0..5usize, 0..APIS, whose()).prop_map(|(who, what, whose)| Ask::Api(who, what, whose)),
        (0..STAFF.len(), 0..PAGES, whose()).prop_map(|(who, what, whose)| Ask::Page(who, what, whose)),
    ]
}

type Request = (Method, String, Vec<(&'static str, String)>, Option<Value>);

fn bundle(kind: &str, entries: Value) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn get(url: String) -> Value {
    json!({ "request": { "method": "GET", "url": url } })
}

fn post(resource: Value) -> Value {
    json!({ "resource": resource, "request": { "method": "POST", "url": "Observation" } })
}

fn api(what: usize, p: &str) -> Request {
    let read = |path: String| (Method::GET, format!("/fhir/{path}"), Vec::new(), None);
    let if_match = |version: &str| vec![("if-match", format!("W/\"{version}\""))];
    let o = format!("o-{p}");
    let all = |body: Value| (Method::POST, "/fhir".to_owned(), Vec::new(), Some(body));
    let referring = |criteria: String| {
        let mut body = observation("x", "x");
        body["subject"]["reference"] = json!(format!("Patient?{criteria}"));
        body
    };
    match what {
        0 => read(format!("Patient/{p}")),
        1 => read(format!("Observation/{o}")),
        2 => read(format!("Observation/{o}/_history/1")),
        3 => read(format!("Patient/{p}/_history")),
        4 => read(format!("Observation?patient={p}")),
        5 => read(format!("Patient?_id={p}")),
        6 => read(format!("Patient?identifier=M-{p}")),
        7 => (Method::POST, "/fhir/Observation".into(), vec![], Some(observation("x", p))),
        8 => (Method::PUT, format!("/fhir/Patient/{p}"), vec![], Some(patient(p))),
        9 => (Method::DELETE, format!("/fhir/Observation/{o}"), vec![], None),
        10 => (Method::PUT, format!("/fhir/Observation/{o}"), vec![], Some(observation(&o, p))),
        11 => read(format!("Patient/{p}/Encounter?status=in-progress")),
        12 => read(format!("Observation?patient={p}&_summary=count")),
        13 => read(format!("Encounter/e-{p}")),
        14 => read(format!("Patient/{p}/$everything")),
        15 => read(format!("Patient?_id={p},p1")),
        // Create on condition: of somebody who is there, of somebody found several times, of somebody new.
        16 => {
            let criteria = vec![("if-none-exist", format!("identifier=urn:mrn|M-{p}"))];
            (Method::POST, "/fhir/Patient".into(), criteria, Some(patient(p)))
        }
        17 => {
            let criteria = vec![("if-none-exist", format!("patient={p}"))];
            (Method::POST, "/fhir/Observation".into(), criteria, Some(observation("x", p)))
        }
        // Update and delete on condition.
        18 => (Method::PUT, format!("/fhir/Observation/{o}"), if_match("1"), Some(observation(&o, p))),
        19 => (Method::DELETE, format!("/fhir/Observation/{o}"), if_match("99"), None),
        20 => all(bundle("transaction", json!([post(referring(format!("identifier=urn:mrn|M-{p}")))]))),
        21 => all(bundle(
            "transaction",
            json!([
                post(referring(format!("identifier=urn:mrn|M-{p}"))), post(observation("x", "p1")),
                { "resource": observation(&o, p), "request": { "method": "PUT", "url": format!("Observation/{o}") } }]),
        )),
        22 => all(bundle("transaction", json!([post(observation("x", p)), post(observation("y", "p1"))]))),
        23 => all(bundle(
            "transaction",
            json!([get(format!("Patient/{p}")), get(format!("Observation?patient={p}")), get("Patient/p1".into())]),
        )),
        _ => all(bundle(
            "batch",
            json!([
                get(format!("Patient/{p}")),
                get("Observation?patient=p1".into()),
                get("Patient".into()),
                post(observation("x", p)),
                get(format!("Patient/{p}/$everything"))
            ]),
        )),
    }
}

/// What the forms of some pages need to know.
struct Known {
    version: String,
    digest: String,
    /// A request for access, by its address.
    request: String,
}

async fn page(browser: &mut Browser, known: &Known, what: usize, p: &str) -> Page {
    let own = |path: &str| path.to_owned();
    let path = match what {
        0 => own("/patients"),
        1 => format!("/patients/find?q=M-{p}"),
        2 => own("/patients/find?q=wangxiaoming"),
        3 => format!("/patients/{p}"),
        4 => own("/reception"),
        5 => format!("/reception?q=M-{p}"),
        6 => format!("/reception/patients/{p}/consent"),
        7 => own("/privacy"),
        8 => own("/privacy/reviews"),
        9 => format!("/privacy/who-saw?by=patient&q={p}"),
        10 => own("/audit"),
        11 => own("/me"),
        12 => own("/me/seen"),
        13 => own("/me/choices"),
        14 => own("/me/record"),
        15 => own("/me/seen/1"),
        16 => format!("/patients/M-{p}"),
        17 => {
            let words = [("text", "a consultation is needed")];
            return browser.post(&format!("/patients/{p}/request-access"), &words).await;
        }
        18 => {
            let words =
                [("reason", "unconscious"), ("text", "found without papers"), ("minutes", "30"), ("code", PASSWORD)];
            return browser.post(&format!("/patients/{p}/emergency"), &words).await;
        }
        19 => {
            let choice =
                [("department", "Organization/endocrinology"), ("limit", if p == "p1" { "on" } else { "off" })];
            return browser.post("/me/choices", &choice).await;
        }
        // The notice, answered; for one of them not as a guardian must.
        21 => {
            let by = if p == "p2" { "guardian" } else { "self" };
            let answers = [
                ("version", known.version.as_str()),
                ("digest", &known.digest),
                ("method", "paper"),
                ("by", by),
                ("guardian", ""),
                ("given_on", "2026-11-16"),
                ("item.research", "yes"),
                ("item.sharing", "no"),
            ];
            return browser.post(&format!("/reception/patients/{p}/consent"), &answers).await;
        }
        22 => known.request.clone(),
        23 => return browser.post(&known.request, &[("answer", "accepted"), ("days", "1")]).await,
        24 => return browser.post(&known.request, &[("answer", "ended")]).await,
        25 => format!("/reception/patients/{p}/portal"),
        // Both have an account already, and for the child nobody said which document was seen.
        26 => {
            let whose = if p == "p2" { "kid" } else { p };
            let path = format!("/reception/patients/{whose}/portal");
            return browser
                .post(&path, &[("document", if p == "p2" { "" } else { "passport" }), ("checked", "yes")])
                .await;
        }
        // A new guardian of the child; nobody's of those who are of age.
        27 => {
            let whose = if p == "p2" { "kid" } else { p };
            let guardian = [
                ("name", "周川"),
                ("relationship", "FTH"),
                ("proof", "birth-certificate"),
                ("phone", "13900139000"),
                ("document", "resident-card"),
                ("checked", "yes"),
            ];
            return browser.post(&format!("/reception/patients/{whose}/guardians"), &guardian).await;
        }
        // The authority of somebody unknown, or of another patient's guardian.
        28 => {
            let who = if p == "p2" { "mother" } else { "none" };
            return browser.post(&format!("/reception/patients/{p}/guardians/{who}/end-authority"), &[]).await;
        }
        _ => {
            let person = [
                ("name", "王小明"),
                ("sex", "male"),
                ("born", "1949-12-31"),
                ("id_number", "11010519491231002X"),
                ("phone", "13800138000"),
            ];
            return browser.post("/reception/register", &person).await;
        }
    };
    browser.get(&path).await
}

/// What an answer of this status leaves in the log.
fn end(status: u16) -> &'static str {
    match status {
        200..=399 => "done",
        403 => "refused",
        404 | 410 => "not-found",
        _ => "failed",
    }
}

fn check(ask: &Ask, status: u16, headers: &HeaderMap, text: &str, entries: &[LogEntry]) -> Result<(), TestCaseError> {
    let said = || entries.iter().map(|e| e.fields.clone()).collect::<Vec<_>>();
    // At the counter a twin is shown with the conflict that it makes, and a form with its person.
    let again = matches!(ask, Ask::Page(_, what, _) if SHOWN_AGAIN.contains(what));
    let end = if again && matches!(status, 409 | 422) { "done" } else { end(status) };
    let mut each: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *each.entry(entry.get("patient")).or_default() += 1;
        prop_assert_eq!(entry.get("outcome"), end, "{:?} -> {} {:?}", ask, status, said());
    }
    prop_assert!(!entries.is_empty(), "{:?} -> {}", ask, status);
    prop_assert!(each.values().all(|entries| *entries == 1), "{:?} -> {}: {:?}", ask, status, said());
    let overseen = matches!(ask, Ask::Page(_, 7..=10 | 22, _));
    // The frame above a page names one's own running emergencies: what one said oneself.
    let text = text.split_once("<main").map_or(text, |(_, main)| main);
    for p in ["p1", "p2"] {
        let shown = status < 300
            && !overseen
            && [format!("Patient/{p}\""), format!("/patients/{p}\""), format!("/patients/{p}/")]
                .iter()
                .any(|named| text.contains(named));
        prop_assert!(!shown || each.contains_key(p), "{:?} shows {} without an entry: {:?}", ask, p, said());
    }
    let receipts = headers.get("tacebo-receipt").map_or("", |value| value.to_str().unwrap());
    let first = receipts.split(':').next().unwrap_or_default();
    prop_assert!(entries.iter().any(|entry| entry.index.to_string() == first), "{:?}: {} {:?}", ask, receipts, said());
    Ok(())
}

/// Each answer in a batch has its own status and its own entry.
fn check_batch(ask: &Ask, text: &str, entries: &[LogEntry]) -> Result<(), TestCaseError> {
    let answer: Value = serde_json::from_str(text).unwrap();
    let answers = answer["entry"].as_array().unwrap();
    prop_assert_eq!(answers.len(), entries.len(), "{:?} {}", ask, text);
    for (answer, entry) in answers.iter().zip(entries) {
        let status: u16 = answer["response"]["status"].as_str().unwrap()[..3].parse().unwrap();
        prop_assert_eq!(entry.get("outcome"), end(status), "{:?} {} {:?}", ask, answer, entry.fields);
    }
    Ok(())
}

struct Doors {
    house: House,
    people: Vec<Person>,
    browsers: Vec<Browser>,
    known: Known,
}

/// A child in its mother's care.
async fn admit_child(house: &House) {
    let mut kid = patient("kid");
    kid["birthDate"] = json!("2018-05-01");
    house.keep(&kid).await;
    let mother =
        json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH" }] });
    house
        .keep(&json!({ "resourceType": "RelatedPerson", "id": "mother", "active": true, "relationship": [mother],
            "patient": { "reference": "Patient/kid" } }))
        .await;
}

async fn doors() -> Doors {
    let house = House::staffed().await;
    house.admit("p1").await;
    house.admit("p2").await;
    admit_child(&house).await;
    for (id, p, day) in [("a1", "p1", "08"), ("a2", "p1", "09"), ("a3", "p2", "10")] {
        let mut appointment = json!({ "resourceType": "Appointment", "id": id, "status": "booked", "participant": [
            { "actor": { "reference": format!("Patient/{p}") }, "status": "accepted" },
            { "actor": { "reference": "Practitioner/wang" }, "status": "accepted" }] });
        appointment["start"] = json!(format!("{}T{day}:00:00+08:00", house.today()));
        appointment["end"] = json!(format!("{}T{day}:20:00+08:00", house.today()));
        house.keep(&appointment).await;
    }
    let people = [&house.his, &house.doctor, &house.stranger, &house.counter, &house.officer].map(Clone::clone).into();
    let mut browsers = Vec::new();
    for login in STAFF {
        browsers.push(house.log_in(login).await);
    }
    let browser = |login| browsers[STAFF.iter().position(|one| *one == login).unwrap()].clone();
    let notice = browser("xiao.yutong").get("/reception/patients/p1/consent").await;
    browser("wang.siqi").post("/patients/p1/request-access", &[("text", "a consultation is needed")]).await.is(200);
    let request = browser("ye.qinglan").get("/privacy").await.link("/privacy/requests/");
    let known = Known { version: notice.hidden("version"), digest: notice.hidden("digest"), request };
    Doors { house, people, browsers, known }
}

#[test]
fn every_answer_has_exactly_one_entry_for_each_person_concerned_with_its_outcome() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let doors = runtime.block_on(doors());
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let one = async |ask: Ask| {
        let house = &doors.house;
        let mark = house.mark();
        match ask {
            Ask::Api(who, what, p) => {
                let (method, path, headers, body) = api(what, p);
                let mut headers: Vec<(&str, &str)> =
                    headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                headers.push(JSON);
                let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
                let answer = house.send(&doors.people[who], method, &path, &headers, bytes).await;
                let entries = house.since(mark).await;
                if what + 1 == APIS {
                    return check_batch(&ask, &answer.text(), &entries);
                }
                check(&ask, answer.status.as_u16(), &answer.headers, &answer.text(), &entries)
            }
            Ask::Page(who, what, p) => {
                let mut browser = doors.browsers[who].clone();
                let page = page(&mut browser, &doors.known, what, p).await;
                let entries = house.since(mark).await;
                // The portal is not asked for anybody who is no patient, and who is one has no other way in.
                let portal = (11..=15).contains(&what) || what == 19;
                if portal && !PORTAL.contains(&STAFF[who]) {
                    prop_assert_eq!((page.status.as_u16(), entries.len()), (403, 0), "{:?}", ask);
                    return Ok(());
                }
                check(&ask, page.status.as_u16(), &page.headers, &page.text, &entries)
            }
        }
    };
    let run = |asks: Vec<Ask>| {
        runtime.block_on(async {
            for ask in asks {
                one(ask).await?;
            }
            Ok(())
        })
    };
    // Every kind of ask by everybody once, then at random.
    for p in ["p1", "nobody", "p2"] {
        for what in 0..APIS {
            run((0..5).map(|who| Ask::Api(who, what, p)).collect()).unwrap();
        }
        for what in 0..PAGES {
            run((0..STAFF.len()).map(|who| Ask::Page(who, what, p)).collect()).unwrap();
        }
    }
    runner.run(&prop::collection::vec(asks(), 1..8), run).unwrap();
}
