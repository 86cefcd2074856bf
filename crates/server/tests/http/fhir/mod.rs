//! The FHIR door.

mod bad_input;
mod bundles;
mod conditional;
mod find;
mod hidden;
mod instance;
pub(crate) mod records;
mod routes;
mod sample;
