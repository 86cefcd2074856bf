//! A checkpoint outside the data folder: whoever puts an older copy of the records back does not put back this one.
//!
//! The running program rewrites the file whenever it signs, and at each start the log must continue what it says.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tacebo_ledger::{Checkpoint, root_at};

use crate::disclosed::VaultFault;
use crate::vault::{Inner, Vault};

impl Vault {
    /// Watches the log by a file elsewhere: refuses a log that does not continue what the file says, and keeps it up to date
    /// from now on. A file that is not there is made by the next signature.
    ///
    /// # Errors
    /// The log does not continue the file's checkpoint, or the file cannot be read.
    pub fn witness_in(&self, file: &Path) -> Result<(), VaultFault> {
        if let Some(note) = read(file)? {
            self.0.continues(&note).map_err(|why| VaultFault::Folder(format!("{why} ({})", file.display())))?;
        }
        if self.0.witness.set(file.to_owned()).is_err() {
            return Err(VaultFault::Folder("the log is watched by a file already".to_owned()));
        }
        Ok(())
    }

    /// Whether the log continues a signed checkpoint.
    ///
    /// # Errors
    /// It does not, in a sentence; or the note is none of this log.
    pub fn continues(&self, note: &str) -> Result<Checkpoint, String> {
        self.0.continues(note)
    }
}

impl Inner {
    fn continues(&self, note: &str) -> Result<Checkpoint, String> {
        let key = self.log_key.verifier().map_err(|error| error.to_string())?;
        let seen = key
            .open(note.as_bytes())
            .map_err(|error| format!("the checkpoint kept elsewhere is none of this log: {error}"))?;
        let head = self.store.log_head(self.part).map_err(|error| error.to_string())?;
        let here = head.map_or(0, |head| head.size);
        if here < seen.size {
            return Err(format!(
                "these records are older than what was seen of them: their log has {here} entries, {} were signed; this is an older copy that was put back",
                seen.size
            ));
        }
        let root = root_at(&self.store.tiles(self.part), seen.size).map_err(|error| error.to_string())?;
        if root != seen.root {
            return Err(format!(
                "the log of these records is not the one that was seen: they part before entry {}; this is a copy that went its own way",
                seen.size
            ));
        }
        Ok(seen)
    }

    /// Says to the file what was signed.
    pub(crate) async fn tell_witness(&self, note: String) {
        let Some(file) = self.witness.get().cloned() else { return };
        let told = tokio::task::spawn_blocking(move || write(&file, &note)).await;
        if let Ok(Err(error)) = told {
            tracing::error!(%error, "the checkpoint kept elsewhere could not be written");
        }
    }
}

fn read(file: &Path) -> Result<Option<String>, VaultFault> {
    match fs::read_to_string(file) {
        Ok(note) => Ok(Some(note)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(VaultFault::Folder(format!("{} cannot be read: {error}", file.display()))),
    }
}

/// Whole and durable, or as before.
fn write(file: &Path, note: &str) -> std::io::Result<()> {
    let mut beside: PathBuf = file.to_owned();
    beside.as_mut_os_string().push(".new");
    let mut new = File::create(&beside)?;
    new.write_all(note.as_bytes())?;
    new.sync_all()?;
    fs::rename(&beside, file)?;
    if let Some(dir) = file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
