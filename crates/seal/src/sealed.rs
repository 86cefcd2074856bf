//! A message at rest.

use crate::SealError;
use crate::chunked::PREFIX;
use crate::suite::Suite;
use std::fmt;

/// First bytes of every sealed message.
const MAGIC: [u8; 2] = *b"T\xe7";
const VERSION: u8 = 1;
/// Bytes of mark, version and suite.
pub(crate) const MARK: usize = 4;
/// Bytes before the first chunk of a sealed message: mark 4, salt 24, commitment 32.
pub const HEADER_LEN: usize = MARK + PREFIX;

/// The mark of a message sealed by this build; bound into the message's key as well.
pub(crate) const fn mark(suite: Suite) -> [u8; MARK] {
    let [a, b] = MAGIC;
    [a, b, VERSION, suite as u8]
}

/// Reads the mark.
pub(crate) fn suite_of(mark: [u8; MARK]) -> Result<Suite, SealError> {
    let [a, b, version, suite] = mark;
    if [a, b] != MAGIC {
        return Err(SealError::NotSealed);
    }
    if version != VERSION {
        return Err(SealError::UnknownVersion(version));
    }
    Suite::of(suite)
}

/// Sealed bytes as they are kept: `mark ‖ salt ‖ commitment ‖ chunks`. Without the key they tell their length, no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes bytes read back from a store. Only the mark is looked at: opening is what proves them.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SealError> {
        let mark = bytes.first_chunk::<MARK>().ok_or(SealError::NotSealed)?;
        suite_of(*mark)?;
        if bytes.len() < HEADER_LEN {
            return Err(SealError::Truncated);
        }
        Ok(Self(bytes))
    }

    pub(crate) fn made(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to keep, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Sealed {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}
