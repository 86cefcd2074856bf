//! Names of departments and of people's posts, read once and kept for a while:
//! they speak of nobody's care.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tacebo_vault::{Asker, Everything, Find, Refused, Scope, Vault};

/// A department that patients may limit and staff belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Its reference: `Organization/…`.
    pub reference: String,
    /// Its name.
    pub name: String,
}

/// A person of the house as its staff register has it (FHIR `Practitioner`).
#[derive(Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// The reference that encounters, teams and appointments name: `Practitioner/…`.
    pub reference: String,
    /// The name.
    pub name: String,
    /// Job numbers (工号).
    pub numbers: Vec<String>,
    /// Still works here.
    pub active: bool,
}

impl std::fmt::Debug for StaffMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffMember").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// Names by reference.
#[derive(Debug, Clone)]
pub struct Directory {
    vault: Vault,
    house: Asker,
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    read_us: i64,
    names: BTreeMap<String, String>,
    departments: Vec<Department>,
    staff: Vec<StaffMember>,
}

/// Names are read again after this long.
const FRESH_US: i64 = 60_000_000;

impl Directory {
    pub(crate) fn new(vault: Vault, house: Asker) -> Self {
        Self { vault, house, known: Arc::default() }
    }

    /// Departments: organisations that are part of another one.
    ///
    /// # Errors
    /// The vault does not answer.
    pub async fn departments(&self) -> Result<Vec<Department>, Refused> {
        self.refresh().await?;
        Ok(self.known.read().unwrap_or_else(PoisonError::into_inner).departments.clone())
    }

    /// The name of a department or practitioner; the reference itself when unknown.
    ///
    /// # Errors
    /// The vault does not answer.
    pub async fn name(&self, reference: &str) -> Result<String, Refused> {
        self.refresh().await?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Ok(known.names.get(reference).cloned().unwrap_or_else(|| reference.to_owned()))
    }

    /// The member of staff with this job number, id (`dr-li`) or reference (`Practitioner/dr-li`); none when the
    /// register has nobody or several, or the person has left.
    ///
    /// # Errors
    /// The vault does not answer.
    pub async fn staff_member(&self, typed: &str) -> Result<Option<StaffMember>, Refused> {
        self.refresh().await?;
        if let Some(found) = self.find_staff(typed) {
            return Ok(Some(found));
        }
        // Somebody entered a moment ago is found at once.
        self.read_again().await?;
        Ok(self.find_staff(typed))
    }

    /// How a practitioner is written into a form: the job number where there is one, else the id.
    ///
    /// # Errors
    /// The vault does not answer.
    pub async fn job_number(&self, reference: &str) -> Result<String, Refused> {
        self.refresh().await?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.staff.iter().find(|one| one.reference == reference);
        let number = found.and_then(|one| one.numbers.first()).filter(|number| known.holders(number).count() == 1);
        Ok(number.cloned().unwrap_or_else(|| reference.strip_prefix(PRACTITIONER).unwrap_or(reference).to_owned()))
    }

    fn find_staff(&self, typed: &str) -> Option<StaffMember> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = known.holders(typed).filter(|one| one.active);
        let first = found.next()?;
        found.next().is_none().then(|| first.clone())
    }

    async fn refresh(&self) -> Result<(), Refused> {
        let now = self.vault.now_us();
        let read_us = self.known.read().unwrap_or_else(PoisonError::into_inner).read_us;
        if read_us != 0 && now.saturating_sub(read_us) < FRESH_US && now >= read_us {
            return Ok(());
        }
        self.read_again().await
    }

    async fn read_again(&self) -> Result<(), Refused> {
        let now = self.vault.now_us();
        let find = Find::new(&["Organization", "Practitioner"], Scope::House, &Everything);
        let page = self.vault.search(&self.house, &find).await?;
        let mut fresh = Known { read_us: now, ..Known::default() };
        for document in &page.value().documents {
            let reference = format!("{}/{}", document.name.kind, document.name.id);
            let name = match document.name.kind.as_str() {
                "Organization" => document.body.get("name").and_then(|n| n.as_str()).map(str::to_owned),
                _ => document.body.pointer("/name/0/text").and_then(|n| n.as_str()).map(str::to_owned),
            };
            if document.name.kind == "Practitioner" {
                fresh.staff.push(staff(&reference, name.as_deref().unwrap_or_default(), &document.body));
            }
            let Some(name) = name else { continue };
            if document.name.kind == "Organization" && document.body.get("partOf").is_some() {
                fresh.departments.push(Department { reference: reference.clone(), name: name.clone() });
            }
            fresh.names.insert(reference, name);
        }
        fresh.departments.sort_by(|a, b| a.reference.cmp(&b.reference));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

const PRACTITIONER: &str = "Practitioner/";
/// Staff number (医务人员编号), WS/T 500. Other numbers of a person, the identity card's first, are none of a post.
const STAFF_NUMBER: &str = "urn:oid:2.16.156.10011.1.4";

impl Known {
    /// Everybody whose job number, id or reference this is.
    fn holders<'a>(&'a self, typed: &'a str) -> impl Iterator<Item = &'a StaffMember> {
        self.staff.iter().filter(move |one| {
            one.reference == typed
                || one.reference.strip_prefix(PRACTITIONER) == Some(typed)
                || one.numbers.iter().any(|number| number == typed)
        })
    }
}

fn staff(reference: &str, name: &str, body: &Value) -> StaffMember {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let identifiers = body.get("identifier").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let posts = identifiers.iter().filter(|one| text(one, "system").as_deref() == Some(STAFF_NUMBER));
    StaffMember {
        reference: reference.to_owned(),
        name: name.to_owned(),
        numbers: posts.filter_map(|one| text(one, "value")).collect(),
        active: body.get("active") != Some(&Value::Bool(false)),
    }
}
