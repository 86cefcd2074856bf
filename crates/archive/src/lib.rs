//! Archives of a store: incremental, still sealed, the same for every engine, checked without keys.
//!
//! An archive is a place of immutable objects. Each **run** adds what came since the one before and ends with a manifest,
//! which is written last: a run that was cut off is none, and what it had written already is taken up by the next. A manifest
//! names every object of its run with length and SHA-256, the manifest before it, and the log's size and root; the log's
//! entries are in the archive as the tree holds them, and its signed checkpoints, so that everything can be checked by anybody.
//!
//! What is archived comes in two classes. **Data** (versions of documents, the log) may be kept for ever: it opens with keys
//! only. **Keys** (wrapped keys, names, named values) are written anew by each run and removed after some days; they open
//! under the root epoch of their day only. Search terms, race guards, tiles and lists are never archived: they are made anew.

mod backup;
mod bytes;
mod chain;
mod error;
mod hash;
mod manifest;
mod restore;
mod segment;
mod tally;
mod verify;

pub use backup::{Backup, Plan};
pub use chain::{Chain, Ran};
pub use error::ArchiveError;
pub use manifest::{Carried, Class, Manifest, Object};
pub use restore::{Restore, Restored};
pub use tally::Tally;
pub use verify::{Verified, verify};

/// Told how far something has come: what is done, of how much.
pub type Tell<'a> = &'a mut dyn FnMut(u64, u64);
