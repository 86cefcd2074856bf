//! Asking for a destruction, answering, looking; holds. Each is decided and has its entry, for the person concerned too
//! as long as there is one.

use tacebo_policy::Action;
use tacebo_seal::SubjectNo;
use tacebo_store::{Change, Rests};
use uuid::Uuid;

use super::blocked::drawer;
use super::{
    Block, HOLD_KIND, Hold, SHRED_KIND, ShredAct, ShredAsk, ShredError, ShredSeen, ShredStage, ShredTarget, ShredTerms,
    Shredding,
};
use crate::asker::Asker;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::look::Look;
use crate::meant::Meant;
use crate::speech::PatientId;
use crate::vault::{Inner, Vault};

/// Somebody the house knows, with leave to do this to them.
pub(super) struct Whom {
    pub subject: SubjectNo,
    pub patient: PatientId,
    concerned: Concerned,
    pub leave: Leave,
}

impl Vault {
    /// Asks for a destruction: another person answers.
    ///
    /// # Errors
    /// [`ShredError`], recorded.
    pub async fn ask_shredding(
        &self,
        asker: &Asker,
        ask: ShredAsk,
        terms: &ShredTerms,
    ) -> Result<Disclosed<String>, ShredError> {
        let inner = &*self.0;
        let gate = inner.pass().await?;
        let _one = inner.shredding.lock().await;
        let whom = inner.whom(asker, Action::Create, SHRED_KIND, &ask.whom).await?;
        if !inner.is_there(&whom, &ask.target)? {
            let draft = Draft::new(asker, Action::Create, Outcome::NotFound, Class::Refusal);
            inner.log(&whom.concerned.drafts(&draft).collect::<Vec<_>>()).await?;
            return Err(ShredError::Nothing);
        }
        let told = |detail: String| {
            let mut draft = Draft::new(asker, Action::Create, Outcome::Done, Class::House).by(&whom.leave);
            draft.put(field::DETAIL, detail);
            draft.of(Some(whom.subject), Some(whom.patient.as_str()))
        };
        let blocks = inner.blocks(whom.subject, &whom.patient, &ask.target, &ask.ground, terms)?;
        if !blocks.is_empty() {
            inner.log(&[told(format!("destruction asked for and blocked: {}", words(&blocks)))]).await?;
            return Err(ShredError::Blocked(blocks));
        }
        let id = Uuid::now_v7().to_string();
        let detail = format!("destruction {id} asked for, ground {}", ask.ground);
        let shredding = Shredding {
            id: id.clone(),
            target: ask.target,
            subject: whom.subject.0,
            ground: ask.ground,
            reason: ask.reason,
            reference: ask.reference,
            stage: ShredStage::Asked,
            asked: act(asker, ask.name, (inner.clock)()),
            answered: None,
            done: None,
            root: None,
            nodes: None,
            statement: None,
            entry: None,
        };
        let mut change = Change::new(inner.part);
        inner.keep_shredding(&mut change, &shredding)?;
        change.entries.push(inner.seal_entry(&told(detail), None)?);
        change.rests = Some(Rests { seen: gate.seen, ..Rests::default() });
        let receipts = inner.store.commit(change).await.map_err(VaultFault::from)?.receipts;
        Ok(Disclosed::new(id, &[whom.leave], receipts))
    }

    /// Approves or declines. What was approved is carried out with [`Vault::carry_out`].
    ///
    /// # Errors
    /// [`ShredError`], recorded.
    pub async fn answer_shredding(
        &self,
        asker: &Asker,
        id: &str,
        approve: bool,
        name: &str,
        terms: &ShredTerms,
    ) -> Result<Disclosed<()>, ShredError> {
        let inner = &*self.0;
        let gate = inner.pass().await?;
        let _one = inner.shredding.lock().await;
        let leave = inner.leave_for_house(asker, Action::Review, SHRED_KIND).await?;
        let Some(mut found) = inner.shredding_kept(id)? else { return Err(inner.no_such(asker).await?.into()) };
        let subject = SubjectNo(found.subject);
        let patient = inner.patient_of(subject)?;
        let told = |outcome: Outcome, detail: String| {
            let class = if outcome == Outcome::Done { Class::House } else { Class::Refusal };
            let mut draft = Draft::new(asker, Action::Review, outcome, class).by(&leave);
            draft.put(field::DETAIL, detail);
            draft.of(patient.as_ref().map(|_| subject), patient.as_ref().map(PatientId::as_str))
        };
        let refused = if found.stage != ShredStage::Asked {
            Some(ShredError::Answered)
        } else if found.asked.account == asker.who.account {
            Some(ShredError::Own)
        } else {
            None
        };
        if let Some(refused) = refused {
            inner.log(&[told(Outcome::Failed, format!("destruction {id} not answered: {refused}"))]).await?;
            return Err(refused);
        }
        if approve && let Some(patient) = &patient {
            let blocks = inner.blocks(subject, patient, &found.target, &found.ground, terms)?;
            if !blocks.is_empty() {
                let detail = format!("destruction {id} not approved, it is blocked: {}", words(&blocks));
                inner.log(&[told(Outcome::Done, detail)]).await?;
                return Err(ShredError::Blocked(blocks));
            }
        }
        found.stage = if approve { ShredStage::Approved } else { ShredStage::Declined };
        found.answered = Some(act(asker, name.to_owned(), (inner.clock)()));
        let mut change = Change::new(inner.part);
        inner.keep_shredding(&mut change, &found)?;
        let done = if approve { "approved" } else { "declined" };
        change.entries.push(inner.seal_entry(&told(Outcome::Done, format!("destruction {id} {done}")), None)?);
        change.rests = Some(Rests { seen: gate.seen, ..Rests::default() });
        let receipts = inner.store.commit(change).await.map_err(VaultFault::from)?.receipts;
        Ok(Disclosed::new((), &[leave], receipts))
    }

