//! A document of a language among the documents of one commit.

use std::sync::Arc;

use serde_json::Value;
use tacebo_policy::Action;
use tacebo_seal::{IdTerm, Term};
use tacebo_store::Guard;

use super::asked::{Expect, Write, Written};
use super::stopped::Failure;
use super::work::{Version, Work};
use crate::decide::Leave;
use crate::disclosed::Denial;
use crate::document::{DocRef, IndexRecord};
use crate::hot::Opened;
use crate::keys::Drawer;
use crate::search::ALSO_PARAM;
use crate::speech::PatientId;

/// The document that a body goes to.
struct Target<'a> {
    name: &'a DocRef,
    id: IdTerm,
    action: Action,
    /// The version before.
    current: Option<u64>,
    /// Whether something other than a tombstone is there.
    exists: bool,
}

impl Work<'_> {
    pub(super) fn one(&mut self, write: &Write) -> Result<(), Failure> {
        let inner = self.inner;
        let name = &write.name;
        let id = inner.id_term(&name.kind, &name.id);
        let before = self.stored.get(&id).cloned();
        let before = before.as_deref();
        let earlier = self.versions.get(name).copied();
        let current = earlier.or(before.map(|found| found.row.version));
        let exists = earlier.is_some() || before.is_some_and(|found| !found.row.deleted);
        // Facts taken from one person and given to another change what is known of both.
        self.touched.extend(before.filter(|found| !found.record.facts.is_empty()).and_then(|found| found.row.subject));
        let action = match (&write.body, exists) {
            (None, _) => Action::Delete,
            (Some(_), true) => Action::Update,
            (Some(_), false) => Action::Create,
        };
        // What somebody asked for who cannot know whether it is there.
        let asked = match (action, write.expect) {
            (Action::Create, Expect::Chosen | Expect::Version(_)) => Action::Update,
            (action, _) => action,
        };
        // What is there now must be open to the change before its version says anything.
        let mut permit = None;
        if let Some(found) = before.filter(|found| !found.row.deleted) {
            permit = Some(self.decide(action, &found.row.kind, &found.record, name)?);
        }
        let of = match (&permit, before) {
            (Some(_), Some(found)) => ids(&found.record.patients),
            _ => Vec::new(),
        };
        match write.expect {
            Expect::Chosen => {
                if !exists && write.body.is_some() {
                    self.decide_absent(asked, name)?;
                }
            }
            Expect::Absent if exists => {
                return Err(Failure::denied(Denial::Precondition { current }, asked, of));
            }
            Expect::Version(version) if current != Some(version) || !exists => {
                // Without a permit on what is there the refusal must not tell whether it is there.
                if permit.is_none() {
                    self.decide_absent(asked, name)?;
                }
                return Err(Failure::denied(Denial::Precondition { current }, asked, of));
            }
            Expect::Any | Expect::Absent | Expect::Version(_) => {}
        }
        for (param, value, seen) in &write.guards {
            let guard = |term| Guard { term, seen: seen.0 };
            self.change.guards.extend(inner.guarded(param, value).into_iter().map(guard));
        }
        match &write.body {
            Some(body) => {
                let target = Target { name, id, action, current, exists };
                self.put(&target, body, permit.map(|leave| (leave, of)))?;
                if let Some(written) = self.written.last_mut().filter(|_| write.unseen) {
                    written.body = None;
                }
                Ok(())
            }
            None if exists => {
                let (Some(found), Some(permit)) = (before, permit) else {
                    let why = Denial::Invalid("a change cannot delete what it wrote itself".into());
                    return Err(Failure::denied(why, action, Vec::new()));
                };
                self.delete(name, id, found, current.unwrap_or(0), permit)
            }
            None => {
                let permit = self.decide_absent(action, name)?;
                self.note(&[], Action::Delete, &permit, name, 0, "");
                self.permits.push(permit);
                self.written.push(Written { nothing: true, ..Written::new(name, current.unwrap_or(0)) });
                Ok(())
            }
        }
    }

    fn put(
        &mut self,
        target: &Target<'_>,
        body: &Arc<Value>,
        before: Option<(Leave, Vec<PatientId>)>,
    ) -> Result<(), Failure> {
        let Target { name, id, action, current, exists } = *target;
        let inner = self.inner;
        let Some(speech) = inner.speech(&name.kind) else {
            let why = Denial::Invalid(format!("documents of kind `{}` are not kept here", name.kind));
            return Err(Failure::denied(why, action, Vec::new()));
        };
        let digest =
            speech.digest(&name.kind, body).map_err(|why| Failure::denied(Denial::Invalid(why), action, Vec::new()))?;
        let record = IndexRecord {
            id: name.id.clone(),
            labels: inner.engine.labeller().label(&name.kind, body),
            patients: digest.patients.iter().map(|p| p.as_str().to_owned()).collect(),
            facts: digest.facts,
            terms: Vec::new(),
            params: digest.params,
        };
        let permit = self.decide(action, &name.kind, &record, name)?;
        let mut terms: Vec<Term> = digest.terms.iter().map(|(param, value)| inner.term(param, value)).collect();
        for also in digest.patients.iter().skip(1) {
            terms.push(inner.term(ALSO_PARAM, also.as_str()));
        }
        terms.sort_unstable();
        terms.dedup();
        let subject = match digest.patients.first() {
            Some(owner) => Some(self.subject(owner)?),
            None => None,
        };
        for also in digest.patients.iter().skip(1) {
            self.subject(also)?;
        }
        if let Some(no) = subject
            && speech.fact_kinds().contains(&name.kind.as_str())
        {
            self.touched.insert(no);
        }
        let no = current.unwrap_or(0) + 1;
        let category = Drawer::of(record.labels.category).category();
        let packed = inner.packer.pack_version(body, &name.id, no)?;
        let version = Version { name, id, subject, category, no, deleted: false, terms };
        let digest_hex = self.push(version, &record, &packed)?;
        self.note(&digest.patients, action, &permit, name, no, &digest_hex);
        self.permits.push(permit);
        if let Some((leave, earlier)) = before {
            // Taken from one person and given to another: an entry for both.
            let left: Vec<PatientId> = earlier.into_iter().filter(|p| !digest.patients.contains(p)).collect();
            if !left.is_empty() {
                self.note(&left, action, &leave, name, no, "");
            }
            self.permits.push(leave);
        }
        let body = Some(Arc::clone(body));
        self.written.push(Written { created: !exists, body, ..Written::new(name, no) });
        Ok(())
    }

    fn delete(
        &mut self,
        name: &DocRef,
        id: IdTerm,
        found: &Opened,
        current: u64,
        permit: Leave,
    ) -> Result<(), Failure> {
        let Opened { row, record, .. } = found;
        let (no, subject, category) = (current + 1, row.subject, row.category);
        // The tombstone keeps labels and persons, so that policy is asked about it as before.
        let tombstone = IndexRecord { facts: Vec::new(), params: Vec::new(), ..record.clone() };
        let version = Version { name, id, subject, category, no, deleted: true, terms: Vec::new() };
        self.push(version, &tombstone, &[])?;
        self.touched.extend(subject);
        self.note(&ids(&record.patients), Action::Delete, &permit, name, no, "");
        self.permits.push(permit);
        self.written.push(Written { deleted: true, ..Written::new(name, no) });
        Ok(())
    }
}

fn ids(patients: &[String]) -> Vec<PatientId> {
    patients.iter().map(PatientId::new).collect()
}
