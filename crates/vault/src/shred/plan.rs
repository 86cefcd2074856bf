//! What a destruction takes out, and under which keys it lies.

use std::collections::{BTreeMap, BTreeSet};

use tacebo_seal::{Category, IdTerm, SubjectNo};
use tacebo_store::{CURRENT, IndexRow, Rid};

use super::blocked::drawer;
use super::{ShredTarget, Shredding};
use crate::disclosed::VaultFault;
use crate::keys::Drawer;
use crate::records::RecordKind;
use crate::vault::Inner;

/// A key: whose, for which sort of data.
pub(super) type Pair = (SubjectNo, Category);

/// What goes.
#[derive(Default)]
pub(super) struct Plan {
    /// Versions to take out.
    pub erase: BTreeMap<Rid, IndexRow>,
    /// Keys that go and are not replaced: there is nothing left that they would open.
    pub gone: BTreeSet<Pair>,
    /// Keys that go and are replaced: something else lies under them and is sealed anew.
    pub renewed: BTreeSet<Pair>,
    /// Whether the person goes too.
    pub person: bool,
    /// Documents taken out.
    pub documents: u64,
}

impl Plan {
    /// Names of documents that change.
    pub(super) fn names(&self) -> Vec<IdTerm> {
        self.erase.values().map(|row| row.id).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Inner {
    /// `accounts` are erased with a person.
    pub(super) fn plan(&self, shredding: &Shredding, accounts: &[String]) -> Result<Plan, VaultFault> {
        let subject = SubjectNo(shredding.subject);
        let mut plan = Plan { person: shredding.target == ShredTarget::Person, ..Plan::default() };
        let rids = self.store.subject_versions(self.part, subject)?;
        let mut rows = self.store.rows(self.part, &rids)?;
        match &shredding.target {
            ShredTarget::Person => {
                // The record of who saw the person has its own legal term.
                let drawers = Drawer::ALL.into_iter().filter(|drawer| *drawer != Drawer::Audit);
                plan.gone.extend(drawers.map(|drawer| (subject, drawer.category())));
                for account in accounts {
                    let kind = RecordKind::Account.as_str();
                    let id = self.id_term(kind, account);
                    rows.extend(self.store.history(self.part, kind, &id, None, None, usize::MAX)?);
                }
            }
            ShredTarget::Category(category) => {
                let category = drawer(category).ok_or(VaultFault::Decode("group of data"))?;
                rows.retain(|row| row.category == category);
                plan.renewed.insert((subject, category));
            }
            ShredTarget::Document { kind, id } => {
                let id = self.id_term(kind, id);
                rows.retain(|row| *row.kind == **kind && row.id == id);
            }
        }
        // The whole history of a document goes with its newest version, whoever it was about before: else an older
        // version would be the newest.
        let mut documents = BTreeSet::new();
        for row in rows {
            if row.until == CURRENT && documents.insert((row.kind.clone(), row.id)) {
                let history = self.store.history(self.part, &row.kind, &row.id, None, None, usize::MAX)?;
                plan.erase.extend(history.into_iter().map(|row| (row.rid, row)));
            }
            plan.erase.insert(row.rid, row);
        }
        plan.documents = documents.len() as u64;
        for row in plan.erase.values() {
            let pair = (row.subject.unwrap_or(SubjectNo::HOUSE), row.category);
            if pair.0 != SubjectNo::HOUSE && !plan.gone.contains(&pair) {
                plan.renewed.insert(pair);
            }
        }
        Ok(plan)
    }
}
