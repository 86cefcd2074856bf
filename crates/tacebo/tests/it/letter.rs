//! A document too large for its row.

use serde_json::{Value, json};

pub(crate) const WORDS: &str = "罕见的遗传性血管性水肿";

/// A scanned letter of so many bytes, with words in it.
pub(crate) fn letter(id: &str, of: &str, bytes: usize, seed: u64) -> Value {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Base64 of whatever bytes.
        text.extend([format!("{state:016x}")]);
    }
    json!({ "resourceType": "DocumentReference", "id": id, "status": "current", "description": WORDS,
        "subject": { "reference": format!("Patient/{of}") },
        "content": [{ "attachment": { "contentType": "application/pdf", "data": text } }] })
}
