//! Turning the root: every key row wrapped anew under another root epoch, then the older root keys destroyed.
//!
//! What was left behind is written down in the same commit as the new wrapping, with the fingerprints of the keys, and
//! struck out in the same commit as the entry about their destruction. So a program that is stopped anywhere between
//! finds, when it goes on, what is still to be destroyed and what still to be told.
//!
//! A turn leaves bucket keys and data keys as they are, so reads and writes go on beside it: a person's keys that are
//! made meanwhile are wrapped by a bucket key, and the bucket key is what the turn wraps anew. Only one turn or
//! destruction changes the ring at a time ([`Inner::turning`](crate::vault::Inner)).

use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};
use tacebo_policy::Action;
use tacebo_seal::{Custodian, DestructionReceipt, SealError, Worth};
use tacebo_store::{Change, CommitError, Rests};

use crate::asker::Asker;
use crate::decide::Leave;
use crate::disclosed::{Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::nodes::Forgotten;
use crate::vault::{Inner, Vault};

/// Names the root keys that no row needs any more.
const META_LEFT: &str = "root-left";
/// Says when the root key in use came into use.
const META_TURNED: &str = "root-turned";
/// The kind under which what is done with root keys is decided.
pub(crate) const ROOT_KIND: &str = "RootKey";
/// The claim under which one node changes or destroys keys.
pub(crate) const KEYS_CLAIM: &str = "keys";
/// Turns that another node overtook are begun again so often.
pub(crate) const OVERTAKEN: u32 = 64;

/// A root key that was left behind and whose destruction is not in the log yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftRoot {
    /// Its epoch.
    pub epoch: u32,
    /// Its fingerprint, hex.
    pub fingerprint: String,
}

/// How far a turn of the root has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TurnStep {
    /// No turn is under way.
    Rest,
    /// The new root key is made; the rows are still under the older one.
    Made,
    /// Every row is wrapped under the new one; the older one is still there.
    Wrapped,
    /// The older one is gone; the log does not say so yet.
    Gone,
}

/// How the root keys stand; speaks of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootState {
    /// The root epoch under which the house's keys are wrapped.
    pub epoch: u32,
    /// Since when, microseconds since the Unix epoch; none while it is the first one.
    pub since_us: Option<i64>,
    /// Root keys left behind whose destruction is not in the log yet.
    pub left: Vec<LeftRoot>,
    /// How far a turn has come.
    pub step: TurnStep,
    /// Whether this program is at it right now.
    pub busy: bool,
    /// What the custodian's word on a destroyed key is worth.
    pub worth: Worth,
    /// Why the last attempt stopped.
    pub trouble: Option<String>,
}

/// What a turn did.
#[derive(Debug)]
pub struct TurnDone {
    /// The root epoch in use.
    pub epoch: u32,
    /// Whether it went on with one that was stopped.
    pub finished: bool,
    /// Receipts of the root keys destroyed.
    pub receipts: Vec<DestructionReceipt>,
    /// Root keys that an earlier attempt destroyed and was stopped before it could say so.
    pub gone: Vec<LeftRoot>,
}

/// A root key that is gone, as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GoneRoot {
    pub epoch: u32,
    /// Its fingerprint, hex.
    pub fingerprint: String,
    /// What the custodian's word is worth; none where it was found destroyed and no receipt was kept.
    pub worth: Option<String>,
}

impl GoneRoot {
    fn detail(&self) -> String {
        let Self { epoch, fingerprint, worth } = self;
        match worth {
            Some(worth) => format!("root epoch {epoch} destroyed ({worth}), key {fingerprint}"),
            None => {
                format!("root epoch {epoch} found destroyed (no receipt: the program was stopped), key {fingerprint}")
            }
        }
    }
}

impl Vault {
    /// The root epoch under which this house's keys are wrapped.
    ///
    /// # Errors
    /// This node is cut off.
    pub fn root_epoch(&self) -> Result<u32, VaultFault> {
        self.0.follow()?;
        Ok(self.0.ring()?.epoch())
    }

