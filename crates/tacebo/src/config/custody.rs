//! Who holds the root keys: a passphrase file or a PKCS#11 module.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Deserialize;
use tacebo_seal::Pkcs11At;

use super::missing;

/// What keys are called in a module that may hold others' too.
const NAME: &str = "tacebo";

/// `[custody]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    file: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    #[serde(default)]
    pkcs11: WrittenPkcs11,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenPkcs11 {
    library: Option<PathBuf>,
    token: Option<String>,
    pin_file: Option<PathBuf>,
    name: Option<String>,
}

/// Where the root keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Custody {
    /// A file under a passphrase.
    File(FileAt),
    /// A module behind PKCS#11.
    Pkcs11(Pkcs11Custody),
}

/// A root key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileAt {
    /// The key file.
    pub file: PathBuf,
    /// The file with its passphrase.
    pub passphrase_file: PathBuf,
}

/// A module and the file with its PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pkcs11Custody {
    /// Library, token and name.
    pub at: Pkcs11At,
    /// The file with the user's PIN.
    pub pin_file: PathBuf,
}

impl Written {
    /// Paths in the file are relative to it.
    pub(super) fn paths(&mut self) -> [&mut Option<PathBuf>; 4] {
        [&mut self.file, &mut self.passphrase_file, &mut self.pkcs11.library, &mut self.pkcs11.pin_file]
    }

    /// Takes a variable of the environment, if it is one of these: the part of its name behind `TACEBO_CUSTODY_`.
    pub(super) fn set(&mut self, key: &str, value: &str) -> bool {
        let path = || Some(PathBuf::from(value));
        let text = || Some(value.to_owned());
        match key {
            "FILE" => self.file = path(),
            "PASSPHRASE_FILE" => self.passphrase_file = path(),
            "PKCS11_LIBRARY" => self.pkcs11.library = path(),
            "PKCS11_TOKEN" => self.pkcs11.token = text(),
            "PKCS11_PIN_FILE" => self.pkcs11.pin_file = path(),
            "PKCS11_NAME" => self.pkcs11.name = text(),
            _ => return false,
        }
        true
    }

    pub(super) fn complete(self, name: &str) -> Result<Custody> {
        let file = self.file.is_some() || self.passphrase_file.is_some();
        let WrittenPkcs11 { library, token, pin_file, name: called } = self.pkcs11;
        let module = library.is_some() || token.is_some() || pin_file.is_some() || called.is_some();
        if file && module {
            bail!("{name}: `custody` names several custodians: a root key is in one place, keep one of them");
        }
        if module {
            return Ok(Custody::Pkcs11(Pkcs11Custody {
                at: Pkcs11At {
                    library: library.ok_or_else(|| missing(name, "custody.pkcs11.library"))?,
                    token: token.ok_or_else(|| missing(name, "custody.pkcs11.token"))?,
                    name: called.unwrap_or_else(|| NAME.to_owned()),
                    patience: Pkcs11At::PATIENCE,
                },
                pin_file: pin_file.ok_or_else(|| missing(name, "custody.pkcs11.pin-file"))?,
            }));
        }
        Ok(Custody::File(FileAt {
            file: self.file.ok_or_else(|| missing(name, "custody.file"))?,
            passphrase_file: self.passphrase_file.ok_or_else(|| missing(name, "custody.passphrase-file"))?,
        }))
    }
}

impl Custody {
    /// `[custody]` of a file that may hold nothing else.
    pub(crate) fn load(file: &Path) -> Result<Self> {
        let (written, name) = super::Written::read(Some(file))?;
        written.custody.complete(&name)
    }
}
