//! One shape at rest: documents, terms, keys and the log in one durable commit.
//!
//! Everything that is kept goes through [`Store::commit`]: a [`Change`] becomes durable as a whole or not at all, and
//! with it the log entries that speak of it. One thread writes and gathers what is waiting into one durable transaction;
//! readers call inline. There are two engines, SQLite and PostgreSQL, and one behaviour (`tests/store/conformance.rs`).
//! The store never sees a plain text or an open key.

mod archive;
mod at;
mod audit;
mod blobs;
mod conn;
mod documents;
mod edge;
mod entries;
mod error;
mod fmt;
mod keys;
mod kinds;
mod load;
mod log;
mod migrations;
mod model;
mod news;
mod nodes;
mod options;
mod postgres;
mod queue;
mod rids;
mod search;
mod sql;
mod sqlite;
mod store;

pub use archive::{ArchiveSource, KeyVisit, SourceTiles};
pub use at::{At, NodeAt, PostgresAt, PostgresHost, Prepared};
pub use audit::{AuditSource, Integrity, Unchecked};
pub use blobs::{BlobHold, BrokenObject, CheckedObjects, GRACE, NewBlob, Swept};
pub use error::{CommitError, StoreError};
pub use load::{KeyBatch, Loader};
pub use log::PartTiles;
pub use migrations::{Applied, Migration, Pending};
pub use model::{
    Blob, BlobName, BlobWrite, BucketRow, CURRENT, Category, Change, CheckpointRow, CheckpointWrite, Committed, Counts,
    DocumentWrite, EntryQuery, EntryRow, EntryWrite, Guard, Hash, Held, IdTerm, IndexRow, KeyDrop, KeyRow, LogHead,
    PartEdge, PartNo, Receipt, Reseal, Reterm, Rid, Standby, Standbys, SubjectNo, Term, WholeRow,
};
pub use news::{News, Rests, Touched};
pub use nodes::{Acknowledged, NodeRow};
pub use options::{Clock, CommitFault, FatalHook, Options};
pub use store::Store;
