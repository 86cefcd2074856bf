//! Who holds the root keys, opened with the passphrase or PIN that lies in a file.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tacebo_seal::{Effort, Pkcs11, Transit};
use tacebo_vault::{Custodian, PassphraseFile, Suite};
use zeroize::Zeroizing;

use crate::config::{Custody, FileAt};

/// RFC 9106 §4, second recommended option: a fifth of a second at each start.
pub(crate) const EFFORT: Effort = Effort { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

/// A custodian that was opened, by its sort.
pub(crate) enum Keys {
    /// A file under a passphrase.
    File(Arc<PassphraseFile>),
    /// A PKCS#11 module.
    Pkcs11(Arc<Pkcs11>),
    /// A key service.
    Transit(Arc<Transit>),
}

impl Keys {
    /// The custodian, whatever it is.
    pub(crate) fn custodian(&self) -> Arc<dyn Custodian> {
        match self {
            Self::File(file) => file.clone(),
            Self::Pkcs11(module) => module.clone(),
            Self::Transit(service) => service.clone(),
        }
    }
}

/// Opens the root keys.
pub(crate) fn open(custody: &Custody) -> Result<Keys> {
    match custody {
        Custody::File(at) => {
            let passphrase = secret(&at.passphrase_file, "passphrase")?;
            let file = PassphraseFile::open(&at.file, &passphrase)
                .with_context(|| format!("the root keys in {} cannot be opened", at.file.display()))?;
            Ok(Keys::File(Arc::new(file)))
        }
        Custody::Pkcs11(module) => {
            let keys = Pkcs11::open(&module.at, &secret(&module.pin_file, "PIN")?);
            Ok(Keys::Pkcs11(Arc::new(keys.with_context(|| in_module(&module.at.token))?)))
        }
        Custody::Transit(service) => {
            let keys = Transit::open(&service.at, &secret(&service.token_file, "token")?);
            Ok(Keys::Transit(Arc::new(keys.with_context(|| in_service(&service.at.address))?)))
        }
    }
}

/// Whether there are root keys in this place.
pub(crate) fn exists(custody: &Custody) -> Result<bool> {
    match custody {
        Custody::File(at) => Ok(at.file.exists()),
        Custody::Pkcs11(module) => {
            Pkcs11::exists(&module.at, &secret(&module.pin_file, "PIN")?).with_context(|| in_module(&module.at.token))
        }
        Custody::Transit(service) => Transit::exists(&service.at, &secret(&service.token_file, "token")?)
            .with_context(|| in_service(&service.at.address)),
    }
}

/// Makes root keys for an institution of this suite, the first of epoch `first`; makes the passphrase too, if there is none.
pub(crate) fn create(custody: &Custody, effort: Effort, suite: Suite, first: u32) -> Result<Keys> {
    match custody {
        Custody::File(at) => {
            let passphrase = passphrase_made(at)?;
            let file = PassphraseFile::create_from(&at.file, &passphrase, effort, suite, first)
                .with_context(|| format!("the root keys in {} cannot be made", at.file.display()))?;
            Ok(Keys::File(Arc::new(file)))
        }
        Custody::Pkcs11(module) => {
            let keys = Pkcs11::create(&module.at, &secret(&module.pin_file, "PIN")?, first);
            Ok(Keys::Pkcs11(Arc::new(keys.with_context(|| in_module(&module.at.token))?)))
        }
        Custody::Transit(service) => {
            let keys = Transit::create(&service.at, &secret(&service.token_file, "token")?, first);
            Ok(Keys::Transit(Arc::new(keys.with_context(|| in_service(&service.at.address))?)))
        }
    }
}

/// The folders of a root key file and its passphrase, and a passphrase in them: a fresh one, if there is none.
pub(crate) fn passphrase_made(at: &FileAt) -> Result<Zeroizing<String>> {
    for path in [&at.file, &at.passphrase_file] {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder)?;
        }
    }
    if !at.passphrase_file.exists() {
        write_private(&at.passphrase_file, format!("{}\n", random_text()?).as_bytes())?;
    }
    secret(&at.passphrase_file, "passphrase")
}

fn in_module(token: &str) -> String {
    format!("the root keys in the token {token} cannot be used")
}

fn in_service(address: &str) -> String {
    format!("the root keys in the key service {address} cannot be used")
}

/// What a file holds for the program alone, without the end of its line.
pub(crate) fn secret(path: &Path, what: &str) -> Result<Zeroizing<String>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("the {what} file {} cannot be read", path.display()))?;
    let text = Zeroizing::new(text);
    if open_to_others(path)? {
        tracing::warn!(path = %path.display(), "the {what} file can be read by other users: chmod 600");
    }
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        bail!("the {what} file {} is empty", path.display());
    }
    Ok(Zeroizing::new(text.to_owned()))
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

    fn at(dir: &Path) -> FileAt {
        FileAt { file: dir.join("c/root.json"), passphrase_file: dir.join("c/passphrase") }
    }

    #[test]
    fn root_keys_open_again_with_the_passphrase_that_was_made() {
        let dir = tempfile::tempdir().unwrap();
        let at = at(dir.path());
        let custody = Custody::File(at.clone());
        create(&custody, Effort::LEAST, Suite::International, 1).unwrap();
        assert_eq!(open(&custody).unwrap().custodian().epoch(), 1);
        assert!(!open_to_others(&at.passphrase_file).unwrap());
        fs::write(&at.passphrase_file, "another passphrase").unwrap();
        assert!(open(&custody).is_err());
    }

    #[test]
    fn existing_root_keys_are_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = at(dir.path());
        let custody = Custody::File(at.clone());
        create(&custody, Effort::LEAST, Suite::International, 1).unwrap();
        let before = fs::read(&at.file).unwrap();
        assert!(create(&custody, Effort::LEAST, Suite::International, 1).is_err());
        assert_eq!(fs::read(&at.file).unwrap(), before);
    }
}
