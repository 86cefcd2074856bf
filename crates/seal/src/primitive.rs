//! The operations of a suite. Everything above works with these and does not ask which suite it is.

use crate::SealError;
use crate::secret::Secret;
use crate::suite::Suite;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use tacebo_shangmi::{HmacSm3, Refused, Sm4Gcm, sm3};
use zeroize::Zeroizing;

/// Bytes of a nonce, in every suite.
pub(crate) const NONCE: usize = 12;
/// Bytes that a cipher adds, in every suite.
pub(crate) const TAG: usize = 16;
/// Bytes that one derivation gives: two blocks of the longest hash.
const OKM: usize = 128;

/// Authenticated encryption under one key.
pub(crate) enum Aead {
    /// AES-256-GCM (NIST SP 800-38D).
    Aes(LessSafeKey),
    /// SM4-GCM (RFC 8998).
    Sm4(Sm4Gcm),
}

impl Aead {
    /// Bytes of its key.
    pub(crate) const fn key_len(suite: Suite) -> usize {
        match suite {
            Suite::International => 32,
            Suite::Shangmi => 16,
        }
    }

    /// From exactly as many bytes as [`key_len`](Self::key_len) says.
    pub(crate) fn new(suite: Suite, key: &[u8]) -> Result<Self, SealError> {
        match suite {
            Suite::International => {
                let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError::Cipher)?;
                Ok(Self::Aes(LessSafeKey::new(key)))
            }
            Suite::Shangmi => Ok(Self::Sm4(Sm4Gcm::new(key.try_into().map_err(|_| SealError::Cipher)?))),
        }
    }

    /// Seals `plain` into `out`, text and tag. A nonce must never repeat under one key.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], bound: &[u8], plain: &[u8], out: &mut [u8]) -> Result<(), SealError> {
        match self {
            Self::Aes(key) => {
                let (text, tag) = out.split_at_mut_checked(plain.len()).ok_or(SealError::Cipher)?;
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.seal_out_of_place_scatter(nonce, Aad::from(bound), plain, text, &[], tag)
                    .map_err(|_| SealError::Cipher)
            }
            Self::Sm4(key) => key.seal(&nonce, bound, plain, out).map_err(|_| SealError::Cipher),
        }
    }

    /// Opens text and tag into `out`.
    pub(crate) fn open(
        &self,
        nonce: [u8; NONCE],
        bound: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), SealError> {
        match self {
            Self::Aes(key) => {
                let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(SealError::Truncated)?;
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.open_separate_gather(nonce, Aad::from(bound), text, tag, out).map_err(|_| SealError::Damaged)
            }
            Self::Sm4(key) => key.open(&nonce, bound, sealed, out).map_err(|refused| match refused {
                Refused::Damaged => SealError::Damaged,
                _ => SealError::Cipher,
            }),
        }
    }
}

/// A key to derive others from, with its HMAC pads hashed already: a quarter of a derivation's cost, paid once a key.
/// Wipes itself.
#[expect(clippy::large_enum_variant, reason = "it lives behind an `Arc`, alone")]
pub(crate) enum InputKey {
    /// HKDF-Expand with SHA-512.
    Sha512(hmac::Key),
    /// HKDF-Expand with SM3.
    Sm3(HmacSm3),
}

impl InputKey {
    pub(crate) fn new(suite: Suite, secret: &Secret) -> Result<Self, SealError> {
        match suite {
            Suite::International => Ok(Self::Sha512(hmac::Key::new(hmac::HMAC_SHA512, secret.bytes()))),
            Suite::Shangmi => Ok(Self::Sm3(HmacSm3::new(secret.bytes()).map_err(|_| SealError::Cipher)?)),
        }
    }

    pub(crate) fn suite(&self) -> Suite {
        match self {
            Self::Sha512(_) => Suite::International,
            Self::Sm3(_) => Suite::Shangmi,
        }
    }

    /// Bytes of its hash.
    const fn block(&self) -> usize {
        match self {
            Self::Sha512(_) => 64,
            Self::Sm3(_) => 32,
        }
    }