    /// How the root keys stand.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn root_state(&self, asker: &Asker) -> Result<Disclosed<RootState>, Refused> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Read, ROOT_KIND).await?;
        inner.follow()?;
        let state = inner.root_state()?;
        let draft = Draft::new(asker, Action::Read, Outcome::Done, Class::House).by(&leave);
        let receipts = inner.log(&[draft]).await?;
        Ok(Disclosed::new(state, &[leave], receipts))
    }

    /// Makes a new root key, wraps every key row under it and destroys the older ones, while everything else goes on;
    /// or goes on with a turn that was stopped. It runs to its end even when the caller goes away.
    ///
    /// # Errors
    /// Refused, recorded; or custodian or store failed, and then the turn is gone on with later.
    pub async fn turn_root(&self, asker: &Asker) -> Result<TurnDone, VaultFault> {
        let leave = self.0.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let (vault, asker) = (self.clone(), asker.clone());
        let task = tokio::spawn(async move {
            let Some(_claim) = vault.claim(KEYS_CLAIM)? else { return Err(VaultFault::Elsewhere) };
            vault.turn_kept(&asker, &leave, true).await
        });
        task.await.map_err(|_| VaultFault::Decode("a turn of the root was interrupted"))?
    }

    /// Wraps every key row anew under the epoch in use at `to`, durably, with an entry. What `from` still holds besides
    /// is left behind: destroy it and say so with [`Vault::root_destroyed`].
    ///
    /// # Errors
    /// A custodian or the store failed; then everything is as it was.
    pub async fn rewrap(
        &self,
        asker: &Asker,
        from: &Arc<dyn Custodian>,
        to: &Arc<dyn Custodian>,
    ) -> Result<(), VaultFault> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let _one = inner.turning.lock().await;
        inner.rewrap(asker, &leave, from, to, None).await
    }

    /// Writes into the log that root keys are destroyed, by their receipts, and strikes them out.
    ///
    /// # Errors
    /// The store failed; ask again.
    pub async fn root_destroyed(&self, asker: &Asker, receipts: &[DestructionReceipt]) -> Result<(), VaultFault> {
        let leave = self.0.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let _one = self.0.turning.lock().await;
        self.strike_out(asker, &leave, receipts.iter().map(gone_by).collect(), None).await
    }

    /// The same for root keys that the custodian no longer holds although no receipt was kept: the program was stopped
    /// between the destruction and its entry.
    ///
    /// # Errors
    /// The store failed; ask again.
    pub async fn root_found_gone(&self, asker: &Asker) -> Result<Vec<LeftRoot>, VaultFault> {
        let leave = self.0.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let _one = self.0.turning.lock().await;
        self.tell_gone(asker, &leave, &[], None).await
    }

    /// A turn from its beginning (`begin`), or only what is left of one. Remembers why it stopped.
    ///
    /// Whoever calls this holds [`KEYS_CLAIM`].
    pub(crate) async fn turn_kept(&self, asker: &Asker, leave: &Leave, begin: bool) -> Result<TurnDone, VaultFault> {
        let _one = self.0.turning.lock().await;
        let done = self.turn(asker, leave, begin).await;
        let trouble = done.as_ref().err().map(ToString::to_string);
        if let Some(why) = &trouble {
            tracing::error!(error = %why, "a turn of the root key stopped");
        }
        *self.0.turn_trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        done
    }

    async fn turn(&self, asker: &Asker, leave: &Leave, begin: bool) -> Result<TurnDone, VaultFault> {
        let inner = &*self.0;
        let custodian = Arc::clone(&inner.custodian);
        if inner.store.is_shared() {
            // Another node may have turned it.
            asked(&custodian, |custodian| custodian.look_again()).await?;
            inner.follow()?;
        }
        let finished = inner.turn_unfinished()?;
        if begin && !finished {
            asked(&custodian, |custodian| custodian.turn()).await?;
        }
        if inner.ring()?.epoch() != custodian.epoch() {
            inner.rewrap(asker, leave, &custodian, &custodian, Some(KEYS_CLAIM)).await?;
        }
        // Nothing is destroyed for good while another node may still have what hangs on it in its memory.
        let forgotten = Some(inner.forgotten().await?);
        let mut receipts = Vec::new();
        for epoch in custodian.epochs().into_iter().filter(|epoch| *epoch != custodian.epoch()) {
            let receipt = asked(&custodian, move |custodian| custodian.destroy(epoch)).await?;
            self.strike_out(asker, leave, vec![gone_by(&receipt)], forgotten).await?;
            receipts.push(receipt);
        }
        let gone = self.tell_gone(asker, leave, &custodian.epochs(), forgotten).await?;
        Ok(TurnDone { epoch: inner.ring()?.epoch(), finished, receipts, gone })
    }

    /// Says of every root key left behind and not held any more that it is gone.
    async fn tell_gone(
        &self,
        asker: &Asker,
        leave: &Leave,
        held: &[u32],
        forgotten: Option<Forgotten>,
    ) -> Result<Vec<LeftRoot>, VaultFault> {
        let mut left = self.0.left_roots()?;
        left.retain(|root| !held.contains(&root.epoch));
        let gone = |root: &LeftRoot| GoneRoot { epoch: root.epoch, fingerprint: root.fingerprint.clone(), worth: None };
        self.strike_out(asker, leave, left.iter().map(gone).collect(), forgotten).await?;
        Ok(left)
    }

    /// `forgotten` says what the other nodes had forgotten before; a tool that is alone has nobody to ask, and no claim.
    async fn strike_out(
        &self,
        asker: &Asker,
        leave: &Leave,
        gone: Vec<GoneRoot>,
        forgotten: Option<Forgotten>,
    ) -> Result<(), VaultFault> {
        if gone.is_empty() {
            return Ok(());
        }
        let inner = &*self.0;
        let nodes = forgotten.filter(|_| inner.store.is_shared()).map(Forgotten::detail).unwrap_or_default();
        let mut tries = 0;
        let (certified, receipts) = loop {
            let seen = inner.follow()?;
            let mut left = inner.left_roots()?;
            let mut change = Change::new(inner.part);
            change.rests = Some(Rests { seen, ..Rests::default() });
            change.claim = forgotten.map(|_| KEYS_CLAIM);
            for root in &gone {
                left.retain(|one| one.epoch != root.epoch);
                change.entries.push(inner.seal_entry(&told(asker, leave, root.detail() + &nodes), None)?);
            }
            change.meta = vec![(META_LEFT.into(), encode(&left)?)];
            // Destructions that waited for this are final in the same commit.
            let _one = inner.shredding.lock().await;
            let certified = inner.certify(&mut change, asker, leave, &gone, forgotten)?;
            match inner.store.commit(change).await {
                Err(CommitError::Overtaken) if tries < OVERTAKEN => tries += 1,
                done => break (certified, done?.receipts),
            }
        };
        let place = |(id, at): (String, usize)| Some((id, receipts.get(at)?.index()));
        inner.remember_certified(certified.into_iter().filter_map(place).collect()).await
    }
}

