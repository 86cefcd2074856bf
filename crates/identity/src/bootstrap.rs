//! The first accounts of a house, made by `init` and `demo`.

use tacebo_vault::{Door, RecordKind};

use crate::account::StoredAccount;
use crate::{Handed, Identity, IdentityError, NewAccount};

impl Identity {
    /// Whether the house has accounts.
    ///
    /// # Errors
    /// The store failed.
    pub fn is_set_up(&self) -> Result<bool, IdentityError> {
        Ok(!self.0.vault.records::<StoredAccount>(RecordKind::Account)?.is_empty())
    }

    /// Makes the first accounts; in a house that has some, makes none. The house acts, in the log too.
    ///
    /// # Errors
    /// [`IdentityError::AlreadySetUp`]; a rule of [`NewAccount`] broken. Accounts before the broken one stay.
    pub async fn bootstrap(&self, people: &[NewAccount]) -> Result<Vec<Handed>, IdentityError> {
        if self.is_set_up()? {
            return Err(IdentityError::AlreadySetUp);
        }
        // All rules first, so that a slip leaves no half-made house.
        for person in people {
            person.build(String::new(), 1, 0)?;
        }
        let asker = Self::house(Door::Cli);
        let mut made = Vec::with_capacity(people.len());
        for person in people {
            made.push(self.0.create(&asker, person).await?.into_parts().0);
        }
        Ok(made)
    }
}
