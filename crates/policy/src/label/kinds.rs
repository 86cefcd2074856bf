//! What each kind of document is before anybody looks inside.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::{Category, Confidentiality, Grade, Labels};
use crate::PolicyError;
use crate::code::codes;
use crate::data::{read, wrong};

const FILE: &str = "kinds.toml";

codes! {
    /// What policies call a kind.
    "class"
    pub enum Class {
        /// Speaks of no person.
        Shared = "shared",
        /// Who a person is.
        Identity = "identity",
        /// Times and places of care.
        Administrative = "administrative",
        /// What a person allows.
        Consent = "consent",
        /// Money.
        Billing = "billing",
        /// Content of care.
        Clinical = "clinical",
        /// The access log.
        Log = "log",
        /// Uses to be reviewed.
        Review = "review",
        /// Security incidents.
        Incident = "incident",
        /// Accounts, roles, rules.
        Account = "account",
        /// The machine.
        Configuration = "configuration",
        /// Backups: their state, and that one is made now; never what is in them.
        Backup = "backup",
        /// Root keys.
        Key = "key",
        /// Requests to destroy personal data, and what keeps it from being destroyed.
        Destruction = "destruction",
        /// On no list: treated as the strictest.
        Unknown = "unknown",
    }
}

impl Class {
    /// Whether documents of this class are part of a person's record. In doubt, yes.
    pub const fn is_of_person(self) -> bool {
        matches!(
            self,
            Self::Identity | Self::Administrative | Self::Consent | Self::Billing | Self::Clinical | Self::Unknown
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    class: Class,
    #[serde(rename = "about")]
    _about: String,
    category: Category,
    grade: Grade,
    level: u8,
    confidentiality: Confidentiality,
    #[serde(default)]
    flags: BTreeSet<String>,
    kinds: Vec<String>,
}

/// The table of kinds.
#[derive(Debug)]
pub(crate) struct Kinds {
    table: HashMap<String, (Class, Labels)>,
    unknown: Labels,
}

impl Kinds {
    /// Reads the table; a kind that stands in two groups is an error.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = read(FILE, text)?;
        let mut table = HashMap::new();
        for group in file.group {
            if !(1..=5).contains(&group.level) {
                return Err(wrong(FILE, format!("level {} is not 1 to 5", group.level)));
            }
            let labels = Labels {
                category: group.category,
                grade: group.grade,
                level: group.level,
                confidentiality: group.confidentiality,
                sensitivity: BTreeSet::new(),
                flags: group.flags,
            };
            for kind in group.kinds {
                if table.insert(kind.clone(), (group.class, labels.clone())).is_some() {
                    return Err(wrong(FILE, format!("{kind} stands in two groups")));
                }
            }
        }
        Ok(Self { table, unknown: Labels::strictest() })
    }

    /// The class of a kind.
    pub(crate) fn class(&self, kind: &str) -> Class {
        self.table.get(kind).map_or(Class::Unknown, |(class, _)| *class)
    }

    /// The labels a document of this kind starts with.
    pub(crate) fn labels(&self, kind: &str) -> &Labels {
        self.table.get(kind).map_or(&self.unknown, |(_, labels)| labels)
    }
}
