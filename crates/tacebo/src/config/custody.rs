//! Who holds the root keys: a passphrase file, a PKCS#11 module or a key service.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tacebo_seal::{Pkcs11At, TransitAt};
use tacebo_vault::CustodyTerms;

use super::missing;

/// What keys are called in a module that may hold others' too.
const NAME: &str = "tacebo";
/// Where the engine is mounted unless somebody chose otherwise.
const MOUNT: &str = "transit";

/// `[custody]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    file: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    ask_every_s: Option<u64>,
    hold_s: Option<u64>,
    #[serde(default)]
    pkcs11: WrittenPkcs11,
    #[serde(default)]
    transit: WrittenTransit,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenPkcs11 {
    library: Option<PathBuf>,
    token: Option<String>,
    pin_file: Option<PathBuf>,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenTransit {
    address: Option<String>,
    mount: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    token_file: Option<PathBuf>,
    authority: Option<PathBuf>,
}

/// Where the root keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Custody {
    /// A file under a passphrase.
    File(FileAt),
    /// A module behind PKCS#11.
    Pkcs11(Pkcs11Custody),
    /// The transit engine of OpenBao or HashiCorp Vault.
    Transit(TransitCustody),
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

/// A key service and the file with the token that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransitCustody {
    /// Address, mount and name.
    pub at: TransitAt,
    /// The file with the token.
    pub token_file: PathBuf,
}

impl Written {
    /// Paths in the file are relative to it.
    pub(super) fn paths(&mut self) -> [&mut Option<PathBuf>; 6] {
        [
            &mut self.file,
            &mut self.passphrase_file,
            &mut self.pkcs11.library,
            &mut self.pkcs11.pin_file,
            &mut self.transit.token_file,
            &mut self.transit.authority,
        ]
    }

    /// Takes a variable of the environment, if it is one of these: the part of its name behind `TACEBO_CUSTODY_`.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        let number = || value.parse().with_context(|| format!("TACEBO_CUSTODY_{key} is `{value}`: use a number"));
        let path = || Some(PathBuf::from(value));
        let text = || Some(value.to_owned());
        match key {
            "FILE" => self.file = path(),
            "PASSPHRASE_FILE" => self.passphrase_file = path(),
            "ASK_EVERY_S" => self.ask_every_s = Some(number()?),
            "HOLD_S" => self.hold_s = Some(number()?),
            "PKCS11_LIBRARY" => self.pkcs11.library = path(),
            "PKCS11_TOKEN" => self.pkcs11.token = text(),
            "PKCS11_PIN_FILE" => self.pkcs11.pin_file = path(),
            "PKCS11_NAME" => self.pkcs11.name = text(),
            "TRANSIT_ADDRESS" => self.transit.address = text(),
            "TRANSIT_MOUNT" => self.transit.mount = text(),
            "TRANSIT_NAME" => self.transit.name = text(),
            "TRANSIT_NAMESPACE" => self.transit.namespace = text(),
            "TRANSIT_TOKEN_FILE" => self.transit.token_file = path(),
            "TRANSIT_AUTHORITY" => self.transit.authority = path(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// How the custodian is asked whether it is still there.
    pub(super) fn terms(&self, name: &str) -> Result<CustodyTerms> {
        let within = |key: &str, given: Option<u64>, usual: Duration, most: u64| match given {
            None => Ok(usual),
            Some(seconds) if (1..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
            Some(seconds) => bail!("{name}: `custody.{key}` is {seconds}: use 1 to {most}"),
        };
        let usual = CustodyTerms::default();
        Ok(CustodyTerms {
            every: within("ask-every-s", self.ask_every_s, usual.every, 3_600)?,
            hold: within("hold-s", self.hold_s, usual.hold, 7 * 86_400)?,
        })
    }

    pub(super) fn complete(self, name: &str) -> Result<Custody> {
        let file = self.file.is_some() || self.passphrase_file.is_some();
        let (module, service) = (self.pkcs11.complete(name)?, self.transit.complete(name)?);
        match (file, module, service) {
            (false, Some(module), None) => Ok(Custody::Pkcs11(module)),
            (false, None, Some(service)) => Ok(Custody::Transit(service)),
            (_, None, None) => Ok(Custody::File(FileAt {
                file: self.file.ok_or_else(|| missing(name, "custody.file"))?,
                passphrase_file: self.passphrase_file.ok_or_else(|| missing(name, "custody.passphrase-file"))?,
            })),
            _ => bail!("{name}: `custody` names several custodians: a root key is in one place, keep one of them"),
        }
    }
}

impl WrittenPkcs11 {
    /// `None` when nothing of it is written.
    fn complete(self, name: &str) -> Result<Option<Pkcs11Custody>> {
        let Self { library, token, pin_file, name: called } = self;
        if library.is_none() && token.is_none() && pin_file.is_none() && called.is_none() {
            return Ok(None);
        }
        Ok(Some(Pkcs11Custody {
            at: Pkcs11At {
                library: library.ok_or_else(|| missing(name, "custody.pkcs11.library"))?,
                token: token.ok_or_else(|| missing(name, "custody.pkcs11.token"))?,
                name: called.unwrap_or_else(|| NAME.to_owned()),
                patience: Pkcs11At::PATIENCE,
            },
            pin_file: pin_file.ok_or_else(|| missing(name, "custody.pkcs11.pin-file"))?,
        }))
    }
}

impl WrittenTransit {
    /// `None` when nothing of it is written.
    fn complete(self, name: &str) -> Result<Option<TransitCustody>> {
        let Self { address, mount, name: called, namespace, token_file, authority } = self;
        let texts = [&address, &mount, &called, &namespace];
        if texts.iter().all(|text| text.is_none()) && token_file.is_none() && authority.is_none() {
            return Ok(None);
        }
        Ok(Some(TransitCustody {
            at: TransitAt {
                address: address.ok_or_else(|| missing(name, "custody.transit.address"))?,
                mount: mount.unwrap_or_else(|| MOUNT.to_owned()),
                name: called.unwrap_or_else(|| NAME.to_owned()),
                namespace,
                authority,
                patience: TransitAt::PATIENCE,
            },
            token_file: token_file.ok_or_else(|| missing(name, "custody.transit.token-file"))?,
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
