//! SM2 signatures (GB/T 32918.2-2016) on the recommended curve `sm2p256v1` (GB/T 32918.5-2017), with SM3.

use crate::Refused;
use botan::{Privkey, Pubkey, RandomNumberGenerator};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a private key.
pub const SCALAR: usize = 32;
/// Bytes of a public key: an uncompressed point.
const POINT: usize = 65;
/// Bytes of a signature: `r ‖ s`, big-endian.
pub const SIGNATURE: usize = 64;

/// Who signs, hashed into each signature: the identifier that GB/T 35276-2017 gives where none was agreed. (Botan
/// takes an empty one for empty, not for this.)
const WHO: &str = "1234567812345678,SM3";

/// PKCS #8 around a private key: algorithm 1.2.156.10197.1.301.1, curve 1.2.156.10197.1.301, RFC 5915 without a public key.
const PRIVATE: &[u8] =
    b"\x30\x43\x02\x01\x00\x30\x15\x06\x09\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x01\x06\x08\x2a\x81\x1c\xcf\x55\
    \x01\x82\x2d\x04\x27\x30\x25\x02\x01\x01\x04\x20";
/// `SubjectPublicKeyInfo` around a public key of the same algorithm and curve.
const PUBLIC: &[u8] =
    b"\x30\x5b\x30\x15\x06\x09\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x01\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d\
    \x03\x42\x00";

/// A private key.
pub struct Sm2Key(Privkey);

impl Sm2Key {
    /// A fresh one.
    pub fn generate() -> Result<Self, Refused> {
        let key = Privkey::create("SM2", "sm2p256v1", &mut random()?);
        Ok(Self(key.map_err(Refused::library)?))
    }

    /// Takes up a stored key: its 32 bytes, big-endian.
    pub fn from_bytes(scalar: &[u8; SCALAR]) -> Result<Self, Refused> {
        let mut der = Zeroizing::new(Vec::with_capacity(PRIVATE.len() + SCALAR));
        der.extend_from_slice(PRIVATE);
        der.extend_from_slice(scalar);
        Privkey::load_der(&der).map(Self).map_err(|_| Refused::Key)
    }

    /// The 32 bytes, to be stored sealed.
    pub fn to_bytes(&self) -> Result<Zeroizing<[u8; SCALAR]>, Refused> {
        let raw = Zeroizing::new(self.0.raw_bytes().map_err(Refused::library)?);
        let raw: &[u8; SCALAR] = raw.as_slice().try_into().map_err(Refused::library)?;
        Ok(Zeroizing::new(*raw))
    }

    /// The public half.
    pub fn public(&self) -> Result<Sm2Public, Refused> {
        let point = self.0.pubkey().and_then(|public| public.ec_public_point()).map_err(Refused::library)?;
        Ok(Sm2Public(point.as_slice().try_into().map_err(Refused::library)?))
    }

    /// Signs; two signatures of one text differ.
    pub fn sign(&self, text: &[u8]) -> Result<[u8; SIGNATURE], Refused> {
        let made = self.0.sign(text, WHO, &mut random()?).map_err(Refused::library)?;
        made.as_slice().try_into().map_err(Refused::library)
    }
}

impl fmt::Debug for Sm2Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2Key(..)")
    }
}

/// A public key: `0x04 ‖ x ‖ y`, known to lie on the curve.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sm2Public([u8; POINT]);

impl Sm2Public {
    /// Takes 65 bytes; refuses what is no point of the curve.
    pub fn from_bytes(point: &[u8]) -> Result<Self, Refused> {
        let public = Self(point.try_into().map_err(|_| Refused::Key)?);
        public.load().map(|_| public)
    }

    /// The 65 bytes.
    pub fn as_bytes(&self) -> &[u8; POINT] {
        &self.0
    }

    /// Whether this key signed the text. Anything that is no signature is none of this key.
    pub fn verify(&self, text: &[u8], signature: &[u8]) -> Result<bool, Refused> {
        if signature.len() != SIGNATURE {
            return Ok(false);
        }
        self.load()?.verify(text, signature, WHO).map_err(Refused::library)
    }

    fn load(&self) -> Result<Pubkey, Refused> {
        Pubkey::load_der(&[PUBLIC, &self.0].concat()).map_err(|_| Refused::Key)
    }
}

impl fmt::Debug for Sm2Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2Public(..)")
    }
}

fn random() -> Result<RandomNumberGenerator, Refused> {
    RandomNumberGenerator::new_system().map_err(Refused::library)
}
