//! Randomness from the system, in the shapes the vault needs.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::disclosed::VaultFault;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], VaultFault> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| VaultFault::Folder("no randomness from the system".into()))?;
    Ok(bytes)
}
