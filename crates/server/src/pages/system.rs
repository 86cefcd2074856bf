//! The system administrator: how the machine stands. No patient data, no log.

use askama::Template;
use jiff::Timestamp;

use super::{Shell, chart::Line};

/// One check.
#[derive(Clone)]
pub struct Check {
    /// What, in words.
    pub what: String,
    /// Whether it holds.
    pub held: bool,
    /// Numbers or what to do, in words.
    pub detail: String,
}

/// A program that serves this institution.
#[derive(Clone)]
pub struct NodeLine {
    /// Its host and process.
    pub name: String,
    /// Whether it is the one that shows this page.
    pub own: bool,
    /// Whether it was heard of within its term.
    pub lives: bool,
    /// When it was started.
    pub started: Timestamp,
    /// When it was heard of last.
    pub heard: Timestamp,
}

/// The state of the system.
#[derive(Template)]
#[template(path = "system/status.html")]
pub struct Status {
    /// The frame.
    pub shell: Shell,
    /// Checks.
    pub checks: Vec<Check>,
    /// Version of the program.
    pub version: String,
    /// Revision it was built from.
    pub revision: Option<String>,
    /// When it was started.
    pub started: Timestamp,
    /// Bytes in the data folder.
    pub store_bytes: u64,
    /// Bytes free on that disk.
    pub free_bytes: Option<u64>,
    /// Documents kept (versions counted).
    pub documents: u64,
    /// Entries in the log.
    pub entries: u64,
    /// Persons.
    pub subjects: u64,
    /// Epoch of the root key.
    pub key_epoch: u32,
    /// When it was last turned.
    pub key_turned: Option<Timestamp>,
    /// Who holds the root key (`passphrase file`), in words.
    pub custodian: String,
    /// The algorithms in which everything is kept, in words.
    pub suite: String,
    /// Memory in use, in bytes.
    pub memory_bytes: Option<u64>,
    /// Every program that serves this institution; none where there can be one only.
    pub nodes: Vec<NodeLine>,
    /// Requests per minute, lately.
    pub requests: Option<Line>,
}

impl Status {
    pub(crate) fn all_held(&self) -> bool {
        self.checks.iter().all(|c| c.held)
    }

    pub(crate) fn broken(&self) -> usize {
        self.checks.iter().filter(|c| !c.held).count()
    }
}

super::no_content_in_debug!(Check, NodeLine, Status);
