//! The FHIR door.

pub(crate) mod aimed;
mod bad_input;
mod bundles;
mod conditional;
mod find;
mod instance;
pub(crate) mod records;
mod routes;
mod sample;
