//! Documents as the vault speaks of them, and the sealed index record beside each.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tacebo_policy::{Fact, Labels};

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
    /// Whether this version is a deletion; then `body` is `Null`.
    pub deleted: bool,
    /// The body as the language wrote it, with masks applied.
    pub body: Value,
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

/// zstd level for bodies: level 1 is within a few percent of level 3 on FHIR JSON at half the cost.
const ZSTD_LEVEL: i32 = 1;
/// Ceiling for one opened body; a stored body was within it when it was written.
pub(crate) const MAX_BODY: usize = 64 << 20;

pub(crate) fn pack(body: &Value) -> Result<Vec<u8>, VaultFault> {
    let json = serde_json::to_vec(body).map_err(|_| VaultFault::Decode("body to JSON"))?;
    zstd::bulk::compress(&json, ZSTD_LEVEL).map_err(|_| VaultFault::Decode("body compression"))
}

pub(crate) fn unpack(bytes: &[u8]) -> Result<Value, VaultFault> {
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().and_then(|n| usize::try_from(n).ok());
    let Some(size) = size.filter(|n| *n <= MAX_BODY) else {
        return Err(VaultFault::Decode("body size"));
    };
    let json = zstd::bulk::decompress(bytes, size).map_err(|_| VaultFault::Decode("body compression"))?;
    serde_json::from_slice(&json).map_err(|_| VaultFault::Decode("body JSON"))
}

/// Takes out what the house itself says of a version, so that a client cannot set it.
pub(crate) fn unstamp(body: &mut Value) {
    if let Some(meta) = body.get_mut("meta").and_then(Value::as_object_mut) {
        meta.shift_remove("versionId");
        meta.shift_remove("lastUpdated");
        if meta.is_empty()
            && let Some(object) = body.as_object_mut()
        {
            object.shift_remove("meta");
        }
    }
}

/// Writes `id`, `meta.versionId` and `meta.lastUpdated` into a FHIR body on its way out.
pub(crate) fn stamp(body: &mut Value, id: &str, version: u64, time_us: i64) {
    let Some(object) = body.as_object_mut() else { return };
    if !object.contains_key("resourceType") {
        return;
    }
    object.insert("id".into(), Value::String(id.to_owned()));
    let meta = object.entry("meta").or_insert_with(|| Value::Object(Map::new()));
    if let Some(meta) = meta.as_object_mut() {
        meta.insert("versionId".into(), Value::String(version.to_string()));
        meta.insert("lastUpdated".into(), Value::String(instant(time_us)));
    }
}

/// A commit time as a FHIR `instant` in UTC with milliseconds.
pub fn instant(time_us: i64) -> String {
    jiff::Timestamp::from_microsecond(time_us)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was_written_with_its_decimals() {
        let body: Value =
            serde_json::from_str(r#"{"resourceType":"Observation","valueQuantity":{"value":6.0}}"#).unwrap();
        assert_eq!(unpack(&pack(&body).unwrap()).unwrap().to_string(), body.to_string());
    }

    #[test]
    fn a_client_cannot_set_version_or_time() {
        let mut body: Value =
            serde_json::json!({"resourceType":"Patient","meta":{"versionId":"9","lastUpdated":"2000-01-01T00:00:00Z"}});
        unstamp(&mut body);
        assert_eq!(body, serde_json::json!({"resourceType":"Patient"}));
        stamp(&mut body, "a", 3, 1_000_000);
        assert_eq!(body["meta"]["versionId"], "3");
        assert_eq!(body["meta"]["lastUpdated"], "1970-01-01T00:00:01.000Z");
    }

    #[test]
    fn a_truncated_body_is_an_error_not_a_panic() {
        let packed = pack(&serde_json::json!({"a":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbb"})).unwrap();
        for cut in 0..packed.len() {
            assert!(unpack(&packed[..cut]).is_err());
        }
    }
}
