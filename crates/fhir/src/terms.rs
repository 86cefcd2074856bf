//! The allow-list of what may be found across patients.

use serde_json::Value;

use crate::tables::Tables;

/// Terms of a resource: parameter (`Patient.name`) and normalised value.
pub fn terms(_tables: &Tables, _kind: &str, _resource: &Value) -> Vec<(String, String)> {
    Vec::new()
}
