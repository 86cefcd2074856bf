//! Whether a hidden patient exists cannot be told from any answer, at any door, by anybody who may not know: every
//! route of the house, asked in a house where the patient is and in one where another patient is instead.
//!
//! A route joins by itself. What stands for its parameters is chosen by their names, so a new name fails the test
//! until somebody says here what it means.

use http::{HeaderMap, Method};
use serde_json::json;
use tacebo_server::http::Route;
use tacebo_vault::Outcome;
use tacebo_vault::policy::{Action, Purpose};

use crate::browser::Browser;
use crate::fhir::aimed;
use crate::fhir::records::{observation, patient};
use crate::house::{House, PASSWORD, Person, RESIDENT_ID};

const HIDDEN: &str = "hid";
/// Readers of the log may see that somebody's entries are there: that is what they are for.
const OVERSIGHT: [&str; 3] = ["read-log", "verify-log", "review"];

/// What a parameter of a path stands for. `{kind}` and `{id}` are filled by the FHIR door's own harness.
fn values(name: &str, about: u64) -> Option<Vec<String>> {
    let one = |value: &str| Some(vec![value.to_owned()]);
    match name {
        "patient" => Some(vec![HIDDEN.into(), format!("M-{HIDDEN}"), RESIDENT_ID.into()]),
        "index" => Some(vec![about.to_string()]),
        "*resource" => Some(vec![format!("studies?PatientID={HIDDEN}"), format!("studies/{HIDDEN}")]),
        "account" | "ticket" | "request" | "session" | "destruction" | "hold" => one("none"),
        // In the house with the hidden patient this is the document of its mother.
        "guardian" => Some(vec!["mother".into(), "none".into()]),
        "step" => Some(["lock", "reset-password", "end-authority"].map(str::to_owned).into()),
        "name" => one("none.css"),
        _ => None,
    }
}

/// Addresses of a route with its parameters filled.
fn filled(route: &Route, about: u64) -> Vec<String> {
    let mut paths = vec![route.path.to_owned()];
    while let Some((open, close)) = paths[0].find('{').zip(paths[0].find('}')) {
        let name = paths[0][open + 1..close].to_owned();
        let values = values(&name, about).unwrap_or_else(|| {
            panic!("{route:?}: this harness does not know what {{{name}}} stands for; say so in `values`")
        });
        let mark = format!("{{{name}}}");
        paths = paths.iter().flat_map(|path| values.iter().map(|value| path.replacen(&mark, value, 1))).collect();
    }
    paths
}

/// One request: address, headers, body.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

