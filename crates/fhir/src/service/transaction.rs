//! Transactions: all entries in one commit, or none.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use tacebo_vault::{Asker, DocRef, Document, Look, Snapshot, Write, Written};
use uuid::Uuid;

use super::bundle::{Together, unserved};
use super::create::{guards, several};
use super::{Answer, Conditions, Failed, Return, Service, name};
use crate::bundle::{BundleKind, Entry, Method, Plan, Renames, conditional_references, rewrite};
use crate::issue::IssueType;
use crate::search::{Query, RecordMeta};

/// What was looked up, by type and canonical criteria.
type Lookups = HashMap<(String, String), Vec<Document>>;

/// What an entry comes to.
enum Step {
    /// A write: its place among the writes.
    Write(usize),
    /// A conditional create that found something.
    Found(Box<Document>),
    /// A conditional create under the criteria of an earlier entry.
    Same(usize),
}

impl Service {
    pub(crate) async fn transaction(&self, asker: &Asker, plan: Plan, want: Return) -> Result<Together, Failed> {
        let reads = plan.entries.iter().filter(|e| matches!(e.method, Method::Get | Method::Head)).count();
        if reads == plan.entries.len() {
            let told = self.vault().ask(asker, |look| {
                let answers = plan.entries.iter().map(|entry| {
                    let answer = self.get_in(look, entry).map_err(|failed| failed.inside(entry.position))?;
                    Ok((entry.position, answer.entry()))
                });
                answers.collect::<Result<Vec<_>, Failed>>()
            });
            return Ok(Together::Disclosed(told.await?.map(|told| self.answer(told)), Vec::new()));
        }
        if reads > 0 {
            let why = "a transaction either reads or writes here: a read that fails could not undo what was committed";
            return Err(Failed::error(400, IssueType::NotSupported, why));
        }
        for entry in &plan.entries {
            self.check(entry).map_err(|failed| failed.inside(entry.position))?;
        }
        let mut entries = plan.entries;
        let searches = self.searches(&mut entries)?;
        self.settle(&mut entries, searches.is_empty());
        let done = self.vault().act(asker, |look| self.attempt(look, &entries, &searches));
        let done = done.await?;
        Ok(Together::Disclosed(done.map(|(steps, written)| self.answers(&steps, &written, want)), Vec::new()))
    }

    /// Whether an entry can be done at all, before anything is asked.
    fn check(&self, entry: &Entry) -> Result<(), Failed> {
        let kind = entry.target.kind.as_str();
        match (entry.method, &entry.target.id, &entry.target.rest, &entry.resource) {
            (Method::Post, None, None, Some(body)) | (Method::Put, Some(_), None, Some(body)) => self.fit(kind, body),
            (Method::Delete, Some(_), None, _) => Ok(()),
            _ => Err(unserved()),
        }
    }

    /// The searches that a transaction rests on: criteria of creates and of references.
    fn searches(&self, entries: &mut [Entry]) -> Result<HashMap<(String, String), Query>, Failed> {
        let mut searches = HashMap::new();
        for entry in entries {
            if let Some(criteria) = &entry.if_none_exist {
                let query = self.criteria(&entry.target.kind, criteria).map_err(|f| f.inside(entry.position))?;
                searches.insert((entry.target.kind.clone(), criteria.clone()), query);
            }
            let Some(resource) = &mut entry.resource else { continue };
            for reference in conditional_references(self.0.tables, resource) {
                let key = (reference.kind, reference.query);
                if let Slot::Vacant(slot) = searches.entry(key) {
                    let (kind, criteria) = slot.key();
                    let query = self.criteria(kind, criteria).map_err(|f| f.inside(entry.position))?;
                    slot.insert(query);
                }
            }
        }
        Ok(searches)
    }

    /// Gives what is created its ids and, where no criteria decide what an entry becomes, renames what refers to it: as
    /// long as nobody else holds the bodies, which would be copied for it.
    fn settle(&self, entries: &mut [Entry], names_are_known: bool) {
        let mut names = Renames::new();
        for entry in entries.iter_mut() {
            if let (Method::Post, Some(body)) = (entry.method, &mut entry.resource) {
                let id = Uuid::new_v4().to_string();
                name(body, &id);
                entry.target.id = Some(id);
            }
            if let (Some(url), Some(id)) = (&entry.full_url, &entry.target.id) {
                names.add(url, &format!("{}/{id}", entry.target.kind));
            }
        }
        for body in entries.iter_mut().filter(|_| names_are_known).filter_map(|entry| entry.resource.as_mut()) {
            rewrite(self.0.tables, body, &names);
        }
    }

