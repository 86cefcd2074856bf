//! What can go wrong.

use tacebo_seal::{IdTerm, Term};

/// Why a store could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file was written by a later version of the program.
    #[error("the store has schema {found}, this program knows up to {known}: start the newer program")]
    NewerSchema {
        /// Schema of the file.
        found: u32,
        /// Highest schema of this program.
        known: u32,
    },
    /// The store must be brought up to date, and programs that are running over it could not go on.
    #[error(
        "the store must be brought from schema {found} to {known}, and no program may run over it meanwhile: stop all of \
        them and run `tacebo store migrate`"
    )]
    OlderSchema {
        /// Schema of the store.
        found: u32,
        /// Schema of this program.
        known: u32,
    },
    /// Another process has the folder.
    #[error("another process has this data folder open: stop it first")]
    InUse,
    /// Another program serves the database, and this one asks to be alone, or that one does.
    #[error("another program serves this database ({0}): stop it first")]
    NotAlone(String),
    /// There is no store in the folder or database.
    #[error("there is no store here: create one with init")]
    Missing,
    /// The file or database is no store of ours.
    #[error("this is not a tacebo store")]
    Foreign,
    /// What is no database server.
    #[error("`{0}` names no database server: write name:port, or the folder of its socket")]
    Address(String),
    /// A connection that others could listen to.
    #[error("the database server {0} is reached over a network without TLS: name the certificates that vouch for it")]
    InClear(String),
    /// The certificates that vouch for the server cannot be used.
    #[error("the certificates that vouch for the database server cannot be used ({0})")]
    Authority(String),
    /// A setting of the server with which no store can be kept: acknowledged commits would not survive, or text changes.
    #[error("the database server has `{0}`: a store cannot be kept like this")]
    Unfit(String),
    /// The server cannot be reached, or does not answer. Says nothing about what is stored.
    #[error("the database server cannot be reached ({0})")]
    Unreachable(String),
    /// What is restored goes into an empty place.
    #[error("there is an institution here already: restore into an empty folder or database")]
    Occupied,
    /// What is restored brings its large documents with it.
    #[error(
        "there are objects of an institution in the place of large documents: name an empty folder or another prefix, for \
        a restored copy would take those away that it does not know"
    )]
    OccupiedObjects,
    /// Somebody began to restore into the same place.
    #[error("another restore into this database was begun meanwhile")]
    Overtaken,
    /// Rows that do not follow each other.
    #[error("what is to be restored does not fit together ({0})")]
    Unfitting(&'static str),
    /// The partition number is out of range.
    #[error("partition {0} is out of range 0 to 4095")]
    Part(i32),
    /// The part has no log yet.
    #[error("partition {0} has no log: call create_part first")]
    NoPart(i32),
    /// The part exists under another log origin, which is immutable.
    #[error("partition {0} has a log of another origin")]
    Origin(i32),
    /// An earlier commit failed at the disk, or its answer was lost for good; what is durable is known only after a restart.
    #[error("a commit failed: restart to recover from what is stored")]
    Poisoned,
    /// A row does not have the shape that the schema promises.
    #[error("a stored row is damaged ({0}): run verify")]
    Damaged(&'static str),
    /// The log cannot be continued from what is stored.
    #[error("the log's stored edge is unusable ({0}): run verify")]
    Log(String),
    /// No object of this name is where a version's blob should be.
    #[error("the object of a stored version is missing: run verify")]
    BlobMissing,
    /// The object is not the one that was written: cut, changed, or another's.
    #[error("the object of a stored version is not the one that was written: run verify")]
    BlobChanged,
    /// There is nowhere to put objects.
    #[error("no place for large documents is configured")]
    NoObjects,
    /// The place of objects failed. Says nothing about what is stored.
    #[error(transparent)]
    Objects(#[from] tacebo_objects::ObjectError),
    /// The data folder cannot be used.
    #[error("the data folder cannot be used")]
    Io(#[from] std::io::Error),
    /// The database refused.
    #[error("the database refused")]
    Sql(#[from] rusqlite::Error),
    /// The database server refused.
    #[error("the database server refused")]
    Postgres(#[from] tokio_postgres::Error),
}

/// Why a change was not committed. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody touched a guarded term after the caller looked.
    #[error("someone changed a guarded term meanwhile: search again and retry")]
    Conflict {
        /// The term.
        term: Term,
        /// When it was touched last.
        touched: i64,
    },
    /// The document is at another version than the caller thought.
    #[error("the document is at version {current}: read it again")]
    VersionMismatch {
        /// Kind of the document.
        kind: String,
        /// Its blind name.
        id: IdTerm,
        /// Version now stored; 0 when there is none.
        current: u64,
    },
    /// The blind name already has a number (or the number a name): read it and retry with it.
    #[error("this person already has a number: read it and retry")]
    SubjectTaken {
        /// The blind name.
        id: IdTerm,
    },
    /// Another node has touched what the change rests on: follow its news and think again.
    #[error("another node was faster: look again and retry")]
    Overtaken,
    /// The claim under which the change is made is not this node's, or no longer.
    #[error("another node does this now")]
    NotClaimed,
    /// The writer's queue stayed full for the whole time-out.
    #[error("the store is busy: retry later")]
    Busy,
    /// The change contradicts itself.
    #[error("the change is malformed: {0}")]
    Malformed(&'static str),
    /// The part has no log yet.
    #[error("the partition has no log: call create_part first")]
    NoPart,
    /// The database could not take the change, but is whole: for example the disk is full.
    #[error("the store could not write ({0}): free space or look at the disk")]
    Storage(String),
    /// The disk failed during a commit, or nobody can say what became of it; the store takes no more calls until the process
    /// has restarted.
    #[error("a commit failed: restart to recover from what is stored")]
    Fatal,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}
