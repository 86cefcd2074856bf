//! The institution's privacy work: notices, consents and limits, break-glass reviews,
//! access requests, who saw whom, how long things are kept.
//!
//! Everything here is done through the vault by the person who does it: a review, a
//! limit, a look at the log is decided and logged like a read of a record. Texts, terms
//! and legal figures are data (`data/*.toml`), each with its source and how sure we are of it.

mod backup;
mod choice;
mod day;
mod destruction;
mod directory;
mod emergency;
mod library;
mod notice;
mod portal;
mod request;
mod terms;

pub use backup::BackupFigures;
pub use choice::{Choice, DepartmentChoice};
pub use destruction::{Destruction, Ground, Window};
pub use directory::{Department, Directory, StaffMember};
pub use emergency::{Case, Review, Verdict};
pub use library::{Confidence, Library, LibraryError, Notice, Offered, PortalLists, Retention};
pub use notice::{Answer, Given, Method, NoticeProof};
pub use portal::{Authority, PortalAccess, PortalStep, related_person};
pub use request::{AccessRequest, AnswerError, Answered, Decision, RequestState};
pub use terms::{Offer, Term, Terms};

use tacebo_vault::{Asker, Refused, Vault};

/// The room's handle: cheap to clone.
#[derive(Clone, Debug)]
pub struct Governance {
    vault: Vault,
    library: std::sync::Arc<Library>,
    directory: Directory,
}

impl Governance {
    /// Opens the room. `house` asks for the house itself (names of departments).
    ///
    /// # Errors
    /// A shipped data file does not read.
    pub fn new(vault: Vault, house: Asker) -> Result<Self, LibraryError> {
        let library = std::sync::Arc::new(Library::shipped()?);
        let directory = Directory::new(vault.clone(), house);
        Ok(Self { vault, library, directory })
    }

    /// Notices and retention rules.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Names of departments and staff posts.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// Results of the room's work.
pub type Outcome<T> = Result<tacebo_vault::Disclosed<T>, Refused>;