    /// Looks up, and says what is to be written.
    fn attempt(
        &self,
        look: &mut Look<'_>,
        entries: &[Entry],
        searches: &HashMap<(String, String), Query>,
    ) -> Result<Vec<(usize, Step)>, Failed> {
        let as_of = look.snapshot()?;
        let mut lookups = Lookups::with_capacity(searches.len());
        for (key, query) in searches {
            lookups.insert(key.clone(), self.few(look, query, as_of)?);
        }
        let mut names = Renames::new();
        let mut steps = Vec::with_capacity(entries.len());
        let mut writes: Vec<Write> = Vec::with_capacity(entries.len());
        let mut first: HashMap<String, usize> = HashMap::new();
        for entry in entries {
            let kind = entry.target.kind.as_str();
            let step = match entry.method {
                Method::Post => Self::post(entry, searches, &lookups, as_of, &mut writes, &mut first)?,
                Method::Put => {
                    let id = entry.target.id.as_deref().unwrap_or_default();
                    let body = entry.resource.clone().unwrap_or_default();
                    // `check` has looked at the body.
                    writes.push(Self::put(kind, id, body, &conditions(entry)).map_err(|f| f.inside(entry.position))?);
                    Step::Write(writes.len() - 1)
                }
                _ => {
                    let id = entry.target.id.as_deref().unwrap_or_default();
                    writes.push(Self::delete_of(kind, id, &conditions(entry)).map_err(|f| f.inside(entry.position))?);
                    Step::Write(writes.len() - 1)
                }
            };
            let becomes = match &step {
                Step::Write(at) | Step::Same(at) => writes.get(*at).map(|write| &write.name),
                Step::Found(document) => Some(&document.name),
            };
            if let (Some(url), Some(becomes)) = (&entry.full_url, becomes) {
                names.add(url, &format!("{}/{}", becomes.kind, becomes.id));
            }
            steps.push((entry.position, step));
        }
        // Without searches everything is settled.
        if !searches.is_empty() {
            for entry in entries {
                self.refer(entry, searches, &lookups, &writes, &mut names)?;
            }
            for body in writes.iter_mut().filter_map(|write| write.body.as_mut()) {
                rewrite(self.0.tables, body, &names);
            }
        }
        for write in writes {
            look.write(write);
        }
        Ok(steps)
    }

    fn post(
        entry: &Entry,
        searches: &HashMap<(String, String), Query>,
        lookups: &Lookups,
        as_of: Snapshot,
        writes: &mut Vec<Write>,
        first: &mut HashMap<String, usize>,
    ) -> Result<Step, Failed> {
        let kind = entry.target.kind.as_str();
        let id = entry.target.id.as_deref().unwrap_or_default();
        let write = Write::create(DocRef::new(kind, id), entry.resource.clone().unwrap_or_default());
        let Some(criteria) = &entry.if_none_exist else {
            writes.push(write);
            return Ok(Step::Write(writes.len() - 1));
        };
        let key = (kind.to_owned(), criteria.clone());
        let (Some(query), Some(found)) = (searches.get(&key), lookups.get(&key)) else { return Err(unserved()) };
        match found.as_slice() {
            [one] => return Ok(Step::Found(Box::new(one.clone()))),
            [] => {}
            _ => return Err(several().inside(entry.position)),
        }
        let guards = guards(query, as_of);
        let canonical = guards.first().map(|(_, canonical, _)| canonical.clone()).unwrap_or_default();
        if let Some(at) = first.get(&canonical) {
            return Ok(Step::Same(*at));
        }
        writes.push(write.guarded(guards));
        first.insert(canonical, writes.len() - 1);
        Ok(Step::Write(writes.len() - 1))
    }

    /// Resolves an entry's conditional references among what is kept and what is about to be.
    fn refer(
        &self,
        entry: &Entry,
        searches: &HashMap<(String, String), Query>,
        lookups: &Lookups,
        writes: &[Write],
        names: &mut Renames,
    ) -> Result<(), Failed> {
        let Some(mut resource) = entry.resource.clone() else { return Ok(()) };
        for reference in conditional_references(self.0.tables, &mut resource) {
            if names.to(&reference.reference).is_some() {
                continue;
            }
            let key = (reference.kind, reference.query);
            let (Some(query), Some(found)) = (searches.get(&key), lookups.get(&key)) else { return Err(unserved()) };
            let mut targets: Vec<String> = Vec::new();
            for document in found {
                // What this transaction rewrites or deletes is judged as it will be.
                if !writes.iter().any(|write| write.name == document.name) {
                    targets.push(document.name.id.clone());
                }
            }
            for write in writes.iter().filter(|write| write.name.kind == key.0) {
                if self.will_match(query, write) {
                    targets.push(write.name.id.clone());
                }
            }
            let failed = match targets.as_slice() {
                [id] => {
                    names.add(&reference.reference, &format!("{}/{id}", key.0));
                    continue;
                }
                [] => Failed::error(412, IssueType::NotFound, "a conditional reference matches nothing"),
                _ => {
                    Failed::error(412, IssueType::MultipleMatches, "a conditional reference matches several resources")
                }
            };
            return Err(failed.inside(entry.position));
        }
        Ok(())
    }

    fn will_match(&self, query: &Query, write: &Write) -> bool {
        let Some(body) = &write.body else { return false };
        let record = crate::walker::index(self.0.tables, self.settings().zone, body);
        let meta = RecordMeta { id: &write.name.id, version: 1, last_updated_us: self.vault().now_us() };
        query.admits(&record, &meta)
    }

    fn answers(&self, steps: &[(usize, Step)], written: &[Written], want: Return) -> Answer {
        let told = steps
            .iter()
            .map(|(position, step)| {
                let answer = match step {
                    Step::Write(at) => written.get(*at).map(|w| Answer::written(w, want)),
                    Step::Same(at) => written.get(*at).map(|w| Answer { status: 200, ..Answer::written(w, want) }),
                    Step::Found(document) => Some(Answer::found((**document).clone(), want)),
                };
                (*position, answer.unwrap_or_default().entry())
            })
            .collect();
        self.answer(told)
    }

    /// The entries of an answer in the order of the request.
    fn answer(&self, mut told: Vec<(usize, crate::bundle::Answer)>) -> Answer {
        told.sort_by_key(|(position, _)| *position);
        let answers = told.into_iter().map(|(_, answer)| answer).collect();
        Answer::body(crate::bundle::response(BundleKind::Transaction, &self.settings().base, answers))
    }
}

pub(crate) fn conditions(entry: &Entry) -> Conditions {
    Conditions {
        if_match: entry.if_match.clone(),
        if_none_match: entry.if_none_match.clone(),
        if_modified_since_us: None,
    }
}
