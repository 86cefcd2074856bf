//! Documents as the vault speaks of them, and the sealed index record beside each.

use serde::{Deserialize, Serialize};
use tacebo_policy::{Fact, Labels};

use crate::body::Body;
use crate::disclosed::VaultFault;

/// Names one document: its kind (a FHIR type or a record of the house) and logical id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocRef {
    /// The kind.
    pub kind: String,
    /// The logical id.
    pub id: String,
}

impl DocRef {
    /// Names a document.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

/// One version of a document, opened and veiled for one asker.
#[derive(Clone, PartialEq)]
pub struct Document {
    /// What it is.
    pub name: DocRef,
    /// 1, 2, 3 …
    pub version: u64,
    /// Commit time, microseconds since the Unix epoch.
    pub time_us: i64,
    /// Whether this version is a deletion; then `body` is `null`.
    pub deleted: bool,
    /// The body as the language wrote it, with masks applied.
    pub body: Body,
    /// Whether a mask changed anything.
    pub veiled: bool,
    /// What the house says of its content: for marks beside it, never for deciding.
    pub labels: Labels,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("kind", &self.name.kind)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What is sealed beside every body and opened by every search.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct IndexRecord {
    /// The logical id, which the store knows only as a blind term.
    pub id: String,
    /// Labels set at write.
    pub labels: Labels,
    /// Patients spoken of, owner first.
    pub patients: Vec<String>,
    /// Facts that decide access.
    pub facts: Vec<Fact>,
    /// Under what a record of the house is found: a language's document says so itself.
    pub terms: Vec<(String, String)>,
    /// The language's search record.
    #[serde(with = "whole")]
    pub params: Vec<u8>,
}

/// Bytes taken whole: serde's `Vec<u8>` goes byte by byte, a tenth of a search. The encoding is the same.
mod whole {
    use std::fmt;

    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_bytes(Bytes)
    }

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }
}

/// First byte of an encoded index record; a new layout takes a new number.
const INDEX_V1: u8 = 1;

impl IndexRecord {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, VaultFault> {
        postcard::to_extend(self, vec![INDEX_V1]).map_err(|_| VaultFault::Decode("index record"))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, VaultFault> {
        match bytes.split_first() {
            Some((&INDEX_V1, rest)) => postcard::from_bytes(rest).map_err(|_| VaultFault::Decode("index record")),
            _ => Err(VaultFault::Decode("index record version")),
        }
    }
}
