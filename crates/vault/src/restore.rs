//! The last part of a restore, with the keys: what was destroyed is taken out again, everything can be found again, documents
//! are brought back to a point in time if that is asked, documents and log are compared, and the log says that all this is a
//! restore. Only then is the house served.

mod point;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tacebo_objects::Objects;
use tacebo_policy::Action;
use tacebo_seal::SubjectNo;
use tacebo_store::{At, CURRENT, Change, EntryQuery, IndexRow, KeyDrop, Reterm, Rid, Store};

use crate::asker::Asker;
use crate::compare::{Comparison, carried_out};
use crate::disclosed::VaultFault;
use crate::entry::{Class, Draft, Outcome, field};
use crate::house::Opening;
use crate::keys::Drawer;
use crate::records::RecordKind;
use crate::shred::ShredTarget;
use crate::shred::gone::Gone;
use crate::vault::{Inner, Vault};
pub use point::PointInTime;

/// Versions whose terms are made in one commit.
const PAGE: usize = 1024;
/// Entries looked at once.
const ENTRIES: usize = 256;

/// What the log is told of a restore.
#[derive(Debug, Clone)]
pub struct ToldRestore {
    /// Number of the backup.
    pub run: u64,
    /// SHA-256 of its manifest, hex.
    pub manifest: String,
    /// Whether the keys are of another time than the documents: what they do not open is left out. Otherwise it is damage.
    pub other_keys: bool,
    /// What was seen of the log beyond this backup, and why it is restored all the same.
    pub below: Option<(u64, String)>,
    /// The point in time that documents are brought back to, microseconds since the Unix epoch.
    pub to_us: Option<i64>,
}

/// How far the end of a restore is: so many of so many.
#[derive(Debug, Clone, Copy)]
pub enum Finishing {
    /// Versions that can be found again.
    Terms(u64, u64),
    /// Versions from after the point in time.
    Point(u64, u64),
}

/// A house that came back.
#[derive(Debug)]
pub struct Finished {
    /// It.
    pub vault: Vault,
    /// How its documents and its log were compared.
    pub compared: Comparison,
    /// What was brought back to a point in time.
    pub point: Option<PointInTime>,
}

/// A house that is being restored: nothing can be asked of it.
#[derive(Debug)]
pub struct Restoring(Vault);

/// Versions and keys to take out.
#[derive(Default)]
struct Out {
    rids: BTreeSet<Rid>,
    drop_keys: Vec<KeyDrop>,
    persons: BTreeSet<SubjectNo>,
}

impl Restoring {
    /// Opens what an archive was filled into.
    ///
    /// # Errors
    /// As [`Vault::open_at`]; or this is no unfinished restore.
    pub fn open(at: &At, blobs: Objects, opening: Opening) -> Result<Self, VaultFault> {
        Vault::open_to(at, blobs, opening, true).map(Self)
    }

    /// Whether the restored log continues a signed checkpoint.
    ///
    /// # Errors
    /// It does not, in a sentence.
    pub fn continues(&self, note: &str) -> Result<(), String> {
        self.0.continues(note).map(drop)
    }

    /// Does all that is left. `tell` hears how far it is.
    ///
    /// # Errors
    /// Documents and log do not fit each other, a document does not open, or the store failed: the house stays unfinished.
    pub async fn finish(
        self,
        asker: &Asker,
        told: &ToldRestore,
        tell: &mut (dyn FnMut(Finishing) + Send),
    ) -> Result<Finished, VaultFault> {
        let vault = self.0;
        let inner = &*vault.0;
        inner.replay(asker).await?;
        if told.other_keys {
            inner.leave_out_unopened(asker).await?;
        }
        inner.make_terms(&mut |done, of| tell(Finishing::Terms(done, of))).await?;
        let point = match told.to_us {
            Some(to_us) => {
                Some(inner.bring_back_to(asker, to_us, &mut |done, of| tell(Finishing::Point(done, of))).await?)
            }
            None => None,
        };
        let compared = vault.compare(asker, Duration::ZERO).await?;
        if let Some(unlike) = &compared.unlike {
            return Err(VaultFault::Folder(format!("documents and log do not fit each other: {unlike:?}")));
        }
        let mut detail = format!(
            "restored from backup {} (manifest {}): {} versions, {} entries of changes compared",
            told.run, told.manifest, compared.versions, compared.entries
        );
        if told.other_keys {
            detail.push_str("; with keys of another time");
        }
        if let Some((size, why)) = &told.below {
            detail.push_str("; restored below what had been seen on purpose (");
            detail.push_str(&size.to_string());
            detail.push_str(" entries): ");
            detail.push_str(why);
        }
        if let Some(point) = &point {
            detail.push_str("; ");
            detail.push_str(&point.words());
        }
        let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House);
        draft.put(field::DETAIL, detail);
        let mut change = Change::new(inner.part);
        change.entries.push(inner.seal_entry(&draft, None)?);
        change.meta.push(Store::restored());
        inner.store.commit(change).await?;
        Ok(Finished { vault, compared, point })
    }
}

