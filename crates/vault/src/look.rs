//! One ask with several looks: what a page or a transaction needs is read step by step, and
//! becomes an answer only when one entry for each person concerned is durable.
//!
//! A [`Look`] lives inside the vault's call only. What it finds are plain values; the closure that
//! shapes them returns one value, and that value leaves the call as [`Disclosed`] or not at all.

use tacebo_ledger::Receipt;
use tacebo_veil::MaskSet;

use crate::asker::Asker;
use crate::decide::Leave;
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::DocRef;
use crate::entry::{Draft, Outcome};
use crate::merge::one_each;
use crate::records::Kept;
use crate::vault::{Inner, Snapshot, Vault};
use crate::write::{Done, Stopped, Write, Written};

/// The looks of one ask, and what it will write.
pub struct Look<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) asker: &'a Asker,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) leaves: Vec<Leave>,
    pub(crate) deeds: Deeds,
    /// The last news of other nodes that it knows of.
    seen: u64,
}

/// What one commit will write.
#[derive(Default)]
pub(crate) struct Deeds {
    pub writes: Vec<Write>,
    pub keeps: Vec<Kept>,
    /// What every entry of it says besides.
    pub told: Option<String>,
}

impl Deeds {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.keeps.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = DocRef> {
        let writes = self.writes.iter().map(|write| write.name.clone());
        writes.chain(self.keeps.iter().map(|kept| DocRef::new(kept.kind.as_str(), kept.id.as_str())))
    }
}

impl std::fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look").field("entries", &self.drafts.len()).finish_non_exhaustive()
    }
}

/// How an ask ends without an answer, in a language's own words.
pub trait Unanswered: From<Refused> {
    /// What the entries of everybody looked at say; `None` when the house itself could not answer.
    fn outcome(&self) -> Option<Outcome>;

    /// The same, after its entries became durable.
    #[must_use]
    fn recorded(self, receipts: Vec<Receipt>) -> Self;
}

impl Unanswered for Refused {
    fn outcome(&self) -> Option<Outcome> {
        Some(match self.denial() {
            Denial::Unavailable(_) => return None,
            Denial::Forbidden(_) => Outcome::Refused,
            Denial::NotFound | Denial::Gone => Outcome::NotFound,
            Denial::Precondition { .. } | Denial::Raced | Denial::TooCostly | Denial::Invalid(_) => Outcome::Failed,
        })
    }

    fn recorded(self, receipts: Vec<Receipt>) -> Self {
        Self::new(self.denial().clone(), receipts)
    }
}

/// Attempts of a write that lost a race it did not ask about.
const RACES: u32 = 64;

