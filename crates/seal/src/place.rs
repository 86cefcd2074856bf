//! Where a sealed message belongs.

use crate::{SealError, random};
use serde::{Deserialize, Serialize};

/// One institution. Nothing sealed in one realm opens in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Realm(pub u32);

/// The internal random number of a person; it means nothing outside the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SubjectNo(pub u64);

impl SubjectNo {
    /// The house itself: data that speaks of no person.
    pub const HOUSE: Self = Self(0);

    /// A fresh number: never [`HOUSE`](Self::HOUSE), and at most 63 bits, so that it fits a signed database column.
    pub fn random() -> Result<Self, SealError> {
        loop {
            let number = u64::from_be_bytes(random::array()?) >> 1;
            if number != 0 {
                return Ok(Self(number));
            }
        }
    }

    /// The bucket (0..4096) whose key holds this subject's data keys. Fixed for ever and no secret, so that a store
    /// can find the other keys of a bucket with a plain column.
    pub const fn bucket(self) -> u16 {
        // The finalizer of SplitMix64 spreads numbers that are not random (tests, imports) as well.
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        (x & 0xfff) as u16
    }
}

/// Which of a subject's data keys; what the numbers mean is the caller's affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Category(pub u8);

/// Which column of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Part {
    /// The document itself.
    Body = 1,
    /// Its index record.
    Index = 2,
    /// A log entry's body.
    Entry = 3,
    /// The document itself, where it is too big for its row and lies as an object.
    Blob = 4,
}

/// The one place where a message opens. Every field is bound into the message's key, so that a sealed value moved to
/// another row, column, person or version is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// Institution.
    pub realm: Realm,
    /// Person, or the house.
    pub subject: SubjectNo,
    /// Which data key of the person.
    pub category: Category,
    /// Kind of document.
    pub kind: &'a str,
    /// The document's own id, or its blind term: whatever the caller can name again when opening.
    pub id: &'a [u8],
    /// Version of the document.
    pub version: u64,
    /// Column.
    pub part: Part,
}

/// Bytes of the fixed part of an encoded place.
const FIXED: usize = 4 + 8 + 1 + 8 + 1 + 4 + 4;

impl Place<'_> {
    /// The fixed part: numbers big-endian, then the lengths of `kind` and `id`. Followed by `kind` and `id`, it can be
    /// read in one way only.
    pub(crate) fn fixed(&self) -> Result<[u8; FIXED], SealError> {
        let kind = u32::try_from(self.kind.len()).map_err(|_| SealError::TooLong)?;
        let id = u32::try_from(self.id.len()).map_err(|_| SealError::TooLong)?;
        let mut out = [0; FIXED];
        let mut at = out.iter_mut();
        let fields: [&[u8]; 7] = [
            &self.realm.0.to_be_bytes(),
            &self.subject.0.to_be_bytes(),
            &[self.category.0],
            &self.version.to_be_bytes(),
            &[self.part as u8],
            &kind.to_be_bytes(),
            &id.to_be_bytes(),
        ];
        for byte in fields.into_iter().flatten() {
            if let Some(slot) = at.next() {
                *slot = *byte;
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(place: &Place<'_>) -> Vec<u8> {
        [&place.fixed().unwrap()[..], place.kind.as_bytes(), place.id].concat()
    }

    proptest! {
        #[test]
        fn two_places_never_share_an_encoding(
            a in (0u32..3, 0u64..3, 0u8..3, "[ab]{0,3}", proptest::collection::vec(97u8..99, 0..3), 0u64..3),
            b in (0u32..3, 0u64..3, 0u8..3, "[ab]{0,3}", proptest::collection::vec(97u8..99, 0..3), 0u64..3),
        ) {
            let place = |p: &'_ (u32, u64, u8, String, Vec<u8>, u64)| -> Vec<u8> {
                encoded(&Place {
                    realm: Realm(p.0), subject: SubjectNo(p.1), category: Category(p.2),
                    kind: &p.3, id: &p.4, version: p.5, part: Part::Body,
                })
            };
            prop_assert_eq!(a == b, place(&a) == place(&b));
        }
    }

    #[test]
    fn the_encoding_of_a_place_never_changes() {
        let place = Place {
            realm: Realm(0x0102_0304),
            subject: SubjectNo(0x1112_1314_1516_1718),
            category: Category(0x21),
            kind: "Patient",
            id: b"p1",
            version: 0x3132_3334_3536_3738,
            part: Part::Index,
        };
        assert_eq!(
            hex::encode(encoded(&place)),
            "01020304111213141516171821313233343536373802000000070000000250617469656e747031"
        );
    }

    #[test]
    fn buckets_are_below_4096_and_evenly_used() {
        let mut used = vec![0u32; 4096];
        for n in 0..40_960 {
            used[usize::from(SubjectNo(n).bucket())] += 1;
        }
        assert!(used.iter().all(|&n| n < 40), "fullest {:?}", used.iter().max());
        // Stored data hangs on these numbers.
        assert_eq!(SubjectNo::HOUSE.bucket(), 0);
        assert_eq!(SubjectNo(1).bucket(), 0x5e5);
    }

    #[test]
    fn a_random_subject_is_a_person_and_fits_a_signed_column() {
        for _ in 0..100 {
            let subject = SubjectNo::random().unwrap();
            assert_ne!(subject, SubjectNo::HOUSE);
            assert!(i64::try_from(subject.0).is_ok());
        }
    }
}