impl Inner {
    /// Takes out again what the log, or the record of a destruction, says was destroyed.
    async fn replay(&self, asker: &Asker) -> Result<(), VaultFault> {
        let mut logged = Out::default();
        self.each_gone(|gone| self.take_out(&gone, &mut logged))?;
        self.commit_out(asker, logged, "told by the log", false).await?;
        // What is known of destructions that this log does not tell of yet: keys of now with documents of before.
        let mut known = Out::default();
        for one in self.shreddings_kept()? {
            let Some(done) = &one.done else { continue };
            let subject = SubjectNo(one.subject);
            let rids = self.store.subject_versions(self.part, subject)?;
            let mut rows: Vec<IndexRow> = self.store.rows(self.part, &rids)?;
            match &one.target {
                ShredTarget::Person => {
                    for account in &done.accounts {
                        let kind = RecordKind::Account.as_str();
                        let id = self.id_term(kind, account);
                        rows.extend(self.store.history(self.part, kind, &id, None, None, usize::MAX)?);
                    }
                    if self.store.subject_term(self.part, subject)?.is_some() {
                        known.persons.insert(subject);
                    }
                    for drawer in Drawer::ALL.into_iter().filter(|drawer| *drawer != Drawer::Audit) {
                        if self.store.key_of(self.part, subject, drawer.category())?.is_some() {
                            known.drop_keys.push(KeyDrop { subject, category: Some(drawer.category()) });
                        }
                    }
                }
                ShredTarget::Category(_) | ShredTarget::Document { .. } => rows.clear(),
            }
            known.rids.extend(rows.iter().map(|row| row.rid));
        }
        self.commit_out(asker, known, "known from before the restore", true).await
    }

    /// Every destruction that the log tells of.
    fn each_gone(&self, mut each: impl FnMut(Gone) -> Result<(), VaultFault>) -> Result<(), VaultFault> {
        let size = self.store.log_head(self.part)?.map_or(0, |head| head.size);
        let mut next = 0;
        while next < size {
            let before = (next + ENTRIES as u64).min(size);
            let query = EntryQuery {
                class: Some(Class::House as u8),
                from_index: Some(next),
                before_index: Some(before),
                limit: ENTRIES,
                ..EntryQuery::default()
            };
            for row in self.store.entries(self.part, &query)?.into_iter().rev().filter(|row| row.subject.is_none()) {
                let Some(body) = self.open_entry(&row)? else { continue };
                let gone = body.get(field::GONE);
                if !gone.is_empty() {
                    each(Gone::parse(gone).ok_or(VaultFault::Decode("what a destruction took out"))?)?;
                }
            }
            next = before;
        }
        Ok(())
    }

    fn take_out(&self, gone: &Gone, out: &mut Out) -> Result<(), VaultFault> {
        for rid in &gone.rids {
            if self.store.versions(self.part, rid - 1, 1)?.first().is_some_and(|row| row.rid == *rid) {
                out.rids.insert(*rid);
            }
        }
        for (subject, category, newest) in &gone.keys {
            let there = self.store.key_of(self.part, *subject, *category)?;
            if there.is_some_and(|key| key.generation <= *newest) {
                out.drop_keys.push(KeyDrop { subject: *subject, category: Some(*category) });
            }
        }
        if let Some(person) = gone.person
            && self.store.subject_term(self.part, person)?.is_some()
        {
            out.persons.insert(person);
        }
        Ok(())
    }

