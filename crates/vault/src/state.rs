//! How the house stands, in numbers that speak of nobody.

use std::path::Path;

use tacebo_policy::Action;
use tacebo_seal::{Suite, Worth};
use tacebo_store::CheckpointRow;

use crate::asker::Asker;
use crate::disclosed::{Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome};
use crate::vault::{Inner, Vault};

/// Numbers for whoever runs the machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseState {
    /// Versions of documents ever committed.
    pub versions: u64,
    /// Persons with keys of their own.
    pub persons: u64,
    /// Entries in the log.
    pub entries: u64,
    /// Root over them, hex.
    pub root: String,
    /// Entries that the newest signed checkpoint covers.
    pub signed: u64,
    /// When it was signed, microseconds since the Unix epoch.
    pub signed_us: Option<i64>,
    /// Bytes in the data folder, and of the objects of documents wherever they lie.
    pub bytes: u64,
    /// Newest epoch of the root key that a bucket is wrapped under.
    pub epoch: u32,
    /// The algorithms of everything kept here.
    pub suite: Suite,
    /// What the custodian's word on a destroyed root key is worth.
    pub worth: Worth,
    /// Whether older root keys are still there: a turn was not finished.
    pub turn_unfinished: bool,
    /// When the root key in use came into use, microseconds since the Unix epoch; none while it is the first one.
    pub turned_us: Option<i64>,
}

/// The kind under which the machine's own state is decided.
const STATE_KIND: &str = "Configuration";

impl Vault {
    /// How the house stands.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn state(&self, asker: &Asker) -> Result<Disclosed<HouseState>, Refused> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Read, STATE_KIND).await?;
        let state = inner.state()?;
        let draft = Draft::new(asker, Action::Read, Outcome::Done, Class::House).by(&leave);
        let receipts = inner.log(&[draft]).await?;
        Ok(Disclosed::new(state, &[leave], receipts))
    }

    /// Where the log stands: its size, root and newest signature. They name nobody and are public
    /// like the checkpoint they come from.
    ///
    /// # Errors
    /// The store failed.
    pub fn log_state(&self) -> Result<(u64, String, Option<i64>), VaultFault> {
        let inner = &*self.0;
        let head = inner.store.log_head(inner.part)?;
        let last = inner.store.last_checkpoint(inner.part)?;
        let signed_us = inner.signed_us(last.as_ref())?;
        let (size, root) = head.map_or((0, String::new()), |head| (head.size, hex::encode(head.root.0)));
        Ok((size, root, signed_us))
    }
}

impl Inner {
    /// Time of the newest entry that a checkpoint covers: a checkpoint itself says no time that is signed.
    fn signed_us(&self, checkpoint: Option<&CheckpointRow>) -> Result<Option<i64>, VaultFault> {
        let Some(newest) = checkpoint.and_then(|last| last.size.checked_sub(1)) else { return Ok(None) };
        Ok(self.store.entry(self.part, newest)?.map(|entry| entry.time_us))
    }

    fn state(&self) -> Result<HouseState, VaultFault> {
        let head = self.store.log_head(self.part)?;
        let last = self.store.last_checkpoint(self.part)?;
        let counts = self.store.counts(self.part)?;
        let epoch = self.store.buckets(self.part)?.iter().map(|bucket| bucket.epoch).max().unwrap_or(0);
        Ok(HouseState {
            versions: counts.versions,
            persons: counts.subjects,
            entries: head.as_ref().map_or(0, |head| head.size),
            root: head.map(|head| hex::encode(head.root.0)).unwrap_or_default(),
            signed: last.as_ref().map_or(0, |last| last.size),
            signed_us: self.signed_us(last.as_ref())?,
            bytes: folder_bytes(&self.dir) + self.store.blob_bytes(self.part)?.1,
            epoch,
            suite: self.institution.suite,
            worth: self.custodian.worth(),
            turn_unfinished: self.turn_unfinished()?,
            turned_us: self.root_since()?,
        })
    }
}

/// Bytes of the files in a folder, without its subfolders; what cannot be read counts nothing.
fn folder_bytes(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).filter(std::fs::Metadata::is_file).map(|data| data.len()).sum()
}
