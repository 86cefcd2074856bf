//! What the running program does by itself: backups by the plan and when keys changed, and restores that are tried.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use tacebo_archive::{Chain, Plan};
use tacebo_identity::Identity;
use tacebo_objects::Objects;
use tacebo_store::{ArchiveSource, At};
use tacebo_vault::{BackupTrouble, BackupWork, Backups, Door, Vault};

use super::bring::Step;
use super::{drill, kept, make, newest};
use crate::clock;
use crate::config::Backup;

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_mins(1);
/// What changes keys comes in a row: one backup is made for all of it.
const SETTLED: Duration = Duration::from_secs(2);

/// Makes the backups of a house that runs.
pub(crate) struct Keeper {
    pub vault: Vault,
    /// Where the records are, for reading.
    pub at: At,
    /// Where large documents are.
    pub blobs: Objects,
    /// What is planned.
    pub backup: Backup,
    /// Where restores are tried.
    pub drill_folder: PathBuf,
}

/// Whose turn it was.
enum Turn {
    /// This node's: what was wanted is done, or failed and is kept so.
    Here,
    /// Another node is at it; what is wanted here is wanted still.
    Elsewhere,
}

impl Keeper {
    /// Does so until `stop` resolves. What is under way then is stopped where it is: a backup that was cut off is none, and a
    /// restore that was tried leaves no folder.
    pub(crate) async fn keep(self, stop: impl Future<Output = ()>) {
        let ended = Arc::new(AtomicBool::new(false));
        self.vault.plan_backups(self.backup.plan);
        let work = self.work(Arc::clone(&ended));
        let mut work = std::pin::pin!(work);
        tokio::select! {
            () = stop => ended.store(true, Ordering::Relaxed),
            () = &mut work => return,
        }
        work.await;
    }

    async fn work(&self, ended: Arc<AtomicBool>) {
        // What was archived before may be elsewhere now, or lost.
        let (mut backup, mut drill) = (!self.has_last().await, false);
        while !ended.load(Ordering::Relaxed) {
            match self.once(backup, drill, &ended).await {
                Ok(Turn::Elsewhere) => {}
                Ok(Turn::Here) => (backup, drill) = (false, false),
                Err(error) => {
                    (backup, drill) = (false, false);
                    tracing::error!(%error, "how a backup went could not be kept");
                }
            }
            let woken = async {
                tokio::select! {
                    () = self.vault.backup_wanted() => (true, false),
                    () = self.vault.drill_wanted() => (false, true),
                    () = tokio::time::sleep(LOOK) => (false, false),
                }
            };
            let woken = tokio::select! {
                woken = woken => woken,
                () = raised(&ended) => return,
            };
            (backup, drill) = (backup || woken.0, drill || woken.1);
            if woken.0 {
                tokio::time::sleep(SETTLED).await;
            }
        }
    }

    /// Whether the archive holds the last backup that the house knows of.
    async fn has_last(&self) -> bool {
        let Ok(Some(last)) = self.vault.backups().map(|state| state.last) else { return false };
        let place = self.backup.place.clone();
        let found = tokio::task::spawn_blocking(move || {
            let chain = Chain::read(&place.open()?)?;
            Ok::<_, anyhow::Error>(chain.runs.iter().any(|ran| ran.sha256 == last.manifest))
        });
        matches!(found.await, Ok(Ok(true)))
    }

    async fn once(&self, backup: bool, drill: bool, ended: &Arc<AtomicBool>) -> Result<Turn> {
        let due = |state: &Backups| state.is_due() || state.is_drill_due();
        if !backup && !drill && !due(&self.vault.backups()?) {
            return Ok(Turn::Here);
        }
        let Some(_turn) = self.vault.backup_turn()? else {
            self.vault.backup_goes(None);
            return Ok(Turn::Elsewhere);
        };
        let house = Identity::house(Door::Job);
        // Another node may have done it meanwhile.
        let state = self.vault.backups()?;
        if backup || state.is_due() {
            self.vault.backup_goes(Some(BackupWork::Backup(0, 0)));
            let done = self.back_up(ended, state.last.map_or(0, |last| last.run), backup).await;
            self.vault.backup_goes(None);
            if ended.load(Ordering::Relaxed) && done.is_err() {
                return Ok(Turn::Here);
            }
            let told = done.map_err(|error| {
                tracing::error!(error = format!("{error:#}"), "a backup failed");
                BackupTrouble { at_us: clock::now_us(), why: format!("{error:#}") }
            });
            self.vault.backed_up(&house, told).await?;
        }
        if drill || self.vault.backups()?.is_drill_due() {
            self.vault.backup_goes(Some(BackupWork::Drill(0, 0)));
            let tried = self.drill(ended).await;
            self.vault.backup_goes(None);
            if !ended.load(Ordering::Relaxed) {
                if let Some(why) = &tried.trouble {
                    tracing::error!(why, "a restore test failed");
                }
                self.vault.drilled(&house, tried).await?;
            }
        }
        Ok(Turn::Here)
    }

    /// A run; or the one that somebody made by hand since, if none was asked for.
    async fn back_up(&self, ended: &Arc<AtomicBool>, known: u64, asked: bool) -> Result<tacebo_vault::BackupRun> {
        // What is in the archive is signed up to its end, or almost.
        self.vault.sign_now().await?;
        let (vault, at, backup, ended) = (self.vault.clone(), self.at.clone(), self.backup.clone(), Arc::clone(ended));
        let blobs = self.blobs.clone();
        let made = tokio::task::spawn_blocking(move || {
            let objects: Objects = backup.place.open()?;
            let age = |ended_us: i64| clock::now_us().saturating_sub(ended_us) / 3_600_000_000;
            if !asked
                && let Some(last) = newest(&objects)?
                && last.manifest.run > known
                && age(last.manifest.ended_us) < i64::from(backup.plan.every_hours)
            {
                return Ok(kept(&last));
            }
            let plan = Plan { rate: backup.rate, keep_keys_days: backup.keep_keys_days };
            let source = ArchiveSource::open(&at)?.with_objects(blobs);
            let ran = make(&source, &objects, &vault.log_vkey()?, plan, &ended, &mut |done, of| {
                vault.backup_goes(Some(BackupWork::Backup(done, of)));
            })?;
            Ok(kept(&ran))
        });
        made.await?
    }

    async fn drill(&self, ended: &Arc<AtomicBool>) -> tacebo_vault::Drill {
        let objects = match self.backup.place.open() {
            Ok(objects) => objects,
            Err(error) => return drill::begun(Some(format!("{error:#}"))),
        };
        let vault = self.vault.clone();
        let mut tell = move |step| {
            let (done, of) = match step {
                Step::Fill(done, of) | Step::Log(done, of) | Step::Terms(done, of) | Step::Point(done, of) => {
                    (done, of)
                }
            };
            vault.backup_goes(Some(BackupWork::Drill(done, of)));
        };
        tokio::select! {
            tried = drill::run(&objects, &self.drill_folder, self.vault.custodian(), ended, &mut tell) => tried,
            () = raised(ended) => drill::given_up(&self.drill_folder),
        }
    }
}

async fn raised(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
