//! The commercial cryptography of China (商用密码): hash SM3, cipher SM4 in Galois/counter mode, signature SM2.
//!
//! All of it is computed by Botan (BSD-2-Clause) through its own Rust wrapper; here stand only the few operations that
//! rooms above use, with fixed lengths and errors instead of names given as text. What is built of Botan is chosen in
//! `.cargo/config.toml`; why Botan, and what it costs, stands in `docs/cryptography.md`.
//!
//! - [`Sm4Gcm`]: RFC 8998 `AEAD_SM4_GCM` (GB/T 32907 in the mode of NIST SP 800-38D).
//! - [`HmacSm3`], [`sm3`]: GB/T 32905, RFC 2104.
//! - [`Sm2Key`], [`Sm2Public`]: GB/T 32918.2 on the recommended curve, with SM3 and the identifier of GB/T 35276.

mod sm2;
mod sm3;
mod sm4;

pub use sm2::{SCALAR, SIGNATURE, Sm2Key, Sm2Public};
pub use sm3::{HASH, HmacSm3, sm3};
pub use sm4::{KEY, NONCE, Sm4Gcm, TAG};

/// Why nothing came out. It says nothing of keys or texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The cipher's own check failed, or the lengths do not fit.
    #[error("the sealed bytes were changed, or belong to another key")]
    Damaged,
    /// Not a key of this algorithm.
    #[error("these bytes are no key of this algorithm")]
    Key,
    /// The library failed (out of memory, no randomness).
    #[error("the library that computes SM2, SM3 and SM4 failed; do not go on")]
    Library,
}

impl Refused {
    /// For whatever the library says of itself: its words tell a user nothing.
    fn library<E>(_: E) -> Self {
        Self::Library
    }
}
