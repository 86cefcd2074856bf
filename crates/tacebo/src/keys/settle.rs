//! `tacebo keys turn` and `tacebo keys move`: a turn is the same in a running program (`Vault::turn_root`).
//!
//! The steps and what a stop between them leaves:
//! 1. a new root key is made: two epochs; the rows are under the older;
//! 2. every row is wrapped under the new one and the older is written down as left behind, in one commit: two epochs;
//!    the rows are under the newer;
//! 3. the older key is destroyed; 4. its receipt becomes an entry, and what was left behind is struck out, in one commit.
//!
//! Each run looks where things stand and does what is left.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tacebo_identity::Identity;
use tacebo_seal::DestructionReceipt;
use tacebo_store::StoreError;
use tacebo_vault::{Asker, Custodian, Door, LeftRoot, Vault, VaultFault};

use super::status::worth;
use crate::config::{Config, Custody};
use crate::custody::{self, EFFORT, Keys};
use crate::lang::Messages;
use crate::{house, print};

/// A new root key in the same place.
pub(super) async fn turn(config: &Config, t: &Messages) -> Result<()> {
    let keys = custody::open(&config.custody)?;
    let vault = house::open_of(config, keys.custodian()).map_err(|error| match error.downcast_ref() {
        Some(VaultFault::Store(StoreError::InUse | StoreError::NotAlone(_))) => error.context(t.keys_turn_in_console()),
        _ => error,
    })?;
    let done = vault.turn_root(&Identity::house(Door::Cli)).await?;
    print::line(t.keys_in_use(done.epoch.to_string()))?;
    say_destroyed(&done.receipts, t)?;
    say_gone(&done.gone, t)?;
    if done.finished {
        print::line(t.keys_finished())?;
    }
    if matches!(keys, Keys::File(_)) {
        print::line(t.keys_make_shares())?;
    }
    Ok(vault.sign_now().await?)
}

/// Another custodian.
pub(super) async fn shift(config: &Config, to: &Path, t: &Messages) -> Result<()> {
    let there = Custody::load(to)?;
    if there == config.custody {
        bail!("{} names the custodian that is in use already", to.display());
    }
    let asker = Identity::house(Door::Cli);
    let vault = match moved_before(config, &there)? {
        Some(vault) => vault,
        None => rewrapped(config, &there, &asker).await?,
    };
    print::line(t.keys_in_use(vault.root_epoch()?.to_string()))?;
    if custody::exists(&config.custody)? {
        let receipts = custody::open(&config.custody)?.custodian().retire()?;
        vault.root_destroyed(&asker, &receipts).await?;
        say_destroyed(&receipts, t)?;
    }
    say_gone(&vault.root_found_gone(&asker).await?, t)?;
    print::line(t.keys_moved(to.display().to_string()))?;
    Ok(vault.sign_now().await?)
}

/// The house under the new custodian, if an earlier run came that far.
fn moved_before(config: &Config, there: &Custody) -> Result<Option<Vault>> {
    if !custody::exists(there)? {
        return Ok(None);
    }
    let custodian = custody::open(there)?.custodian();
    // Whatever else is wrong with the folder is said when it is opened with the old custodian.
    Ok(house::open_of(config, custodian).ok())
}

async fn rewrapped(config: &Config, there: &Custody, asker: &Asker) -> Result<Vault> {
    let from: Arc<dyn Custodian> = custody::open(&config.custody)?.custodian();
    let vault = house::open_of(config, Arc::clone(&from))?;
    let above = from.epoch().max(vault.root_epoch()?);
    let to = if custody::exists(there)? {
        custody::open(there)?
    } else {
        custody::create(
            there,
            EFFORT,
            vault.institution().suite,
            above.checked_add(1).context("the epoch counter is used up")?,
        )?
    };
    let to: Arc<dyn Custodian> = to.custodian();
    if to.epoch() <= above {
        bail!(
            "the new custodian holds keys already, up to root epoch {}, which is not above {above}: name an empty place",
            to.epoch()
        );
    }
    vault.rewrap(asker, &from, &to).await?;
    Ok(vault)
}

fn say_destroyed(receipts: &[DestructionReceipt], t: &Messages) -> Result<()> {
    for receipt in receipts {
        print::line(t.keys_destroyed(
            receipt.epoch().to_string(),
            hex::encode(receipt.fingerprint()),
            worth(receipt.worth(), t),
        ))?;
    }
    Ok(())
}

/// What an earlier run destroyed and was stopped before it could say so.
fn say_gone(gone: &[LeftRoot], t: &Messages) -> Result<()> {
    for root in gone {
        print::line(t.keys_found_gone(root.epoch.to_string(), &root.fingerprint))?;
    }
    Ok(())
}
