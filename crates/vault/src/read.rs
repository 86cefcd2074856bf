//! Reading one document: current, by version, and its history.

use tacebo_policy::{Action, Refusal};

use crate::asker::Asker;
use crate::body::Body;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::{DocRef, Document};
use crate::entry::{Class, Draft, Outcome};
use crate::hot::{Opened, Text};
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
        let inner = &*self.0;
        let id = inner.id_term(&name.kind, &name.id);
        let rid = match at {
            At::Current => inner.current(&name.kind, &id)?,
            At::Version(version) => {
                inner.store.version_rid(inner.part, &name.kind, &id, version).map_err(VaultFault::from)?
            }
        };
        let Some(rid) = rid else {
            return Err(inner.absent(asker, Action::Read, name).await?);
        };
        let found = inner.opened_one(rid)?;
        let (decision, concerned) = inner.decide_record(asker, Action::Read, &name.kind, &found.record)?;
        let permit = match decision {
            Ok(permit) => permit,
            Err(refusal) => return Err(inner.refused(asker, Action::Read, name, &refusal, &concerned).await?),
        };
        let document = inner.documents(&[(&found, &permit)])?.pop().ok_or(VaultFault::Decode("no document"))?;
        let outcome = if found.row.deleted { Outcome::NotFound } else { Outcome::Done };
        let drafts = drafts(asker, Action::Read, outcome, &permit, &concerned, std::slice::from_ref(&document));
        let receipts = inner.log(&drafts).await?;
        if found.row.deleted {
            return Err(Refused::new(Denial::Gone, receipts));
        }
        Ok(Disclosed::new(document, &[permit], receipts))
    }

    /// All versions of a document that `asker` may see, newest first.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub async fn history(&self, asker: &Asker, name: &DocRef) -> Result<Disclosed<Vec<Document>>, Refused> {
        let inner = &*self.0;
        let id = inner.id_term(&name.kind, &name.id);
        let rows =
            inner.store.history(inner.part, &name.kind, &id, None, None, HISTORY_CAP).map_err(VaultFault::from)?;
        if rows.is_empty() {
            return Err(inner.absent(asker, Action::History, name).await?);
        }
        let mut shown = Vec::with_capacity(rows.len());
        let mut permits = Vec::new();
        let mut last = None;
        for row in rows {
            let found = inner.open_row(row)?;
            let (decision, concerned) = inner.decide_record(asker, Action::History, &name.kind, &found.record)?;
            match decision {
                Ok(permit) => {
                    shown.push(found);
                    permits.push((permit, concerned));
                }
                Err(refusal) => last = Some((refusal, concerned)),
            }
        }
        let pairs: Vec<_> = shown.iter().zip(&permits).map(|(found, (permit, _))| (&**found, permit)).collect();
        let documents = inner.documents(&pairs)?;
        let Some((permit, concerned)) = permits.first() else {
            let (refusal, concerned) = last.ok_or(VaultFault::Decode("history without a decision"))?;
            return Err(inner.refused(asker, Action::History, name, &refusal, &concerned).await?);
        };
        let drafts = drafts(asker, Action::History, Outcome::Done, permit, concerned, &documents);
        let receipts = inner.log(&drafts).await?;
        let permits: Vec<Leave> = permits.into_iter().map(|(permit, _)| permit).collect();
        Ok(Disclosed::new(documents, &permits, receipts))
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
    /// Opens bodies and lowers the veil over each.
    pub(crate) fn documents(&self, versions: &[(&Opened, &Leave)]) -> Result<Vec<Document>, VaultFault> {
        let opened: Vec<&Opened> = versions.iter().map(|(one, _)| *one).collect();
        let texts = self.texts(&opened)?;
        let one = |((found, permit), text): (&(&Opened, &Leave), Text)| {
            let Opened { row, record, .. } = found;
            let (body, veiled) = if row.deleted { (Body::default(), false) } else { veil(&row.kind, text, permit) };
            Document {
                name: DocRef::new(&*row.kind, record.id.clone()),
                version: row.version,
                time_us: row.time_us,
                deleted: row.deleted,
                body,
                veiled,
                labels: record.labels.clone(),
            }
        };
        Ok(versions.iter().zip(texts).map(one).collect())
    }

    /// Records that something absent was asked for, and answers as policy would for
    /// anything of that kind.
    pub(crate) async fn absent(&self, asker: &Asker, how: Action, name: &DocRef) -> Result<Refused, VaultFault> {
        let refusal = self.decide_unknown(asker, how, &name.kind).err();
        let outcome = if refusal.is_some() { Outcome::Refused } else { Outcome::NotFound };
        let draft = Draft::new(asker, how, outcome, Class::Refusal).items([(&*name.kind, &*name.id, 0)].into_iter());
        let receipts = self.log(&[draft]).await?;
        Ok(Refused::new(refusal.map_or(Denial::NotFound, Denial::Forbidden), receipts))
    }

    /// Records a refusal for everyone concerned, and answers with the very words
    /// that an absent thing would have got.
    pub(crate) async fn refused(
        &self,
        asker: &Asker,
        how: Action,
        name: &DocRef,
        refusal: &Refusal,
        concerned: &Concerned,
    ) -> Result<Refused, VaultFault> {
        let drafts: Vec<Draft> = concerned
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
        let receipts = self.log(&drafts).await?;
        let outward = self.decide_unknown(asker, how, &name.kind).err();
        Ok(Refused::new(outward.map_or(Denial::NotFound, Denial::Forbidden), receipts))
    }
}

/// The body as this permit shows it, and whether a mask changed anything.
fn veil(kind: &str, text: Text, permit: &Leave) -> (Body, bool) {
    let masks = permit.masks();
    let body = Body::of(text);
    if masks.is_empty() {
        return (body, false);
    }
    let mut value = body.into_value();
    let veiled = tacebo_veil::veil(kind, &mut value, masks);
    (value.into(), !veiled.is_clear())
}
