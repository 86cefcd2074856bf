//! Bringing an archive back: into the place of the records, or to try it, into a folder of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use tacebo_archive::{Chain, Restore, Restored};
use tacebo_identity::Identity;
use tacebo_ledger::LogVerifier;
use tacebo_ledger::audit::{AuditError, audit};
use tacebo_objects::Objects;
use tacebo_store::{At, AuditSource};
use tacebo_vault::{Comparison, Custodian, FatalHook, Finished, Finishing, PointInTime, Restoring, ToldRestore, Vault};

use crate::{clock, house};

/// What is brought back, and where to.
pub(crate) struct Bring<'a> {
    /// The archive.
    pub chain: &'a Chain,
    /// Which backup.
    pub run: u64,
    /// An archive with keys of now.
    pub keys: Option<&'a Chain>,
    /// The place of the records: empty.
    pub at: &'a At,
    /// Where large documents go.
    pub blobs: &'a Objects,
    /// The data folder.
    pub dir: &'a Path,
    /// Who holds the root key.
    pub custodian: Arc<dyn Custodian>,
    /// Signed checkpoints that the log must continue.
    pub notes: &'a [String],
    /// What was seen of the log beyond this backup, and why it is restored all the same.
    pub below: Option<(u64, String)>,
    /// The point in time that documents are brought back to, microseconds since 1970.
    pub to_us: Option<i64>,
    /// What happens when the disk of the place fails.
    pub on_fatal: FatalHook,
    /// Whether it should stop.
    pub stop: &'a AtomicBool,
}

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Rows are filled in.
    Fill(u64, u64),
    /// The log is checked.
    Log(u64, u64),
    /// Everything is made findable again.
    Terms(u64, u64),
    /// Documents are brought back to the point in time.
    Point(u64, u64),
}

/// A house that was brought back.
pub(crate) struct Brought {
    pub vault: Vault,
    pub restored: Restored,
    pub compared: Comparison,
    /// What was brought back to the point in time.
    pub point: Option<PointInTime>,
    /// Entries of the log that were checked.
    pub entries: u64,
}

impl Bring<'_> {
    /// Does all of it. What is left behind by an error bears a mark and is served by nobody.
    pub(crate) async fn back(self, tell: &mut (dyn FnMut(Step) + Send)) -> Result<Brought> {
        let restored = tokio::task::block_in_place(|| self.fill(tell))?;
        let key: LogVerifier =
            restored.ran.manifest.vkey.parse().context("the archive names no public key of the log")?;
        let entries = tokio::task::block_in_place(|| log(self.at, &restored, &key, tell))?;
        let opening = house::opening_with(self.dir, self.custodian, self.on_fatal);
        let restoring = Restoring::open(self.at, self.blobs.clone(), opening)
            .context("what was restored cannot be opened: are the root keys of these days still there?")?;
        for note in self.notes {
            let seen = key.open(note.as_bytes()).context("a checkpoint is none of this log")?;
            // One beyond this backup was decided on before; it cannot be continued.
            if seen.size <= restored.ran.manifest.log_size {
                restoring.continues(note).map_err(|why| anyhow!(why))?;
            }
        }
        let told = ToldRestore {
            run: self.run,
            manifest: restored.ran.sha256.clone(),
            other_keys: restored.other_keys.is_some(),
            below: self.below,
            to_us: self.to_us,
        };
        let mut tell = |how| {
            tell(match how {
                Finishing::Terms(done, of) => Step::Terms(done, of),
                Finishing::Point(done, of) => Step::Point(done, of),
            });
        };
        let Finished { vault, compared, point } = restoring.finish(&Identity::restorer(), &told, &mut tell).await?;
        Ok(Brought { vault, restored, compared, point, entries })
    }

    fn fill(&self, tell: &mut (dyn FnMut(Step) + Send)) -> Result<Restored> {
        let stop = || self.stop.load(Ordering::Relaxed);
        let (chain, run, keys, at, now_us) = (self.chain, self.run, self.keys, self.at, clock::now_us());
        let restore = Restore { chain, run, keys, at, blobs: self.blobs, now_us, stop: &stop };
        Ok(restore.fill(&mut |done, of| tell(Step::Fill(done, of)))?)
    }
}

/// The whole log as it lies in its new place, against every signature.
fn log(at: &At, restored: &Restored, key: &LogVerifier, tell: &mut (dyn FnMut(Step) + Send)) -> Result<u64> {
    let source = AuditSource::open(at, restored.part)?;
    match audit(&source, key, &[], &mut |progress| tell(Step::Log(progress.checked, progress.total))) {
        Ok(report) => Ok(report.size),
        Err(AuditError::Fault(fault)) => bail!("the restored log is not whole: {}", fault.code()),
        Err(error) => Err(error.into()),
    }
}
