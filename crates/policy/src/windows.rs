//! How long a relation of care counts before and after.

use crate::PolicyError;

/// Windows for each basis, from a data file.
#[derive(Clone, Debug)]
pub struct Windows {}

impl Windows {
    /// The windows that ship with the house.
    pub fn shipped() -> Result<Self, PolicyError> {
        Ok(Self {})
    }
}
