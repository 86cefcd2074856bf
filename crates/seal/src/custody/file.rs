//! A small secret file, replaced as a whole or not at all.

use crate::{SealError, random};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// More than any root key file has; what is longer is something else.
const MOST: u64 = 1 << 20;

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> SealError {
    move |source| SealError::Io { doing, source }
}

fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, SealError> {
    let file = File::open(path).map_err(io_error("open"))?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(io_error("read"))?;
    if bytes.len() as u64 > MOST {
        return Err(SealError::CustodyDamaged("it is too long"));
    }
    Ok(bytes)
}

/// Creates the file; refuses to replace one.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), SealError> {
    let _lock = lock(path)?;
    let new = write_beside(path, bytes)?;
    // A hard link, unlike a rename, fails when the name is taken.
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new).map_err(io_error("tidy up after creating"))?;
    linked.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => SealError::CustodyExists,
        _ => SealError::Io { doing: "create", source },
    })?;
    sync_folder(path)
}

/// Puts `bytes` in the place of `expected`. When another process changed the file meanwhile, nothing is written: a root
/// key that only that process knows would be lost.
pub(super) fn replace(path: &Path, expected: &[u8], bytes: &[u8]) -> Result<(), SealError> {
    let _lock = lock(path)?;
    if read(path)? != expected {
        return Err(SealError::CustodyChanged);
    }
    let new = write_beside(path, bytes)?;
    let old = OpenOptions::new().write(true).open(path);
    if let Err(source) = fs::rename(&new, path) {
        // The old file still stands; the new one must not lie about. Its removal failing changes nothing for the caller.
        drop(fs::remove_file(&new));
        return Err(SealError::Io { doing: "replace", source });
    }
    sync_folder(path)?;
    if let Ok(old) = old {
        wipe(old, expected.len());
    }
    Ok(())
}

/// Takes the file away for good, if it still is the `expected` one.
pub(super) fn remove(path: &Path, expected: &[u8]) -> Result<(), SealError> {
    let _lock = lock(path)?;
    if read(path)? != expected {
        return Err(SealError::CustodyChanged);
    }
    let old = OpenOptions::new().write(true).open(path);
    fs::remove_file(path).map_err(io_error("remove"))?;
    sync_folder(path)?;
    if let Ok(old) = old {
        wipe(old, expected.len());
    }
    Ok(())
}

/// Overwrites the replaced file where the disk writes in place. Best effort by nature: flash, copy-on-write and copies
/// elsewhere keep what they keep, which is why a file's word is worth less than a module's.
fn wipe(mut old: File, length: usize) {
    drop(old.write_all(&vec![0; length]).and_then(|()| old.sync_all()));
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, SealError> {
    let new = beside(path, &format!(".{}", hex::encode(random::array::<8>()?)));
    let mut file =
        owner_only(OpenOptions::new().write(true).create_new(true)).open(&new).map_err(io_error("create"))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(source) = written {
        drop(fs::remove_file(&new));
        return Err(SealError::Io { doing: "write", source });
    }
    Ok(new)
}

fn lock(path: &Path) -> Result<File, SealError> {
    let lock = owner_only(OpenOptions::new().write(true).create(true).truncate(false))
        .open(beside(path, ".lock"))
        .map_err(io_error("lock"))?;
    lock.lock().map_err(io_error("lock"))?;
    Ok(lock)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the file's name durable.
fn sync_folder(path: &Path) -> Result<(), SealError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("make durable"))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
