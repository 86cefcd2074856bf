//! The answer to one interaction, before a door makes bytes of it.

use serde_json::Value;
use tacebo_vault::{Body, Document, Written, instant};

use crate::bundle;
use crate::issue::operation_outcome;

/// What a writer wants back (`Prefer: return=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Return {
    /// The resource as it was kept.
    #[default]
    Representation,
    /// Headers only.
    Minimal,
    /// An OperationOutcome.
    Outcome,
}

/// One answer.
#[derive(Clone, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Option<Body>,
    /// Version, for the ETag.
    pub version: Option<u64>,
    /// Commit time of the version, microseconds since the Unix epoch.
    pub modified_us: Option<i64>,
    /// `Location`, below the base: `Patient/1/_history/1`.
    pub location: Option<String>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// A body that has no version of its own.
    pub(crate) fn body(body: impl Into<Body>) -> Self {
        Self { status: 200, body: Some(body.into()), ..Self::default() }
    }

    /// One version of a resource.
    pub(crate) fn document(document: Document) -> Self {
        Self {
            status: 200,
            version: Some(document.version),
            modified_us: Some(document.time_us),
            location: None,
            body: Some(document.body),
        }
    }

    /// What became of a write.
    pub(crate) fn written(written: &Written, want: Return) -> Self {
        let Written { name, version, time_us, deleted, created, nothing, .. } = written;
        if *deleted || *nothing {
            let outcome = (want == Return::Outcome).then(|| operation_outcome(&[]).into());
            let status = if outcome.is_some() { 200 } else { 204 };
            let version = (!nothing).then_some(*version);
            return Self { status, body: outcome, version, ..Self::default() };
        }
        Self {
            status: if *created { 201 } else { 200 },
            location: Some(format!("{}/{}/_history/{version}", name.kind, name.id)),
            version: Some(*version),
            modified_us: Some(*time_us),
            body: wanted(want, || written.body()),
        }
    }

    /// What a conditional create found instead of creating.
    pub(crate) fn found(document: Document, want: Return) -> Self {
        let location = format!("{}/{}/_history/{}", document.name.kind, document.name.id, document.version);
        let found = Self { location: Some(location), ..Self::document(document) };
        Self { body: found.body.and_then(|body| wanted(want, || body)), ..found }
    }

    /// As an entry of a bundle.
    pub(crate) fn entry(self) -> bundle::Answer {
        let outcome =
            self.body.as_ref().is_some_and(|b| b.get("resourceType") == Some(&Value::from("OperationOutcome")));
        let body = self.body.map(Body::into_value);
        let (resource, outcome) = if outcome { (None, body) } else { (body, None) };
        bundle::Answer {
            status: status_line(self.status),
            location: self.location,
            version: self.version,
            last_modified: self.modified_us.map(instant),
            resource,
            outcome,
        }
    }
}

fn wanted(want: Return, body: impl FnOnce() -> Body) -> Option<Body> {
    match want {
        Return::Representation => Some(body()),
        Return::Minimal => None,
        Return::Outcome => Some(operation_outcome(&[]).into()),
    }
}

/// `201 Created`.
pub(crate) fn status_line(status: u16) -> String {
    let words = match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        503 => "Service Unavailable",
        _ => return status.to_string(),
    };
    format!("{status} {words}")
}
