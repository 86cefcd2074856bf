//! What the vault asks of a language (FHIR, DICOM): to read a document it is about to keep.

use serde_json::Value;
use tacebo_policy::Fact;

/// The logical id of a patient, as doors name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatientId(String);

impl PatientId {
    /// Wraps an id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a language reads out of one document.
#[derive(Debug, Clone, Default)]
pub struct Digest {
    /// The patients it speaks of; the first one's key seals it. Empty: it speaks of nobody.
    pub patients: Vec<PatientId>,
    /// The language's own search record, opaque to the vault.
    pub params: Vec<u8>,
    /// Terms by which it is found across patients: the allow-list of `design.md` §3.
    pub terms: Vec<(String, String)>,
    /// What it says that decides access: relations, consents, flags.
    pub facts: Vec<Fact>,
}

/// A language the vault keeps documents of.
pub trait Speech: Send + Sync {
    /// Whether documents of this kind are this language's.
    fn knows(&self, kind: &str) -> bool;

    /// Whether documents of this kind can speak of a patient (and so may not be listed across patients).
    fn is_personal(&self, kind: &str) -> bool;

    /// The kinds whose documents may carry [`Fact`]s.
    fn fact_kinds(&self) -> &[&'static str];

    /// Whether documents of this kind stay as they are when a restore brings documents back to a point in time: what a person
    /// decided about others' access, and evidence of what was done.
    fn stays(&self, kind: &str) -> bool;

    /// Reads a document. It has been validated by the door already; an error is a
    /// sentence without personal data.
    fn digest(&self, kind: &str, body: &Value) -> Result<Digest, String>;
}
