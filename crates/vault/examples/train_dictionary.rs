//! Makes a dictionary for packing bodies out of folders of resources and bundles (JSON), as they stand at rest:
//! `cargo run --release -p tacebo-vault --example train_dictionary -- crates/vault/data/pack-2.dict FOLDER …`
//!
//! `pack-1.dict` came of the official R4 examples (npm `hl7.fhir.r4.examples`, CC0) and the sample hospital
//! (`write_sample 2026-03-02`): invented people only. What was packed with a dictionary needs it for ever, so a file
//! that was released is never made anew; a better one gets the next number.

use std::error::Error;
use std::path::Path;

use serde_json::{Map, Value, json};

/// Bytes of the dictionary: what a core's fast cache holds beside the work.
const SIZE: usize = 32 << 10;
/// Larger resources say little about most others.
const LARGEST: usize = 16 << 10;
/// Samples at most of each sort, so that the many do not drown the rare.
const OF_A_SORT: usize = 150;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("say where the dictionary goes, then the folders to learn from")?;
    let mut samples: Vec<Vec<u8>> = Vec::new();
    for folder in arguments {
        // Each folder teaches its own: examples are wide, a hospital is deep.
        let mut sorts: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        let mut files: Vec<_> = std::fs::read_dir(Path::new(&folder))?.flatten().map(|file| file.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
            let Ok(document) = serde_json::from_slice::<Value>(&std::fs::read(file)?) else { continue };
            let inner = document.get("entry").and_then(Value::as_array);
            let resources: Vec<&Value> = match inner {
                Some(entries) => entries.iter().filter_map(|entry| entry.get("resource")).collect(),
                None => vec![&document],
            };
            for resource in resources {
                let Some(kind) = resource.get("resourceType").and_then(Value::as_str) else { continue };
                let seen = sorts.entry(kind.to_owned()).or_default();
                let text = at_rest(kind, resource)?;
                if *seen < OF_A_SORT && text.len() <= LARGEST {
                    *seen += 1;
                    samples.push(text);
                }
            }
        }
    }
    let dictionary = zstd::dict::from_samples(&samples, SIZE)?;
    std::fs::write(out, dictionary)?;
    Ok(())
}

/// As `pack_version` writes it.
fn at_rest(kind: &str, resource: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let mut all = Map::new();
    all.insert("resourceType".into(), json!(kind));
    all.insert("id".into(), resource.get("id").cloned().unwrap_or_default());
    let mut meta = Map::new();
    meta.insert("versionId".into(), json!("1"));
    meta.insert("lastUpdated".into(), json!("0000-00-00T00:00:00.000Z"));
    for (name, value) in resource.get("meta").and_then(Value::as_object).into_iter().flatten() {
        if !meta.contains_key(name) {
            meta.insert(name.clone(), value.clone());
        }
    }
    all.insert("meta".into(), Value::Object(meta));
    for (name, value) in resource.as_object().into_iter().flatten() {
        if !all.contains_key(name) {
            all.insert(name.clone(), value.clone());
        }
    }
    serde_json::to_vec(&all)
}
