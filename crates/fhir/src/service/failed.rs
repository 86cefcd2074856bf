//! How an interaction ends without an answer.

use std::sync::Arc;

use tacebo_vault::ledger::Receipt;
use tacebo_vault::{Denial, Outcome, Refused, Unanswered, VaultFault};

use crate::issue::{Issue, IssueType};

/// No answer, and what may be said about it. Speaks of nobody.
#[derive(Debug, Clone)]
pub struct Failed {
    status: u16,
    issues: Vec<Issue>,
    receipts: Arc<[Receipt]>,
    asked: bool,
}

impl Failed {
    /// Something was wrong with the request itself, found before policy was asked.
    pub fn wrong(status: u16, issues: Vec<Issue>) -> Self {
        Self { status, issues, receipts: Arc::new([]), asked: false }
    }

    /// One error.
    pub fn error(status: u16, code: IssueType, why: impl Into<String>) -> Self {
        Self::wrong(status, vec![Issue::error(code, "", why)])
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What to tell.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Receipts of the log entries. One at most is shown for a refusal: their number would tell how
    /// many persons a hidden thing speaks of.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// Whether the vault was asked, so that there is an entry already.
    pub fn was_asked(&self) -> bool {
        self.asked
    }

    /// The same issues at a place in a bundle.
    #[must_use]
    pub(crate) fn inside(mut self, entry: usize) -> Self {
        for issue in &mut self.issues {
            let at = format!("Bundle.entry[{entry}]");
            issue.expression = match issue.expression.split_once('.') {
                Some((_, rest)) => format!("{at}.resource.{rest}"),
                None => at,
            };
        }
        self
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        let (status, code, why) = words(refused.denial());
        let receipts = refused.receipts().iter().take(1).cloned().collect();
        Self { status, issues: vec![Issue::error(code, "", why)], receipts, asked: !refused.receipts().is_empty() }
    }
}

impl Unanswered for Failed {
    fn outcome(&self) -> Option<Outcome> {
        Some(match self.status {
            403 => Outcome::Refused,
            404 | 410 => Outcome::NotFound,
            503 => return None,
            _ => Outcome::Failed,
        })
    }

    fn recorded(self, receipts: Vec<Receipt>) -> Self {
        Self { asked: !receipts.is_empty(), receipts: receipts.into_iter().take(1).collect(), ..self }
    }
}

impl From<VaultFault> for Failed {
    fn from(fault: VaultFault) -> Self {
        Refused::from(fault).into()
    }
}

/// Status, issue type and sentence of a denial. They depend on the denial alone, and a denial is the
/// same for what is hidden and for what is not there.
fn words(denial: &Denial) -> (u16, IssueType, String) {
    match denial {
        Denial::Forbidden(refusal) => (403, IssueType::Forbidden, format!("{refusal}")),
        Denial::NotFound => (404, IssueType::NotFound, "there is no such resource".into()),
        Denial::Gone => (410, IssueType::Deleted, "the resource was deleted".into()),
        Denial::Precondition { .. } => (412, IssueType::Conflict, "the resource is not at the version given".into()),
        Denial::Raced => (409, IssueType::Conflict, denial.to_string()),
        Denial::TooCostly => (400, IssueType::TooCostly, too_costly().into()),
        Denial::Invalid(why) => (422, IssueType::BusinessRule, why.clone()),
        Denial::Unavailable(why) => (503, IssueType::Exception, why.clone()),
    }
}

/// The hint with a search that would open too much.
pub(crate) fn too_costly() -> &'static str {
    "this would search across patients without an index: give a patient, an _id, or for Patient an identifier, name, birthdate or phone"
}
