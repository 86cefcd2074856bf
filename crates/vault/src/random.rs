//! Randomness from the system, in the shapes the vault needs.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::disclosed::VaultFault;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], VaultFault> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| VaultFault::Folder("no randomness from the system".into()))?;
    Ok(bytes)
}

/// A random person's number: 63 bits, so that it fits the store's signed column; never 0.
pub(crate) fn number() -> Result<u64, VaultFault> {
    Ok((u64::from_be_bytes(bytes()?) >> 1).max(1))
}
