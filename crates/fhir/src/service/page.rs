//! Page links: opaque, sealed, good for one account and purpose, and read as of one commit.

use serde::{Deserialize, Serialize};
use tacebo_vault::{Asker, Snapshot};

use super::{Failed, Service};
use crate::issue::IssueType;

/// What a page link remembers. The criteria are inside, so that no URL of ours names a person.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// What is continued: `search` or `everything`.
    pub(crate) what: String,
    /// Resource type searched for, or the patient's id.
    pub(crate) of: String,
    /// Patient of a compartment search.
    pub(crate) inside: Option<String>,
    /// Criteria.
    pub(crate) query: String,
    /// `Prefer: handling=lenient`.
    pub(crate) lenient: bool,
    /// Commit order of the first page.
    pub(crate) as_of: i64,
    /// Matches on the pages before.
    pub(crate) offset: u64,
}

impl Turn {
    /// The first page of a search.
    pub(crate) fn first(what: &str, of: &str, query: &str, as_of: Snapshot) -> Self {
        let (what, of, query) = (what.to_owned(), of.to_owned(), query.to_owned());
        Self { what, of, inside: None, query, lenient: false, as_of: as_of.number(), offset: 0 }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::from_number(self.as_of)
    }

    pub(crate) fn skip(&self) -> usize {
        usize::try_from(self.offset).unwrap_or(usize::MAX)
    }
}

/// Whose and for what a link is: another account, purpose or patient cannot use it.
fn bound(asker: &Asker) -> String {
    format!("{}|{}|{}", asker.who.number, asker.who.account, asker.why.code())
}

impl Service {
    pub(crate) fn turn_token(&self, asker: &Asker, turn: &Turn) -> Result<String, Failed> {
        let plain = serde_json::to_vec(turn).unwrap_or_default();
        Ok(self.vault().seal_token(&bound(asker), &plain)?)
    }

    /// What a page link remembers, if it is the asker's and of such a search.
    pub(crate) fn turn_of(&self, asker: &Asker, token: &str, what: &str, of: &str) -> Result<Turn, Failed> {
        let plain = self.vault().open_token(&bound(asker), token)?;
        let turn: Option<Turn> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        match turn {
            Some(turn) if turn.what == what && turn.of == of => Ok(turn),
            Some(_) => Err(Failed::error(400, IssueType::Value, "this page link belongs to another search")),
            None => {
                let why = "this page link is not yours or not of this server: search again";
                Err(Failed::error(400, IssueType::Value, why))
            }
        }
    }
}
