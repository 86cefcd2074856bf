//! Verifying the log on the spot, as `tacebo verify` does from outside.

use tacebo_ledger::audit::{AuditError, Fault, Report, audit};
use tacebo_policy::Action;

use crate::asker::Asker;
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::vault::{ENTRY_KIND, Vault};

/// What a verification found.
#[derive(Debug, Clone)]
pub enum Verified {
    /// Everything holds.
    Whole(Report),
    /// The first broken place.
    Broken(Fault),
    /// An older checkpoint that was given is none of this log; counted from 1.
    OlderUnusable(usize),
}

impl Vault {
    /// Recomputes the whole log from what is stored, and compares it with its signed heads and with
    /// `older` checkpoints from the asker's own hands.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn verify_log(&self, asker: &Asker, older: Vec<String>) -> Result<Disclosed<Verified>, Refused> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::VerifyLog, ENTRY_KIND).await?;
        let source = inner.store.audit_source(inner.part).map_err(VaultFault::from)?;
        let verifier = inner.log_key.verifier().map_err(VaultFault::from)?;
        let checked = tokio::task::spawn_blocking(move || {
            let older: Vec<&[u8]> = older.iter().map(String::as_bytes).collect();
            audit(&source, &verifier, &older, &mut |_| ())
        });
        let found = match checked.await.map_err(|_| VaultFault::Decode("a verification was interrupted"))? {
            Ok(report) => Verified::Whole(report),
            Err(AuditError::Fault(fault)) => Verified::Broken(fault),
            Err(AuditError::Older { position, .. }) => Verified::OlderUnusable(position),
            Err(AuditError::Source(error)) => return Err(VaultFault::from(error).into()),
        };
        let outcome = if matches!(found, Verified::Broken(_)) { Outcome::Failed } else { Outcome::Done };
        let mut draft = Draft::new(asker, Action::VerifyLog, outcome, Class::House).by(&leave);
        draft.put(field::DETAIL, found.word());
        let receipts = inner.log(&[draft]).await?;
        if let Verified::OlderUnusable(position) = found {
            let why = format!("the older checkpoint number {position} cannot be read");
            return Err(Refused::new(Denial::Invalid(why), receipts));
        }
        Ok(Disclosed::new(found, &[leave], receipts))
    }
}

impl Verified {
    fn word(&self) -> String {
        match self {
            Self::Whole(report) => format!("whole {}", report.size),
            Self::Broken(fault) => format!("broken {}", fault.code()),
            Self::OlderUnusable(_) => "older-checkpoint-unusable".to_owned(),
        }
    }
}