/// Fields of every form of the house, aimed at the hidden patient. A form takes those it knows.
fn form() -> String {
    let fields = [
        ("q", HIDDEN),
        ("patient", HIDDEN),
        ("name", "王小明"),
        ("id_number", RESIDENT_ID),
        ("phone", "13800138000"),
        ("sex", "male"),
        ("born", "1949-12-31"),
        ("text", "a consultation is needed"),
        ("reason", "unconscious"),
        ("minutes", "30"),
        ("department", "Organization/endocrinology"),
        ("limit", "on"),
        ("outcome", "justified"),
        ("note", "was a true emergency"),
        ("code", PASSWORD),
        ("answer", "accepted"),
        ("days", "7"),
        ("person", "0"),
        ("by", "guardian"),
        ("guardian", "陈月"),
        ("given_on", "2026-11-16"),
        ("practitioner", "li"),
        ("field", "patient"),
        ("document", "resident-card"),
        ("checked", "yes"),
        ("relationship", "MTH"),
        ("proof", "household-register"),
        ("method", "paper"),
        ("grant_type", "client_credentials"),
        ("token", HIDDEN),
        ("what", "person"),
        ("ground", "registered-in-error"),
        ("reference", "2026-17"),
    ];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// All that a route is asked.
fn asked(route: &Route, about: u64) -> Vec<Asked> {
    let ask = |path: String, headers, body| Asked { method: route.method.clone(), path, headers, body };
    if route.path.starts_with("/fhir") {
        let all = aimed::requests(&route.method, route.path).into_iter();
        let all: Vec<Asked> = all
            .map(|(path, headers, body)| ask(path, headers, body.map(|b| b.to_string()).unwrap_or_default()))
            .collect();
        for one in &all {
            assert!(!one.path.contains('{'), "{route:?}: the FHIR harness does not fill {}", one.path);
        }
        return all;
    }
    let paths = filled(route, about);
    if route.method != Method::GET {
        return paths.into_iter().map(|path| ask(path, Vec::new(), form())).collect();
    }
    let queries = [
        String::new(),
        format!("?q={HIDDEN}"),
        format!("?q=M-{HIDDEN}"),
        format!("?q={RESIDENT_ID}"),
        "?q=13800138000".into(),
        aimed::encode("?q=王小明"),
        format!("?by=patient&q={HIDDEN}&patient={HIDDEN}"),
    ];
    let plain = |path: &String| path.contains('?');
    let both = paths.iter().flat_map(|path| {
        queries.iter().filter(move |query| query.is_empty() || !plain(path)).map(move |query| format!("{path}{query}"))
    });
    both.map(|path| ask(path, Vec::new(), String::new())).collect()
}

/// An answer without what differs between any two answers of any two houses: receipts, random names and secrets,
/// hashes and signatures.
fn bare(status: u16, headers: &HeaderMap, text: &str) -> (u16, Vec<(String, String)>, String) {
    let mut all: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| !["date", "tacebo-receipt"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), without_chance(value.to_str().unwrap())))
        .collect();
    all.sort();
    // The size of the data folder is that of the store's own log too, and both houses share one process's memory.
    let chance = |line: &&str| ["class=\"receipt\"", " MB</strong>", " MB</dd>"].iter().any(|mark| line.contains(mark));
    let lines: Vec<&str> = text.lines().filter(|line| !chance(line)).collect();
    (status, all, without_chance(&lines.join("\n")))
}

/// Where two answers part.
fn apart(a: &(u16, Vec<(String, String)>, String), b: &(u16, Vec<(String, String)>, String)) -> String {
    let lines = a.2.lines().zip(b.2.lines()).find(|(a, b)| a != b);
    format!("{} {}\n{lines:?}\n{:?}\n{:?}", a.0, b.0, a.1, b.1)
}

