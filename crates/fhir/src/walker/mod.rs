//! From a resource to its index record.

use serde_json::Value;

use crate::tables::Tables;

/// Seconds east of Greenwich in which dates without a zone are read. One per institution, never changed once data is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub i32);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(0);
    /// China Standard Time.
    pub const CHINA: Self = Self(8 * 3600);
}

/// The compiled extraction program of a resource type.
pub(crate) struct Program;

impl Program {
    pub(crate) fn compile(_tables: &Tables, _kind: &str) -> Self {
        Self
    }
}

/// The index record of a resource: every search parameter's values, to be sealed beside the body.
pub fn index(_tables: &Tables, _zone: Zone, _resource: &Value) -> Vec<u8> {
    Vec::new()
}
