//! Opening and founding the house with the languages this program speaks.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tacebo_fhir::speech::Fhir;
use tacebo_vault::{Custodian, FatalHook, Institution, Opening, Vault};

use crate::clock;
use crate::config::{Config, StorePlace};

fn opening(dir: &Path, custodian: Arc<dyn Custodian>) -> Opening {
    Opening {
        dir: dir.to_owned(),
        custodian,
        speeches: vec![Arc::new(Fhir::default())],
        clock: clock::system(),
        on_fatal: clock::die(),
    }
}

/// The same with another answer to a failing disk.
pub(crate) fn opening_with(dir: &Path, custodian: Arc<dyn Custodian>, on_fatal: FatalHook) -> Opening {
    Opening { on_fatal, ..opening(dir, custodian) }
}

/// Opens a founded house.
pub(crate) fn open(dir: &Path, custodian: Arc<dyn Custodian>) -> Result<Vault> {
    Vault::open(opening(dir, custodian)).with_context(|| format!("the data folder {} cannot be opened", dir.display()))
}

/// Opens the founded house that a configuration names, and keeps other programs out of it.
pub(crate) fn open_of(config: &Config, custodian: Arc<dyn Custodian>) -> Result<Vault> {
    open_as(config, custodian, true)
}

/// The same beside the other nodes of the house, if there are any.
pub(crate) fn open_beside(config: &Config, custodian: Arc<dyn Custodian>) -> Result<Vault> {
    open_as(config, custodian, false)
}

fn open_as(config: &Config, custodian: Arc<dyn Custodian>, alone: bool) -> Result<Vault> {
    let at = config.store.at(&config.data, alone)?;
    let (blobs, opening) = (config.blobs.open()?, opening(&config.data, custodian));
    let vault = Vault::open_with(&at, blobs, opening).with_context(|| cannot_open(config))?;
    if let Some(file) = &config.witness {
        vault.witness_in(file).with_context(|| cannot_open(config))?;
    }
    Ok(vault)
}

/// Founds the house that a configuration names.
pub(crate) async fn found_of(
    config: &Config,
    custodian: Arc<dyn Custodian>,
    institution: &Institution,
) -> Result<Vault> {
    let at = config.store.at(&config.data, true)?;
    let opening = opening(&config.data, custodian);
    let blobs = config.blobs.open()?;
    Vault::found_with(&at, blobs, opening, institution).await.with_context(|| match &config.store {
        StorePlace::Folder => format!("no institution can be founded in {}", config.data.display()),
        StorePlace::Postgres { at, .. } => format!("no institution can be founded in the database {}", at.database),
    })
}

fn cannot_open(config: &Config) -> String {
    match &config.store {
        StorePlace::Folder => format!("the data folder {} cannot be opened", config.data.display()),
        StorePlace::Postgres { at, .. } => format!("the database {} cannot be opened", at.database),
    }
}

/// Founds one in an empty folder.
pub(crate) async fn found(dir: &Path, custodian: Arc<dyn Custodian>, institution: &Institution) -> Result<Vault> {
    Vault::found(opening(dir, custodian), institution)
        .await
        .with_context(|| format!("no institution can be founded in {}", dir.display()))
}
