//! The bodies of the fuzz targets. Each takes any bytes and panics where a promise does not hold: libFuzzer runs them
//! for long (`fuzz/`, `cargo xtask long fuzz`), and every test run replays the seeds and random bytes through the very
//! same code.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a target that finds something ends in a panic")]

mod doors;
mod log;
mod tables;

pub use doors::{json, search, walker};
pub use log::log;

/// A body.
pub type Target = fn(&[u8]);

/// All of them by name; a folder of seeds has the same name.
pub const TARGETS: [(&str, Target); 4] = [("json", json), ("log", log), ("search", search), ("walker", walker)];
