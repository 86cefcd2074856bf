//! Names of objects.

use std::{fmt, str::FromStr};

use object_store::path::Path;

use crate::ObjectError;

/// The longest name; S3 takes 1,024 bytes, prefix included.
const LONGEST: usize = 512;

/// What an object is called: segments of `a–z 0–9 . _ -` between slashes, so that every file system and every bucket takes
/// it as it is. Say nothing in it: names are not sealed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it is in a bucket or under a folder.
    pub(crate) fn path(&self, prefix: &str) -> Path {
        prefix.split('/').chain(self.0.split('/')).filter(|part| !part.is_empty()).collect()
    }

    /// The name of what lies there, if it can be one of ours.
    pub(crate) fn of(path: &Path, prefix: &str) -> Option<Self> {
        let inside = match prefix.trim_matches('/') {
            "" => path.as_ref(),
            prefix => path.as_ref().strip_prefix(prefix)?.strip_prefix('/')?,
        };
        inside.parse().ok()
    }
}

impl FromStr for Name {
    type Err = ObjectError;

    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed);
        if text.len() <= LONGEST && text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ObjectError::Name)
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder_and_needs_no_escapes() {
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "A", "a b", "a#1", "a%2f", "a\\b", "患者"] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
        let name: Name = "ab/0f-1_2.x".parse().unwrap();
        assert_eq!(name.path("").as_ref(), "ab/0f-1_2.x");
        assert_eq!(name.path("/house/1/").as_ref(), "house/1/ab/0f-1_2.x");
        assert_eq!(Name::of(&name.path("house/1"), "house/1"), Some(name.clone()));
        assert_eq!(Name::of(&name.path("house/10"), "house/1"), None);
        assert!("a".repeat(LONGEST + 1).parse::<Name>().is_err());
    }
}