impl Vault {
    /// Answers one ask. Whatever `shape` looks at is decided, opened and masked step by step; its
    /// entries are committed together, one for each person concerned, before the answer exists.
    ///
    /// # Errors
    /// What `shape` ended with; the entries of everybody looked at say so.
    pub async fn ask<R, E: Unanswered>(
        &self,
        asker: &Asker,
        shape: impl FnOnce(&mut Look<'_>) -> Result<R, E>,
    ) -> Result<Disclosed<R>, E> {
        let inner = &*self.0;
        let gate = inner.pass().await.map_err(|fault| E::from(fault.into()))?;
        let mut look = Look::new(inner, asker, gate.seen);
        match shape(&mut look) {
            Ok(value) => look.answer(value).await.map_err(E::from),
            Err(unanswered) => Err(inner.unanswered(look.drafts, unanswered).await),
        }
    }

    /// The same for an ask that also writes: looks, writes and their entries are one commit. `shape`
    /// runs again when somebody else was faster, and sees what is there then; an attempt that lost
    /// leaves nothing behind.
    ///
    /// # Errors
    /// As [`Vault::ask`]; the writes are done all or not at all.
    pub async fn act<R, E: Unanswered>(
        &self,
        asker: &Asker,
        shape: impl Fn(&mut Look<'_>) -> Result<R, E>,
    ) -> Result<Disclosed<(R, Vec<Written>)>, E> {
        let inner = &*self.0;
        let mut gate = inner.pass().await.map_err(|fault| E::from(fault.into()))?;
        let mut race = 0;
        loop {
            let mut look = Look::new(inner, asker, gate.seen);
            let value = match shape(&mut look) {
                Ok(value) => value,
                Err(unanswered) => return Err(inner.unanswered(look.drafts, unanswered).await),
            };
            if look.deeds.is_empty() {
                let answer = look.answer(value).await.map_err(E::from)?;
                return Ok(answer.map(|value| (value, Vec::new())));
            }
            let Look { drafts, leaves, deeds, .. } = look;
            match inner.commit_deeds(asker, &deeds, &drafts, leaves, &gate).await {
                Ok(Done::Written(written)) => return Ok(written.map(|written| (value, written))),
                Ok(Done::Overtaken(_) | Done::Raced(_)) if race < RACES => {
                    race += 1;
                    rest(race).await;
                    inner.again(&mut gate).map_err(|fault| E::from(fault.into()))?;
                }
                Ok(Done::Overtaken(failed) | Done::Raced(failed)) => {
                    let raced = Refused::new(Denial::Raced, Vec::new());
                    return Err(inner.unanswered(failed, E::from(raced)).await);
                }
                Err(Stopped { refused, drafts }) => return Err(inner.unanswered(drafts, E::from(refused)).await),
            }
        }
    }
}

/// Waits a moment before the next attempt.
pub(crate) async fn rest(race: u32) {
    tokio::time::sleep(std::time::Duration::from_millis(u64::from(race.min(8)))).await;
}

impl<'a> Look<'a> {
    pub(crate) fn new(inner: &'a Inner, asker: &'a Asker, seen: u64) -> Self {
        Self { inner, asker, drafts: Vec::new(), leaves: Vec::new(), deeds: Deeds::default(), seen }
    }

    /// Who asks.
    pub fn asker(&self) -> &'a Asker {
        self.asker
    }

    /// Commit order as of now.
    ///
    /// # Errors
    /// The store failed.
    pub fn snapshot(&self) -> Result<Snapshot, VaultFault> {
        Ok(Snapshot(self.inner.store.head(self.inner.part)?))
    }

    /// Masks of all that this ask has shown so far, together: for what a room makes out of records. All, where
    /// nothing was shown.
    pub fn masks(&self) -> MaskSet {
        let masks = self.leaves.iter().map(Leave::masks).reduce(MaskSet::union);
        masks.unwrap_or_else(MaskSet::all)
    }

    /// Writes this in the commit at the end of [`Vault::act`]; an ask that only looks has none.
    pub fn write(&mut self, write: Write) {
        self.deeds.writes.push(write);
    }

    /// Remembers what a step showed.
    pub(crate) fn showed(&mut self, drafts: Vec<Draft>, leaves: impl IntoIterator<Item = Leave>) {
        self.drafts.extend(drafts);
        self.leaves.extend(leaves);
    }

    /// Remembers why a step showed nothing.
    pub(crate) fn denied(&mut self, drafts: Vec<Draft>, denial: Denial) -> Refused {
        self.drafts.extend(drafts);
        Refused::new(denial, Vec::new())
    }

    async fn answer<R>(self, value: R) -> Result<Disclosed<R>, Refused> {
        let Self { inner, drafts, leaves, seen, .. } = self;
        if drafts.is_empty() {
            return Err(VaultFault::Decode("an ask that looked at nothing").into());
        }
        let receipts = inner.log_since(&one_each(drafts, None), Some(seen)).await?;
        Ok(Disclosed::new(value, &leaves, receipts))
    }
}

impl Inner {
    /// Records that everybody looked at was asked about without an answer.
    pub(crate) async fn unanswered<E: Unanswered>(&self, drafts: Vec<Draft>, unanswered: E) -> E {
        let Some(outcome) = unanswered.outcome() else { return unanswered };
        if drafts.is_empty() {
            return unanswered;
        }
        match self.log(&one_each(drafts, Some(outcome))).await {
            Ok(receipts) => unanswered.recorded(receipts),
            Err(fault) => E::from(fault.into()),
        }
    }
}
