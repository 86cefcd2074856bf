//! What the log is told of a search, and what the asker is told who may see nothing of it.

use std::collections::{BTreeSet, HashMap};

use tacebo_seal::SubjectNo;

use super::find::{Find, Scope};
use super::{Decided, Match};
use crate::asker::Asker;
use crate::decide::Leave;
use crate::disclosed::{Denial, VaultFault};
use crate::document::Document;
use crate::entry::{Class, Draft, Outcome, field};
use crate::vault::Inner;

impl Inner {
    /// When nothing in the scope was visible: answers as if nothing were there.
    pub(super) fn hidden(
        &self,
        asker: &Asker,
        find: &Find<'_>,
        decided: &[Decided],
    ) -> Result<Option<(Draft, Denial)>, VaultFault> {
        if decided.iter().any(|d| d.decision.is_ok()) {
            return Ok(None);
        }
        let kinds: Vec<&str> =
            if find.kinds.is_empty() { vec!["Patient"] } else { find.kinds.iter().map(String::as_str).collect() };
        // A person the asker may see, who has nothing of this kind: an empty answer.
        if let Scope::Patient(patient) = &find.scope {
            let concerned = self.concerned(&[patient.as_str().to_owned()])?;
            let open = kinds.iter().any(|kind| {
                self.decide(asker, find.how, kind, self.engine.labeller().of_kind(kind), &concerned).is_ok()
            });
            if open {
                return Ok(None);
            }
        }
        let mut outward = None;
        for kind in kinds {
            match self.decide_unknown(asker, find.how, kind) {
                Ok(_) => return Ok(None),
                Err(refusal) => outward = Some(refusal),
            }
        }
        let Some(refusal) = outward else { return Ok(None) };
        // Across patients a search is refused only to those who may search nobody at all.
        if matches!(find.scope, Scope::Terms(_) | Scope::Ids(_)) && asker_may_search_somebody(asker) {
            return Ok(None);
        }
        let mut draft = Draft::new(asker, find.how, Outcome::Refused, Class::Refusal);
        draft.put(field::POLICIES, refusal.policies().join(","));
        if let Scope::Patient(patient) = &find.scope {
            draft = draft.of(self.person(patient)?, Some(patient.as_str()));
        }
        Ok(Some((draft, Denial::Forbidden(refusal))))
    }

    /// One entry per person in the answer or counted by it; inside one patient always one for that patient.
    pub(super) fn search_drafts(
        &self,
        asker: &Asker,
        find: &Find<'_>,
        page: &[Match],
        documents: &[Document],
        decided: &[Decided],
        counted: &BTreeSet<usize>,
    ) -> Result<Vec<Draft>, VaultFault> {
        type Who = (Option<SubjectNo>, Option<String>);
        let mut order: Vec<Who> = Vec::new();
        let mut groups: HashMap<Who, (Vec<&Document>, Option<&Leave>)> = HashMap::new();
        if let Scope::Patient(patient) = &find.scope {
            let who = (self.person(patient)?, Some(patient.as_str().to_owned()));
            order.push(who.clone());
            groups.insert(who, (Vec::new(), None));
        }
        for (found, document) in page.iter().zip(documents) {
            let Some(one) = decided.get(found.decided) else { continue };
            for (no, patient) in one.concerned.each() {
                let who = (no, patient.map(|p| p.as_str().to_owned()));
                let group = groups.entry(who.clone()).or_insert_with(|| {
                    order.push(who);
                    (Vec::new(), None)
                });
                group.0.push(document);
                group.1 = group.1.or(one.decision.as_ref().ok());
            }
        }
        for one in counted.iter().filter_map(|at| decided.get(*at)) {
            for (no, patient) in one.concerned.each() {
                let who = (no, patient.map(|p| p.as_str().to_owned()));
                groups.entry(who.clone()).or_insert_with(|| {
                    order.push(who);
                    (Vec::new(), one.decision.as_ref().ok())
                });
            }
        }
        if order.is_empty() {
            return Ok(vec![Draft::new(asker, find.how, Outcome::Done, Class::Disclosure).items([].into_iter())]);
        }
        Ok(order
            .into_iter()
            .filter_map(|who| {
                let (documents, permit) = groups.remove(&who)?;
                let draft = Draft::new(asker, find.how, Outcome::Done, Class::Disclosure)
                    .of(who.0, who.1.as_deref())
                    .items(documents.iter().map(|d| (d.name.kind.as_str(), d.name.id.as_str(), d.version)));
                Some(match permit {
                    Some(permit) => draft.by(permit),
                    None => draft,
                })
            })
            .collect())
    }
}

/// People of the house may search across patients and simply find nobody; the
/// unknown-person decision refuses a doctor each time, whoever he looks for.
fn asker_may_search_somebody(asker: &Asker) -> bool {
    matches!(asker.who.kind, tacebo_policy::PersonKind::Staff | tacebo_policy::PersonKind::Client)
}
