//! SM4-GCM with a nonce of twelve bytes and a tag of sixteen: `AEAD_SM4_GCM` of RFC 8998.

use crate::Refused;
use botan::{Cipher, CipherDirection};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Bytes of a key.
pub const KEY: usize = 16;
/// Bytes of a nonce.
pub const NONCE: usize = 12;
/// Bytes of a tag.
pub const TAG: usize = 16;

/// One key. The library's objects are made when they are first used, one for each direction, and wiped with this.
pub struct Sm4Gcm {
    key: Zeroizing<[u8; KEY]>,
    sealing: Mutex<Option<Cipher>>,
    opening: Mutex<Option<Cipher>>,
}

impl Sm4Gcm {
    /// Takes the key.
    pub fn new(key: &[u8; KEY]) -> Self {
        Self { key: Zeroizing::new(*key), sealing: Mutex::default(), opening: Mutex::default() }
    }

    /// Seals `plain` into `out`, which must have room for exactly text and tag. A nonce must never repeat.
    pub fn seal(&self, nonce: &[u8; NONCE], bound: &[u8], plain: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        if out.len() != plain.len() + TAG {
            return Err(Refused::Library);
        }
        self.run(CipherDirection::Encrypt, nonce, bound, plain, out).map_err(Refused::library)
    }

    /// Opens text and tag into `out`, which must have room for exactly the text. Nothing is written unless the tag fits.
    pub fn open(&self, nonce: &[u8; NONCE], bound: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        if sealed.len() != out.len() + TAG {
            return Err(Refused::Damaged);
        }
        self.run(CipherDirection::Decrypt, nonce, bound, sealed, out).map_err(|_| Refused::Damaged)
    }

    fn run(
        &self,
        direction: CipherDirection,
        nonce: &[u8; NONCE],
        bound: &[u8],
        input: &[u8],
        out: &mut [u8],
    ) -> Result<(), botan::Error> {
        let slot = match direction {
            CipherDirection::Encrypt => &self.sealing,
            CipherDirection::Decrypt => &self.opening,
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out: an object that failed is dropped, whatever state it was left in.
        let mut cipher = slot.take().map_or_else(|| self.fresh(direction), Ok)?;
        // It keeps what was bound to the message before.
        cipher.set_associated_data(bound)?;
        cipher.start(nonce)?;
        cipher.finish_into(input, out)?;
        *slot = Some(cipher);
        Ok(())
    }

    fn fresh(&self, direction: CipherDirection) -> Result<Cipher, botan::Error> {
        let mut cipher = Cipher::new("SM4/GCM", direction)?;
        cipher.set_key(&*self.key)?;
        Ok(cipher)
    }
}

impl fmt::Debug for Sm4Gcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm4Gcm(..)")
    }
}
