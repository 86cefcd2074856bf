//! What is asked to be written, and what became of it.

use std::sync::Arc;

use serde_json::Value;

use crate::body::Body;
use crate::document::DocRef;
use crate::pack::{stamped, unstamp};
use crate::vault::Snapshot;

/// What the caller expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Anything: create or replace.
    Any,
    /// Nothing: this is a create.
    Absent,
    /// This version (`If-Match`).
    Version(u64),
    /// Anything, under an id that the caller chose. Where nothing is there, only an asker
    /// who may write about anybody may create: for others the answer would tell which
    /// ids are taken.
    Chosen,
}

/// One document to write.
#[derive(Clone)]
pub struct Write {
    /// Which document.
    pub name: DocRef,
    /// The new body, without what the house says of a version; `None` deletes.
    pub body: Option<Arc<Value>>,
    /// What must be there before.
    pub expect: Expect,
    /// Searches whose answer must not have changed since the snapshot: conditional creates.
    pub guards: Vec<(String, String, Snapshot)>,
    /// The writer has not seen what he keeps, and is not shown it.
    pub(crate) unseen: bool,
}

impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("kind", &self.name.kind).field("expect", &self.expect).finish_non_exhaustive()
    }
}

impl Write {
    /// Puts a body, whatever is there.
    pub fn put(name: DocRef, body: impl Into<Arc<Value>>) -> Self {
        let mut body = body.into();
        unstamp(&mut body);
        Self { name, body: Some(body), expect: Expect::Any, guards: Vec::new(), unseen: false }
    }

    /// Creates a document that must not exist.
    pub fn create(name: DocRef, body: impl Into<Arc<Value>>) -> Self {
        Self { expect: Expect::Absent, ..Self::put(name, body) }
    }

    /// Deletes a document.
    pub fn delete(name: DocRef) -> Self {
        Self { name, body: None, expect: Expect::Any, guards: Vec::new(), unseen: false }
    }

    /// With another expectation.
    #[must_use]
    pub fn expecting(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }

    /// Only while these searches still answer as they did.
    #[must_use]
    pub fn guarded(self, guards: Vec<(String, String, Snapshot)>) -> Self {
        Self { guards, ..self }
    }
}

/// What became of one [`Write`].
#[derive(Clone)]
pub struct Written {
    /// Which document.
    pub name: DocRef,
    /// The new version.
    pub version: u64,
    /// Commit time, microseconds since the Unix epoch.
    pub time_us: i64,
    /// Whether this version is a deletion.
    pub deleted: bool,
    /// Whether there was none before.
    pub created: bool,
    /// A delete of something that was not there: nothing was written.
    pub nothing: bool,
    pub(super) body: Option<Arc<Value>>,
}

impl Written {
    /// The body as it now reads for its writer, stamped with version and time.
    pub fn body(&self) -> Body {
        let Some(body) = &self.body else { return Body::default() };
        // It was packed a moment ago, so it is JSON.
        let text = stamped(body, &self.name.id, self.version, self.time_us).unwrap_or_default();
        Body::of(Arc::new(text))
    }

    pub(super) fn new(name: &DocRef, version: u64) -> Self {
        let (deleted, created, nothing) = (false, false, false);
        Self { name: name.clone(), version, time_us: 0, deleted, created, nothing, body: None }
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").field("kind", &self.name.kind).field("version", &self.version).finish_non_exhaustive()
    }
}
