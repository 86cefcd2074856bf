//! Synthea's patients, as another hand wrote them: every transaction loads unmodified, nothing is lost or left dangling.
//!
//! Short: every seventh reference is followed. Long (`LONG=1`): all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::folder::Folder;
use crate::http::Client;
use crate::outside;
use crate::program::Program;

fn by_type<'value>(resources: impl IntoIterator<Item = &'value str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for kind in resources {
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    counts
}

/// Every text under the name `reference`, and every text that names a place in a bundle.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == "reference" || text.starts_with("urn:uuid:") => {
                        found.insert(text.clone());
                    }
                    field => references(field, found),
                }
            }
        }
        _ => {}
    }
}

/// All resources that a search finds, page by page.
fn pages(client: &mut Client, first: String, address: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = Some(first);
    while let Some(path) = next {
        let answer = client.get(&path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let bundle = answer.json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        found.extend(
            entries
                .into_iter()
                .filter(|entry| entry["search"]["mode"] == "match")
                .map(|entry| entry["resource"].clone()),
        );
        let link = bundle["link"].as_array().into_iter().flatten().find(|link| link["relation"] == "next");
        next = link.and_then(|link| link["url"].as_str()).map(|url| url.trim_start_matches(address).to_owned());
    }
    found
}

#[test]
fn patients_of_synthea_load_unmodified_and_are_whole() {
    let bundles = outside::synthea();
    assert!(bundles.len() >= 3, "{} bundles", bundles.len());
    let folder = Folder::sample();
    let program = Program::demo(&folder.data());
    let address = program.ready["address"].as_str().unwrap().to_owned();
    let mut client = program.gateway();
    let (mut resources, mut followed, mut took) = (0, BTreeSet::new(), Duration::ZERO);
    for (path, bundle) in &bundles {
        let begin = Instant::now();
        let answer = client.post("/fhir", bundle).unwrap();
        took += begin.elapsed();
        assert_eq!(answer.status, 200, "{}: {}", path.display(), answer.text());
        let answered = answer.json();
        let entries = answered["entry"].as_array().unwrap();
        let sent = bundle["entry"].as_array().unwrap();
        assert_eq!(entries.len(), sent.len());
        resources += sent.len();

        let mut stored = Vec::new();
        for (entry, sent) in entries.iter().zip(sent) {
            let status = entry["response"]["status"].as_str().unwrap();
            assert!(status.starts_with("201"), "{}: {status}", path.display());
            let location = entry["response"]["location"].as_str().unwrap();
            let address: Vec<&str> = location.split("/fhir/").last().unwrap().split('/').collect();
            assert_eq!(sent["resource"]["resourceType"], address[0]);
            stored.push(format!("{}/{}", address[0], address[1]));
        }
        let kinds = stored.iter().map(|one| one.split('/').next().unwrap());
        let sent_kinds = sent.iter().map(|entry| entry["resource"]["resourceType"].as_str().unwrap());
        assert_eq!(by_type(kinds), by_type(sent_kinds));

        // What is kept is what was sent, but for names and references.
        let patient = stored.iter().find(|one| one.starts_with("Patient/")).unwrap().clone();
        let mut owned: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut named = BTreeSet::new();
        for (one, sent) in stored.iter().zip(sent) {
            let answer = client.get(&format!("/fhir/{one}")).unwrap();
            assert_eq!(answer.status, 200, "{one}: {}", answer.text());
            let kept = answer.json();
            references(&kept, &mut named);
            assert_eq!(shape(&kept), shape(&sent["resource"]), "{one}");
            if ["subject", "patient", "beneficiary"].iter().any(|field| kept[field]["reference"] == *patient) {
                let (kind, id) = one.split_once('/').unwrap();
                owned.entry(kind.to_owned()).or_default().insert(id.to_owned());
            }
        }
        assert!(
            !named.iter().any(|name| name.starts_with("urn:")),
            "{}: a name inside the bundle stays",
            path.display()
        );
        let step = if crate::long() { 1 } else { 7 };
        for reference in named.iter().filter(|name| !name.starts_with('#')).step_by(step) {
            let answer = client.get(&format!("/fhir/{reference}")).unwrap();
            assert_eq!(answer.status, 200, "{reference} in {} leads nowhere", path.display());
            followed.insert(reference.clone());
        }

        // The patient's own search finds all of it and nothing else.
        assert!(owned.len() > 10, "{owned:?}");
        for (kind, ids) in owned {
            let first = format!("/fhir/{kind}?patient={}&_count=200", patient.trim_start_matches("Patient/"));
            let found = pages(&mut client, first, &address);
            let found_ids: BTreeSet<String> = found.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(found.len(), found_ids.len(), "{kind}: something came twice");
            assert_eq!(found_ids, ids, "{kind} of {}", path.display());
        }
    }
    let references = followed.len();
    eprintln!("{} patients, {resources} resources in {took:?}, {references} references followed", bundles.len());
    program.stop();
}

/// A resource without its name, its `meta` and the texts that a server rewrites.
fn shape(resource: &Value) -> Value {
    fn plain(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(plain).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, field)| {
                    let rewritten =
                        name == "reference" || field.as_str().is_some_and(|text| text.starts_with("urn:uuid:"));
                    (name.clone(), if rewritten { Value::Null } else { plain(field) })
                })
                .collect(),
            other => other.clone(),
        }
    }
    let mut copy = plain(resource);
    if let Some(fields) = copy.as_object_mut() {
        fields.shift_remove("id");
        fields.shift_remove("meta");
    }
    copy
}
