//! Secrets in memory, randomness, and the one-way form in which bearers are kept.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::IdentityError;

/// A text that must not be shown, logged or left in memory.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// `N` random bytes.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, IdentityError> {
    let mut bytes = Zeroizing::new([0; N]);
    SystemRandom::new()
        .fill(bytes.as_mut_slice())
        .map_err(|_| IdentityError::Crypto("no randomness from the system"))?;
    Ok(bytes)
}

/// A random number of 63 bits, never 0, for accounts in the log (0 is the house).
pub(crate) fn number() -> Result<u64, IdentityError> {
    Ok((u64::from_be_bytes(*random::<8>()?) >> 1).max(1))
}

/// SHA-256 of a bearer secret of 256 random bits: all of it that is at rest. No salt and no stretching are needed,
/// there is nothing to guess.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    pub(crate) fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// A short name for lists and buttons; useless as a bearer.
    pub(crate) fn short(&self) -> String {
        let mut name = self.hex();
        name.truncate(16);
        name
    }

    /// Compares in constant time.
    pub(crate) fn same(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.0.as_slice(), other.0.as_slice()).into()
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A fresh bearer secret (256 bits) and its fingerprint. The prefix lets secret scanners find leaked tokens.
pub(crate) fn bearer(prefix: &str) -> Result<(Secret, Fingerprint), IdentityError> {
    let bytes = random::<32>()?;
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 44));
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
    let fingerprint = Fingerprint::of(&text);
    Ok((Secret(text), fingerprint))
}

/// How secrets go into a record that the vault seals. Private, so that nobody else can serialise them.
pub(crate) mod sealed {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature serde calls")]
    pub(crate) fn serialize<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_has_256_bits_and_only_its_hash_is_compared() {
        let (one, print) = bearer("").unwrap();
        let (other, _) = bearer("").unwrap();
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one.expose(), other.expose());
        assert!(print.same(&Fingerprint::of(one.expose())));
        assert!(!print.same(&Fingerprint::of(other.expose())));
        let kept: Fingerprint = serde_json::from_str(&serde_json::to_string(&print).unwrap()).unwrap();
        assert!(kept.same(&print));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let (one, print) = bearer("tcb_").unwrap();
        assert_eq!(format!("{one:?} {print:?}"), "Secret Fingerprint");
        assert!(one.expose().starts_with("tcb_"));
    }
}
