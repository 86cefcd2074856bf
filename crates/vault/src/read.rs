//! Reading one document: current, by version, and its history.

use tacebo_policy::{Action, Refusal};
use tacebo_seal::{Part, SubjectNo};
use tacebo_store::IndexRow;

use crate::asker::Asker;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::{DocRef, Document, IndexRecord, stamp, unpack};
use crate::entry::{Class, Draft, Outcome};
use crate::look::Look;
use crate::vault::{Inner, Vault};

/// Which version of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The current one.
    Current,
    /// This one.
    Version(u64),
}

/// Versions of one document shown at once at most.
const HISTORY_CAP: usize = 1_000;

impl Vault {
    /// Reads one document for `asker`.
    ///
    /// # Errors
    /// [`Refused`], recorded; what it says does not depend on whether a document
    /// the asker may not see exists.
    pub async fn read(&self, asker: &Asker, name: &DocRef, at: At) -> Result<Disclosed<Document>, Refused> {
        self.ask(asker, |look| look.read(name, at)).await
    }

    /// All versions of a document that `asker` may see, newest first.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub async fn history(&self, asker: &Asker, name: &DocRef) -> Result<Disclosed<Vec<Document>>, Refused> {
        self.ask(asker, |look| look.history(name)).await
    }
}

impl Look<'_> {
    /// Reads one document, as [`Vault::read`] does.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn read(&mut self, name: &DocRef, at: At) -> Result<Document, Refused> {
        let (inner, asker) = (self.inner, self.asker);
        let id = inner.id_term(&name.kind, &name.id);
        let row = match at {
            At::Current => inner.store.current(inner.part, &name.kind, &id),
            At::Version(version) => inner.store.version(inner.part, &name.kind, &id, version),
        }
        .map_err(VaultFault::from)?;
        let Some(row) = row else {
            return Err(self.absent(Action::Read, name));
        };
        let record = inner.open_index(&row.row)?;
        let (decision, concerned) = inner.decide_record(asker, Action::Read, &name.kind, &record)?;
        let permit = match decision {
            Ok(permit) => permit,
            Err(refusal) => return Err(self.refused(Action::Read, name, &refusal, &concerned)),
        };
        let document = inner.open_document(&row.row, &row.body, &record, &permit)?;
        let outcome = if row.row.deleted { Outcome::NotFound } else { Outcome::Done };
        let drafts = drafts(asker, Action::Read, outcome, &permit, &concerned, std::slice::from_ref(&document));
        if row.row.deleted {
            return Err(self.denied(drafts, Denial::Gone));
        }
        self.showed(drafts, [permit]);
        Ok(document)
    }

    /// All versions of a document, as [`Vault::history`] tells them.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn history(&mut self, name: &DocRef) -> Result<Vec<Document>, Refused> {
        let (inner, asker) = (self.inner, self.asker);
        let id = inner.id_term(&name.kind, &name.id);
        let rows =
            inner.store.history(inner.part, &name.kind, &id, None, None, HISTORY_CAP).map_err(VaultFault::from)?;
        let rids: Vec<_> = rows.iter().map(|row| row.rid).collect();
        let bodies = inner.store.bodies(inner.part, &rids).map_err(VaultFault::from)?;
        if rows.is_empty() {
            return Err(self.absent(Action::History, name));
        }
        let mut documents = Vec::with_capacity(rows.len());
        let mut permits = Vec::new();
        let mut last = None;
        for (row, body) in rows.iter().zip(&bodies) {
            let record = inner.open_index(row)?;
            let (decision, concerned) = inner.decide_record(asker, Action::History, &name.kind, &record)?;
            match decision {
                Ok(permit) => {
                    documents.push(inner.open_document(row, body, &record, &permit)?);
                    permits.push((permit, concerned));
                }
                Err(refusal) => last = Some((refusal, concerned)),
            }
        }
        let Some((permit, concerned)) = permits.first() else {
            let (refusal, concerned) = last.ok_or(VaultFault::Decode("history without a decision"))?;
            return Err(self.refused(Action::History, name, &refusal, &concerned));
        };
        let drafts = drafts(asker, Action::History, Outcome::Done, permit, concerned, &documents);
        self.showed(drafts, permits.into_iter().map(|(permit, _)| permit));
        Ok(documents)
    }
}

