//! Carrying a destruction out: one commit, in which keys, versions, terms and the person go, and the log says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use tacebo_ledger::Receipt;
use tacebo_policy::{Action, Fact};
use tacebo_seal::SubjectNo;
use tacebo_store::{Change, CommitError, Rests, Touched};

use super::ask::words;
use super::blocked::years_after;
use super::gone::Gone;
use super::kept::hold_name;
use super::plan::Plan;
use super::rekey::Renewal;
use super::{SHRED_KIND, ShredDone, ShredStage, ShredTarget, ShredTerms, Shredding};
use crate::asker::Asker;
use crate::compare::carried_out;
use crate::decide::Leave;
use crate::disclosed::VaultFault;
use crate::entry::{Class, Draft, Outcome, field};
use crate::root::{KEYS_CLAIM, OVERTAKEN, ROOT_KIND, asked};
use crate::speech::PatientId;
use crate::vault::{Inner, Vault};

/// Whom an approved destruction is about: for those who close what else there is of the person. Never for an answer.
pub struct ShredWhom {
    /// The patient's id.
    pub patient: String,
    /// Documents that say who stands for the patient (`RelatedPerson/…`).
    pub related: Vec<String>,
}

impl std::fmt::Debug for ShredWhom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShredWhom")
    }
}

impl Vault {
    /// Ids of the destructions that are approved and not carried out.
    ///
    /// # Errors
    /// The store failed.
    pub fn shreddings_due(&self) -> Result<Vec<String>, VaultFault> {
        self.0.follow()?;
        let all = self.0.shreddings_kept()?.into_iter().rev();
        Ok(all.filter(|one| one.stage == ShredStage::Approved).map(|one| one.id).collect())
    }

    /// Whether a destruction waits for the end of its root key.
    fn shreddings_pending(&self) -> Result<bool, VaultFault> {
        Ok(self.0.shreddings_kept()?.iter().any(|one| one.stage == ShredStage::Pending))
    }

    /// Whom an approved destruction of a person is about; none for anything less than a person.
    ///
    /// # Errors
    /// The store failed.
    pub fn shred_whom(&self, id: &str) -> Result<Option<ShredWhom>, VaultFault> {
        let inner = &*self.0;
        inner.follow()?;
        let due = |one: &Shredding| one.stage == ShredStage::Approved && one.target == ShredTarget::Person;
        let Some(found) = inner.shredding_kept(id)?.filter(due) else { return Ok(None) };
        let subject = SubjectNo(found.subject);
        let Some(patient) = inner.patient_of(subject)? else { return Ok(None) };
        let mut related = BTreeSet::new();
        for one in inner.opened(&inner.store.subject_rids(inner.part, subject, &[], None)?)? {
            related.extend(one.record.facts.iter().filter_map(|fact| match fact {
                Fact::Guardian { evidence, .. } => Some(evidence.clone()),
                _ => None,
            }));
        }
        Ok(Some(ShredWhom { patient: patient.as_str().to_owned(), related: related.into_iter().collect() }))
    }

    /// Carries out what was approved, in the name of the house, and erases these accounts with the person. Does nothing
    /// where it is done already. Afterwards the root is to be turned ([`Vault::settle_roots`]).
    ///
    /// # Errors
    /// The store failed: nothing was destroyed.
    pub async fn carry_out(
        &self,
        asker: &Asker,
        id: &str,
        accounts: &[String],
        terms: &ShredTerms,
    ) -> Result<(), VaultFault> {
        let (vault, asker, terms) = (self.clone(), asker.clone(), terms.clone());
        let (id, accounts) = (id.to_owned(), accounts.to_vec());
        // Between the commit and the ring of now nothing may end it: a key made under the ring of before would be lost.
        let task = tokio::spawn(async move { vault.carry(&asker, &id, &accounts, &terms).await });
        task.await.map_err(|_| VaultFault::Decode("a destruction was interrupted"))?
    }

