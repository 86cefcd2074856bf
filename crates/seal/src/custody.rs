//! Who holds the root epoch keys.
//!
//! A custodian is asked when a realm is opened and when an epoch turns, and once in a while whether it is still there; never
//! for a read. What it wraps is one key per realm and epoch; everything below hangs on that key.

mod epochs;
mod file;
mod passphrase;
mod pkcs11;
mod share;
mod transit;
mod trouble;

use crate::{Realm, SealError, Suite};
use std::fmt;
use zeroize::Zeroizing;

pub use passphrase::{Effort, PassphraseFile};
pub use pkcs11::{Pkcs11, Pkcs11At};
pub use share::{Share, ShareFault, SharePlan};
pub use transit::{Transit, TransitAt};
pub use trouble::Trouble;

/// Holder of root epoch keys.
pub trait Custodian: Send + Sync {
    /// The epoch under which new keys are wrapped.
    fn epoch(&self) -> u32;

    /// Every epoch that still exists, oldest first. After an unfinished turn more than one: re-wrap, then destroy the older ones.
    fn epochs(&self) -> Vec<u32>;

    /// Whether an older root key is still there: a turn was begun and not finished.
    fn turn_unfinished(&self) -> bool {
        self.epochs().len() > 1
    }

    /// Looks anew which epochs there are: another program may have turned or destroyed one.
    fn look_again(&self) -> Result<(), SealError>;

    /// Wraps a key of a realm under a root epoch key.
    fn wrap(&self, realm: Realm, epoch: u32, plain: &[u8; 32]) -> Result<Vec<u8>, SealError>;

    /// Opens a key that [`wrap`](Self::wrap) wrapped.
    fn unwrap(&self, realm: Realm, epoch: u32, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError>;

    /// Makes a new root epoch key, durably, and returns its number. The older ones stay until destroyed.
    fn turn(&self) -> Result<u32, SealError>;

    /// Destroys an older root epoch key for good. Every realm must have been re-wrapped, durably, before.
    fn destroy(&self, epoch: u32) -> Result<DestructionReceipt, SealError>;

    /// Destroys every root epoch key, the one in use included: the custodian's end, when each realm has moved to
    /// another one, durably. Afterwards it holds nothing.
    fn retire(&self) -> Result<Vec<DestructionReceipt>, SealError>;

    /// One-way fingerprint of a root epoch key, the one that its destruction's receipt will carry.
    fn fingerprint(&self, epoch: u32) -> Result<[u8; 32], SealError>;

    /// The suite that its wrapping follows; `None` for a module or service, which wraps with what it offers (AES).
    fn suite(&self) -> Option<Suite> {
        None
    }

    /// Whether the root key in use is still there and does what it is for: asked over and over while a realm is open.
    fn answers(&self) -> Result<(), SealError> {
        self.fingerprint(self.epoch()).map(drop)
    }

    /// What this custodian's word on destruction is worth.
    fn worth(&self) -> Worth;
}

/// Whose a realm's wrapped key is and of which epoch: what every custodian binds into its wrapping.
fn owner(realm: Realm, epoch: u32) -> Vec<u8> {
    [&b"tacebo/root/v1\0"[..], &realm.0.to_be_bytes(), &epoch.to_be_bytes()].concat()
}

/// SHA-256 over a label and what is to be recognised later without being shown.
fn hashed(label: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(label);
    context.update(bytes);
    let mut out = [0; 32];
    for (byte, hash) in out.iter_mut().zip(context.finish().as_ref()) {
        *byte = *hash;
    }
    out
}

/// What a custodian can promise when it says that a key is destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Worth {
    /// A hardware module destroyed the only copy and says so itself.
    Module,
    /// A TPM's own memory was cleared.
    Tpm,
    /// A key service deleted the key and says so itself. Backups of its storage may still hold it, sealed under the
    /// service's own keys.
    Service,
    /// A module that is software by its own word (SoftHSM) deleted the key from its files: copies of them cannot be
    /// recalled, and they open with the token's PIN.
    Software,
    /// A file was rewritten without the key; nobody can recall copies of the older file, or shares of its key.
    File,
}

impl Worth {
    /// Word for logs and interfaces.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Tpm => "tpm",
            Self::Service => "service",
            Self::Software => "software-module",
            Self::File => "file",
        }
    }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A custodian's statement that a root epoch key is gone; only custodians of this room make it. Log it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestructionReceipt {
    epoch: u32,
    fingerprint: [u8; 32],
    worth: Worth,
}

impl DestructionReceipt {
    /// The epoch destroyed.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// One-way fingerprint of the destroyed key: a key found later can be recognised by it.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// What the statement is worth.
    pub fn worth(&self) -> Worth {
        self.worth
    }
}

impl fmt::Display for DestructionReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "root epoch {} destroyed ({}), key {}", self.epoch, self.worth, hex::encode(self.fingerprint))
    }
}
