//! Login names: one person, one spelling.

use unicode_normalization::UnicodeNormalization as _;

use crate::IdentityError;

const LONGEST: usize = 64;

/// Full-width letters, capitals and composed forms are the same name (NFKC, lower case).
///
/// # Errors
/// [`IdentityError::NameForm`]: empty, too long, or with spaces and signs.
pub fn normalise(name: &str) -> Result<String, IdentityError> {
    if name.len() > 8 * LONGEST {
        return Err(IdentityError::NameForm);
    }
    let name: String = name.trim().nfkc().flat_map(char::to_lowercase).nfkc().collect();
    let length = name.chars().count();
    let fits = |c: char| c.is_alphanumeric() || "._-@".contains(c);
    if (2..=LONGEST).contains(&length) && name.chars().all(fits) { Ok(name) } else { Err(IdentityError::NameForm) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_person_has_one_spelling() {
        for spelling in ["DrWang", "drwang", "ＤｒＷａｎｇ", "  drwang "] {
            assert_eq!(normalise(spelling).unwrap(), "drwang", "{spelling}");
        }
        assert_eq!(normalise("王医生").unwrap(), "王医生");
    }

    #[test]
    fn a_name_with_spaces_signs_or_no_end_is_refused() {
        for wrong in ["", "a", "a b", "a\u{200b}b", "a\nb", "<b>", &"a".repeat(65), &"a".repeat(9_999)] {
            assert!(normalise(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(name in "\\PC{0,70}") {
            if let Ok(once) = normalise(&name) {
                prop_assert_eq!(normalise(&once).unwrap(), once);
            }
        }
    }
}
