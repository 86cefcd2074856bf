//! Who stands before a door: against a real vault in a folder of its own, by a clock that the test sets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod accounts;
mod at_rest;
mod clients;
mod fixture;
mod log_in;
mod sessions;
