//! This node among the others: its watch over itself, their acknowledgement, and what one of them does for all.

use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tacebo_store::NodeRow;

use crate::disclosed::VaultFault;
use crate::vault::{Inner, Vault};

/// How often a node looks whether it is cut off, and whether there is something to acknowledge.
const LOOK: Duration = Duration::from_millis(500);
/// Before another try when the others, or the custodian, are not reached.
const REST: Duration = Duration::from_secs(2);
/// How long a destruction waits for a node that lives and does not acknowledge, before it says so and is gone on with later.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at what the others have acknowledged.
const AGAIN: Duration = Duration::from_millis(200);
/// How long a claim holds that is not renewed.
const CLAIM: Duration = Duration::from_secs(15);

/// What the nodes had forgotten when a root key was destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Nodes that had forgotten the keys, and said so.
    pub acknowledged: u32,
    /// Nodes that had been silent for longer than their term: by then a node has forgotten all keys by itself.
    pub silent: u32,
}

impl Forgotten {
    /// In the words of an entry.
    pub(crate) fn detail(self) -> String {
        let Self { acknowledged, silent } = self;
        format!("; {acknowledged} nodes had forgotten what hung on it, {silent} were silent for longer than their term")
    }
}

/// The right to do something for all nodes; renewed while it is held.
pub struct Claim {
    inner: Weak<Inner>,
    name: &'static str,
    renewing: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Claim").field(&self.name).finish()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.renewing.abort();
        let Some(inner) = self.inner.upgrade() else { return };
        let mut held = inner.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(often) = held.get_mut(self.name) else { return };
        *often -= 1;
        if *often == 0
            && let Err(error) = inner.store.release(inner.part, self.name)
        {
            tracing::debug!(%error, "a claim is left to its end");
        }
    }
}

impl Vault {
    /// Every node that serves this house, the oldest first; empty where there can be one only. They name machines and nobody.
    ///
    /// # Errors
    /// The store failed.
    pub fn nodes(&self) -> Result<Vec<NodeRow>, VaultFault> {
        Ok(self.0.store.nodes(self.0.part)?)
    }

    /// This node serves no longer: nobody need wait for it. To be called when the last answer is given.
    ///
    /// # Errors
    /// The store failed; the others wait for the node's term then.
    pub fn leave(&self) -> Result<(), VaultFault> {
        Ok(self.0.store.leave(self.0.part)?)
    }

    /// Takes the right to do something for all nodes; none while another has it.
    pub(crate) fn claim(&self, name: &'static str) -> Result<Option<Claim>, VaultFault> {
        let inner = &self.0;
        // Two at work in this node hold it together; the last one gives it back.
        let mut held = inner.claims.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.store.claim(inner.part, name, CLAIM)? {
            return Ok(None);
        }
        *held.entry(name).or_default() += 1;
        drop(held);
        let weak = Arc::downgrade(inner);
        let renewed = Weak::clone(&weak);
        let renewing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(CLAIM / 5).await;
                let Some(inner) = renewed.upgrade() else { return };
                let renew = move || {
                    // Whoever gives it back meanwhile has to wait: else it would be taken again for nobody.
                    let held = inner.claims.lock().unwrap_or_else(PoisonError::into_inner);
                    let wanted = held.get(name).is_some_and(|often| *often > 0);
                    if wanted { inner.store.claim(inner.part, name, CLAIM) } else { Ok(false) }
                };
                let kept = tokio::task::spawn_blocking(renew).await;
                if let Ok(Err(error)) = kept {
                    tracing::warn!(%error, "a claim could not be renewed");
                }
            }
        });
        Ok(Some(Claim { inner: weak, name, renewing }))
    }
}

impl Inner {
    /// Watches over this node in threads of its own, as long as the vault is there: a runtime that hangs must not keep it from
    /// forgetting.
    pub(crate) fn watch(self: &Arc<Self>) -> Result<(), VaultFault> {
        if !self.store.is_shared() {
            return Ok(());
        }
        let spawn = |name: &str, look: fn(&Self)| {
            let inner = Arc::downgrade(self);
            let watching = move || {
                while let Some(inner) = inner.upgrade() {
                    look(&inner);
                    drop(inner);
                    thread::sleep(LOOK);
                }
            };
            thread::Builder::new().name(name.to_owned()).spawn(watching).map(drop)
        };
        let spawned = spawn("vault-watch", Self::look_at_self).and_then(|()| spawn("vault-hear", Self::look_at_others));
        spawned.map_err(|_| VaultFault::Folder("the system gives no thread".into()))
    }

    fn look_at_self(&self) {
        if !self.store.is_cut_off() {
            return;
        }
        if self.ring().is_ok() {
            tracing::error!("the other nodes are not reached: this one has forgotten its keys and answers nothing");
        }
        // Again and again: an ask that had its keys before may put back what it opened with them.
        self.wipe();
    }

    /// Hears of the others even when nobody asks, and says when nothing older is in memory: whoever came in before is let out
    /// first.
    fn look_at_others(&self) {
        if self.store.is_cut_off() {
            return;
        }
        let seen = match self.follow() {
            Ok(seen) => seen,
            Err(error) => {
                tracing::warn!(%error, "the other nodes cannot be heard");
                return thread::sleep(REST);
            }
        };
        if let Some(grave) = self.followed.is_anybody_to_let_out() {
            let whole = self.gate.blocking_write();
            // What somebody still put there who had begun before.
            self.forget_opened();
            drop(whole);
            self.followed.has_let_out(grave);
        }
        self.store.acknowledge(seen);
    }

    /// Waits until every other node has forgotten what went before this moment, or its term is over.
    pub(crate) async fn forgotten(&self) -> Result<Forgotten, VaultFault> {
        if !self.store.is_shared() {
            return Ok(Forgotten { acknowledged: 1, silent: 0 });
        }
        let (seen, until) = (self.follow()?, Instant::now() + PATIENCE);
        loop {
            let sum = self.store.acknowledged(self.part, seen)?;
            if sum.waiting == 0 {
                return Ok(Forgotten { acknowledged: sum.by, silent: sum.silent });
            }
            if Instant::now() > until {
                return Err(VaultFault::Unacknowledged(sum.waiting));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