    /// `counted`: the log does not tell of these versions' end yet, so this entry does.
    async fn commit_out(&self, asker: &Asker, out: Out, why: &str, counted: bool) -> Result<(), VaultFault> {
        let Out { rids, drop_keys, persons } = out;
        if rids.is_empty() && drop_keys.is_empty() && persons.is_empty() {
            return Ok(());
        }
        let (versions, keys) = (rids.len(), drop_keys.len() as u64);
        let detail = if counted {
            carried_out(&format!("({why})"), 0, versions, keys)
        } else {
            format!("taken out again, {why}: {versions} versions, {keys} keys")
        };
        for subject in drop_keys.iter().map(|gone| gone.subject).chain(persons.iter().copied()) {
            self.keys.forget(subject);
        }
        let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House);
        draft.put(field::DETAIL, detail);
        let mut change = Change::new(self.part);
        change.entries.push(self.seal_entry(&draft, None)?);
        change.erase = rids.into_iter().collect();
        change.drop_keys = drop_keys;
        change.drop_subjects = persons.into_iter().collect();
        self.store.commit(change).await?;
        self.clear_blobs().await;
        Ok(())
    }

    /// Takes out what the keys of another time do not open: it was destroyed or sealed anew since. A document goes with its
    /// whole history, else an older version would be its newest.
    async fn leave_out_unopened(&self, asker: &Asker) -> Result<(), VaultFault> {
        let mut out = Out::default();
        let mut after = 0;
        loop {
            let rows = self.store.versions(self.part, after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after = last.rid;
            for row in rows {
                let (kind, id, rid) = (row.kind.clone(), row.id, row.rid);
                if out.rids.contains(&rid) {
                    continue;
                }
                match self.open_cold(row) {
                    Ok(_) => {}
                    Err(VaultFault::Store(fault)) => return Err(fault.into()),
                    Err(_) => {
                        let history = self.store.history(self.part, &kind, &id, None, None, usize::MAX)?;
                        out.rids.extend(history.iter().map(|one| one.rid));
                    }
                }
            }
        }
        self.commit_out(asker, out, "not opened by the keys of another time", true).await
    }

    /// Every current document is found again.
    async fn make_terms(&self, tell: &mut (dyn FnMut(u64, u64) + Send)) -> Result<(), VaultFault> {
        let of = self.store.head(self.part)?.unsigned_abs();
        let mut after = 0;
        loop {
            let rows = self.store.versions(self.part, after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after = last.rid;
            let current: Vec<IndexRow> = rows.into_iter().filter(|row| row.until == CURRENT && !row.deleted).collect();
            let mut change = Change::new(self.part);
            change.reterm = self.terms_together(current)?;
            if !change.reterm.is_empty() {
                self.store.commit(change).await?;
            }
            tell(after.unsigned_abs(), of);
        }
        self.hot.clear();
        self.only_newest_terms().await
    }

    /// On all processors: opening and reading a document costs more than storing its terms.
    fn terms_together(&self, rows: Vec<IndexRow>) -> Result<Vec<Reterm>, VaultFault> {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
        let mut shares: BTreeMap<usize, Vec<IndexRow>> = BTreeMap::new();
        for (place, row) in rows.into_iter().enumerate() {
            shares.entry(place % workers).or_default().push(row);
        }
        let made = std::thread::scope(|scope| {
            let works: Vec<_> = shares.into_values().map(|share| scope.spawn(|| self.terms_of_share(share))).collect();
            let done = works.into_iter().map(|work| work.join().map_err(|_| VaultFault::Decode("terms")));
            done.collect::<Result<Vec<_>, _>>()
        });
        let mut all = made?.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        all.sort_unstable_by_key(|one| one.rid);
        Ok(all)
    }

    fn terms_of_share(&self, rows: Vec<IndexRow>) -> Result<Vec<Reterm>, VaultFault> {
        let one = |row: IndexRow| {
            let rid = row.rid;
            Ok(Reterm { rid, terms: self.terms_of(&self.open_cold(row)?)? })
        };
        rows.into_iter().map(one).collect()
    }
}
