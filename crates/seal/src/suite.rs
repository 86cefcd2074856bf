//! Which algorithms a message was sealed with.

use crate::SealError;

/// A cipher suite; its number stands in each header, so that several can live in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Suite {
    /// AES-256-GCM, SHA-2: Cobblestone-256. (Number 2 is kept for SM4-GCM, SM3.)
    International = 1,
}

impl Suite {
    /// The suite with this number, if this build carries it.
    pub fn of(number: u8) -> Result<Self, SealError> {
        match number {
            1 => Ok(Self::International),
            other => Err(SealError::UnknownSuite(other)),
        }
    }
}
