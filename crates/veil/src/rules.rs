//! The rules file, in a shape made for looking up.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{Mask, VeilError};

/// What an element's name says about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Carries {
    Name,
    Identifier,
    Telecom,
    Address,
    BirthDate,
    Photo,
    Contact,
    FreeText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    keys: BTreeMap<String, BTreeSet<String>>,
    kind: HashMap<String, BTreeMap<String, BTreeSet<String>>>,
    clinical: Clinical,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clinical {
    pub(crate) kept: BTreeSet<String>,
    pub(crate) absent: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Surnames {
    compound: Vec<String>,
}

/// What a kind's table says about one of its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// Look inside, by the names of what is there.
    Walk,
    /// Remove when this mask is set, else look inside.
    Under(Mask),
}

#[derive(Debug, Default)]
pub(crate) struct Rules {
    keys: HashMap<String, Carries>,
    removed: HashSet<String>,
    safe: HashSet<String>,
    public: HashSet<String>,
    kinds: HashMap<String, HashMap<String, Element>>,
    pub(crate) clinical: Clinical,
    pub(crate) compound: Vec<String>,
    /// The file could not be read: nothing may stay.
    pub(crate) closed: bool,
}

/// The embedded rules. A test holds that they can be read; if not, everything is removed.
pub(crate) static RULES: LazyLock<Rules> = LazyLock::new(|| {
    Rules::parse(include_str!("../data/veil.toml"), include_str!("../data/surnames.toml"))
        .unwrap_or_else(|_| Rules { closed: true, ..Rules::default() })
});

impl Rules {
    pub(crate) fn parse(text: &str, surnames: &str) -> Result<Self, VeilError> {
        let wrong = |error: toml::de::Error| VeilError::Rules(error.message().to_owned());
        let file: File = toml::from_str(text).map_err(wrong)?;
        let surnames: Surnames = toml::from_str(surnames).map_err(wrong)?;
        let mut rules = Self { clinical: file.clinical, compound: surnames.compound, ..Self::default() };
        for (list, names) in file.keys {
            match list.as_str() {
                "removed" => rules.removed.extend(names),
                "safe" => rules.safe.extend(names),
                "public" => rules.public.extend(names),
                carries => {
                    let carries = carries_of(carries)?;
                    for name in names {
                        if rules.keys.insert(name.clone(), carries).is_some() {
                            return Err(VeilError::Rules(format!("{name} stands on two lists")));
                        }
                    }
                }
            }
        }
        for (kind, lists) in file.kind {
            let mut elements = HashMap::new();
            for (list, names) in lists {
                let element = if list == "walk" { Element::Walk } else { Element::Under(list.parse()?) };
                for name in names {
                    if elements.insert(name.clone(), element).is_some() {
                        return Err(VeilError::Rules(format!("{kind}.{name} stands on two lists")));
                    }
                }
            }
            rules.kinds.insert(kind, elements);
        }
        Ok(rules)
    }

    pub(crate) fn carries(&self, key: &str) -> Option<Carries> {
        self.keys.get(key).copied()
    }

    pub(crate) fn is_removed(&self, key: &str) -> bool {
        key.starts_with('_') || self.removed.contains(key)
    }

    pub(crate) fn is_safe(&self, key: &str) -> bool {
        self.safe.contains(key)
    }

    pub(crate) fn kind(&self, kind: &str) -> Option<&HashMap<String, Element>> {
        self.kinds.get(kind)
    }

    /// Whether a reference points at something that is not a patient: `Location/3`.
    pub(crate) fn is_public(&self, reference: &str) -> bool {
        reference.split_once('/').is_some_and(|(kind, _)| self.public.contains(kind))
    }
}

fn carries_of(list: &str) -> Result<Carries, VeilError> {
    Ok(match list {
        "name" => Carries::Name,
        "identifier" => Carries::Identifier,
        "telecom" => Carries::Telecom,
        "address" => Carries::Address,
        "birth-date" => Carries::BirthDate,
        "photo" => Carries::Photo,
        "contact" => Carries::Contact,
        "free-text" => Carries::FreeText,
        other => return Err(VeilError::Rules(format!("{other} is not a list of keys"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_can_be_read() {
        assert!(!RULES.closed);
        Rules::parse(include_str!("../data/veil.toml"), include_str!("../data/surnames.toml")).unwrap();
    }

    #[test]
    fn a_misspelt_list_is_an_error() {
        let surnames = "compound = []";
        let good = "[keys]\nname = [\"name\"]\n[kind.X]\nwalk = [\"a\"]\n[clinical]\nkept = []\nabsent = []\n";
        assert!(Rules::parse(good, surnames).is_ok());
        assert!(Rules::parse(&good.replace("name =", "nmae ="), surnames).is_err());
        assert!(Rules::parse(&good.replace("walk", "wlak"), surnames).is_err());
    }
}
