//! A folder as an object store.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use object_store::{ObjectStore, local::LocalFileSystem};

use crate::{Name, ObjectError};

/// The folder of objects, made if it is not there.
pub(crate) struct Folder {
    root: PathBuf,
    pub(crate) store: Arc<dyn ObjectStore>,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Result<Self, ObjectError> {
        let wrong = |e: &dyn std::fmt::Display| ObjectError::Folder(format!("{}: {e}", root.display()));
        make(root).map_err(|e| wrong(&e))?;
        let store = LocalFileSystem::new_with_prefix(root).map_err(|e| wrong(&e))?.with_fsync(true);
        Ok(Self { root: root.to_owned(), store: Arc::new(store) })
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
