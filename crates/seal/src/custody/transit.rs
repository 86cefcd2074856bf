//! Root keys in a key service: the *transit* engine of OpenBao or HashiCorp Vault, one named AES-256-GCM key for each
//! root epoch.
//!
//! The keys never leave the service. It is asked when a realm is opened and when an epoch turns; each question is
//! answered within [`TransitAt::patience`] or is an error. What to allow its token stands in `docs/operations.md`.
//!
//! Written from the documentation of both
//! (<https://openbao.org/api-docs/secret/transit/>, <https://developer.hashicorp.com/vault/api-docs/secret/transit>).

mod http;

use super::epochs::Epochs;
use super::{Custodian, DestructionReceipt, Trouble, Worth, hashed, owner};
use crate::secret::{KEY, Secret};
use crate::wrap::{NONCE, TAG};
use crate::{Realm, SealError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{Client, Said, trouble};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

const WHO: &str = "key service (transit)";
const VERSION: u8 = 1;
/// AES-256-GCM, made by the service.
const SUITE: u8 = 1;
/// What the service's ciphertext holds: nonce, key, tag.
const SEALED: usize = NONCE + KEY + TAG;

/// Where a service's root keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransitAt {
    /// `https://vault.example:8200`; clear text to this machine only.
    pub address: String,
    /// Where the engine is mounted, `transit` mostly.
    pub mount: String,
    /// What this institution's keys are called there: letters, digits, `-` and `_`.
    pub name: String,
    /// Namespace, where the service has them.
    pub namespace: Option<String>,
    /// PEM file with the certificates of the authority that vouches for the service.
    pub authority: Option<PathBuf>,
    /// How long one answer is waited for.
    pub patience: Duration,
}

impl TransitAt {
    /// Enough for a service that is just electing a leader.
    pub const PATIENCE: Duration = Duration::from_secs(20);
}

/// A custodian that keeps its root keys in a key service.
pub struct Transit {
    at: TransitAt,
    client: Client,
    epochs: Epochs,
}

#[derive(Deserialize)]
struct Listed {
    keys: Vec<String>,
}

/// What a key must be so that its destruction means something.
#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the service's own answer")]
struct Key {
    #[serde(rename = "type")]
    kind: String,
    exportable: bool,
    allow_plaintext_backup: bool,
    derived: bool,
    #[serde(default, rename = "imported_key")]
    imported: bool,
}

#[derive(Serialize)]
struct Wanted<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    exportable: bool,
    allow_plaintext_backup: bool,
}

#[derive(Serialize)]
struct Deletable {
    deletion_allowed: bool,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    associated_data: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    associated_data: &'a str,
}

#[derive(Serialize)]
struct Mac<'a> {
    input: &'a str,
    key_version: u32,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: String,
}

#[derive(Deserialize)]
struct Maced {
    hmac: String,
}

const UNCLEAR: Trouble = Trouble::Unclear("what was asked for is missing in it");

fn data<T>(said: Option<Said<T>>) -> Result<T, SealError> {
    said.and_then(|said| said.data).ok_or_else(|| trouble(UNCLEAR))
}

impl Transit {
    /// Makes the first root key, of epoch `first`. Refuses where there are keys of this name.
    pub fn create(at: &TransitAt, token: &str, first: u32) -> Result<Self, SealError> {
        let service = Self::connect(at, token)?;
        if !service.list()?.is_empty() {
            return Err(SealError::CustodyExists);
        }
        service.make(first)?;
        service.epochs.keep(vec![first]);
        Ok(service)
    }

    /// Opens the root keys of this name.
    pub fn open(at: &TransitAt, token: &str) -> Result<Self, SealError> {
        let service = Self::connect(at, token)?;
        let epochs = service.list()?;
        let newest = *epochs.last().ok_or_else(|| trouble(Trouble::NoRoot(at.name.clone())))?;
        for &epoch in &epochs {
            service.fit(epoch)?;
        }
        service.binds(newest)?;
        service.epochs.keep(epochs);
        Ok(service)
    }

    /// Whether the service holds root keys of this name.
    pub fn exists(at: &TransitAt, token: &str) -> Result<bool, SealError> {
        Ok(!Self::connect(at, token)?.list()?.is_empty())
    }

