//! What a destruction took out, in the words of its entry: whoever restores an older copy takes it out again.

use std::fmt;

use tacebo_seal::{Category, SubjectNo};
use tacebo_store::Rid;

/// Keys, versions, and the person if the person went too. Internal numbers only: they tell nobody anything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Gone {
    /// The person whose name was forgotten.
    pub person: Option<SubjectNo>,
    /// Keys: whose, for which sort of data, and up to which generation.
    pub keys: Vec<(SubjectNo, Category, u32)>,
    /// Versions, in commit order.
    pub rids: Vec<Rid>,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.person.map(|no| format!("person:{}", no.0)));
        words.extend(self.keys.iter().map(|(no, category, newest)| format!("key:{}.{}.{newest}", no.0, category.0)));
        let mut rids = self.rids.clone();
        rids.sort_unstable();
        for run in rids.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
            match run {
                [one] => words.push(format!("rid:{one}")),
                [first, .., last] => words.push(format!("rid:{first}-{last}")),
                [] => {}
            }
        }
        f.write_str(&words.join(" "))
    }
}

impl Gone {
    /// Reads it back; `None` where it says anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut gone = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let (what, value) = word.split_once(':')?;
            match what {
                "person" => gone.person = Some(SubjectNo(value.parse().ok()?)),
                "key" => {
                    let mut parts = value.split('.');
                    let subject = SubjectNo(parts.next()?.parse().ok()?);
                    gone.keys.push((subject, Category(parts.next()?.parse().ok()?), parts.next()?.parse().ok()?));
                }
                "rid" => {
                    let (first, last) = value.split_once('-').unwrap_or((value, value));
                    gone.rids.extend(first.parse::<Rid>().ok()?..=last.parse().ok()?);
                }
                _ => return None,
            }
        }
        Some(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_out_is_read_back() {
        let gone = Gone {
            person: Some(SubjectNo(u64::MAX)),
            keys: vec![(SubjectNo(7), Category(1), 3), (SubjectNo(7), Category(6), 1)],
            rids: vec![2, 3, 4, 9, 11, 12],
        };
        assert!(gone.to_string().ends_with("rid:2-4 rid:9 rid:11-12"), "{gone}");
        assert_eq!(Gone::parse(&gone.to_string()), Some(gone));
        assert_eq!(Gone::parse(""), Some(Gone::default()));
        for wrong in ["rid:x", "key:1.2", "all", "person:"] {
            assert_eq!(Gone::parse(wrong), None, "{wrong}");
        }
    }
}
