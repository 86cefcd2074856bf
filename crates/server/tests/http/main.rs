//! All doors over a real house in a temporary folder: the FHIR API, console and portal, and what must hold of every
//! answer whichever door it leaves by.
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

mod browser;
mod console;
mod dicomweb;
mod entries;
mod fhir;
mod hidden;
mod house;
