//! What a demo leaves on the disk beside the data.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::config::{Custody, FileAt};
use crate::custody::{private_folder, write_private};
use crate::demo::people::Kept;

/// Lies there while the house is being made, so that a demo cut short is made again.
const HALF_MADE: &str = "demo.unfinished";
const NOTE: &str = "\
This folder holds the keys of a demonstration: root keys, the passphrase that opens them, and passwords.
A real house keeps none of this beside its data: whoever has both can read everything. See `tacebo serve --help`.

本目录存放演示用的密钥、口令与密码。正式机构不得将其与数据放在一起:同时取得两者即可读取全部内容。
";

/// The data folder of a demo.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    /// Where its backups go.
    pub(crate) fn backups(&self) -> PathBuf {
        self.0.join("backup")
    }

    /// Where its keys are.
    pub(crate) fn custody(&self) -> Custody {
        Custody::File(FileAt { file: self.secret("root.json"), passphrase_file: self.secret("passphrase") })
    }

    fn secret(&self, name: &str) -> PathBuf {
        self.0.join("custody").join(name)
    }

    /// Whether an earlier start was cut short.
    pub(crate) fn is_half_made(&self) -> bool {
        self.0.join(HALF_MADE).exists()
    }

    /// Removes a demo; never a folder that is none.
    pub(crate) fn clear(&self) -> Result<()> {
        let entries = match fs::read_dir(&self.0) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", self.0.display()));
            }
        };
        if !entries {
            return Ok(());
        }
        if !self.is_half_made() && !self.secret("demo-accounts.json").exists() {
            bail!("{} holds something that is no demo: it is left alone", self.0.display());
        }
        fs::remove_dir_all(&self.0).with_context(|| format!("{} cannot be removed", self.0.display()))
    }

    /// Marks the folder as being made.
    pub(crate) fn begin(&self) -> Result<()> {
        private_folder(&self.0)?;
        if fs::read_dir(&self.0)?.next().is_some() {
            bail!("{} is not empty and holds no demo: name another folder", self.0.display());
        }
        write_private(&self.0.join(HALF_MADE), b"")?;
        private_folder(&self.0.join("custody"))?;
        write_private(&self.secret("README"), NOTE.as_bytes())
    }

    /// Marks it as made.
    pub(crate) fn finish(&self) -> Result<()> {
        Ok(fs::remove_file(self.0.join(HALF_MADE))?)
    }

    /// Keeps the accounts for the next start.
    pub(crate) fn write_accounts(&self, kept: &Kept) -> Result<()> {
        write_private(&self.secret("demo-accounts.json"), &serde_json::to_vec_pretty(kept)?)
    }

    /// The accounts of an earlier start.
    pub(crate) fn read_accounts(&self) -> Result<Kept> {
        let path = self.secret("demo-accounts.json");
        let bytes = fs::read(&path).with_context(|| {
            format!("{} cannot be read: this is no demo, or use --fresh to begin anew", path.display())
        })?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged: use --fresh", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_demo_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
        let folder = Folder::new(dir.path().to_owned());
        assert!(folder.clear().is_err());
        assert!(folder.begin().is_err());
        assert!(dir.path().join("thesis.txt").exists());
    }

    #[test]
    fn a_demo_cut_short_is_known_and_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().join("demo"));
        folder.clear().unwrap();
        folder.begin().unwrap();
        assert!(folder.is_half_made());
        folder.clear().unwrap();
        assert!(!folder.dir().exists());
    }
}
