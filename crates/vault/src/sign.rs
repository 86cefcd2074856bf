//! Checkpoints: the log's head, signed every second while it grows.

use std::time::Duration;

use tacebo_ledger::Checkpoint;
use tacebo_store::{Change, CheckpointWrite, CommitError};

use crate::disclosed::VaultFault;
use crate::vault::Vault;

/// The claim under which one node signs; short, for another one is to go on at once.
const CLAIM: &str = "signing";
const CLAIM_TERM: Duration = Duration::from_secs(5);

/// How often a growing log is signed.
pub const SIGN_EVERY: Duration = Duration::from_secs(1);

impl Vault {
    /// Signs the log's head if it grew since the last checkpoint.
    ///
    /// # Errors
    /// The store or the key failed.
    pub async fn sign_now(&self) -> Result<(), VaultFault> {
        self.sign_as(None).await
    }

    /// With a claim only while it is this node's, or nobody's.
    async fn sign_as(&self, claim: Option<&'static str>) -> Result<(), VaultFault> {
        let inner = &*self.0;
        let Some(head) = inner.store.log_head(inner.part)? else { return Ok(()) };
        let signed = inner.store.last_checkpoint(inner.part)?.map_or(0, |last| last.size);
        if head.size == 0 || head.size == signed {
            return Ok(());
        }
        if let Some(name) = claim
            && !inner.store.claim(inner.part, name, CLAIM_TERM)?
        {
            return Ok(());
        }
        let checkpoint = Checkpoint { origin: head.origin, size: head.size, root: head.root };
        let note = inner.log_key.sign(&checkpoint)?;
        let mut change = Change::new(inner.part);
        change.checkpoint = Some(CheckpointWrite { size: head.size, note: note.clone() });
        change.claim = claim;
        match inner.store.commit(change).await {
            Ok(_) => {
                inner.tell_witness(note).await;
                Ok(())
            }
            // Another task or node signed a later head meanwhile: as good.
            Err(CommitError::Malformed(_) | CommitError::NotClaimed) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Signs until `stop` resolves, and once more then.
    pub async fn keep_signing(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let stopping = tokio::select! {
                () = &mut stop => true,
                () = tokio::time::sleep(SIGN_EVERY) => false,
            };
            // The last word before the end is everybody's own.
            if let Err(fault) = self.sign_as(Some(CLAIM).filter(|_| !stopping)).await {
                tracing::error!(error = %fault, "the log's head could not be signed");
            }
            if stopping {
                return;
            }
        }
    }

    /// The newest signed checkpoint (C2SP signed note), if any.
    ///
    /// # Errors
    /// The store failed.
    pub fn checkpoint(&self) -> Result<Option<String>, VaultFault> {
        Ok(self.0.store.last_checkpoint(self.0.part)?.map(|last| last.note))
    }

    /// The log's public key (C2SP signed-note vkey); two lines where it signs with SM2 too.
    ///
    /// # Errors
    /// The key is unusable.
    pub fn log_vkey(&self) -> Result<String, VaultFault> {
        Ok(self.0.log_key.verifier()?.to_string())
    }
}
