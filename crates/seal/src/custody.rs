//! Who holds the root epoch keys.
//!
//! A custodian is asked when a realm is opened and when an epoch turns, never for a read. What it wraps is one key per
//! realm and epoch; everything below hangs on that key.

mod file;
mod passphrase;

use crate::{Realm, SealError};
use std::fmt;
use zeroize::Zeroizing;

pub use passphrase::{Effort, PassphraseFile};

/// Holder of root epoch keys.
pub trait Custodian: Send + Sync {
    /// The epoch under which new keys are wrapped.
    fn epoch(&self) -> u32;

    /// Every epoch that still exists, oldest first. More than one means that a turn was not finished: re-wrap, then
    /// destroy the older ones.
    fn epochs(&self) -> Vec<u32>;

    /// Wraps a key of a realm under a root epoch key.
    fn wrap(&self, realm: Realm, epoch: u32, plain: &[u8; 32]) -> Result<Vec<u8>, SealError>;

    /// Opens a key that [`wrap`](Self::wrap) wrapped.
    fn unwrap(&self, realm: Realm, epoch: u32, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError>;

    /// Makes a new root epoch key, durably, and returns its number. The older ones stay until destroyed.
    fn turn(&self) -> Result<u32, SealError>;

    /// Destroys an older root epoch key for good. Every realm must have been re-wrapped, durably, before.
    fn destroy(&self, epoch: u32) -> Result<DestructionReceipt, SealError>;

    /// What this custodian's word on destruction is worth.
    fn worth(&self) -> Worth;
}

/// What a custodian can promise when it says that a key is destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Worth {
    /// A hardware or network module destroyed the only copy and says so itself.
    Module,
    /// A TPM's own memory was cleared.
    Tpm,
    /// A file was rewritten without the key; nobody can recall copies of the older file.
    File,
}

impl Worth {
    /// Word for logs and interfaces.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Tpm => "tpm",
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
