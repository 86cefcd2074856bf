//! What every place of objects must do, and what a bucket must withstand.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "only tests come here")]

mod conformance;
mod faults;
mod place;
mod tls;