    /// Every destruction, the newest first, and every hold.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn shreddings(
        &self,
        asker: &Asker,
        terms: &ShredTerms,
    ) -> Result<Disclosed<(Vec<ShredSeen>, Vec<(Hold, Option<String>)>)>, Refused> {
        let inner = &*self.0;
        let gate = inner.pass().await?;
        let leave = inner.leave_for_house(asker, Action::Review, SHRED_KIND).await?;
        let all = inner.shreddings_kept()?.into_iter().map(|one| inner.seen(one, terms));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let mut holds = Vec::new();
        for hold in inner.holds_kept()? {
            let subject = u64::from_str_radix(&hold.id, 16).ok().map(SubjectNo);
            let patient = subject.map(|no| inner.patient_of(no)).transpose()?.flatten();
            holds.push((hold, patient.map(|patient| patient.as_str().to_owned())));
        }
        let draft = Draft::new(asker, Action::Review, Outcome::Done, Class::Disclosure).by(&leave);
        let shown = all.iter().filter_map(|one| one.patient.clone());
        let mut shown: Vec<String> = shown.chain(holds.iter().filter_map(|(_, patient)| patient.clone())).collect();
        shown.sort_unstable();
        shown.dedup();
        let mut drafts = Vec::with_capacity(shown.len());
        for patient in shown {
            drafts.push(draft.clone().of(inner.person(&PatientId::new(patient.as_str()))?, Some(&patient)));
        }
        if drafts.is_empty() {
            drafts.push(draft);
        }
        let receipts = inner.log_since(&drafts, Some(gate.seen)).await?;
        Ok(Disclosed::new((all, holds), &[leave], receipts))
    }

    /// One destruction.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn shredding(
        &self,
        asker: &Asker,
        id: &str,
        terms: &ShredTerms,
    ) -> Result<Disclosed<ShredSeen>, Refused> {
        let inner = &*self.0;
        let gate = inner.pass().await?;
        let leave = inner.leave_for_house(asker, Action::Review, SHRED_KIND).await?;
        let Some(found) = inner.shredding_kept(id)? else { return Err(inner.no_such(asker).await?) };
        let subject = SubjectNo(found.subject);
        let seen = inner.seen(found, terms)?;
        let draft = Draft::new(asker, Action::Review, Outcome::Done, Class::Disclosure).by(&leave);
        let draft = draft.of(seen.patient.as_ref().map(|_| subject), seen.patient.as_deref());
        let receipts = inner.log_since(&[draft], Some(gate.seen)).await?;
        Ok(Disclosed::new(seen, &[leave], receipts))
    }

    /// Forbids the destruction of a person's data until the hold is lifted.
    ///
    /// # Errors
    /// [`ShredError`], recorded.
    pub async fn hold(
        &self,
        asker: &Asker,
        whom: &Meant,
        reason: &str,
        name: &str,
    ) -> Result<Disclosed<()>, ShredError> {
        let inner = &*self.0;
        let gate = inner.pass().await?;
        let _one = inner.shredding.lock().await;
        let whom = inner.whom(asker, Action::Create, HOLD_KIND, whom).await?;
        let by = act(asker, name.to_owned(), (inner.clock)());
        let hold = Hold { id: format!("{:016x}", whom.subject.0), reason: reason.to_owned(), by };
        let mut change = Change::new(inner.part);
        inner.keep_hold(&mut change, whom.subject, Some(&hold))?;
        let mut draft = Draft::new(asker, Action::Create, Outcome::Done, Class::House).by(&whom.leave);
        draft.put(field::DETAIL, "destruction forbidden: legal hold");
        let draft = draft.of(Some(whom.subject), Some(whom.patient.as_str()));
        change.entries.push(inner.seal_entry(&draft, None)?);
        change.rests = Some(Rests { seen: gate.seen, ..Rests::default() });
        let receipts = inner.store.commit(change).await.map_err(VaultFault::from)?.receipts;
        Ok(Disclosed::new((), &[whom.leave], receipts))
    }

    /// Lifts a hold.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn lift_hold(&self, asker: &Asker, id: &str) -> Result<Disclosed<()>, Refused> {
        let inner = &*self.0;
        let gate = inner.pass().await?;
        let _one = inner.shredding.lock().await;
        let leave = inner.leave_for_house(asker, Action::Create, HOLD_KIND).await?;
        let subject = u64::from_str_radix(id, 16).ok().map(SubjectNo);
        let held = subject.map(|no| inner.hold_on(no)).transpose()?.flatten();
        let (Some(subject), Some(_)) = (subject, held) else { return Err(inner.no_such(asker).await?) };
        let mut change = Change::new(inner.part);
        inner.keep_hold(&mut change, subject, None)?;
        let patient = inner.patient_of(subject)?;
        let mut draft = Draft::new(asker, Action::Create, Outcome::Done, Class::House).by(&leave);
        draft.put(field::DETAIL, "legal hold lifted");
        let draft = draft.of(patient.as_ref().map(|_| subject), patient.as_ref().map(PatientId::as_str));
        change.entries.push(inner.seal_entry(&draft, None)?);
        change.rests = Some(Rests { seen: gate.seen, ..Rests::default() });
        let receipts = inner.store.commit(change).await.map_err(VaultFault::from)?.receipts;
        Ok(Disclosed::new((), &[leave], receipts))
    }
}

