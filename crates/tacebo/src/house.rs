//! Opening and founding the house with the languages this program speaks.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tacebo_fhir::speech::Fhir;
use tacebo_vault::{Custodian, Institution, Opening, Vault};

use crate::clock;

fn opening(dir: &Path, custodian: Arc<dyn Custodian>) -> Opening {
    Opening {
        dir: dir.to_owned(),
        custodian,
        speeches: vec![Arc::new(Fhir::default())],
        clock: clock::system(),
        on_fatal: clock::die(),
    }
}

/// Opens a founded house.
pub(crate) fn open(dir: &Path, custodian: Arc<dyn Custodian>) -> Result<Vault> {
    Vault::open(opening(dir, custodian)).with_context(|| format!("the data folder {} cannot be opened", dir.display()))
}

/// Founds one in an empty folder.
pub(crate) async fn found(dir: &Path, custodian: Arc<dyn Custodian>, institution: &Institution) -> Result<Vault> {
    Vault::found(opening(dir, custodian), institution)
        .await
        .with_context(|| format!("no institution can be founded in {}", dir.display()))
}
