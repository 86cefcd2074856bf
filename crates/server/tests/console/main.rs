//! Console and portal over a real house in a temporary folder, by browsers that take plain forms.

#![expect(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a step that fails fails the test")]

mod accounts;
mod browser;
mod counter;
mod doors;
mod guardian;
mod hidden;
mod house;
mod oversight;
mod requests;
mod story;
