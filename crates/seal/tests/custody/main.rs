//! Every custodian through one suite, and what is particular to each.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the helpers are tests too")]

mod bao;
mod passphrase;
mod pkcs11;
mod softhsm;
mod suite;
mod transit;
