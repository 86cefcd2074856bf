//! Masking: pure functions over JSON documents.
//!
//! A mask is a duty that rides on a permit. This crate knows which elements of which kinds carry
//! what (a data file), and rewrites a document so that the hidden content occurs nowhere in it.
//! It knows nothing of people, permits or hospitals' rules.

mod mask;
mod rules;
mod secrets;
mod shape;
mod walk;

use serde_json::{Map, Value, json};

use crate::rules::RULES;
use crate::walk::Walk;

pub use mask::{Mask, MaskSet};

/// What can go wrong when masks are named or the rules are read.
#[derive(Debug, thiserror::Error)]
pub enum VeilError {
    /// A mask code that does not exist.
    #[error("unknown mask {0:?}: use one of the codes in Mask::ALL, or the word none")]
    UnknownMask(String),
    /// The rules file is wrong.
    #[error("the masking rules cannot be read: {0}")]
    Rules(String),
}

/// What was done to one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Veiled {
    paths: Vec<String>,
}

impl Veiled {
    /// The JSON pointers (RFC 6901) of elements that were rewritten or removed.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Whether the document was left as it was.
    pub fn is_clear(&self) -> bool {
        self.paths.is_empty()
    }
}

/// Hides what `masks` name in `body`, a document of `kind`.
///
/// With no mask the document stays byte for byte. With any, it is rebuilt from what is known to be
/// harmless: extensions, contained documents, narrative and unknown elements go, what is masked
/// takes its masked form, and a copy of something masked elsewhere in the document goes too. A FHIR
/// document stays well-formed FHIR and says that it is masked (`meta.security`).
pub fn veil(kind: &str, body: &mut Value, masks: MaskSet) -> Veiled {
    if masks.is_empty() {
        return Veiled::default();
    }
    let rules = &*RULES;
    let Value::Object(document) = body.take() else {
        return Veiled { paths: vec![String::new()] };
    };
    if rules.closed {
        return Veiled { paths: vec![String::new()] };
    }
    let is_fhir = document.contains_key("resourceType");
    let mut walk = Walk::new(rules, masks);
    let mut kept = walk.document(kind, document);
    let Walk { secrets, mut paths, .. } = walk;
    secrets.scrub(&mut kept, &mut paths);
    if is_fhir {
        mark(&mut kept);
    }
    *body = Value::Object(kept);
    Veiled { paths }
}

/// Adds the tag MASKED (HL7 v3 ObservationValue) to `meta.security`.
fn mark(document: &mut Map<String, Value>) {
    let tag = json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "MASKED"});
    let meta = document.entry("meta").or_insert_with(|| json!({}));
    if !meta.is_object() {
        *meta = json!({});
    }
    let Some(meta) = meta.as_object_mut() else {
        return;
    };
    let security = meta.entry("security").or_insert_with(|| json!([]));
    match security.as_array_mut() {
        Some(tags) if !tags.contains(&tag) => tags.push(tag),
        Some(_) => {}
        None => *security = json!([tag]),
    }
}

#[cfg(test)]
mod tests;
