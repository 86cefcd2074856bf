//! The root keys' file and the passphrase that opens it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tacebo_seal::Effort;
use tacebo_vault::{Custodian, PassphraseFile};

use crate::config::Custody;

/// Opens the root keys.
pub(crate) fn open(custody: &Custody) -> Result<Arc<dyn Custodian>> {
    let passphrase = passphrase(&custody.passphrase_file)?;
    let file = PassphraseFile::open(&custody.file, &passphrase)
        .with_context(|| format!("the root keys in {} cannot be opened", custody.file.display()))?;
    Ok(Arc::new(file))
}

/// Makes root keys under the passphrase; makes the passphrase too, if there is none.
pub(crate) fn create(custody: &Custody, effort: Effort) -> Result<Arc<dyn Custodian>> {
    for path in [&custody.file, &custody.passphrase_file] {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder)?;
        }
    }
    if !custody.passphrase_file.exists() {
        write_private(&custody.passphrase_file, format!("{}\n", random_text()?).as_bytes())?;
    }
    let passphrase = passphrase(&custody.passphrase_file)?;
    let file = PassphraseFile::create(&custody.file, &passphrase, effort)
        .with_context(|| format!("the root keys in {} cannot be made", custody.file.display()))?;
    Ok(Arc::new(file))
}

fn passphrase(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("the passphrase file {} cannot be read", path.display()))?;
    if open_to_others(path)? {
        tracing::warn!(path = %path.display(), "the passphrase file can be read by other users: chmod 600");
    }
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        bail!("the passphrase file {} is empty", path.display());
    }
    Ok(text.to_owned())
}

/// 256 random bits as text.
pub(crate) fn random_text() -> Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow!("no randomness from the system"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A folder for its owner only.
pub(crate) fn private_folder(path: &Path) -> Result<()> {
    let made = !path.exists();
    fs::create_dir_all(path).with_context(|| format!("the folder {} cannot be made", path.display()))?;
    #[cfg(unix)]
    if made {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// A file for its owner only, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let named = || format!("{} cannot be written", path.display());
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary).with_context(named)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(named)?;
    fs::rename(&temporary, path).with_context(named)
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custody(dir: &Path) -> Custody {
        Custody { file: dir.join("c/root.json"), passphrase_file: dir.join("c/passphrase") }
    }

    #[test]
    fn root_keys_open_again_with_the_passphrase_that_was_made() {
        let dir = tempfile::tempdir().unwrap();
        let custody = custody(dir.path());
        create(&custody, Effort::LEAST).unwrap();
        assert_eq!(open(&custody).unwrap().epoch(), 1);
        assert!(!open_to_others(&custody.passphrase_file).unwrap());
        fs::write(&custody.passphrase_file, "another passphrase").unwrap();
        assert!(open(&custody).is_err());
    }

    #[test]
    fn existing_root_keys_are_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let custody = custody(dir.path());
        create(&custody, Effort::LEAST).unwrap();
        let before = fs::read(&custody.file).unwrap();
        assert!(create(&custody, Effort::LEAST).is_err());
        assert_eq!(fs::read(&custody.file).unwrap(), before);
    }
}