impl Inner {
    /// Leave to do this to whoever is meant; who is not here is answered like a refusal, recorded.
    pub(super) async fn whom(
        &self,
        asker: &Asker,
        how: Action,
        kind: &'static str,
        meant: &Meant,
    ) -> Result<Whom, ShredError> {
        let mut look = Look::new(self, asker, self.followed.seen());
        let patient = meant.id().clone();
        let concerned = self.concerned(&[patient.as_str().to_owned()])?;
        let leave = match look.leave(how, kind, &concerned) {
            Ok(leave) => leave,
            Err(refused) => return Err(self.unanswered(look.drafts, refused).await.into()),
        };
        let Some(subject) = concerned.owner() else {
            let draft = Draft::new(asker, how, Outcome::NotFound, Class::Refusal).of(None, Some(meant.named()));
            self.log(&[draft]).await?;
            return Err(ShredError::Nothing);
        };
        Ok(Whom { subject, patient, concerned, leave })
    }

    /// Whether there is something to destroy.
    fn is_there(&self, whom: &Whom, target: &ShredTarget) -> Result<bool, VaultFault> {
        match target {
            ShredTarget::Person => Ok(true),
            ShredTarget::Category(category) => {
                let Some(category) = drawer(category) else { return Ok(false) };
                let rids = self.store.subject_versions(self.part, whom.subject)?;
                Ok(self.store.rows(self.part, &rids)?.iter().any(|row| row.category == category))
            }
            ShredTarget::Document { kind, id } => {
                if self.speech(kind).is_none() {
                    return Ok(false);
                }
                let Some(rid) = self.current(kind, &self.id_term(kind, id))? else { return Ok(false) };
                Ok(self.opened_one(rid)?.row.subject == Some(whom.subject) && kind != "Patient")
            }
        }
    }

    fn seen(&self, shredding: Shredding, terms: &ShredTerms) -> Result<ShredSeen, VaultFault> {
        let subject = SubjectNo(shredding.subject);
        let open = matches!(shredding.stage, ShredStage::Asked | ShredStage::Approved);
        // A person who is gone is nobody; who is still there is named only while it matters.
        let patient = if open { self.patient_of(subject)? } else { None };
        let blocks = match &patient {
            Some(patient) if shredding.stage == ShredStage::Asked => {
                self.blocks(subject, patient, &shredding.target, &shredding.ground, terms)?
            }
            _ => Vec::new(),
        };
        Ok(ShredSeen { shredding, patient: patient.map(|patient| patient.as_str().to_owned()), blocks })
    }

    /// The id of the patient with this number, from the documents there are; none where there are none.
    pub(super) fn patient_of(&self, subject: SubjectNo) -> Result<Option<PatientId>, VaultFault> {
        for rid in self.store.subject_rids(self.part, subject, &[], None)? {
            if let Some(first) = self.opened_one(rid)?.record.patients.first() {
                return Ok(Some(PatientId::new(first.as_str())));
            }
        }
        Ok(None)
    }

    async fn no_such(&self, asker: &Asker) -> Result<Refused, VaultFault> {
        let receipts = self.log(&[Draft::new(asker, Action::Review, Outcome::NotFound, Class::Refusal)]).await?;
        Ok(Refused::new(Denial::NotFound, receipts))
    }
}

pub(super) fn act(asker: &Asker, name: String, at_us: i64) -> ShredAct {
    let roles = asker.who.roles.iter().map(|role| role.code().to_owned()).collect();
    ShredAct { account: asker.who.account.clone(), name, roles, at_us }
}

/// What stands in the way, for the log.
pub(super) fn words(blocks: &[Block]) -> String {
    let word = |block: &Block| match block {
        Block::Hold(_) => "legal hold".to_owned(),
        Block::Kept { rule, .. } => format!("kept by law ({rule})"),
        Block::Others(n) => format!("{n} documents of others speak of the person"),
    };
    blocks.iter().map(word).collect::<Vec<_>>().join("; ")
}
