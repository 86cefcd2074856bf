//! A restore that is tried: the newest backup into a folder of its own, compared, measured and wiped.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use tacebo_archive::{ArchiveError, Chain};
use tacebo_objects::Objects;
use tacebo_store::At;
use tacebo_vault::{BLOBS_FOLDER, Custodian, Drill};

use super::bring::{Bring, Step};
use crate::{clock, custody};

/// Tries it; what goes wrong is what it finds.
pub(crate) async fn run(
    objects: &Objects,
    folder: &Path,
    custodian: Arc<dyn Custodian>,
    stop: &AtomicBool,
    tell: &mut (dyn FnMut(Step) + Send),
) -> Drill {
    let mut drill = begun(None);
    let tried = tried(objects, folder, custodian, stop, tell, &mut drill).await;
    // Measured before it is wiped: whoever restores does not wipe.
    drill.ended_us = clock::now_us();
    let wiped = wipe(folder);
    drill.trouble = tried.and(wiped).err().map(|error| format!("{error:#}"));
    drill
}

/// The program ends: what was tried so far is wiped.
pub(crate) fn given_up(folder: &Path) -> Drill {
    let wiped = wipe(folder).err().map_or_else(String::new, |error| format!(": {error:#}"));
    begun(Some(format!("the program ended{wiped}")))
}

/// Begun now and at nothing yet; over already where there is trouble.
pub(crate) fn begun(trouble: Option<String>) -> Drill {
    let now = clock::now_us();
    Drill { begun_us: now, ended_us: now, run: 0, versions: 0, entries: 0, loss_us: 0, trouble }
}

async fn tried(
    objects: &Objects,
    folder: &Path,
    custodian: Arc<dyn Custodian>,
    stop: &AtomicBool,
    tell: &mut (dyn FnMut(Step) + Send),
    drill: &mut Drill,
) -> Result<()> {
    wipe(folder)?;
    custody::private_folder(folder)?;
    let chain = Chain::read(objects)?;
    let newest = chain.last().ok_or(ArchiveError::None)?.manifest.clone();
    drill.run = newest.run;
    drill.loss_us = drill.begun_us.saturating_sub(newest.begun_us);
    let blobs = Objects::open(&tacebo_objects::At::Folder(folder.join(BLOBS_FOLDER)))?;
    let bring = Bring {
        chain: &chain,
        run: newest.run,
        keys: None,
        at: &At::Folder(folder.to_owned()),
        blobs: &blobs,
        dir: folder,
        custodian,
        notes: &[],
        below: None,
        to_us: None,
        // The disk of a trial must not end the program.
        on_fatal: Arc::new(|why: &str| tracing::error!(why, "the disk of a restore test failed")),
        stop,
    };
    let brought = bring.back(tell).await?;
    (drill.versions, drill.entries) = (brought.compared.versions, brought.entries);
    if brought.restored.other_keys.is_some() {
        bail!("the newest backup has no keys of its own");
    }
    if brought.compared.versions != brought.restored.tally.versions || brought.entries != newest.log_size {
        bail!(
            "{} versions and {} entries were compared, {} and {} were archived",
            brought.compared.versions,
            brought.entries,
            brought.restored.tally.versions,
            newest.log_size
        );
    }
    Ok(())
}

fn wipe(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}
