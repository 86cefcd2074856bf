//! C2SP chunked-encryption, instantiated as Cobblestone-256: SHA-512 and AES-256-GCM
//! (<https://c2sp.org/chunked-encryption>).
//!
//! A message is `salt 24 ‖ commitment 32 ‖ chunks`; every chunk but the last is 16 KiB and its tag, the last is
//! shorter. Key, base nonce and commitment come from one HKDF-Expand over salt and context.

use crate::SealError;
use crate::secret::{KEY, Secret};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac::{self, HMAC_SHA512};
use std::iter::once;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Plain bytes in a full chunk.
pub(crate) const CHUNK: usize = 16 * 1024;
/// Bytes that the cipher adds to a chunk.
pub(crate) const TAG: usize = 16;
/// Bytes of salt.
pub(crate) const SALT: usize = 24;
/// Bytes of commitment.
pub(crate) const COMMITMENT: usize = 32;
/// Bytes before the first chunk.
pub(crate) const PREFIX: usize = SALT + COMMITMENT;
/// "The chunk counter must stay below 2³⁸" (specification, Message chunking).
const MOST_CHUNKS: u64 = 1 << 38;

const NONCE: usize = 12;
const INFO: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// Bytes of SHA-512.
const HASH: usize = 64;

/// An input key with its HMAC pads hashed already: a quarter of a derivation's cost, paid once a key. Wipes itself.
pub(crate) fn input_key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(HMAC_SHA512, secret.bytes())
}

/// HKDF-Expand (RFC 5869, 2.3) for up to two blocks of output.
fn expand(key: &hmac::Key, info: [&[u8]; 2], context: &[&[u8]]) -> Result<Zeroizing<[u8; 2 * HASH]>, SealError> {
    let context_len: usize = context.iter().map(|piece| piece.len()).sum();
    let info_len: usize = info.iter().map(|piece| piece.len()).sum();
    // Room for T(1), then info and the counter; sized at once, as it will hold key bytes.
    let mut input = Zeroizing::new(Vec::with_capacity(HASH + info_len + context_len + 1));
    input.resize(HASH, 0);
    for piece in info.iter().chain(context) {
        input.extend_from_slice(piece);
    }
    input.push(1);
    let mut out = Zeroizing::new([0; 2 * HASH]);
    let (first, second) = out.split_at_mut(HASH);
    let (_, data) = input.split_at_checked(HASH).ok_or(SealError::Cipher)?;
    hmac::sign_to_buffer(key, data, first).map_err(|_| SealError::Cipher)?;
    for (byte, t) in input.iter_mut().zip(first.iter()) {
        *byte = *t;
    }
    if let Some(counter) = input.last_mut() {
        *counter = 2;
    }
    hmac::sign_to_buffer(key, &input, second).map_err(|_| SealError::Cipher)?;
    Ok(out)
}

/// What one message is sealed with.
struct Derived {
    key: LessSafeKey,
    nonce: [u8; NONCE],
    commitment: [u8; COMMITMENT],
}

impl Derived {
    fn new(key: &hmac::Key, salt: &[u8; SALT], context: &[&[u8]]) -> Result<Self, SealError> {
        let okm = expand(key, [INFO, salt], context)?;
        let (aead, rest) = okm.split_first_chunk::<KEY>().ok_or(SealError::Cipher)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Cipher)?;
        let (commitment, _) = rest.split_first_chunk::<COMMITMENT>().ok_or(SealError::Cipher)?;
        let aead = UnboundKey::new(&AES_256_GCM, aead).map_err(|_| SealError::Cipher)?;
        Ok(Self { key: LessSafeKey::new(aead), nonce: *nonce, commitment: *commitment })
    }

    /// The base nonce XOR the chunk's number.
    fn nonce(&self, number: u64) -> Nonce {
        let mut nonce = self.nonce;
        for (byte, count) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= count;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> Result<(), SealError> {
        let (text, tag) = out.split_at_mut_checked(plain.len()).ok_or(SealError::Cipher)?;
        self.key
            .seal_out_of_place_scatter(self.nonce(number), Aad::empty(), plain, text, &[], tag)
            .map_err(|_| SealError::Cipher)
    }

    fn open(&self, number: u64, sealed: &[u8], out: &mut [u8]) -> Result<(), SealError> {
        let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(SealError::Truncated)?;
        self.key.open_separate_gather(self.nonce(number), Aad::empty(), text, tag, out).map_err(|_| SealError::Damaged)
    }
}

/// Length of the message that `plain` bytes become.
pub(crate) fn sealed_len(plain: usize) -> usize {
    PREFIX + plain + (plain / CHUNK + 1) * TAG
}

/// Seals `plain` behind whatever `out` already holds. The salt must never repeat under one key.
pub(crate) fn seal(
    key: &hmac::Key,
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
pub(crate) fn open(key: &hmac::Key, context: &[&[u8]], message: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (prefix, body) = message.split_first_chunk::<PREFIX>().ok_or(SealError::Truncated)?;
    let opener = Opener::new(key, context, prefix, message.len() as u64)?;
    let length = usize::try_from(opener.plain_len()).map_err(|_| SealError::TooLong)?;
    let mut plain = Zeroizing::new(vec![0; length]);
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
        key: &hmac::Key,
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
#[path = "chunked_tests.rs"]
mod tests;
