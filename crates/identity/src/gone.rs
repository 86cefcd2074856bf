//! What accounts hold of a person whose data are destroyed.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, RecordKind};

use crate::account::StoredAccount;
use crate::identity::HolderRef;
use crate::shelf::Deed;
use crate::{Identity, IdentityError};

impl Identity {
    /// Takes the person, and who stands for the person, out of every account that is there for somebody else too; ends
    /// the sessions of those. Gives the accounts that are there for nobody else: the vault erases them with the person,
    /// and then they are to be forgotten here ([`Identity::forget`]).
    ///
    /// # Errors
    /// The store failed; ask again.
    pub async fn part_from(
        &self,
        asker: &Asker,
        patient: &str,
        related: &[String],
    ) -> Result<Vec<String>, IdentityError> {
        let house = &self.0;
        let gone: BTreeSet<&String> = related.iter().collect();
        let mut alone = Vec::new();
        for record in house.vault.records::<StoredAccount>(RecordKind::Account)? {
            let account = &record.value.account;
            let is_own = account.patient.as_deref() == Some(patient);
            if !is_own && !account.related.iter().any(|one| gone.contains(one)) {
                continue;
            }
            let stays = account.related.iter().any(|one| !gone.contains(one)) || (account.patient.is_some() && !is_own);
            if account.is_portal() && !stays {
                alone.push(record.id);
                continue;
            }
            let deed = Deed::new(asker, Action::Update, "person-destroyed");
            let edit = |stored: &mut StoredAccount| {
                if is_own {
                    stored.account.patient = None;
                }
                stored.account.related.retain(|one| !gone.contains(one));
                stored.open.clear();
                Ok(())
            };
            let _ = house.change::<StoredAccount, ()>(deed, &record.id, edit).await?;
        }
        Ok(alone)
    }

    /// Forgets accounts that the vault has erased, with their sessions.
    pub fn forget(&self, accounts: &[String]) {
        for account in accounts {
            self.0.accounts.forget(account);
        }
        let mut live = self.0.live.write().unwrap_or_else(PoisonError::into_inner);
        live.retain(|_, one| !matches!(&one.holder, HolderRef::Account(id) if accounts.contains(id)));
    }
}