/// Random names have 24 characters and more with a digit among them, or 16 of hex, or follow the marks of references.
/// The short name of a session may happen to have no letter; its place in an address tells it.
fn without_chance(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || "+_-=/".contains(c);
    let all = |run: &str, of: fn(&u8) -> bool| run.as_bytes().iter().any(of);
    // Base64 has slashes; no address of ours has capitals among its words.
    // One hash in a thousand has no digit, and a page of the log shows hundreds.
    let is_base64 = |run: &str| run.len() >= 40 && all(run, u8::is_ascii_uppercase) && all(run, u8::is_ascii_lowercase);
    let is_chance = |run: &str| {
        let reference = ["AR-", "BG-", "P-"].iter().any(|mark| run.starts_with(mark) && run.len() >= 11);
        let hex = is_hex(run);
        let (upper, lower) = (all(run, u8::is_ascii_uppercase), all(run, u8::is_ascii_lowercase));
        let digit = all(run, u8::is_ascii_digit);
        // A secret may happen to have no digit.
        let mixed = (upper && lower) || (digit && (upper || lower)) || (upper && run.len() >= 32);
        reference || (mixed && (run.len() >= 24 || (hex && run.len() >= 16)))
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        let mut before = "";
        let words = run.split('/').map(|word| {
            let is_session = std::mem::replace(&mut before, word) == "sessions" && word.len() == 16 && is_hex(word);
            if is_session || is_chance(word) { "~" } else { word }
        });
        out.push_str(&if is_base64(run) { "~".to_owned() } else { words.collect::<Vec<_>>().join("/") });
        let one = behind.chars().next().map_or(0, char::len_utf8);
        out.push_str(&behind[..one]);
        rest = &behind[one..];
    }
    out
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A house with one patient in 李明远's ward: the hidden one, or another with another name and other numbers.
async fn house(hidden: bool) -> (House, u64) {
    let house = House::staffed().await;
    let mark = house.mark();
    let id = if hidden { HIDDEN } else { "other" };
    let mut person = patient(id);
    let number = if hidden { RESIDENT_ID } else { "110101198002031239" };
    let system = "urn:oid:2.16.156.10011.1.3";
    person["identifier"].as_array_mut().unwrap().push(json!({ "system": system, "value": number }));
    if !hidden {
        person["name"] = json!([{ "text": "赵建军", "family": "赵", "given": ["建军"] }]);
        person["telecom"][0]["value"] = json!("13900139000");
        person["birthDate"] = json!("1971-09-08");
    }
    let encounter = json!({ "resourceType": "Encounter", "id": format!("e-{id}"), "status": "in-progress",
        "class": { "code": "IMP" }, "subject": { "reference": format!("Patient/{id}") },
        "participant": [{ "individual": { "reference": "Practitioner/li" } }] });
    let o = format!("o-{id}");
    for body in [person, encounter, observation(&o, id)] {
        house.keep(&body).await;
    }
    house.delete(&house.his, &format!("/fhir/Observation/{o}")).await.is(204);
    house.keep(&observation(&o, id)).await;
    // Whose mother's document has ended: she may not know any more.
    let mother =
        json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH" }] });
    house
        .keep(&json!({ "resourceType": "RelatedPerson", "id": "mother", "active": false, "relationship": [mother],
            "patient": { "reference": format!("Patient/{id}") } }))
        .await;
    (house, mark + 2)
}

/// Makes both logs equally long again: their size is on some pages, and public.
async fn level(one: &House, two: &House) {
    for (short, long) in [(one, two), (two, one)] {
        while short.mark() < long.mark() {
            let house = tacebo_identity::Identity::house(tacebo_vault::Door::Job);
            let _ = short.app.vault().note(&house, Action::Read, Outcome::Done, "in step").await.unwrap();
        }
    }
}

/// Somebody at a door: with a token, or with a browser.
#[derive(Clone)]
enum Somebody {
    Program(&'static str, Person),
    Browser(&'static str, Browser),
}

impl Somebody {
    fn name(&self) -> &'static str {
        match self {
            Self::Program(name, _) | Self::Browser(name, _) => name,
        }
    }

    fn comes_to(&self, path: &str) -> bool {
        let programs = ["/fhir", "/dicomweb", "/oauth"].iter().any(|door| path.starts_with(door));
        programs == matches!(self, Self::Program(..))
    }

    async fn ask(&mut self, house: &House, asked: &Asked) -> (u16, HeaderMap, String) {
        match self {
            Self::Program(_, person) => {
                let body = asked.body.clone().into_bytes();
                let answer = house.send(person, asked.method.clone(), &asked.path, &asked.headers, body).await;
                (answer.status.as_u16(), answer.headers.clone(), answer.text())
            }
            Self::Browser(login, browser) => {
                let own = [("sec-fetch-site", "same-origin")];
                let ask = async |browser: &mut Browser| {
                    browser.send(asked.method.clone(), &asked.path, asked.body.clone(), &own).await
                };
                let mut page = ask(browser).await;
                let turned = page.status == 303 && page.header("location").starts_with("/login");
                if turned && asked.path != "/logout" {
                    // Somebody ended the session, in both houses: again with a new one.
                    *browser = house.log_in(login).await;
                    page = ask(browser).await;
                }
                (page.status.as_u16(), page.headers.clone(), page.text)
            }
        }
    }
}

/// The same people in every house; those who register patients and those who treat them come last.
async fn people(house: &House) -> Vec<Somebody> {
    let client = house.client("laboratory", [Purpose::Treat], "TREAT").await;
    let mut people = vec![Somebody::Program("a client system without grants", client)];
    let programs = [
        ("wang.siqi", "TREAT"),
        ("wang.siqi", "ETREAT"),
        ("lu.xingye", "TREAT"),
        ("ye.qinglan", "HCOMPL"),
        ("tian.ruogu", "HCOMPL"),
        ("yuan.bowen", "HSYSADMIN"),
        ("shen.anran", "HSYSADMIN"),
        ("dong.haoran", "HSYSADMIN"),
        ("patient.other", "PATRQT"),
        ("parent.mother", "FAMRQT"),
        ("xiao.yutong", "PATADMIN"),
    ];
    for (login, purpose) in programs {
        people.push(Somebody::Program(login, house.person(login, purpose).await));
    }
    let browsers = [
        "wang.siqi",
        "lu.xingye",
        "ye.qinglan",
        "tian.ruogu",
        "yuan.bowen",
        "shen.anran",
        "dong.haoran",
        "he.shuang",
        "patient.other",
        "patient.own",
        "parent.mother",
        "xiao.yutong",
        "yang.ruoliu",
        "li.mingyuan",
    ];
    for login in browsers {
        people.push(Somebody::Browser(login, house.log_in(login).await));
    }
    people
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_any_route_tells_whether_a_hidden_patient_exists() {
    let ((there, about), (not, _)) = (house(true).await, house(false).await);
    let people: Vec<(Somebody, Somebody)> = people(&there).await.into_iter().zip(people(&not).await).collect();
    // Reading first: what is written in one house only would be known there ever after.
    let (reads, writes): (Vec<Route>, Vec<Route>) =
        tacebo_server::routes().into_iter().partition(|route| route.method == Method::GET);
    let (mut compared, mut let_in) = (0, 0);
    for (routes, writing) in [(reads, false), (writes, true)] {
        for (one, two) in &people {
            let (mut one, mut two) = (one.clone(), two.clone());
            'routes: for route in &routes {
                // The log's head is another for every log.
                if !one.comes_to(route.path) || route.path.starts_with("/log/") {
                    continue;
                }
                for asked in asked(route, about) {
                    let mark = there.mark();
                    let ((s1, h1, t1), (s2, h2, t2)) = tokio::join!(one.ask(&there, &asked), two.ask(&not, &asked));
                    let (a, b) = (bare(s1, &h1, &t1), bare(s2, &h2, &t2));
                    compared += 1;
                    if a == b {
                        continue;
                    }
                    // Only somebody who was let in may see a difference, and then the log says so.
                    let entries = there.since(mark).await;
                    let entered = entries.iter().any(|entry| {
                        let of_log = OVERSIGHT.iter().any(|action| entry.get("action") == *action);
                        entry.get("outcome") == "done" && (entry.get("patient") == HIDDEN || of_log)
                    });
                    assert!(entered, "{asked:?} tells {} whether the patient exists: {}", one.name(), apart(&a, &b));
                    let_in += 1;
                    level(&there, &not).await;
                    if writing {
                        break 'routes;
                    }
                }
            }
        }
    }
    assert!(compared > 3_000 && let_in > 20, "{compared} {let_in}");
}

#[test]
fn what_is_taken_for_chance_is_never_a_patients() {
    let session = "/account/sessions/6752375634254220/end";
    assert_eq!(without_chance(session), "/account/sessions/~/end");
    for kept in [HIDDEN, RESIDENT_ID, "13800138000", "/patients/6752375634254220", "M-hid", "王小明 6752375634254220"]
    {
        assert_eq!(without_chance(kept), kept);
    }
}

#[test]
fn a_route_that_the_harness_cannot_fill_is_named() {
    let mut route = tacebo_server::routes().into_iter().find(|route| route.path == "/patients/{patient}").unwrap();
    assert_eq!(filled(&route, 1).len(), 3);
    route.path = "/patients/{patient}/images/{image}";
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| filled(&route, 1))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("{image}"));
}