    async fn carry(&self, asker: &Asker, id: &str, accounts: &[String], terms: &ShredTerms) -> Result<(), VaultFault> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Administer, SHRED_KIND).await?;
        let _turning = inner.turning.lock().await;
        // Another node is at it, or at something like it.
        let Some(_claim) = self.claim(KEYS_CLAIM)? else { return Ok(()) };
        // Everybody is let out first, and nobody in until it is done.
        let whole = Arc::clone(&inner.gate).write_owned().await;
        let one = inner.shredding.lock().await;
        for _ in 0..OVERTAKEN {
            match inner.carried(asker, &leave, id, accounts, terms).await {
                Err(VaultFault::Commit(CommitError::Overtaken)) => {}
                done => {
                    drop((whole, one));
                    done?;
                    inner.after_rekeying().await;
                    return Ok(());
                }
            }
        }
        Err(CommitError::Overtaken.into())
    }

    /// Finishes a turn of the root that was stopped, and begins one where a destruction waits for it.
    ///
    /// # Errors
    /// Custodian or store failed; ask again.
    pub async fn settle_roots(&self, asker: &Asker) -> Result<(), VaultFault> {
        let (vault, asker) = (self.clone(), asker.clone());
        let task = tokio::spawn(async move { vault.settle(&asker).await });
        task.await.map_err(|_| VaultFault::Decode("a turn of the root was interrupted"))?
    }

    async fn settle(&self, asker: &Asker) -> Result<(), VaultFault> {
        let inner = &*self.0;
        inner.follow()?;
        if inner.store.is_shared() {
            // Another node may have begun a turn and gone.
            asked(&inner.custodian, |custodian| custodian.look_again()).await?;
        }
        let begin = self.shreddings_pending()?;
        if !begin && !inner.turn_unfinished()? {
            return Ok(());
        }
        // Another node is at it.
        let Some(_claim) = self.claim(KEYS_CLAIM)? else { return Ok(()) };
        let leave = inner.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        self.turn_kept(asker, &leave, false).await?;
        // The rest of an older turn may have been all that it took.
        if self.shreddings_pending()? {
            self.turn_kept(asker, &leave, true).await?;
        }
        // Whatever was being opened when the keys went has been answered by now.
        inner.hot.clear();
        inner.packer.forget();
        inner.persons.clear();
        Ok(())
    }
}

impl Inner {
    /// One try.
    async fn carried(
        &self,
        asker: &Asker,
        leave: &Leave,
        id: &str,
        accounts: &[String],
        terms: &ShredTerms,
    ) -> Result<(), VaultFault> {
        let seen = self.follow()?;
        let Some(found) = self.shredding_kept(id)?.filter(|one| one.stage == ShredStage::Approved) else {
            return Ok(());
        };
        let subject = SubjectNo(found.subject);
        let patient = self.patient_of(subject)?;
        let blocks = match &patient {
            Some(patient) => self.blocks(subject, patient, &found.target, &found.ground, terms)?,
            None => Vec::new(),
        };
        if !blocks.is_empty() {
            return self.stop(asker, leave, found, &words(&blocks), seen).await;
        }
        self.destroy(asker, leave, found, patient.as_ref(), accounts, terms, seen).await
    }

