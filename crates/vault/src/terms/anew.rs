//! A new epoch of terms: begun, a page at a time, ended; stopped anywhere and gone on with.

use std::sync::Arc;

use tacebo_policy::Action;
use tacebo_seal::{SubjectNo, Term};
use tacebo_store::{Change, Rests, Reterm, Rid, Touched};

use super::{Kept, META_PROGRESS, META_TERMS, Progress, fresh, sealed};
use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::entry::{Class, Draft, Outcome, field};
use crate::follow::on_values;
use crate::hot::Opened;
use crate::keys::Drawer;
use crate::root::ROOT_KIND;
use crate::search::ALSO_PARAM;
use crate::vault::{Inner, Vault};

/// The claim under which one node makes terms anew.
const CLAIM: &str = "terms";

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
    ///
    /// # Errors
    /// The store failed.
    pub fn term_state(&self) -> Result<TermState, VaultFault> {
        let inner = &*self.0;
        inner.follow()?;
        let kept = &inner.terms.now().kept;
        let count = |rid: Rid| rid.max(0).unsigned_abs();
        let progress = match kept.before {
            Some(_) => {
                let Progress { done, last } = inner.term_progress()?;
                Some((count(done), count(last.unwrap_or(inner.store.head(inner.part)?))))
            }
            None => None,
        };
        Ok(TermState { epoch: kept.epoch, since_us: kept.since_us, progress })
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
            let seen = inner.follow()?;
            let now = inner.terms.now();
            if now.kept.before.is_some() {
                return Ok(());
            }
            let before = Some(now.kept.key.clone());
            let since_us = Some((inner.clock)());
            let kept = Kept { epoch: now.kept.epoch.saturating_add(1), key: fresh()?, before, since_us };
            let mut draft = Draft::new(&asker, Action::Administer, Outcome::Done, Class::House).by(&leave);
            draft.put(field::DETAIL, format!("term epoch {} begun", kept.epoch));
            let mut change = Change::new(inner.part);
            change.entries.push(inner.seal_entry(&draft, None)?);
            change.rests = Some(Rests { seen, ..Rests::default() });
            put_progress(&mut change, Progress::default())?;
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
        inner.follow()?;
        if inner.terms.now().kept.before.is_none() {
            return Ok(());
        }
        // Another node is at it.
        let Some(_claim) = self.claim(CLAIM)? else { return Ok(()) };
        let last = inner.last_of_before().await?;
        loop {
            // Nothing is destroyed in the midst of a page.
            let gate = inner.pass().await?;
            if inner.terms.now().kept.before.is_none() {
                return Ok(());
            }
            let Progress { done, .. } = inner.term_progress()?;
            let rids = inner.store.found_rids(inner.part, done, last, PAGE)?;
            let Some(done) = rids.last().copied() else {
                drop(gate);
                inner.end_term_epoch(asker).await?;
                return Ok(());
            };
            let mut change = Change::new(inner.part);
            for found in inner.opened(&rids)? {
                change.reterm.push(Reterm { rid: found.row.rid, terms: inner.terms_of(&found)? });
            }
            change.claim = Some(CLAIM);
            change.rests = Some(Rests { seen: gate.seen, on: on_values([META_TERMS]) });
            put_progress(&mut change, Progress { done, last: Some(last) })?;
            inner.store.commit(change).await?;
            drop(gate);
            tokio::task::yield_now().await;
        }
    }
}

fn put_progress(change: &mut Change, progress: Progress) -> Result<(), VaultFault> {
    let bytes = serde_json::to_vec(&progress).map_err(|_| VaultFault::Decode("progress of terms"))?;
    change.meta.push((META_PROGRESS.to_owned(), bytes));
    Ok(())
}

impl Inner {
    fn term_progress(&self) -> Result<Progress, VaultFault> {
        let Some(bytes) = self.store.meta(self.part, META_PROGRESS)? else { return Ok(Progress::default()) };
        serde_json::from_slice(&bytes).map_err(|_| VaultFault::Decode("progress of terms"))
    }

    /// The last document that can have terms of the epoch before: known once no node makes any more, nor looks for those alone.
    async fn last_of_before(&self) -> Result<Rid, VaultFault> {
        if let Some(last) = self.term_progress()?.last {
            return Ok(last);
        }
        self.forgotten().await?;
        let mut change = Change::new(self.part);
        change.claim = Some(CLAIM);
        let last = self.store.head(self.part)?;
        put_progress(&mut change, Progress { done: 0, last: Some(last) })?;
        self.store.commit(change).await?;
        Ok(last)
    }

    /// Everything has terms of the new epoch: the older key is forgotten, with the race guards that stood on it.
    async fn end_term_epoch(&self, asker: &Asker) -> Result<(), VaultFault> {
        let leave = self.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let _whole = Arc::clone(&self.gate).write_owned().await;
        let seen = self.follow()?;
        let kept = Kept { before: None, ..self.terms.now().kept.clone() };
        let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House).by(&leave);
        draft.put(field::DETAIL, format!("term epoch {} in use alone", kept.epoch));
        let mut change = Change::new(self.part);
        change.drop_guards = true;
        change.claim = Some(CLAIM);
        change.rests = Some(Rests { seen, on: Touched::default() });
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
        let record = self.key(SubjectNo::HOUSE, Drawer::Record.category())?;
        change.meta.push((META_TERMS.to_owned(), sealed(self.realm, &record, &kept)?));
        self.store.commit(change).await?;
        // As it is stored: another node may have gone on from there.
        let reloaded = self.terms.reload(&self.store, self.part, &*self.ring()?, &record);
        if reloaded.is_err() && self.store.is_shared() {
            // Nobody tells a node its own news: it takes everything up anew instead of going on under the terms of before.
            self.wipe();
        }
        reloaded
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