    fn connect(at: &TransitAt, token: &str) -> Result<Self, SealError> {
        let plain = |text: &str, also: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
        };
        if !plain(&at.name, "-_") || !plain(&at.mount, "-_/") {
            return Err(trouble(Trouble::Refused("its mount and name are letters, digits, - and _".to_owned())));
        }
        Ok(Self { at: at.clone(), client: Client::new(at, token)?, epochs: Epochs::default() })
    }

    fn key(&self, epoch: u32) -> String {
        format!("{}-root-epoch-{epoch}", self.at.name)
    }

    /// Epochs that exist, oldest first.
    fn list(&self) -> Result<Vec<u32>, SealError> {
        // An empty list is answered like a thing that is not there.
        let Some(said) = self.client.get::<Listed>("keys?list=true")? else { return Ok(Vec::new()) };
        let prefix = format!("{}-root-epoch-", self.at.name);
        let listed = data(Some(said))?;
        let mut epochs: Vec<u32> =
            listed.keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.parse().ok()).collect();
        epochs.sort_unstable();
        Ok(epochs)
    }

    fn make(&self, epoch: u32) -> Result<(), SealError> {
        let wanted = Wanted { kind: "aes256-gcm96", exportable: false, allow_plaintext_backup: false };
        let said = self.client.post::<serde::de::IgnoredAny>(&format!("keys/{}", self.key(epoch)), &wanted)?;
        // Asking for a key that is there is answered with it and a warning: another program was faster.
        if said.is_some_and(|said| said.warnings.iter().any(|warning| warning.contains("already existed"))) {
            return Err(SealError::CustodyChanged);
        }
        self.fit(epoch)?;
        self.binds(epoch)
    }

    /// Whether a key is there and of the sort that this program makes.
    fn fit(&self, epoch: u32) -> Result<(), SealError> {
        let said = self.client.get::<Key>(&format!("keys/{}", self.key(epoch)))?;
        let key = data(Some(said.ok_or(SealError::EpochGone(epoch))?))?;
        let stays = !key.exportable && !key.allow_plaintext_backup && !key.imported;
        if !stays || key.derived || key.kind != "aes256-gcm96" {
            return Err(trouble(Trouble::Extractable(epoch)));
        }
        Ok(())
    }

    /// Whether the service binds associated data: releases that do not know of it leave it out in silence.
    fn binds(&self, epoch: u32) -> Result<(), SealError> {
        let sealed = self.encrypt(epoch, b"tacebo/probe/v1/a", &Secret::empty())?;
        match self.decrypt(epoch, b"tacebo/probe/v1/b", &sealed) {
            Err(SealError::KeyUnreadable) => Ok(()),
            Ok(_) => Err(trouble(Trouble::Refused(
                "it does not bind associated data: this release of it is too old".to_owned(),
            ))),
            Err(error) => Err(error),
        }
    }

    fn encrypt(&self, epoch: u32, owner: &[u8], key: &Secret) -> Result<Vec<u8>, SealError> {
        let plaintext = Zeroizing::new(BASE64.encode(key.bytes()));
        let asked = Encrypt { plaintext: &plaintext, associated_data: &BASE64.encode(owner) };
        let said = self.client.post::<Encrypted>(&format!("encrypt/{}", self.key(epoch)), &asked)?;
        let (version, sealed) = parsed(&data(said)?.ciphertext)?;
        let mut out = Vec::with_capacity(2 + 4 + SEALED);
        out.extend_from_slice(&[VERSION, SUITE]);
        out.extend_from_slice(&version.to_be_bytes());
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    fn decrypt(&self, epoch: u32, owner: &[u8], wrapped: &[u8]) -> Result<Secret, SealError> {
        let (&[version, suite], rest) = wrapped.split_first_chunk::<2>().ok_or(SealError::KeyUnreadable)?;
        if version != VERSION {
            return Err(SealError::UnknownVersion(version));
        }
        if suite != SUITE {
            return Err(SealError::UnknownSuite(suite));
        }
        let (key_version, sealed) = rest.split_first_chunk::<4>().ok_or(SealError::KeyUnreadable)?;
        let key_version = u32::from_be_bytes(*key_version);
        // Zero is taken for one by the service: one text only may open.
        if sealed.len() != SEALED || key_version == 0 {
            return Err(SealError::KeyUnreadable);
        }
        let ciphertext = format!("vault:v{key_version}:{}", BASE64.encode(sealed));
        let asked = Decrypt { ciphertext: &ciphertext, associated_data: &BASE64.encode(owner) };
        let said = match self.client.post::<Decrypted>(&format!("decrypt/{}", self.key(epoch)), &asked) {
            // The key is there, as was just seen: so it is the text that does not fit.
            Err(SealError::Custodian { trouble: Trouble::Refused(words), .. }) if words.starts_with("HTTP 400") => {
                return Err(SealError::KeyUnreadable);
            }
            said => data(said?)?,
        };
        let text = Zeroizing::new(said.plaintext);
        let plain = BASE64.decode(text.as_bytes()).map(Zeroizing::new);
        Secret::copy_of(&plain.map_err(|_| trouble(UNCLEAR))?)
    }

    fn remove(&self, epoch: u32) -> Result<DestructionReceipt, SealError> {
        let fingerprint = self.fingerprint(epoch)?;
        let key = format!("keys/{}", self.key(epoch));
        self.client.post::<serde::de::IgnoredAny>(&format!("{key}/config"), &Deletable { deletion_allowed: true })?;
        self.client.delete(&key)?;
        if self.client.get::<serde::de::IgnoredAny>(&key)?.is_some() || self.list()?.contains(&epoch) {
            return Err(trouble(Trouble::StillThere(epoch)));
        }
        Ok(DestructionReceipt { epoch, fingerprint, worth: self.worth() })
    }

    /// Which epochs there are, if they are the ones that were seen.
    fn unchanged(&self) -> Result<Vec<u32>, SealError> {
        let now = self.list()?;
        if now == self.epochs() { Ok(now) } else { Err(SealError::CustodyChanged) }
    }
}

