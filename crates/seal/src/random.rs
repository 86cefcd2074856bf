//! Random bytes.

use crate::SealError;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Fills `out` from the library's fork-safe generator.
///
/// Not buffered on purpose: a repeated salt would repeat a key and nonce, and 0.35 µs a message is a fair price for
/// leaving fork and snapshot safety to one well-kept place.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), SealError> {
    SystemRandom::new().fill(out).map_err(|_| SealError::Random)
}

/// `N` random bytes that are no secret (salts, nonces, numbers).
pub(crate) fn array<const N: usize>() -> Result<[u8; N], SealError> {
    let mut out = [0; N];
    fill(&mut out)?;
    Ok(out)
}
