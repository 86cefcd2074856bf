//! FHIR R4: tables, validation, search semantics, bundles.
//!
//! [`service`] does FHIR's interactions over the vault; [`speech`] lets the vault read FHIR. The rest is pure: functions over
//! `serde_json::Value` and the generated [`tables`], no clock, no store, no network.
//!
//! - [`json`] reads outside bytes; [`validate`] checks them against the definitions; [`issue`] says what was wrong.
//! - [`walker`] turns a resource into its index record; [`search`] evaluates queries on such records.
//! - [`terms`] lists what may be found across patients; [`compartment`] says whose a resource is.
//! - [`bundle`] plans transactions and batches; [`capability`] describes the server.

pub mod bundle;
pub mod capability;
pub mod compartment;
pub mod facts;
pub mod issue;
pub mod json;
pub mod search;
pub mod service;
pub mod speech;
pub mod tables;
pub mod terms;
pub mod validate;
pub mod values;
pub mod walker;

pub use issue::{Issue, IssueType, Severity, operation_outcome};
pub use json::read;
pub use search::{Query, RecordMeta, SearchContext};
pub use tables::Tables;
pub use validate::validate;
pub use walker::{Zone, index};