/// `vault:v1:BASE64`, strictly: version and 60 bytes.
fn parsed(ciphertext: &str) -> Result<(u32, [u8; SEALED]), SealError> {
    let parts = ciphertext.strip_prefix("vault:v").and_then(|rest| rest.split_once(':'));
    let read = parts.and_then(|(version, text)| {
        let version = version.parse::<u32>().ok().filter(|version| *version > 0)?;
        Some((version, BASE64.decode(text).ok()?.try_into().ok()?))
    });
    read.ok_or_else(|| trouble(Trouble::Unclear("its ciphertext is not of AES-256-GCM")))
}

impl Custodian for Transit {
    fn epoch(&self) -> u32 {
        self.epochs.newest()
    }

    fn epochs(&self) -> Vec<u32> {
        self.epochs.all()
    }

    fn look_again(&self) -> Result<(), SealError> {
        self.epochs.keep(self.list()?);
        Ok(())
    }

    fn wrap(&self, realm: Realm, epoch: u32, plain: &[u8; 32]) -> Result<Vec<u8>, SealError> {
        // Looked for first: the service may make a key that it is asked to encrypt with.
        self.fit(epoch)?;
        self.encrypt(epoch, &owner(realm, epoch), &Secret::copy_of(plain)?)
    }

    fn unwrap(&self, realm: Realm, epoch: u32, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.fit(epoch)?;
        Ok(Zeroizing::new(self.decrypt(epoch, &owner(realm, epoch), wrapped)?.bytes().to_vec()))
    }

    fn turn(&self) -> Result<u32, SealError> {
        let mut epochs = self.unchanged()?;
        let next = self.epoch().checked_add(1).ok_or(SealError::EpochsUsedUp)?;
        self.make(next)?;
        epochs.push(next);
        self.epochs.keep(epochs);
        Ok(next)
    }

    fn destroy(&self, epoch: u32) -> Result<DestructionReceipt, SealError> {
        let mut epochs = self.list()?;
        if epochs.last() == Some(&epoch) {
            return Err(SealError::EpochInUse(epoch));
        }
        if !epochs.contains(&epoch) {
            return Err(SealError::EpochGone(epoch));
        }
        if epochs != self.epochs() {
            return Err(SealError::CustodyChanged);
        }
        let receipt = self.remove(epoch)?;
        epochs.retain(|other| *other != epoch);
        self.epochs.keep(epochs);
        Ok(receipt)
    }

    fn retire(&self) -> Result<Vec<DestructionReceipt>, SealError> {
        let epochs = self.unchanged()?;
        let receipts = epochs.iter().map(|epoch| self.remove(*epoch)).collect::<Result<_, _>>()?;
        self.epochs.keep(Vec::new());
        Ok(receipts)
    }

    /// From the service's HMAC under the named key: its own key for that lies and dies with the named key, so that a key
    /// brought back from a backup of the service is recognised, while neither is shown.
    fn fingerprint(&self, epoch: u32) -> Result<[u8; 32], SealError> {
        self.fit(epoch)?;
        let input = BASE64.encode(b"tacebo/root-fingerprint/v1");
        let asked = Mac { input: &input, key_version: 1 };
        let said = self.client.post::<Maced>(&format!("hmac/{}/sha2-256", self.key(epoch)), &asked)?;
        let mac = data(said)?.hmac;
        let mac = mac.strip_prefix("vault:v1:").and_then(|text| BASE64.decode(text).ok()).filter(|mac| mac.len() == 32);
        let mac = mac.ok_or_else(|| trouble(Trouble::Unclear("its HMAC is not of SHA-256")))?;
        Ok(hashed(b"tacebo/root-fingerprint/transit/v1\0", &mac))
    }

    fn worth(&self) -> Worth {
        Worth::Service
    }
}

impl fmt::Debug for Transit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transit").field("at", &self.at).finish_non_exhaustive()
    }
}
