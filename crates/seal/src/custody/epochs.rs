//! The root epochs that a custodian outside this program was last seen to hold.

use std::sync::{Mutex, PoisonError};

/// Oldest first; none until it has been looked.
#[derive(Default)]
pub(super) struct Epochs(Mutex<Vec<u32>>);

impl Epochs {
    /// The one in use.
    pub(super) fn newest(&self) -> u32 {
        self.all().last().copied().unwrap_or_default()
    }

    pub(super) fn all(&self) -> Vec<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn keep(&self, epochs: Vec<u32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = epochs;
    }
}
