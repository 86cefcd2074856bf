//! A new epoch of terms: begun, a page at a time, ended; stopped anywhere and gone on with.

use std::sync::Arc;

use tacebo_policy::Action;
use tacebo_seal::{SubjectNo, Term};
use tacebo_store::{Change, Reterm, Rid};

use super::{Before, Epochs, Kept, META_TERMS, fresh, sealed};
use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::entry::{Class, Draft, Outcome, field};
use crate::hot::Opened;
use crate::keys::Drawer;
use crate::root::ROOT_KIND;
use crate::search::ALSO_PARAM;
use crate::vault::{Inner, Vault};

/// Documents in one commit.
const PAGE: usize = 256;

/// How the keys of terms stand; speaks of nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermState {
    /// The epoch in use.
    pub epoch: u32,
    /// Since when, microseconds since the Unix epoch; none for the first.
    pub since_us: Option<i64>,
    /// While terms are made anew: how far, of how much, in commit order.
    pub progress: Option<(u64, u64)>,
}

impl Vault {
    /// How the keys of terms stand.
    pub fn term_state(&self) -> TermState {
        let kept = &self.0.terms.now().kept;
        let count = |rid: Rid| rid.max(0).unsigned_abs();
        let progress = kept.before.as_ref().map(|before| (count(before.done), count(before.last)));
        TermState { epoch: kept.epoch, since_us: kept.since_us, progress }
    }

    /// Begins a new epoch of terms: from now on everything is found under a new key, and [`Vault::make_terms_anew`] brings
    /// over what is there. Does nothing while one is under way.
    ///
    /// # Errors
    /// Refused, recorded; or the store failed and nothing has changed.
    pub async fn begin_term_epoch(&self, asker: &Asker) -> Result<(), VaultFault> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let (vault, asker) = (self.clone(), asker.clone());
        let task = tokio::spawn(async move {
            let inner = &*vault.0;
            let _one = inner.terms.making.lock().await;
            // A write on its way rests on the epoch that it was begun in.
            let _whole = Arc::clone(&inner.gate).write_owned().await;
            let now = inner.terms.now();
            if now.kept.before.is_some() {
                return Ok(());
            }
            let last = inner.store.head(inner.part)?;
            let before = Some(Before { key: now.kept.key.clone(), done: 0, last });
            let since_us = Some((inner.clock)());
            let kept = Kept { epoch: now.kept.epoch.saturating_add(1), key: fresh()?, before, since_us };
            let mut draft = Draft::new(&asker, Action::Administer, Outcome::Done, Class::House).by(&leave);
            draft.put(field::DETAIL, format!("term epoch {} begun", kept.epoch));
            let mut change = Change::new(inner.part);
            change.entries.push(inner.seal_entry(&draft, None)?);
            inner.commit_terms(change, kept).await
        });
        task.await.map_err(|_| VaultFault::Decode("a new epoch of terms was interrupted"))?
    }

    /// Goes on with a new epoch of terms to its end, if one is under way.
    ///
    /// # Errors
    /// The store failed; ask again.
    pub async fn make_terms_anew(&self, asker: &Asker) -> Result<(), VaultFault> {
        let inner = &*self.0;
        let _one = inner.terms.making.lock().await;
        while let Some(before) = inner.terms.now().kept.before.clone() {
            // Nothing is destroyed in the midst of a page.
            let gate = inner.pass().await;
            let rids = inner.store.found_rids(inner.part, before.done, before.last, PAGE)?;
            let Some(done) = rids.last().copied() else {
                drop(gate);
                inner.end_term_epoch(asker).await?;
                return Ok(());
            };
            let mut change = Change::new(inner.part);
            for found in inner.opened(&rids)? {
                change.reterm.push(Reterm { rid: found.row.rid, terms: inner.terms_of(&found)? });
            }
            let kept = Kept { before: Some(Before { done, ..before }), ..inner.terms.now().kept.clone() };
            inner.commit_terms(change, kept).await?;
            drop(gate);
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

impl Inner {
    /// Everything has terms of the new epoch: the older key is forgotten, with the race guards that stood on it.
    async fn end_term_epoch(&self, asker: &Asker) -> Result<(), VaultFault> {
        let leave = self.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let _whole = Arc::clone(&self.gate).write_owned().await;
        let kept = Kept { before: None, ..self.terms.now().kept.clone() };
        let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House).by(&leave);
        draft.put(field::DETAIL, format!("term epoch {} in use alone", kept.epoch));
        let mut change = Change::new(self.part);
        change.drop_guards = true;
        change.entries.push(self.seal_entry(&draft, None)?);
        self.commit_terms(change, kept).await
    }

    /// Every document has terms of the newest epoch, made just now: an older one is forgotten.
    pub(crate) async fn only_newest_terms(&self) -> Result<(), VaultFault> {
        let kept = self.terms.now().kept.clone();
        if kept.before.is_none() {
            return Ok(());
        }
        let mut change = Change::new(self.part);
        change.drop_guards = true;
        self.commit_terms(change, Kept { before: None, ..kept }).await
    }

    async fn commit_terms(&self, mut change: Change, kept: Kept) -> Result<(), VaultFault> {
        let epochs = Epochs::of(&self.ring(), kept)?;
        let record = self.key(SubjectNo::HOUSE, Drawer::Record.category())?;
        change.meta.push((META_TERMS.to_owned(), sealed(self.realm, &record, &epochs.kept)?));
        self.store.commit(change).await?;
        self.terms.put(epochs);
        Ok(())
    }

    /// Under which terms of the epoch in use a document is found.
    pub(crate) fn terms_of(&self, found: &Opened) -> Result<Vec<Term>, VaultFault> {
        let (row, record) = (&found.row, &found.record);
        let mut terms: Vec<Term> = record.terms.iter().map(|(param, value)| self.term(param, value)).collect();
        if let Some(speech) = self.speech(&row.kind).filter(|_| !row.deleted) {
            let text = self.texts(&[found])?.pop().ok_or(VaultFault::Decode("a version without a body"))?;
            let body = serde_json::from_slice(&text).map_err(|_| VaultFault::Decode("document"))?;
            let digest = speech.digest(&row.kind, &body).map_err(|_| VaultFault::Decode("document"))?;
            terms.extend(digest.terms.iter().map(|(param, value)| self.term(param, value)));
            terms.extend(record.patients.iter().skip(1).map(|also| self.term(ALSO_PARAM, also)));
        }
        terms.sort_unstable();
        terms.dedup();
        Ok(terms)
    }
}
