//! Who asks, why, and from where: what every call into the vault begins with.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::net::IpAddr;
use std::sync::Arc;

use tacebo_policy::{Purpose, Who};
use uuid::Uuid;

/// The door an ask came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// FHIR REST.
    Fhir,
    /// DICOMweb.
    Dicomweb,
    /// Staff console.
    Console,
    /// Patient portal.
    Portal,
    /// Log-in and token endpoints.
    OAuth,
    /// The command line on the server itself.
    Cli,
    /// Work the house does by itself: labels, clocks, checkpoints.
    Job,
}

impl Door {
    /// The word written into log entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fhir => "fhir",
            Self::Dicomweb => "dicomweb",
            Self::Console => "console",
            Self::Portal => "portal",
            Self::OAuth => "oauth",
            Self::Cli => "cli",
            Self::Job => "job",
        }
    }
}

/// Where an ask came from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The door.
    pub door: Door,
    /// Peer address as the listener saw it; `None` for the command line and jobs.
    pub address: Option<IpAddr>,
}

/// One request of one person for one purpose. There is no default purpose
/// (promise 5): a door that was not told one refuses before it gets here.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The person, program or system; shared, as every request of a session has the same.
    pub who: Arc<Who>,
    /// Purpose of use (HL7 v3 `PurposeOfUse`).
    pub why: Purpose,
    /// Door and address.
    pub origin: Origin,
    /// Ties the entries of one request together.
    pub request: Uuid,
}

impl Asker {
    /// An ask with a fresh request id.
    pub fn new(who: impl Into<Arc<Who>>, why: Purpose, origin: Origin) -> Self {
        Self { who: who.into(), why, origin, request: request_id() }
    }

    /// The same request, asked for another purpose.
    #[must_use]
    pub fn for_purpose(&self, why: Purpose) -> Self {
        Self { why, ..self.clone() }
    }
}

/// A random UUID of the library's generator; `Uuid::new_v4` asks the kernel each time.
fn request_id() -> Uuid {
    let mut bytes = [0; 16];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => uuid::Builder::from_random_bytes(bytes).into_uuid(),
        Err(_) => Uuid::new_v4(),
    }
}
