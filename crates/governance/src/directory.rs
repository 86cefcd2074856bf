//! Names of departments and of people's posts, read once and kept for a while:
//! they speak of nobody's care.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tacebo_vault::{Asker, Everything, Find, Refused, Scope, Vault};

/// A department that patients may limit and staff belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Its reference: `Organization/…`.
    pub reference: String,
    /// Its name.
    pub name: String,
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

    async fn refresh(&self) -> Result<(), Refused> {
        let now = self.vault.now_us();
        let read_us = self.known.read().unwrap_or_else(PoisonError::into_inner).read_us;
        if read_us != 0 && now.saturating_sub(read_us) < FRESH_US && now >= read_us {
            return Ok(());
        }
        let find = Find::new(&["Organization", "Practitioner"], Scope::House, &Everything);
        let page = self.vault.search(&self.house, &find).await?;
        let mut fresh = Known { read_us: now, ..Known::default() };
        for document in &page.value().documents {
            let reference = format!("{}/{}", document.name.kind, document.name.id);
            let name = match document.name.kind.as_str() {
                "Organization" => document.body.get("name").and_then(|n| n.as_str()).map(str::to_owned),
                _ => document.body.pointer("/name/0/text").and_then(|n| n.as_str()).map(str::to_owned),
            };
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