    fn mac(&self, data: &[u8], out: &mut [u8]) -> Result<(), SealError> {
        match self {
            Self::Sha512(key) => hmac::sign_to_buffer(key, data, out).map(drop).map_err(|_| SealError::Cipher),
            Self::Sm3(key) => {
                out.copy_from_slice(key.mac(&[data]).map_err(|_| SealError::Cipher)?.as_slice());
                Ok(())
            }
        }
    }

    /// HKDF-Expand (RFC 5869, 2.3) of two blocks: 128 bytes with SHA-512, 64 with SM3 (the rest is zero).
    pub(crate) fn expand(&self, info: &[&[u8]], context: &[&[u8]]) -> Result<Zeroizing<[u8; OKM]>, SealError> {
        let hash = self.block();
        let length: usize = info.iter().chain(context).map(|piece| piece.len()).sum();
        // Room for T(1), then info and the counter; sized at once, as it will hold key bytes.
        let mut input = Zeroizing::new(Vec::with_capacity(hash + length + 1));
        input.resize(hash, 0);
        for piece in info.iter().chain(context) {
            input.extend_from_slice(piece);
        }
        input.push(1);
        let mut out = Zeroizing::new([0; OKM]);
        let (first, rest) = out.split_at_mut_checked(hash).ok_or(SealError::Cipher)?;
        let (second, _) = rest.split_at_mut_checked(hash).ok_or(SealError::Cipher)?;
        let (_, data) = input.split_at_checked(hash).ok_or(SealError::Cipher)?;
        self.mac(data, first)?;
        for (byte, t) in input.iter_mut().zip(first.iter()) {
            *byte = *t;
        }
        if let Some(counter) = input.last_mut() {
            *counter = 2;
        }
        self.mac(&input, second)?;
        Ok(out)
    }
}

/// A keyed hash of 32 bytes that is no key material.
#[expect(clippy::large_enum_variant, reason = "it lives behind an `Arc`, alone")]
pub(crate) enum Mac {
    /// HMAC-SHA-256.
    Sha256(hmac::Key),
    /// HMAC-SM3.
    Sm3(HmacSm3),
}

impl Mac {
    pub(crate) fn new(suite: Suite, secret: &Secret) -> Result<Self, SealError> {
        match suite {
            Suite::International => Ok(Self::Sha256(hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()))),
            Suite::Shangmi => Ok(Self::Sm3(HmacSm3::new(secret.bytes()).map_err(|_| SealError::Cipher)?)),
        }
    }

    /// Over the pieces, each behind its length in eight bytes.
    pub(crate) fn over(&self, pieces: [&[u8]; 3]) -> [u8; 32] {
        let [a, b, c] = pieces;
        let [la, lb, lc] = pieces.map(|piece| (piece.len() as u64).to_be_bytes());
        let mut out = [0; 32];
        match self {
            Self::Sha256(key) => {
                let mut context = hmac::Context::with_key(key);
                for piece in [&la[..], a, &lb, b, &lc, c] {
                    context.update(piece);
                }
                for (byte, tag) in out.iter_mut().zip(context.sign().as_ref()) {
                    *byte = *tag;
                }
            }
            Self::Sm3(key) => match key.mac(&[&la, a, &lb, b, &lc, c]) {
                Ok(tag) => out = *tag,
                // Only without memory, and then aws-lc ends the program too: a term that is not one would be kept for ever.
                Err(_) => std::process::abort(),
            },
        }
        out
    }
}

/// The suite's hash over the parts one after the other.
pub(crate) fn hash(suite: Suite, parts: &[&[u8]]) -> Result<[u8; 32], SealError> {
    match suite {
        Suite::International => {
            let mut context = digest::Context::new(&digest::SHA256);
            for part in parts {
                context.update(part);
            }
            context.finish().as_ref().try_into().map_err(|_| SealError::Cipher)
        }
        Suite::Shangmi => sm3(parts).map_err(|_| SealError::Cipher),
    }
}

#[cfg(test)]
#[path = "primitive_tests.rs"]
mod tests;
