//! Bodies at rest: JSON text, stamped, compressed.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use tacebo_seal::Plain;
use zstd::bulk::{Compressor, Decompressor};

use crate::disclosed::VaultFault;

/// zstd level for bodies: level 1 is within a few percent of level 3 on FHIR JSON at half the cost.
const LEVEL: i32 = 1;
/// What resources have in common: resources it never saw shrink to a third instead of two thirds, in two thirds of the time.
/// Made by `examples/train_dictionary.rs`; frames name it by its number, so another may follow.
const DICTIONARY: &[u8] = include_bytes!("../data/pack-1.dict");
/// Ceiling for one opened body; a stored body was within it when it was written.
const MAX_BODY: usize = 64 << 20;
/// Stands in a stored body where its commit time will stand: nobody knows it before the commit.
const NO_TIME: &str = "0000-00-00T00:00:00.000Z";

/// Compresses and decompresses with contexts that are kept: making one costs more than a resource.
#[derive(Default)]
pub(crate) struct Packer {
    compressors: Mutex<Vec<Compressor<'static>>>,
    decompressors: Mutex<Vec<Decompressor<'static>>>,
}

fn fault<E>(_: E) -> VaultFault {
    VaultFault::Decode("body compression")
}

/// Lends something from a shelf, or a new one when the shelf is empty.
fn lend<T, R>(
    shelf: &Mutex<Vec<T>>,
    new: impl FnOnce() -> std::io::Result<T>,
    work: impl FnOnce(&mut T) -> std::io::Result<R>,
) -> Result<R, VaultFault> {
    let lent = shelf.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut tool = match lent {
        Some(tool) => tool,
        None => new().map_err(fault)?,
    };
    let made = work(&mut tool).map_err(fault);
    shelf.lock().unwrap_or_else(PoisonError::into_inner).push(tool);
    made
}

impl Packer {
    /// A record of the house.
    pub(crate) fn pack(&self, body: &Value) -> Result<Vec<u8>, VaultFault> {
        self.compress(&text(body)?)
    }

    /// A version of a document, stamped with everything but its time.
    pub(crate) fn pack_version(&self, body: &Value, id: &str, version: u64) -> Result<Vec<u8>, VaultFault> {
        match resource(body) {
            Some((kind, members)) => self.compress(&text(&Stamped { kind, id, version, members })?),
            None => self.pack(body),
        }
    }

    /// Lets go of the kept contexts: pieces of what went through them lie in their buffers.
    pub(crate) fn forget(&self) {
        self.compressors.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.decompressors.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn compress(&self, text: &[u8]) -> Result<Vec<u8>, VaultFault> {
        lend(&self.compressors, || Compressor::with_dictionary(LEVEL, DICTIONARY), |one| one.compress(text))
    }

    /// The text that was packed.
    pub(crate) fn unpack(&self, bytes: &[u8]) -> Result<Plain, VaultFault> {
        let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().and_then(|n| usize::try_from(n).ok());
        let Some(size) = size.filter(|n| *n <= MAX_BODY) else {
            return Err(VaultFault::Decode("body size"));
        };
        lend(&self.decompressors, || Decompressor::with_dictionary(DICTIONARY), |one| one.decompress(bytes, size))
            .map(Plain::from)
    }
}

fn text<T: Serialize>(body: &T) -> Result<Plain, VaultFault> {
    let mut text = Vec::with_capacity(2048);
    let written = serde_json::to_writer(&mut text, body);
    let text = Plain::from(text);
    written.map_err(|_| VaultFault::Decode("body to JSON"))?;
    Ok(text)
}

/// Type and members of a FHIR resource.
fn resource(body: &Value) -> Option<(&str, &Map<String, Value>)> {
    let members = body.as_object()?;
    Some((members.get("resourceType")?.as_str()?, members))
}

/// A resource with what the house says of the version: type, id and `meta` first, where readers expect them.
struct Stamped<'a> {
    kind: &'a str,
    id: &'a str,
    version: u64,
    members: &'a Map<String, Value>,
}

