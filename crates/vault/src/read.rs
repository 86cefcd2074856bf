//! Reading one document: current, by version, and its history.

use std::sync::Arc;

use tacebo_policy::{Action, Refusal};

use crate::asker::Asker;
use crate::body::Body;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::{DocRef, Document};
use crate::entry::{Class, Draft, Outcome, field};
use crate::hot::{Opened, Text};
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
        let rid = match at {
            At::Current => inner.current(&name.kind, &id)?,
            At::Version(version) => {
                inner.store.version_rid(inner.part, &name.kind, &id, version).map_err(VaultFault::from)?
            }
        };
        let Some(rid) = rid else {
            return Err(self.absent(Action::Read, name));
        };
        let found = inner.opened_one(rid)?;
        let (decision, concerned) = inner.decide_record(asker, Action::Read, &name.kind, &found.record)?;
        let permit = match decision {
            Ok(permit) => permit,
            Err(refusal) => return Err(self.refused(Action::Read, name, &refusal, &concerned)),
        };
        let document = inner.documents(&[(&found, &permit)])?.pop().ok_or(VaultFault::Decode("no document"))?;
        let outcome = if found.row.deleted { Outcome::NotFound } else { Outcome::Done };
        let drafts = drafts(asker, Action::Read, outcome, &permit, &concerned, std::slice::from_ref(&document));
        if found.row.deleted {
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
        if rows.is_empty() {
            return Err(self.absent(Action::History, name));
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
    let items = documents.iter().map(|d| (d.name.kind.as_str(), d.name.id.as_str(), d.version));
    let draft = Draft::new(asker, action, outcome, Class::Disclosure);
    concerned.drafts(&draft).map(|draft| draft.items(items.clone()).by(permit)).collect()
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
        let refused = |draft: Draft| {
            let mut draft = draft.items([(&*name.kind, &*name.id, 0)].into_iter());
            draft.put(field::POLICIES, refusal.policies().join(","));
            draft
        };
        let draft = Draft::new(asker, how, Outcome::Refused, Class::Refusal);
        let drafts = concerned.drafts(&draft).map(refused).collect();
        let outward = self.decide_unknown(asker, how, &name.kind).err();
        (drafts, outward.map_or(Denial::NotFound, Denial::Forbidden))
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

    /// The current version of what must be there; its absence is answered like a refusal.
    pub(crate) fn there(&mut self, how: Action, name: &DocRef) -> Result<Arc<Opened>, Refused> {
        let inner = self.inner;
        let rid = inner.current(&name.kind, &inner.id_term(&name.kind, &name.id))?;
        match rid.map(|rid| inner.opened_one(rid)).transpose()? {
            Some(found) if !found.row.deleted => Ok(found),
            _ => Err(self.absent(how, name)),
        }
    }

    /// Something was refused: the words are those of something absent.
    pub(crate) fn refused(&mut self, how: Action, name: &DocRef, refusal: &Refusal, concerned: &Concerned) -> Refused {
        let (drafts, denial) = self.inner.refusal(self.asker, how, name, refusal, concerned);
        self.denied(drafts, denial)
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
