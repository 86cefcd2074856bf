//! What can be hidden, and sets of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::VeilError;

macro_rules! masks {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// One class of content that a duty can hide.
        ///
        /// The order is part of the stored format: append, never reorder.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Mask { $($(#[$doc])* #[serde(rename = $code)] $name,)+ }

        impl Mask {
            /// Every mask, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code used in policy annotations and data files.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

masks! {
    /// Names of the person: 张*, 欧阳*, J***.
    Name = "name",
    /// Resident id, passport, record and card numbers: 110101********1234.
    Identifier = "identifier",
    /// Telephone numbers: 138****1234.
    Phone = "phone",
    /// Postal address: kept down to city and district.
    Address = "address",
    /// Date of birth: the year stays.
    BirthDate = "birth-date",
    /// E-mail, messenger ids, and the people to call.
    Contact = "contact",
    /// Notes, comments, descriptions: text that a person typed.
    FreeText = "free-text",
    /// The generated reading text of a document.
    Narrative = "narrative",
    /// Pictures of the person.
    Photo = "photo",
    /// Diagnoses, results, reasons, treatments.
    Clinical = "clinical",
}

impl Mask {
    const fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Mask {
    type Err = VeilError;

    fn from_str(code: &str) -> Result<Self, VeilError> {
        Self::ALL
            .iter()
            .copied()
            .find(|mask| mask.code() == code)
            .ok_or_else(|| VeilError::UnknownMask(code.to_owned()))
    }
}

/// An ordered set of masks, small enough to copy.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Mask>", into = "Vec<Mask>")]
pub struct MaskSet(u16);

impl MaskSet {
    /// Nothing hidden.
    pub const NONE: Self = Self(0);

    /// Everything that can be hidden.
    pub fn all() -> Self {
        Mask::ALL.iter().copied().collect()
    }

    /// Whether nothing is hidden.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many masks are set.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether `mask` is set.
    pub const fn contains(self, mask: Mask) -> bool {
        self.0 & mask.bit() != 0
    }

    /// The set with `mask` added.
    #[must_use]
    pub const fn with(self, mask: Mask) -> Self {
        Self(self.0 | mask.bit())
    }

    /// Masks in both: a thing is clear when one of two permits leaves it clear.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Masks in either: how a floor adds to what a permit demands.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The masks, in order.
    pub fn iter(self) -> impl Iterator<Item = Mask> {
        Mask::ALL.iter().copied().filter(move |mask| self.contains(*mask))
    }
}

impl fmt::Debug for MaskSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Mask> for MaskSet {
    fn from_iter<I: IntoIterator<Item = Mask>>(masks: I) -> Self {
        masks.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<Vec<Mask>> for MaskSet {
    fn from(masks: Vec<Mask>) -> Self {
        masks.into_iter().collect()
    }
}

impl From<MaskSet> for Vec<Mask> {
    fn from(masks: MaskSet) -> Self {
        masks.iter().collect()
    }
}

impl FromStr for MaskSet {
    type Err = VeilError;

    /// Reads `name, phone`; the word `none` is the empty set, so that a writer must say it.
    fn from_str(list: &str) -> Result<Self, VeilError> {
        if list.trim() == "none" {
            return Ok(Self::NONE);
        }
        list.split(',').map(|code| code.trim().parse::<Mask>()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_from_json_and_postcard() {
        let set: MaskSet = "name, phone,clinical".parse().unwrap();
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["name","phone","clinical"]"#);
        assert_eq!(serde_json::from_str::<MaskSet>(&json).unwrap(), set);
        let bytes = postcard::to_allocvec(&set).unwrap();
        assert_eq!(postcard::from_bytes::<MaskSet>(&bytes).unwrap(), set);
    }

    #[test]
    fn an_unknown_or_empty_mask_is_an_error() {
        assert!("nmae".parse::<MaskSet>().is_err());
        assert!("".parse::<MaskSet>().is_err());
        assert!("name,".parse::<MaskSet>().is_err());
        assert_eq!("none".parse::<MaskSet>().unwrap(), MaskSet::NONE);
    }

    #[test]
    fn sets_meet_and_join() {
        let a: MaskSet = "name,phone".parse().unwrap();
        let b: MaskSet = "phone,photo".parse().unwrap();
        assert_eq!(a.intersect(b), "phone".parse().unwrap());
        assert_eq!(a.union(b), "name,phone,photo".parse().unwrap());
        assert_eq!(MaskSet::all().len(), Mask::ALL.len());
    }
}
