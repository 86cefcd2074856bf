//! Whom a door is spoken to about, before anything is decided: by the id of a record, or by a number on a card.
//!
//! Looking that up discloses nothing, because nothing of it comes out: a [`Meant`] can be asked about and cannot be
//! read. What is asked about it is decided and recorded as ever, and only a disclosure names the record.

use std::fmt;

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::speech::PatientId;
use crate::vault::Vault;

/// Somebody that an ask is about. Whether the house knows such a person cannot be told from it: it has no parts to
/// look at, equals nothing and prints nothing.
///
/// ```compile_fail
/// fn tell(meant: tacebo_vault::Meant) -> String {
///     meant.id.as_str().to_owned()
/// }
/// ```
/// ```compile_fail,E0599
/// fn tell(meant: &tacebo_vault::Meant) -> &str {
///     meant.as_str()
/// }
/// ```
/// ```compile_fail,E0369
/// fn tell(meant: &tacebo_vault::Meant, typed: tacebo_vault::PatientId) -> bool {
///     *meant == tacebo_vault::Meant::from(typed)
/// }
/// ```
#[derive(Clone)]
pub struct Meant {
    id: PatientId,
    /// As the asker named the person.
    named: String,
}

impl fmt::Debug for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meant")
    }
}

/// Somebody whose id the asker has named himself, or was told by a disclosure.
impl From<PatientId> for Meant {
    fn from(id: PatientId) -> Self {
        Self { named: id.as_str().to_owned(), id }
    }
}

impl Meant {
    pub(crate) fn id(&self) -> &PatientId {
        &self.id
    }

    pub(crate) fn named(&self) -> &str {
        &self.named
    }
}

impl Vault {
    /// Whom `typed` means: the person with that id, or else the one person whose document carries the term. What
    /// nobody has stays as it was typed, and is asked about like any other.
    ///
    /// # Errors
    /// The store failed.
    pub fn meant(&self, typed: &str, param: &str, value: &str) -> Result<Meant, VaultFault> {
        let inner = &*self.0;
        inner.follow()?;
        let as_id = PatientId::new(typed);
        if inner.person(&as_id)?.is_some() {
            return Ok(as_id.into());
        }
        let found = inner.opened(&inner.rids_under(&[(param, value)], 3)?)?;
        let mut found = found.iter().filter(|one| !one.row.deleted && *one.row.kind == *"Patient");
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(Meant { id: PatientId::new(one.record.id.as_str()), named: typed.to_owned() }),
            _ => Ok(as_id.into()),
        }
    }

    /// Whether a running emergency of the asker's own is for this person: what he said himself.
    ///
    /// # Errors
    /// The store failed.
    pub fn is_in_emergency(&self, asker: &Asker, meant: &Meant) -> Result<bool, VaultFault> {
        Ok(self.own_emergencies(asker)?.iter().any(|one| one.value.patient == meant.id.as_str()))
    }
}
