//! Thirty-two secret bytes.

use crate::{SealError, random};
use std::fmt;
use zeroize::Zeroize;

/// Length of every key that is kept, in bytes and in every suite.
pub(crate) const KEY: usize = 32;

/// A key. It lives on the heap so that moving it leaves no copies behind, and is wiped when dropped.
pub(crate) struct Secret(Box<[u8; KEY]>);

impl Secret {
    /// A fresh random key.
    pub(crate) fn random() -> Result<Self, SealError> {
        let mut secret = Self::empty();
        random::fill(secret.0.as_mut_slice())?;
        Ok(secret)
    }

    /// Room for a key that is about to be written.
    pub(crate) fn empty() -> Self {
        Self(Box::new([0; KEY]))
    }

    /// Copies a key out of a buffer that the caller wipes.
    pub(crate) fn copy_of(bytes: &[u8]) -> Result<Self, SealError> {
        let mut secret = Self::empty();
        if bytes.len() != KEY {
            return Err(SealError::KeyUnreadable);
        }
        secret.0.copy_from_slice(bytes);
        Ok(secret)
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; KEY] {
        &mut self.0
    }

    /// A second copy, for a key ring that takes the place of this one.
    pub(crate) fn twin(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fresh_secrets_differ() {
        assert_ne!(Secret::random().unwrap().bytes(), Secret::random().unwrap().bytes());
    }

    #[test]
    fn only_thirty_two_bytes_make_a_secret() {
        assert!(Secret::copy_of(&[1; 31]).is_err());
        assert!(Secret::copy_of(&[1; 33]).is_err());
        assert_eq!(Secret::copy_of(&[1; 32]).unwrap().bytes(), &[1; 32]);
    }
}
