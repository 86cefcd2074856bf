//! Randomness from the system, in the shapes the vault needs.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::disclosed::VaultFault;

/// `A` and `B` random bytes in one draw.
pub(crate) fn pair<const A: usize, const B: usize>() -> Result<([u8; A], [u8; B]), VaultFault> {
    let mut all = zeroize::Zeroizing::new(vec![0; A + B]);
    SystemRandom::new().fill(&mut all).map_err(|_| no_randomness())?;
    let (a, b) = all.split_first_chunk::<A>().ok_or_else(no_randomness)?;
    Ok((*a, *b.first_chunk::<B>().ok_or_else(no_randomness)?))
}

fn no_randomness() -> VaultFault {
    VaultFault::Folder("no randomness from the system".into())
}
