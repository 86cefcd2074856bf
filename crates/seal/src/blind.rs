//! Blind terms: what an index may hold in place of a value.
//!
//! The suite's HMAC under the realm's own index key, over length-prefixed parameter and value. Equal values of one parameter
//! give equal terms (that is what an index is for), and nothing else can be seen without the key. Terms are truncated,
//! so a hit is a candidate: open it and compare.

use crate::primitive::Mac;
use crate::secret::Secret;
use crate::{SealError, Suite};
use std::fmt;
use std::sync::Arc;

macro_rules! blind_value {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), hex::encode(self.0))
            }
        }
    };
}

blind_value! {
    /// A blind value of a search parameter.
    Term, 12
}
blind_value! {
    /// A blind document id: long enough to be unique in a realm.
    IdTerm, 16
}

/// Makes blind terms for one realm. Cheap to clone.
#[derive(Clone)]
pub struct Blinder(Arc<Mac>);

impl Blinder {
    pub(crate) fn new(suite: Suite, index_key: &Secret) -> Result<Self, SealError> {
        Ok(Self(Arc::new(Mac::new(suite, index_key)?)))
    }

    /// The term of a value that the caller has already brought to its normal form.
    pub fn term(&self, param: &str, value: &str) -> Term {
        Term(self.tag(b"tacebo/term/v1", param, value))
    }

    /// The term of a document's id.
    pub fn id(&self, kind: &str, id: &str) -> IdTerm {
        IdTerm(self.tag(b"tacebo/id/v1", kind, id))
    }

    fn tag<const N: usize>(&self, label: &[u8], scope: &str, value: &str) -> [u8; N] {
        let mut out = [0; N];
        for (byte, tag) in out.iter_mut().zip(self.0.over([label, scope.as_bytes(), value.as_bytes()])) {
            *byte = tag;
        }
        out
    }
}

impl fmt::Debug for Blinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blinder(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(suite: Suite, byte: u8) -> Blinder {
        Blinder::new(suite, &Secret::copy_of(&[byte; 32]).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn terms_are_equal_exactly_when_parameter_and_value_are(
            a in ("[ab]{0,3}", "[ab]{0,3}"), b in ("[ab]{0,3}", "[ab]{0,3}"),
        ) {
            for blinder in Suite::ALL.map(|suite| of(suite, 1)) {
                prop_assert_eq!(a == b, blinder.term(&a.0, &a.1) == blinder.term(&b.0, &b.1));
                prop_assert_eq!(a == b, blinder.id(&a.0, &a.1) == blinder.id(&b.0, &b.1));
            }
        }
    }

    #[test]
    fn realms_parameters_and_ids_share_no_terms() {
        for suite in Suite::ALL {
            let here = of(suite, 1);
            assert_ne!(here.term("name", "zhang"), of(suite, 2).term("name", "zhang"));
            assert_ne!(here.term("name", "zhang"), here.term("phone", "zhang"));
            assert_ne!(here.term("name", "zhang").0, here.id("name", "zhang").0[..12]);
        }
    }

    #[test]
    fn a_term_is_the_truncated_hmac_and_never_changes() {
        // HMAC, key 32 × 0x01, over the three pieces, each behind its length in 8 bytes; computed with Python
        // (SHA-256: its own; SM3: pyca/cryptography).
        for (suite, term, id) in [
            (Suite::International, "0a04c5de8d0a4ef03636721d", "588080ac6332fb9d0062992bdd3d5c46"),
            (Suite::Shangmi, "cdb0805ae8d792c3d1b200e3", "48ced25d0e94461367e9836ef97a3643"),
        ] {
            assert_eq!(hex::encode(of(suite, 1).term("name", "zhang").0), term);
            assert_eq!(hex::encode(of(suite, 1).id("Patient", "p1").0), id);
        }
    }
}
