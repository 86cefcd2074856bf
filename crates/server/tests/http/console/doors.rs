//! Getting in, and not: sessions, cookies, forms from elsewhere, guesses, preferences.

use http::Method;
use tacebo_server::http::Exposure;

use crate::house::{House, PASSWORD};

/// Addresses of console and portal as a browser would ask for them.
fn example(path: &str) -> String {
    let filled = path.replace("{patient}", "p1").replace("{index}", "1").replace("{step}", "lock");
    let filled = ["{account}", "{ticket}", "{request}", "{session}", "{guardian}", "{destruction}", "{hold}"]
        .iter()
        .fold(filled, |path, of| path.replace(of, "none"));
    assert!(!filled.contains('{'), "{filled} is not filled");
    filled
}

fn is_page(path: &str) -> bool {
    !["/fhir", "/dicomweb", "/oauth", "/.well-known"].iter().any(|begins| path.starts_with(begins))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_that_is_not_public_wants_a_session() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut tried = 0;
    for route in tacebo_server::routes() {
        if matches!(route.exposure, Exposure::Public(_)) || !is_page(route.path) {
            continue;
        }
        for session in ["", "nonsense"] {
            let mut browser = house.browser();
            browser.cookies.insert("tacebo".into(), session.into());
            let before = house.entries().await.len();
            let page = browser
                .send(route.method.clone(), &example(route.path), String::new(), &[("sec-fetch-site", "same-origin")])
                .await;
            page.goes_to("/login");
            assert!(page.text.is_empty(), "{route:?}");
            assert_eq!(house.entries().await.len(), before, "{route:?} did something");
        }
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decided_page_leaves_an_entry_whoever_asks() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    for login in ["li.mingyuan", "dong.haoran", "patient.other"] {
        for route in tacebo_server::routes() {
            if !matches!(route.exposure, Exposure::Decided(_)) || !is_page(route.path) {
                continue;
            }
            // Forms that say nothing are sent back before anybody is asked.
            if route.method == Method::POST {
                continue;
            }
            let mut browser = house.log_in(login).await;
            let before = house.entries().await.len();
            let query =
                if route.path.ends_with("/find") || route.path.ends_with("/who-saw") { "?q=10p177" } else { "" };
            let page = browser
                .send(route.method.clone(), &format!("{}{query}", example(route.path)), String::new(), &[])
                .await;
            let portal = route.path.starts_with("/me");
            if portal && login != "patient.other" {
                page.is(403);
                continue;
            }
            assert!(house.entries().await.len() > before, "{route:?} {login} {}", page.status);
            assert!(!page.header("tacebo-receipt").is_empty(), "{route:?} {login} {}", page.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_tells_nothing_and_every_wrong_step_begins_again() {
    let house = House::staffed().await;
    let mut browser = house.browser();
    browser.get("/login").await.is(200);
    let try_it = |name: &'static str, password: &'static str| [("name", name), ("password", password), ("next", "/")];
    let known = browser.post("/login", &try_it("li.mingyuan", "wrong wrong wrong")).await;
    let unknown = browser.post("/login", &try_it("li.mingyuan2", "wrong wrong wrong")).await;
    known.is(401);
    unknown.is(401);
    assert_eq!(known.text.replace("li.mingyuan", ""), unknown.text.replace("li.mingyuan2", ""));
    // The second step needs the first one's cookie, and the browser it was made in.
    let mut other = house.browser();
    other.post("/login/code", &[("code", "000000")]).await.is(401).shows("Your session ended");
    browser.post("/login", &try_it("li.mingyuan", PASSWORD)).await.goes_to("/login/code");
    other.get("/login").await.is(200);
    other.cookies.insert("tacebo-step".into(), browser.cookies["tacebo-step"].clone());
    other.post("/login/code", &[("code", "000000")]).await.is(401).shows("Your session ended");
    browser.post("/login/code", &[("code", "000000")]).await.is(401).shows("not right");
    assert!(!browser.cookies.contains_key("tacebo"), "no session without the code");
    // Where to go afterwards is a path of this site.
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/login?next=//evil.example").await.goes_to("/patients");
    li.post("/preferences", &[("theme", "dark"), ("back", "https://evil.example/")]).await.goes_to("/");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down() {
    let house = House::staffed().await;
    let mut browser = house.browser();
    browser.get("/login").await.is(200);
    for _ in 0..5 {
        browser.post("/login", &[("name", "wang.siqi"), ("password", "wrong wrong wrong")]).await.is(401);
    }
    // The right password is refused in the same words now.
    browser.post("/login", &[("name", "wang.siqi"), ("password", PASSWORD)]).await.is(401).shows("not right");
    let mut last = 0;
    for _ in 0..250 {
        last = browser.post("/login/code", &[("code", "000000")]).await.status.as_u16();
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_elsewhere_is_not_taken() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut patient = house.log_in("patient.own").await;
    let body = "department=Organization%2Fcardiology&limit=on".to_owned();
    for headers in [&[("sec-fetch-site", "cross-site")][..], &[("origin", "https://evil.example")]] {
        let page = patient.send(Method::POST, "/me/choices", body.clone(), headers).await;
        assert_eq!(page.status.as_u16(), 403);
    }
    patient.get("/me/choices").await.is(200).hides("Limited by you");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_its_person_leaves_or_forgets_to() {
    let house = House::staffed().await;
    let mut li = house.log_in("li.mingyuan").await;
    let copy = li.clone();
    li.post("/logout", &[]).await.is(200).shows("logged out");
    assert!(!li.cookies.contains_key("tacebo"));
    let mut thief = copy;
    thief.get("/patients").await.goes_to("/login");
    let mut wang = house.log_in("wang.siqi").await;
    house.clock.fetch_add(16 * 60_000_000, std::sync::atomic::Ordering::SeqCst);
    let gone = wang.get("/patients").await;
    gone.goes_to("/login");
    wang.get(gone.header("location")).await.is(200).shows("ended by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_colours_are_kept_in_the_browser() {
    let house = House::staffed().await;
    let mut browser = house.browser();
    browser.cookies.remove("lang");
    browser.get("/login").await.is(200).shows("<html lang=\"zh-CN\"").shows("登录");
    browser.post("/preferences", &[("lang", "en"), ("back", "/login")]).await.goes_to("/login");
    browser.post("/preferences", &[("theme", "dark"), ("back", "/login")]).await.goes_to("/login");
    browser.get("/login").await.shows("<html lang=\"en\" data-theme=\"dark\"").shows("Sample hospital");
}
