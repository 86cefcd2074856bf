//! A folder as an object store.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use object_store::{ObjectStore, local::LocalFileSystem};

use crate::{Name, ObjectError};

/// The folder of objects. It is made with the first of them: most houses never need it.
pub(crate) struct Folder {
    root: PathBuf,
    store: OnceLock<Arc<dyn ObjectStore>>,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), store: OnceLock::new() }
    }

    /// The folder for writing.
    pub(crate) fn made(&self) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        if let Some(store) = self.store.get() {
            return Ok(Arc::clone(store));
        }
        let wrong = |e: &dyn std::fmt::Display| ObjectError::Folder(format!("{}: {e}", self.root.display()));
        make(&self.root).map_err(|e| wrong(&e))?;
        let store = LocalFileSystem::new_with_prefix(&self.root).map_err(|e| wrong(&e))?.with_fsync(true);
        Ok(Arc::clone(self.store.get_or_init(|| Arc::new(store))))
    }

    /// The folder for reading; missing is what is asked for where there is no folder.
    pub(crate) fn there(&self) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        if self.store.get().is_none() && !self.root.exists() {
            return Err(ObjectError::Missing);
        }
        self.made()
    }

    /// Makes the removal of an object durable: one that was destroyed must not be there again after a power cut.
    pub(crate) fn settle(&self, name: &Name) -> Result<(), ObjectError> {
        let file = self.root.join(name.path("").as_ref());
        let Some(parent) = file.parent() else { return Ok(()) };
        let synced = File::open(parent).and_then(|folder| folder.sync_all());
        synced.map_err(|e| ObjectError::Folder(e.to_string()))
    }

    /// Removes what a program that was killed left half written (`name#1`): nothing ever reads or lists it.
    pub(crate) fn sweep(&self, before: SystemTime) -> Result<u64, ObjectError> {
        if !self.root.exists() {
            return Ok(0);
        }
        sweep(&self.root, before).map_err(|e| ObjectError::Folder(e.to_string()))
    }
}

fn make(root: &Path) -> io::Result<()> {
    if root.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(root)?;
    match root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn sweep(folder: &Path, before: SystemTime) -> io::Result<u64> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            removed += sweep(&entry.path(), before)?;
        } else if kind.is_file() && is_half(&entry.file_name().to_string_lossy()) {
            match entry.metadata().and_then(|found| found.modified()) {
                Ok(made) if made < before => {
                    fs::remove_file(entry.path())?;
                    removed += 1;
                }
                // One that is just being finished.
                _ => {}
            }
        }
    }
    Ok(removed)
}

/// What the library calls a file while it writes it.
fn is_half(name: &str) -> bool {
    name.split_once('#').is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