impl Serialize for Stamped<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("resourceType", self.kind)?;
        map.serialize_entry("id", self.id)?;
        let meta = self.members.get("meta").and_then(Value::as_object);
        map.serialize_entry("meta", &StampedMeta { version: self.version, members: meta })?;
        for (name, value) in self.members {
            if !matches!(name.as_str(), "resourceType" | "id" | "meta") {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

struct StampedMeta<'a> {
    version: u64,
    members: Option<&'a Map<String, Value>>,
}

impl Serialize for StampedMeta<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("versionId", &self.version.to_string())?;
        map.serialize_entry("lastUpdated", NO_TIME)?;
        for (name, value) in self.members.into_iter().flatten() {
            if !matches!(name.as_str(), "versionId" | "lastUpdated") {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// Writes the commit time into an unpacked version. What has no stamp, a record of the house, stays as it is.
pub(crate) fn stamp_time(text: &mut [u8], kind: &str, id: &str, version: u64, time_us: i64) -> Result<(), VaultFault> {
    let mut before = format!("{{\"resourceType\":\"{kind}\"");
    if !text.starts_with(before.as_bytes()) {
        return Ok(());
    }
    // Writing to a String cannot fail.
    let _ = write!(before, ",\"id\":\"{id}\",\"meta\":{{\"versionId\":\"{version}\",\"lastUpdated\":\"");
    let place = text
        .split_at_mut_checked(before.len())
        .filter(|(start, _)| *start == before.as_bytes())
        .and_then(|(_, rest)| rest.get_mut(..NO_TIME.len()))
        .filter(|place| *place == NO_TIME.as_bytes())
        .ok_or(VaultFault::Decode("body stamp"))?;
    place.copy_from_slice(instant(time_us).as_bytes());
    Ok(())
}

/// Takes out what the house itself says of a version, so that a client cannot set it.
pub(crate) fn unstamp(body: &mut Arc<Value>) {
    let stamped = |meta: &Value| meta.get("versionId").is_some() || meta.get("lastUpdated").is_some();
    if !body.get("meta").is_some_and(stamped) {
        return;
    }
    let body = Arc::make_mut(body);
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

/// A version as readers get it, for its writer: what is stored, with its time.
pub(crate) fn stamped(body: &Value, id: &str, version: u64, time_us: i64) -> Result<Plain, VaultFault> {
    let Some((kind, members)) = resource(body) else { return text(body) };
    let mut stamped = text(&Stamped { kind, id, version, members })?;
    stamp_time(&mut stamped, kind, id, version, time_us)?;
    Ok(stamped)
}

/// A commit time as a FHIR `instant` in UTC with milliseconds; a time outside the years 0 to 9999 reads as 1970.
pub fn instant(time_us: i64) -> String {
    let epoch = jiff::Timestamp::UNIX_EPOCH;
    let time = jiff::Timestamp::from_microsecond(time_us).unwrap_or(epoch);
    let utc = jiff::tz::Offset::UTC.to_datetime(time);
    let utc = if utc.year() < 0 { jiff::tz::Offset::UTC.to_datetime(epoch) } else { utc };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second(),
        utc.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(body: &Value) -> Value {
        let packer = Packer::default();
        let mut text = packer.unpack(&packer.pack_version(body, "a", 3).unwrap()).unwrap();
        stamp_time(&mut text, body["resourceType"].as_str().unwrap_or("Account"), "a", 3, 1_234_567).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn a_body_comes_back_as_it_was_written_with_its_decimals() {
        let body: Value =
            serde_json::from_str(r#"{"resourceType":"Observation","valueQuantity":{"value":6.0}}"#).unwrap();
        assert_eq!(through(&body)["valueQuantity"].to_string(), body["valueQuantity"].to_string());
    }

    #[test]
    fn the_stamp_at_rest_and_the_stamp_for_the_writer_are_the_same() {
        for text in [
            r#"{"resourceType":"Patient"}"#,
            r#"{"id":"a","resourceType":"Patient","name":[{"text":"\"lastUpdated\":\""}]}"#,
            r#"{"resourceType":"Patient","name":[],"meta":{"tag":[{"code":"x"}]},"id":"a"}"#,
        ] {
            let body: Value = serde_json::from_str(text).unwrap();
            let told: Value = serde_json::from_slice(&stamped(&body, "a", 3, 1_234_567).unwrap()).unwrap();
            assert_eq!(through(&body), told);
            assert_eq!((&told["id"], &told["meta"]["versionId"]), (&"a".into(), &"3".into()));
            assert_eq!(told["meta"]["lastUpdated"], "1970-01-01T00:00:01.234Z");
        }
    }

    #[test]
    fn a_record_of_the_house_has_no_stamp() {
        let body = serde_json::json!({ "login": "a" });
        assert_eq!(through(&body), body);
    }

    #[test]
    fn a_stamp_of_another_version_is_a_fault() {
        let packer = Packer::default();
        let bytes = packer.pack_version(&serde_json::json!({ "resourceType": "Patient" }), "a", 3).unwrap();
        let mut text = packer.unpack(&bytes).unwrap();
        assert!(stamp_time(&mut text, "Patient", "a", 4, 0).is_err());
        assert!(stamp_time(&mut text, "Patient", "b", 3, 0).is_err());
    }

    #[test]
    fn a_client_cannot_set_version_or_time() {
        let mut body = Arc::new(
            serde_json::json!({"resourceType":"Patient","meta":{"versionId":"9","lastUpdated":"2000-01-01T00:00:00Z"}}),
        );
        unstamp(&mut body);
        assert_eq!(*body, serde_json::json!({"resourceType":"Patient"}));
    }

    #[test]
    fn every_instant_is_as_long_as_its_place() {
        for time_us in [0, -1, i64::MIN, i64::MAX, 1_795_372_911_123_456] {
            assert_eq!(instant(time_us).len(), NO_TIME.len(), "{}", instant(time_us));
        }
        assert_eq!(instant(1_795_372_911_123_456), "2026-11-22T18:41:51.123Z");
    }

    #[test]
    fn a_truncated_body_is_an_error_not_a_panic() {
        let packer = Packer::default();
        let bytes = packer.pack(&serde_json::json!({"a":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbb"})).unwrap();
        for cut in 0..bytes.len() {
            assert!(packer.unpack(&bytes[..cut]).is_err());
        }
    }
}
