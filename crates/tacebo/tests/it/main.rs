//! The whole program from outside: started as a user starts it, asked over its sockets, killed, and its data folder read
//! byte by byte.
//!
//! Each promise that needs numbers has a short form that runs every time and a long one, chosen by `LONG=1` (which
//! `cargo xtask long …` sets): `cargo test --release -p tacebo --test it crash` (1,000 rounds of `kill -9`), `… tamper`
//! (1,000 changes), `… power` (1,000 power cuts), `… calls` (failed system calls), `… outages` (a database server that fails),
//! `… examples synthea` (every official example, every reference of Synthea's patients). Where a test counts rounds, `LONG=50`
//! asks for fifty.
//! The name is `LONG` and not `TACEBO_LONG`, because the program refuses variables of its own that it does not know.
//!
//! Houses are founded in the suite that `TEST_SUITE` names (`cargo xtask test --suite shangmi`); what must hold of the second
//! suite in every run stands in `suite.rs`.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the helpers are tests too")]

mod backup;
mod bad_input;
#[cfg(target_os = "linux")]
mod blobs;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod clock;
mod compare;
mod crash;
mod examples;
mod folder;
mod http;
mod keys;
mod letter;
mod load;
#[cfg(target_os = "linux")]
mod memory;
mod nodes;
mod outages;
mod outside;
mod place;
mod postgres;
#[cfg(target_os = "linux")]
mod power;
mod program;
mod random;
mod readable;
mod record;
mod serve;
mod session;
mod store;
mod suite;
mod swapped;
mod synthea;
mod tamper;
mod verify;

/// How many rounds: `short`, or `full` in the long form, or as many as `LONG` says.
fn rounds(short: u32, full: u32) -> u32 {
    match std::env::var("LONG") {
        Err(_) => short,
        Ok(text) => text.parse().ok().filter(|rounds| *rounds > 1).unwrap_or(full),
    }
}

/// Whether the long forms were asked for.
fn long() -> bool {
    std::env::var_os("LONG").is_some()
}
