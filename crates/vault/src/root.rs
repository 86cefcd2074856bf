//! Turning the root: every key row wrapped anew under another root epoch, then the older root keys destroyed.
//!
//! What was left behind is written down in the same commit as the new wrapping, with the fingerprints of the keys, and
//! struck out in the same commit as the entry about their destruction. So a program that is stopped anywhere between
//! finds, when it goes on, what is still to be destroyed and what still to be told.

use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};
use tacebo_policy::Action;
use tacebo_seal::{Custodian, DestructionReceipt};
use tacebo_store::Change;

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::entry::{Class, Draft, Outcome, field};
use crate::vault::Vault;

/// Names the root keys that no row needs any more.
const META_LEFT: &str = "root-left";

/// A root key that was left behind and whose destruction is not in the log yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftRoot {
    /// Its epoch.
    pub epoch: u32,
    /// Its fingerprint, hex.
    pub fingerprint: String,
}

impl Vault {
    /// The root epoch under which this house's keys are wrapped.
    pub fn root_epoch(&self) -> u32 {
        self.0.ring().epoch()
    }

    /// Root keys that were left behind and whose destruction is not in the log yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn left_roots(&self) -> Result<Vec<LeftRoot>, VaultFault> {
        let Some(bytes) = self.0.store.meta(self.0.part, META_LEFT)? else { return Ok(Vec::new()) };
        serde_json::from_slice(&bytes).map_err(|_| VaultFault::Decode("root keys left behind"))
    }

    /// Wraps every key row anew under the epoch in use at `to`, durably, with an entry. What `from` still holds besides
    /// is left behind: destroy it and say so with [`Vault::root_destroyed`].
    ///
    /// # Errors
    /// A custodian or the store failed; then everything is as it was.
    pub async fn rewrap(&self, asker: &Asker, from: &dyn Custodian, to: &dyn Custodian) -> Result<(), VaultFault> {
        let inner = &*self.0;
        let turned = inner.ring().turn_epoch(to)?;
        let mut left = self.left_roots()?;
        left.retain(|root| !from.epochs().contains(&root.epoch));
        for epoch in from.epochs().into_iter().filter(|epoch| *epoch != turned.ring.epoch()) {
            left.push(LeftRoot { epoch, fingerprint: hex::encode(from.fingerprint(epoch)?) });
        }
        let detail = format!("root epoch {} in use instead of {}", turned.ring.epoch(), turned.left);
        let mut change = Change::new(inner.part);
        change.buckets = turned.rows;
        change.meta = vec![(META_LEFT.into(), encode(&left)?)];
        change.entries = vec![inner.seal_entry(&told(asker, detail), None)?];
        inner.store.commit(change).await?;
        *inner.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(turned.ring);
        Ok(())
    }

    /// Writes into the log that root keys are destroyed, by their receipts, and strikes them out.
    ///
    /// # Errors
    /// The store failed; ask again.
    pub async fn root_destroyed(&self, asker: &Asker, receipts: &[DestructionReceipt]) -> Result<(), VaultFault> {
        let details = receipts.iter().map(|receipt| (receipt.epoch(), receipt.to_string())).collect();
        self.strike_out(asker, details).await
    }

    /// The same for root keys that the custodian no longer holds although no receipt was kept: the program was stopped
    /// between the destruction and its entry.
    ///
    /// # Errors
    /// The store failed; ask again.
    pub async fn root_found_gone(&self, asker: &Asker, epochs: &[u32]) -> Result<(), VaultFault> {
        let left = self.left_roots()?.into_iter().filter(|root| epochs.contains(&root.epoch));
        let detail = |root: LeftRoot| {
            let LeftRoot { epoch, fingerprint } = root;
            (
                epoch,
                format!("root epoch {epoch} found destroyed (no receipt: the program was stopped), key {fingerprint}"),
            )
        };
        self.strike_out(asker, left.map(detail).collect()).await
    }

    async fn strike_out(&self, asker: &Asker, details: Vec<(u32, String)>) -> Result<(), VaultFault> {
        if details.is_empty() {
            return Ok(());
        }
        let inner = &*self.0;
        let mut left = self.left_roots()?;
        let mut change = Change::new(inner.part);
        for (epoch, detail) in details {
            left.retain(|root| root.epoch != epoch);
            change.entries.push(inner.seal_entry(&told(asker, detail), None)?);
        }
        change.meta = vec![(META_LEFT.into(), encode(&left)?)];
        inner.store.commit(change).await?;
        Ok(())
    }
}

fn told(asker: &Asker, detail: String) -> Draft {
    let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House);
    draft.put(field::DETAIL, detail);
    draft
}

fn encode(left: &[LeftRoot]) -> Result<Vec<u8>, VaultFault> {
    serde_json::to_vec(left).map_err(|_| VaultFault::Decode("root keys left behind"))
}
