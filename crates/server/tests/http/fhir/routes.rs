//! The router as a list: every route says what it shows, and every one that decides leaves its entry.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use tacebo_server::http::Exposure;

use crate::fhir::records::{observation, patient};
use crate::house::{House, JSON};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_is_not_public_leaves_an_entry() {
    let house = House::with_patient("p1").await;
    for route in tacebo_server::routes() {
        if matches!(route.exposure, Exposure::Public(_)) || !route.path.starts_with("/fhir") {
            continue;
        }
        for kind in ["Patient", "Observation"] {
            let id = if kind == "Patient" { "p1" } else { "o-p1" };
            let path = route
                .path
                .replace("{kind}", kind)
                .replace("{id}", id)
                .replace("{version}", "1")
                .replace("{inner}", "Observation");
            let body = match (route.method.as_str(), route.path) {
                ("POST", "/fhir" | "/fhir/") => json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "request": { "method": "GET", "url": "Patient/p1" } }] }).to_string(),
                ("POST", "/fhir/{kind}/_search") => String::new(),
                ("POST" | "PUT", _) if kind == "Patient" => patient(id).to_string(),
                ("POST" | "PUT", _) => observation(id, "p1").to_string(),
                _ => String::new(),
            };
            let headers: &[_] = if route.path.ends_with("_search") { &[] } else { &[JSON] };
            for who in [&house.his, &house.stranger] {
                let mark = house.mark();
                let answer = house.send(who, route.method.clone(), &path, headers, body.clone().into_bytes()).await;
                let entries = house.since(mark).await;
                assert!(!entries.is_empty(), "{route:?} {path} {}", answer.text());
                assert!(!answer.header("tacebo-receipt").is_empty(), "{route:?} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn public_routes_answer_without_a_token_and_speak_of_nobody() {
    let house = House::with_patient("patient-of-nobody").await;
    house.app.vault().sign_now().await.unwrap();
    let asset = tacebo_server::assets::all()[0].url.clone();
    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 404),
        ("/log/checkpoint", 200),
        ("/log/vkey", 200),
        (asset.as_str(), 200),
        ("/assets/none.css", 404),
        ("/nowhere", 404),
        ("/fhir/metadata", 200),
    ] {
        let answer = house.request(Request::get(path).body(Body::empty()).unwrap()).await;
        answer.is(status);
        assert!(!answer.text().contains("patient-of-nobody") && !answer.text().contains("王"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    }
    let statement = house.request(Request::get("/fhir/metadata").body(Body::empty()).unwrap()).await.json();
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    let wrong =
        house.request(Request::builder().method(Method::DELETE).uri("/healthz").body(Body::empty()).unwrap()).await;
    wrong.is(405);
}
