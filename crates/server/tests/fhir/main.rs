//! The FHIR door, over a real house in a temporary folder.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    clippy::format_collect,
    reason = "a step that fails fails the test, and helpers take what reads best at the call"
)]

mod bad_input;
mod bundles;
mod conditional;
mod entries;
mod find;
mod hidden;
mod house;
mod instance;
mod routes;
mod sample;