/// One entry for every person concerned.
pub(crate) fn drafts(
    asker: &Asker,
    action: Action,
    outcome: Outcome,
    permit: &Leave,
    concerned: &Concerned,
    documents: &[Document],
) -> Vec<Draft> {
    concerned
        .each()
        .into_iter()
        .map(|(subject, patient)| {
            Draft::new(asker, action, outcome, Class::Disclosure)
                .of(subject, patient.map(super::speech::PatientId::as_str))
                .items(documents.iter().map(|d| (d.name.kind.as_str(), d.name.id.as_str(), d.version)))
                .by(permit)
        })
        .collect()
}

impl Inner {
    /// Opens a body, stamps it and lowers the veil over it.
    pub(crate) fn open_document(
        &self,
        index: &IndexRow,
        sealed: &[u8],
        record: &IndexRecord,
        permit: &Leave,
    ) -> Result<Document, VaultFault> {
        let name = DocRef::new(&*index.kind, record.id.clone());
        if index.deleted {
            let (version, time_us) = (index.version, index.time_us);
            let (body, labels) = (serde_json::Value::Null, record.labels.clone());
            return Ok(Document { name, version, time_us, deleted: true, body, veiled: false, labels });
        }
        let key = self.key(index.subject.unwrap_or(SubjectNo::HOUSE), index.category)?;
        let place = self.place(index.subject, index.category, &index.kind, &index.id.0, index.version, Part::Body);
        let mut body = unpack(&key.open(&place, sealed)?)?;
        stamp(&mut body, &record.id, index.version, index.time_us);
        let masks = permit.masks();
        let veiled = !masks.is_empty() && {
            let veiled = tacebo_veil::veil(&index.kind, &mut body, masks);
            !veiled.is_clear()
        };
        let labels = record.labels.clone();
        Ok(Document { name, version: index.version, time_us: index.time_us, deleted: false, body, veiled, labels })
    }

    /// The entries of a refusal, one for everyone concerned, and the very words that an absent thing
    /// would have got.
    pub(crate) fn refusal(
        &self,
        asker: &Asker,
        how: Action,
        name: &DocRef,
        refusal: &Refusal,
        concerned: &Concerned,
    ) -> (Vec<Draft>, Denial) {
        let drafts = concerned
            .each()
            .into_iter()
            .map(|(subject, patient)| {
                let mut draft = Draft::new(asker, how, Outcome::Refused, Class::Refusal)
                    .of(subject, patient.map(super::speech::PatientId::as_str))
                    .items([(&*name.kind, &*name.id, 0)].into_iter());
                draft.put(crate::entry::field::POLICIES, &refusal.policies().join(","));
                draft
            })
            .collect();
        let outward = self.decide_unknown(asker, how, &name.kind).err();
        (drafts, outward.map_or(Denial::NotFound, Denial::Forbidden))
    }

    /// Records a refusal for everyone concerned.
    pub(crate) async fn refused(
        &self,
        asker: &Asker,
        how: Action,
        name: &DocRef,
        refusal: &Refusal,
        concerned: &Concerned,
    ) -> Result<Refused, VaultFault> {
        let (drafts, denial) = self.refusal(asker, how, name, refusal, concerned);
        Ok(self.unanswered(drafts, Refused::new(denial, Vec::new())).await)
    }
}

impl Look<'_> {
    /// Something absent was asked for: answers as policy would for anything of that kind.
    pub(crate) fn absent(&mut self, how: Action, name: &DocRef) -> Refused {
        let refusal = self.inner.decide_unknown(self.asker, how, &name.kind).err();
        let outcome = if refusal.is_some() { Outcome::Refused } else { Outcome::NotFound };
        let items = [(&*name.kind, &*name.id, 0)].into_iter();
        let draft = Draft::new(self.asker, how, outcome, Class::Refusal).items(items);
        self.denied(vec![draft], refusal.map_or(Denial::NotFound, Denial::Forbidden))
    }

    /// Something was refused: the words are those of something absent.
    pub(crate) fn refused(&mut self, how: Action, name: &DocRef, refusal: &Refusal, concerned: &Concerned) -> Refused {
        let (drafts, denial) = self.inner.refusal(self.asker, how, name, refusal, concerned);
        self.denied(drafts, denial)
    }
}
