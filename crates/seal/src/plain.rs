//! Opened bytes.

use std::fmt;
use std::ops::{Deref, DerefMut};
use zeroize::Zeroize;

/// Plain bytes of a message, wiped when dropped.
///
/// Not `Zeroizing<Vec<u8>>`, which wipes a vector element by element: that costs more than deciphering it. What a vector
/// has beyond its length is left alone: give one that was filled at once.
#[derive(Default)]
pub struct Plain(Vec<u8>);

impl Plain {
    /// Room for so many bytes that are about to be written.
    pub(crate) fn zeroes(length: usize) -> Self {
        Self(vec![0; length])
    }
}

impl From<Vec<u8>> for Plain {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Plain {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Plain {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl AsRef<[u8]> for Plain {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plain({} bytes)", self.0.len())
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}
