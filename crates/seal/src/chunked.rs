//! C2SP chunked-encryption (<https://c2sp.org/chunked-encryption>), instantiated with the suite's algorithms:
//! *Cobblestone-256* (SHA-512, AES-256-GCM) or our own with SM3 and SM4-GCM.
//!
//! A message is `salt 24 ‖ commitment 32 ‖ chunks`; every chunk but the last is 16 KiB and its tag, the last is
//! shorter. Key, base nonce and commitment come from one HKDF-Expand over salt and context.
//!
//! The specification names no instantiation with SM4; it calls itself secure with any hash of 256 bits and any AEAD on
//! a block cipher of 128, and says how the AEAD's registered name stands in the derivation. It wants an input key as long
//! as the AEAD's, 16 bytes here: ours are 32, as RFC 5869 (2.3) asks for a hash of 32.

pub(crate) use crate::primitive::TAG;
use crate::primitive::{Aead, InputKey, NONCE};
use crate::suite::Suite;
use crate::{Plain, SealError};
use std::iter::once;
use subtle::ConstantTimeEq;

/// Plain bytes in a full chunk.
pub(crate) const CHUNK: usize = 16 * 1024;
/// Bytes of salt.
pub(crate) const SALT: usize = 24;
/// Bytes of commitment.
pub(crate) const COMMITMENT: usize = 32;
/// Bytes before the first chunk.
pub(crate) const PREFIX: usize = SALT + COMMITMENT;
/// "The chunk counter must stay below 2³⁸" (specification, Message chunking).
const MOST_CHUNKS: u64 = 1 << 38;

/// What the derivation begins with: the specification, and the AEAD's name in IANA's registry.
const fn info(suite: Suite) -> &'static [u8] {
    match suite {
        Suite::International => b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0",
        Suite::Shangmi => b"c2sp.org/chunked-encryption@v1+AEAD_SM4_GCM\0",
    }
}

/// What one message is sealed with.
struct Derived {
    key: Aead,
    nonce: [u8; NONCE],
    commitment: [u8; COMMITMENT],
}

impl Derived {
    fn new(key: &InputKey, salt: &[u8; SALT], context: &[&[u8]]) -> Result<Self, SealError> {
        let suite = key.suite();
        let okm = key.expand(&[info(suite), salt], context)?;
        let (aead, rest) = okm.split_at_checked(Aead::key_len(suite)).ok_or(SealError::Cipher)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Cipher)?;
        let (commitment, _) = rest.split_first_chunk::<COMMITMENT>().ok_or(SealError::Cipher)?;
        Ok(Self { key: Aead::new(suite, aead)?, nonce: *nonce, commitment: *commitment })
    }

    /// The base nonce XOR the chunk's number.
    fn nonce(&self, number: u64) -> [u8; NONCE] {
        let mut nonce = self.nonce;
        for (byte, count) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= count;
        }
        nonce
    }

    fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> Result<(), SealError> {
        self.key.seal(self.nonce(number), &[], plain, out)
    }

    fn open(&self, number: u64, sealed: &[u8], out: &mut [u8]) -> Result<(), SealError> {
        self.key.open(self.nonce(number), &[], sealed, out)
    }
}

/// Length of the message that `plain` bytes become.
pub(crate) fn sealed_len(plain: usize) -> usize {
    PREFIX + plain + (plain / CHUNK + 1) * TAG
}

/// Seals `plain` behind whatever `out` already holds. The salt must never repeat under one key.
pub(crate) fn seal(
    key: &InputKey,
    salt: &[u8; SALT],
    context: &[&[u8]],
    plain: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let derived = Derived::new(key, salt, context)?;
    out.extend_from_slice(salt);
    out.extend_from_slice(&derived.commitment);
    let start = out.len();
    out.resize(start + sealed_len(plain.len()) - PREFIX, 0);
    let body = out.get_mut(start..).ok_or(SealError::Cipher)?;
    let full = plain.chunks_exact(CHUNK);
    let last = full.remainder();
    let chunks = full.chain(once(last)).zip(body.chunks_mut(CHUNK + TAG));
    for (number, (plain, out)) in (0..MOST_CHUNKS).zip(chunks) {
        derived.seal(number, plain, out)?;
    }
    Ok(())
}

