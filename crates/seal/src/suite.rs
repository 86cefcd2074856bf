//! Which algorithms an institution uses.

use crate::SealError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A cipher suite: chosen once, when an institution is founded, and never mixed within it. Its number stands in each
/// header, its name in configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[repr(u8)]
pub enum Suite {
    /// AES-256-GCM, HKDF-SHA-512, HMAC-SHA-256, SHA-256; checkpoints signed with Ed25519.
    #[default]
    International = 1,
    /// 商用密码: SM4-GCM, HKDF and HMAC with SM3, SM3; checkpoints signed with SM2 besides Ed25519.
    Shangmi = 2,
}

impl Suite {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::International, Self::Shangmi];

    /// The suite with this number, if this build carries it.
    pub fn of(number: u8) -> Result<Self, SealError> {
        match number {
            1 => Ok(Self::International),
            2 => Ok(Self::Shangmi),
            other => Err(SealError::UnknownSuite(other)),
        }
    }

    /// Its name, as it is written and chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::International => "international",
            Self::Shangmi => "shangmi",
        }
    }

    /// That something was made in this suite; else it is not this institution's.
    pub(crate) fn must_be(self, found: Self) -> Result<(), SealError> {
        if found == self { Ok(()) } else { Err(SealError::OtherSuite { found, here: self }) }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Suite {
    type Err = SealError;

    fn from_str(name: &str) -> Result<Self, SealError> {
        Self::ALL.into_iter().find(|suite| suite.name() == name).ok_or_else(|| SealError::NoSuchSuite(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_back_to_their_suite_and_nothing_else_does() {
        for suite in Suite::ALL {
            assert_eq!(Suite::of(suite as u8).unwrap(), suite);
            assert_eq!(suite.name().parse::<Suite>().unwrap(), suite);
            assert_eq!(serde_json::to_string(&suite).unwrap(), format!("\"{suite}\""));
        }
        assert!(matches!(Suite::of(3), Err(SealError::UnknownSuite(3))));
        assert!(matches!("Shangmi".parse::<Suite>(), Err(SealError::NoSuchSuite(_))));
    }
}
