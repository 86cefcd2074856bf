//! As many patients as a run needs, out of the sample's: the same records under new ids.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use tacebo_fixtures::Sample;

use crate::bench::client::Shot;

/// Stands in the text where the copy's number goes; as wide as the number.
const MARK: &str = "-qqqqqq";

/// A bundle as text with the places of its marks.
struct Template {
    text: Vec<u8>,
    marks: Vec<usize>,
    resources: usize,
}

/// An endless row of patients.
pub(crate) struct Population {
    templates: Vec<Template>,
    next: AtomicUsize,
}

impl Population {
    pub(crate) fn new(sample: &Sample) -> Result<Self> {
        let templates = sample.patients().iter().map(Template::new).collect::<Result<Vec<_>>>()?;
        Ok(Self { templates, next: AtomicUsize::new(0) })
    }

    /// Transaction of the next patient.
    pub(crate) fn next(&self) -> Shot {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let body = self
            .templates
            .get(number % self.templates.len().max(1))
            .map(|template| (template.copy(number), template.resources))
            .unwrap_or_default();
        Shot { method: Method::POST, path: "/fhir".into(), body: Bytes::from(body.0), worth: body.1 }
    }
}

impl Template {
    fn new(bundle: &Value) -> Result<Self> {
        let mut bundle = bundle.clone();
        let entries = bundle.get_mut("entry").and_then(Value::as_array_mut).context("a bundle without entries")?;
        let own: HashSet<String> = entries
            .iter()
            .filter(|entry| text(entry, "/request/method") == "PUT")
            .map(|entry| text(entry, "/request/url").to_owned())
            .collect();
        for entry in entries.iter_mut() {
            rename(entry, &own);
            if text(entry, "/request/method") == "PUT"
                && let Some(Value::String(id)) = entry.pointer_mut("/resource/id")
            {
                id.push_str(MARK);
            }
        }
        let resources = entries.len();
        let text = serde_json::to_vec(&bundle)?;
        let marks = text
            .windows(MARK.len())
            .enumerate()
            .filter(|(_, window)| *window == MARK.as_bytes())
            .map(|(at, _)| at)
            .collect();
        Ok(Self { text, marks, resources })
    }

    fn copy(&self, number: usize) -> Vec<u8> {
        let mut text = self.text.clone();
        let label = format!("-{number:06}");
        for at in &self.marks {
            if let Some(place) = text.get_mut(*at..at + MARK.len()) {
                place.copy_from_slice(label.as_bytes().get(..MARK.len()).unwrap_or(MARK.as_bytes()));
            }
        }
        text
    }
}

fn text<'value>(of: &'value Value, pointer: &str) -> &'value str {
    of.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Marks every address of the bundle's own resources, wherever it stands.
fn rename(value: &mut Value, own: &HashSet<String>) {
    match value {
        Value::String(text) => {
            let tail = text.rmatch_indices('/').nth(1).and_then(|(at, _)| text.get(at + 1..));
            if own.contains(text.as_str()) || tail.is_some_and(|tail| own.contains(tail)) {
                text.push_str(MARK);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, own)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, own)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacebo_fixtures::Day;

    #[test]
    fn a_copy_is_another_patient_with_the_same_record() {
        let sample = Sample::on(Day::new(2026, 3, 2).unwrap());
        let population = Population::new(&sample).unwrap();
        let first: Value = serde_json::from_slice(&population.next().body).unwrap();
        let original = &sample.patients()[0];
        let id = text(original, "/entry/0/resource/id");
        assert_eq!(text(&first, "/entry/0/resource/id"), format!("{id}-000000"));
        assert_eq!(text(&first, "/entry/0/request/url"), format!("Patient/{id}-000000"));
        let whole = first.to_string();
        assert!(!whole.contains(&format!("\"Patient/{id}\"")), "a reference to the original stays");
        assert!(whole.contains(&format!("\"Patient/{id}-000000\"")));
        assert!(!whole.contains(MARK));
        assert_eq!(first["entry"].as_array().unwrap().len(), original["entry"].as_array().unwrap().len());
    }
}
