//! Where a search looks: the rows of one patient, those under blind terms, those of the house.

use std::sync::Arc;

use super::find::{Find, Scope};
use crate::disclosed::VaultFault;
use crate::hot::Opened;
use crate::vault::{Inner, Snapshot};

/// Candidates opened for one cross-patient search at most.
pub const CANDIDATE_CAP: usize = 10_000;

/// Term parameter of documents that speak of a second patient.
pub(crate) const ALSO_PARAM: &str = "~also";

impl Inner {
    /// Rows worth opening; `None` when they are too many.
    pub(super) fn candidates(&self, find: &Find<'_>, as_of: Snapshot) -> Result<Option<Vec<Arc<Opened>>>, VaultFault> {
        let kinds: Vec<&str> = find.kinds.iter().map(String::as_str).collect();
        match &find.scope {
            Scope::Patient(patient) => {
                let mut rows = match self.person(patient)? {
                    Some(no) => self.opened(&self.store.subject_rids(self.part, no, &kinds, Some(as_of.0))?)?,
                    None => Vec::new(),
                };
                // Documents that belong to another person first but speak of this one too.
                let also = vec![(ALSO_PARAM, patient.as_str())];
                rows.extend(self.by_terms(&[also], &kinds, as_of, CANDIDATE_CAP)?);
                Ok(Some(rows))
            }
            // Resolved before anything is looked for.
            Scope::Meant(_) => Ok(Some(Vec::new())),
            Scope::Terms(groups) => {
                let values: Vec<Vec<(&str, &str)>> = groups
                    .iter()
                    .map(|group| group.iter().map(|(param, value)| (param.as_str(), value.as_str())).collect())
                    .collect();
                let rows = self.by_terms(&values, &kinds, as_of, CANDIDATE_CAP + 1)?;
                Ok((rows.len() <= CANDIDATE_CAP).then_some(rows))
            }
            Scope::Ids(ids) => {
                let mut rows = Vec::new();
                for (kind, id) in kinds.iter().flat_map(|kind| ids.iter().map(move |id| (kind, id))) {
                    let Some(rid) = self.current(kind, &self.id_term(kind, id))? else { continue };
                    rows.extend(self.as_it_was(self.opened_one(rid)?, as_of)?);
                }
                Ok(Some(rows))
            }
            Scope::House => {
                let mut rows = Vec::new();
                for kind in kinds {
                    if self.speech(kind).is_none_or(|speech| speech.is_personal(kind)) {
                        return Ok(None);
                    }
                    for row in self.store.by_kind(self.part, kind, 0, CANDIDATE_CAP + 1, Some(as_of.0))? {
                        rows.push(self.open_row(row)?);
                    }
                }
                Ok((rows.len() <= CANDIDATE_CAP).then_some(rows))
            }
        }
    }

    /// Rows found under one term of every group, of these kinds (none named: all).
    fn by_terms(
        &self,
        groups: &[Vec<(&str, &str)>],
        kinds: &[&str],
        as_of: Snapshot,
        cap: usize,
    ) -> Result<Vec<Arc<Opened>>, VaultFault> {
        let mut rows: Vec<Arc<Opened>> = Vec::new();
        for all in combinations(groups) {
            let found = self.opened(&self.rids_under(&all, cap)?)?;
            for row in found.into_iter().filter(|one| kinds.is_empty() || kinds.contains(&&*one.row.kind)) {
                rows.extend(self.as_it_was(row, as_of)?);
            }
        }
        rows.sort_unstable_by_key(|one| std::cmp::Reverse(one.row.rid));
        rows.dedup_by_key(|one| one.row.rid);
        Ok(rows)
    }

    /// The version that was current then: a page chain has no gap where something was updated meanwhile.
    fn as_it_was(&self, found: Arc<Opened>, as_of: Snapshot) -> Result<Option<Arc<Opened>>, VaultFault> {
        let row = &found.row;
        if row.rid <= as_of.0 {
            return Ok(Some(found));
        }
        let then = self.store.history(self.part, &row.kind, &row.id, Some(as_of.0), None, 1)?.into_iter().next();
        then.map(|row| self.open_row(row)).transpose()
    }
}

/// Every choice of one term per group: a search for `a,b` and `c` asks for `a c` and `b c`.
fn combinations<'a>(groups: &[Vec<(&'a str, &'a str)>]) -> Vec<Vec<(&'a str, &'a str)>> {
    groups.iter().fold(vec![Vec::new()], |chosen, group| {
        chosen
            .iter()
            .flat_map(|before| group.iter().map(|term| before.iter().copied().chain([*term]).collect()))
            .take(MAX_COMBINATIONS)
            .collect()
    })
}

/// Combinations asked at most: doors limit the alternatives of a search well below it.
const MAX_COMBINATIONS: usize = 1_000;