    /// Something stood in the way when it was to be done: nothing was destroyed, and whoever asked asks again.
    async fn stop(
        &self,
        asker: &Asker,
        leave: &Leave,
        mut found: Shredding,
        why: &str,
        seen: u64,
    ) -> Result<(), VaultFault> {
        found.stage = ShredStage::Stopped;
        let mut change = Change::new(self.part);
        change.rests = Some(Rests { seen, ..Rests::default() });
        self.keep_shredding(&mut change, &found)?;
        let detail = format!("destruction {} not carried out, it is blocked: {why}", found.id);
        change.entries.push(self.seal_entry(&told(asker, leave, detail), None)?);
        self.store.commit(change).await?;
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "what was decided before the gate was shut")]
    async fn destroy(
        &self,
        asker: &Asker,
        leave: &Leave,
        mut found: Shredding,
        patient: Option<&PatientId>,
        accounts: &[String],
        terms: &ShredTerms,
        seen: u64,
    ) -> Result<(), VaultFault> {
        let subject = SubjectNo(found.subject);
        let plan = self.plan(&found, accounts)?;
        let mut change = Change::new(self.part);
        let renewal = self.rekey(&mut change, &plan)?;
        change.erase = plan.erase.keys().copied().collect();
        if plan.person {
            change.drop_subjects.push(subject);
        }
        let now_us = (self.clock)();
        if let ShredTarget::Document { id, .. } = &mut found.target {
            id.clear();
        }
        found.stage = ShredStage::Pending;
        found.done = Some(ShredDone {
            at_us: now_us,
            epoch: renewal.ring.epoch(),
            documents: plan.documents,
            versions: plan.erase.len() as u64,
            keys: renewal.keys,
            resealed: renewal.resealed(),
            accounts: if plan.person { accounts.to_vec() } else { Vec::new() },
            log_until_us: plan.person.then(|| years_after(now_us, terms.log_years)),
            copies_days: terms.copies_days,
            copies_sure: terms.copies_sure,
            window_days: terms.window(self.custodian.worth()),
        });
        self.keep_shredding(&mut change, &found)?;
        let detail = carried_out(&found.id, plan.documents, plan.erase.len(), renewal.keys);
        let mut by_house = told(asker, leave, detail.clone());
        let gone = Gone {
            person: plan.person.then_some(subject),
            keys: renewal.destroyed.clone(),
            rids: change.erase.clone(),
        };
        by_house.put(field::GONE, gone.to_string());
        change.entries.push(self.seal_entry(&by_house, None)?);
        // In the person's own trail as well, which outlives the person for its legal term.
        let own = told(asker, leave, detail).of(Some(subject), patient.map(PatientId::as_str));
        change.entries.push(self.seal_entry(&own, None)?);
        for (no, (count, digests)) in renewal.told() {
            let detail = format!("sealed anew after destruction {}: {count} versions", found.id);
            let mut draft = told(asker, leave, detail).of(Some(no), None);
            draft.put(field::DIGESTS, digests);
            change.entries.push(self.seal_entry(&draft, None)?);
        }
        let touched = plan.gone.union(&plan.renewed).map(|(no, _)| *no).chain([subject]);
        let touched: BTreeSet<SubjectNo> = touched.collect();
        match self.commit_rekeyed(change, &plan, renewal, touched.into_iter().collect(), seen).await? {
            Some(_) => Ok(()),
            None => Err(CommitError::Overtaken.into()),
        }
    }

    /// Commits new keys and puts their ring to use; none when another node was faster with something that this rests on.
    /// Whoever calls this holds the gate until it is done: a key made under the ring of before would be lost with its bucket.
    pub(super) async fn commit_rekeyed(
        &self,
        mut change: Change,
        plan: &Plan,
        renewal: Renewal,
        touched: Vec<SubjectNo>,
        seen: u64,
    ) -> Result<Option<Vec<Receipt>>, VaultFault> {
        let mut on = Touched { subjects: touched.iter().copied().collect(), ..Touched::default() };
        on.meta.extend(touched.iter().map(|subject| hold_name(*subject)));
        on.name_all(plan.names());
        change.rests = Some(Rests { seen, on });
        change.claim = Some(KEYS_CLAIM);
        let Renewal { ring, blobs, .. } = renewal;
        let held = (self.profiles.announce(touched.clone()), self.currents.announce(plan.names()), blobs);
        let committed = match self.store.commit_holding(change, Box::new(held)).await {
            Err(CommitError::Overtaken) => return Ok(None),
            done => done?,
        };
        self.use_ring(ring, touched);
        Ok(Some(committed.receipts))
    }

    /// What follows new keys when everybody is let in again: objects of before go, and a backup knows that keys changed.
    pub(super) async fn after_rekeying(&self) {
        self.clear_blobs().await;
        self.desk.keys_changed();
    }
}

fn told(asker: &Asker, leave: &Leave, detail: String) -> Draft {
    let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House).by(leave);
    draft.put(field::DETAIL, detail);
    draft
}
