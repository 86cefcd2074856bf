//! One shape at rest: documents, terms, keys and the log in one durable commit.
//!
//! Everything that is kept goes through [`Store::commit`]: a [`Change`] becomes durable as a whole or not at all, and
//! with it the log entries that speak of it. One thread writes and gathers what is waiting into one transaction
//! (`synchronous=FULL`); readers call SQLite inline. The store never sees a plain text or an open key.

mod apply;
mod audit;
mod documents;
mod entries;
mod error;
mod fmt;
mod keys;
mod kinds;
mod log;
mod model;
mod options;
mod pool;
mod rids;
mod schema;
mod search;
mod sql;
mod store;
mod writer;

pub use audit::AuditSource;
pub use error::{CommitError, StoreError};
pub use log::PartTiles;
pub use model::{
    BucketRow, CURRENT, Category, Change, CheckpointRow, CheckpointWrite, Committed, Counts, DocumentWrite, EntryQuery,
    EntryRow, EntryWrite, Guard, Hash, Held, IdTerm, IndexRow, KeyDrop, KeyRow, LogHead, PartNo, Receipt, Reseal,
    Reterm, Rid, SubjectNo, Term,
};
pub use options::{Clock, CommitFault, FatalHook, Options};
pub use store::Store;
