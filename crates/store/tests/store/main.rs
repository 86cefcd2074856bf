//! The store, asked from outside.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "only tests come here")]

mod alike;
mod blobs;
mod conformance;
mod harness;
mod nodes;
mod postgres;
mod proxy;
mod sqlite;