impl Inner {
    fn left_roots(&self) -> Result<Vec<LeftRoot>, VaultFault> {
        let Some(bytes) = self.store.meta(self.part, META_LEFT)? else { return Ok(Vec::new()) };
        serde_json::from_slice(&bytes).map_err(|_| VaultFault::Decode("root keys left behind"))
    }

    pub(crate) fn turn_unfinished(&self) -> Result<bool, VaultFault> {
        let moved = self.ring()?.epoch() != self.custodian.epoch();
        Ok(moved || self.custodian.turn_unfinished() || !self.left_roots()?.is_empty())
    }

    fn root_state(&self) -> Result<RootState, VaultFault> {
        let (epoch, held, left) = (self.ring()?.epoch(), self.custodian.epochs(), self.left_roots()?);
        let step = if epoch != self.custodian.epoch() {
            TurnStep::Made
        } else if held.len() > 1 {
            TurnStep::Wrapped
        } else if left.is_empty() {
            TurnStep::Rest
        } else {
            TurnStep::Gone
        };
        Ok(RootState {
            epoch,
            since_us: self.root_since()?,
            left,
            step,
            busy: self.turning.try_lock().is_err(),
            worth: self.custodian.worth(),
            trouble: self.turn_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        })
    }

    /// When the root key in use came into use, microseconds since the Unix epoch.
    pub(crate) fn root_since(&self) -> Result<Option<i64>, VaultFault> {
        let Some(bytes) = self.store.meta(self.part, META_TURNED)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|_| VaultFault::Decode("time of the root key"))
    }

    /// One turn or destruction at a time: whoever calls this holds [`Inner::turning`].
    async fn rewrap(
        &self,
        asker: &Asker,
        leave: &Leave,
        from: &Arc<dyn Custodian>,
        to: &Arc<dyn Custodian>,
        claim: Option<&'static str>,
    ) -> Result<(), VaultFault> {
        let mut tries = 0;
        while !self.rewrapped(asker, leave, from, to, claim).await? {
            tries += 1;
            if tries > OVERTAKEN {
                return Err(CommitError::Overtaken.into());
            }
        }
        Ok(())
    }

    /// One try; false when another node was faster with a key row.
    async fn rewrapped(
        &self,
        asker: &Asker,
        leave: &Leave,
        from: &Arc<dyn Custodian>,
        to: &Arc<dyn Custodian>,
        claim: Option<&'static str>,
    ) -> Result<bool, VaultFault> {
        let seen = self.follow()?;
        let ring = self.ring()?;
        let turned = asked(to, move |to| ring.turn_epoch(to)).await?;
        let mut left = self.left_roots()?;
        left.retain(|root| !from.epochs().contains(&root.epoch));
        for epoch in from.epochs().into_iter().filter(|epoch| *epoch != turned.ring.epoch()) {
            let fingerprint = asked(from, move |from| from.fingerprint(epoch)).await?;
            left.push(LeftRoot { epoch, fingerprint: hex::encode(fingerprint) });
        }
        let detail = format!("root epoch {} in use instead of {}", turned.ring.epoch(), turned.left);
        let mut change = Change::new(self.part);
        change.buckets = turned.rows;
        let now = serde_json::to_vec(&(self.clock)()).map_err(|_| VaultFault::Decode("time of the root key"))?;
        change.meta = vec![(META_LEFT.into(), encode(&left)?), (META_TURNED.into(), now)];
        change.entries = vec![self.seal_entry(&told(asker, leave, detail), None)?];
        change.rests = Some(Rests { seen, ..Rests::default() });
        change.claim = claim;
        match self.store.commit(change).await {
            Err(CommitError::Overtaken) => return Ok(false),
            done => done?,
        };
        self.put_to_use(turned.ring);
        self.desk.keys_changed();
        Ok(true)
    }
}

/// Asks a custodian off the async threads: a module or service may take its time.
pub(crate) async fn asked<T: Send + 'static>(
    custodian: &Arc<dyn Custodian>,
    ask: impl FnOnce(&dyn Custodian) -> Result<T, SealError> + Send + 'static,
) -> Result<T, VaultFault> {
    let custodian = Arc::clone(custodian);
    let answer = tokio::task::spawn_blocking(move || ask(&*custodian));
    Ok(answer.await.map_err(|_| VaultFault::Decode("a custodian was interrupted"))??)
}

fn gone_by(receipt: &DestructionReceipt) -> GoneRoot {
    GoneRoot {
        epoch: receipt.epoch(),
        fingerprint: hex::encode(receipt.fingerprint()),
        worth: Some(receipt.worth().word().to_owned()),
    }
}

fn told(asker: &Asker, leave: &Leave, detail: String) -> Draft {
    let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House).by(leave);
    draft.put(field::DETAIL, detail);
    draft
}

fn encode(left: &[LeftRoot]) -> Result<Vec<u8>, VaultFault> {
    serde_json::to_vec(left).map_err(|_| VaultFault::Decode("root keys left behind"))
}
