//! The CapabilityStatement, made from the tables.

use serde_json::Value;

use crate::tables::Tables;

/// What the server says of itself.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    /// Address of the FHIR door.
    pub base: &'a str,
    /// `date`, as FHIR dateTime.
    pub date: &'a str,
    /// Version of the software.
    pub version: &'a str,
    /// Interactions that each type has, as codes (`read`, `vread`, `update`, `delete`, `history-instance`, `create`, `search-type`).
    pub interactions: &'a [&'a str],
    /// Interactions of the whole system (`transaction`, `batch`).
    pub system_interactions: &'a [&'a str],
}

/// The CapabilityStatement.
pub fn statement(_tables: &Tables, _about: &Statement<'_>) -> Value {
    Value::Null
}
