//! Writing: every document of one change is read by its language, labelled,
//! decided, sealed and committed together with its log entries, or not at all.

mod asked;
mod document;
mod keep;
mod note;
mod stopped;
mod work;

use std::collections::HashMap;
use std::sync::Arc;

use tacebo_seal::IdTerm;
use tacebo_store::{CommitError, Rid};

pub use self::asked::{Expect, Write, Written};
pub(crate) use self::stopped::Stopped;
use self::work::{Attempt, Work};
use crate::asker::Asker;
use crate::decide::Leave;
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::DocRef;
use crate::entry::Draft;
use crate::hot::Opened;
use crate::look::{Deeds, rest};
use crate::vault::{Gate, Inner, Vault};

/// How a commit of several deeds ended.
pub(crate) enum Done {
    /// All are written.
    Written(Disclosed<Vec<Written>>),
    /// A version moved on meanwhile: look again. With the entries in case nobody does.
    Overtaken(Vec<Draft>),
    /// A search that a write rested on has another answer now.
    Raced(Vec<Draft>),
}

/// Attempts of a write that lost a race it did not ask about.
const RACES: u32 = 24;

impl Vault {
    /// Writes all of `writes` or none.
    ///
    /// # Errors
    /// [`Refused`], recorded for every person concerned.
    pub async fn write(&self, asker: &Asker, writes: Vec<Write>) -> Result<Disclosed<Vec<Written>>, Refused> {
        let inner = &*self.0;
        let deeds = Deeds { writes, ..Deeds::default() };
        let mut gate = inner.pass().await?;
        let mut race = 0;
        loop {
            match inner.commit_deeds(asker, &deeds, &[], Vec::new(), &gate).await {
                Ok(Done::Written(written)) => return Ok(written),
                Ok(Done::Overtaken(_)) if race < RACES => {
                    race += 1;
                    rest(race).await;
                    inner.again(&mut gate)?;
                }
                // The search was before this call: only its asker can search again.
                Ok(Done::Overtaken(drafts) | Done::Raced(drafts)) => {
                    return Err(inner.unanswered(drafts, Refused::new(Denial::Raced, Vec::new())).await);
                }
                Err(Stopped { refused, drafts }) => return Err(inner.unanswered(drafts, refused).await),
            }
        }
    }
}

impl Inner {
    /// One attempt to commit all deeds of an ask with the entries of what it looked at before.
    pub(crate) async fn commit_deeds(
        &self,
        asker: &Asker,
        deeds: &Deeds,
        looked: &[Draft],
        leaves: Vec<Leave>,
        gate: &Gate,
    ) -> Result<Done, Stopped> {
        let Attempt { change, blobs, mut written, mut permits, touched, notes, new_persons } =
            self.attempt(asker, deeds, looked)?;
        // Everything is decided: objects are written before the commit that names them.
        let blobs = self.store.put_blobs(self.part, blobs).map_err(VaultFault::from)?;
        let overtaken = || looked.iter().cloned().chain(notes.iter().map(|note| note.undone(asker))).collect();
        let turn = self.keys.turn();
        match self.commit(change, touched, gate, blobs).await {
            Ok(committed) => {
                for (no, keys) in new_persons {
                    self.keys.remember(no, &keys, turn);
                }
                for one in written.iter_mut().filter(|one| !one.nothing) {
                    one.time_us = committed.time_us;
                }
                permits.extend(leaves);
                Ok(Done::Written(Disclosed::new(written, &permits, committed.receipts)))
            }
            Err(CommitError::VersionMismatch { .. } | CommitError::SubjectTaken { .. } | CommitError::Overtaken) => {
                Ok(Done::Overtaken(overtaken()))
            }
            Err(CommitError::Conflict { .. }) => Ok(Done::Raced(overtaken())),
            Err(error) => Err(VaultFault::from(error).into()),
        }
    }

    /// What is stored under the names of these deeds.
    fn stored(&self, deeds: &Deeds) -> Result<HashMap<IdTerm, Arc<Opened>>, VaultFault> {
        let names: Vec<DocRef> = deeds.names().collect();
        let names: Vec<(&str, IdTerm)> =
            names.iter().map(|name| (&*name.kind, self.id_term(&name.kind, &name.id))).collect();
        let found: Vec<(IdTerm, Rid)> = self.currents(&names)?;
        let rids: Vec<Rid> = found.iter().map(|(_, rid)| *rid).collect();
        Ok(found.into_iter().map(|(id, _)| id).zip(self.opened(&rids)?).collect())
    }

    fn attempt(&self, asker: &Asker, deeds: &Deeds, looked: &[Draft]) -> Result<Attempt, Stopped> {
        let mut work = Work::new(self, asker, deeds)?;
        let done = deeds
            .writes
            .iter()
            .try_for_each(|write| work.one(write))
            .and_then(|()| deeds.keeps.iter().try_for_each(|kept| work.keep(kept)));
        match done {
            Ok(()) => Ok(work.finish(looked.to_vec())?),
            Err(failure) => {
                // Those already decided about are concerned too, and nothing was done to them.
                let mut drafts = looked.to_vec();
                drafts.extend(work.entries.iter().map(|note| note.undone(asker)));
                Err(self.stopped(asker, failure, deeds, drafts)?)
            }
        }
    }
}