/// Opens a whole message.
pub(crate) fn open(key: &InputKey, context: &[&[u8]], message: &[u8]) -> Result<Plain, SealError> {
    let (prefix, body) = message.split_first_chunk::<PREFIX>().ok_or(SealError::Truncated)?;
    let opener = Opener::new(key, context, prefix, message.len() as u64)?;
    let length = usize::try_from(opener.plain_len()).map_err(|_| SealError::TooLong)?;
    let mut plain = Plain::zeroes(length);
    opener.open_chunks(0, body, &mut plain)?;
    Ok(plain)
}

/// A message whose commitment was checked; chunks of it can be opened in any order.
pub(crate) struct Opener {
    derived: Derived,
    /// Full chunks before the last one.
    full: u64,
    /// Plain bytes in the last chunk.
    last: u64,
}

impl Opener {
    /// Checks length and commitment. `message_len` is in bytes, prefix included.
    pub(crate) fn new(
        key: &InputKey,
        context: &[&[u8]],
        prefix: &[u8; PREFIX],
        message_len: u64,
    ) -> Result<Self, SealError> {
        let body = message_len.checked_sub(PREFIX as u64).ok_or(SealError::Truncated)?;
        let full = body / (CHUNK + TAG) as u64;
        // A last chunk without room for its tag is a message cut at or near a chunk's edge.
        let last = (body % (CHUNK + TAG) as u64).checked_sub(TAG as u64).ok_or(SealError::Truncated)?;
        if full >= MOST_CHUNKS {
            return Err(SealError::TooLong);
        }
        let (salt, commitment) = prefix.split_first_chunk::<SALT>().ok_or(SealError::Truncated)?;
        let derived = Derived::new(key, salt, context)?;
        if !bool::from(derived.commitment.ct_eq(commitment)) {
            return Err(SealError::WrongPlace);
        }
        Ok(Self { derived, full, last })
    }

    /// Plain bytes in the message. Trust it only when the last chunk has been opened.
    pub(crate) fn plain_len(&self) -> u64 {
        self.full * CHUNK as u64 + self.last
    }

    /// Number of the last chunk.
    pub(crate) fn last_chunk(&self) -> u64 {
        self.full
    }

    /// Opens neighbouring chunks, the first of them number `first`, into `out`, which must have exactly their length.
    pub(crate) fn open_chunks(&self, first: u64, sealed: &[u8], out: &mut [u8]) -> Result<(), SealError> {
        let mut out = out;
        for (number, chunk) in (first..).zip(sealed.chunks(CHUNK + TAG)) {
            let expected = match number.cmp(&self.full) {
                std::cmp::Ordering::Less => CHUNK as u64,
                std::cmp::Ordering::Equal => self.last,
                std::cmp::Ordering::Greater => return Err(SealError::Truncated),
            };
            if chunk.len() as u64 != expected + TAG as u64 {
                return Err(SealError::Truncated);
            }
            let (here, rest) =
                std::mem::take(&mut out).split_at_mut_checked(chunk.len() - TAG).ok_or(SealError::Truncated)?;
            self.derived.open(number, chunk, here)?;
            out = rest;
        }
        if out.is_empty() { Ok(()) } else { Err(SealError::Truncated) }
    }
}

#[cfg(test)]
mod international {
    const SUITE: Suite = Suite::International;
    include!("chunked_tests.rs");
}

#[cfg(test)]
mod shangmi {
    const SUITE: Suite = Suite::Shangmi;
    include!("chunked_tests.rs");
}
