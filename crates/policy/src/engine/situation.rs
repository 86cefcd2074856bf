//! Everything that a decision depends on, and nothing else.
//!
//! The policies see only what is in here, so that remembering a decision by its situation is
//! sound by construction.

use std::hash::{Hash, Hasher};

use quick_cache::Equivalent;

use crate::{
    Action, Age, Ask, Assurance, Bond, Category, Class, Confidentiality, Labels, Manner, PersonKind, Purpose, Role,
    Sensitivity,
};

/// Flags that policies may read; others ride along for reports.
pub(crate) const FLAGS: [&str; 3] = ["imaging", "withheld", "portal"];

/// The grant that lets a named person or system at genetic data (CLS-03).
pub(crate) const GENETIC: &str = "genetic";

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact that policies test")]
pub(crate) struct Situation {
    pub(crate) person: PersonKind,
    pub(crate) roles: u16,
    pub(crate) assurance: Assurance,
    /// Holds the grant that this action and purpose need of a client system.
    pub(crate) granted: bool,
    pub(crate) genetic: bool,
    pub(crate) purpose: Purpose,
    pub(crate) action: Action,
    pub(crate) class: Class,
    pub(crate) category: Category,
    pub(crate) level: u8,
    pub(crate) confidentiality: Confidentiality,
    pub(crate) sensitivity: u16,
    pub(crate) flags: u8,
    pub(crate) bond: Bond,
    pub(crate) own: bool,
    pub(crate) guardian: bool,
    pub(crate) vip: bool,
    pub(crate) colleague: bool,
    pub(crate) age: Age,
    pub(crate) limited: bool,
    pub(crate) ticket: bool,
}

impl Situation {
    pub(crate) fn of(ask: &Ask<'_>, class: Class) -> Self {
        let Ask { who, why, how, what, whose } = ask;
        let needed = grant_name(*why, *how);
        let situation = Self {
            person: who.kind,
            roles: who
                .roles
                .iter()
                .filter(|role| fits(who.kind, **role))
                .fold(0, |bits, role| bits | 1 << (*role as u16)),
            assurance: who.assurance,
            granted: !who.grants.is_empty() && who.grants.contains(needed.as_str()),
            genetic: who.grants.contains(GENETIC),
            purpose: *why,
            action: *how,
            class,
            category: Category::Activity,
            level: 0,
            confidentiality: Confidentiality::Normal,
            sensitivity: 0,
            flags: 0,
            bond: whose.bond,
            own: whose.own,
            guardian: whose.guardian.is_some(),
            vip: whose.vip,
            colleague: whose.colleague,
            age: whose.age,
            limited: whose.limit.categories.contains(&what.labels.category),
            ticket: whose.ticket.is_some(),
        };
        situation.labelled(what.labels)
    }

    /// The same with other labels.
    pub(crate) fn labelled(mut self, labels: &Labels) -> Self {
        self.category = labels.category;
        self.level = labels.level;
        self.confidentiality = labels.confidentiality;
        self.sensitivity = labels.sensitivity.iter().fold(0, |bits, code| bits | 1 << (*code as u16));
        self.flags = 0;
        for (bit, flag) in FLAGS.into_iter().enumerate() {
            if labels.flags.contains(flag) {
                self.flags |= 1 << bit;
            }
        }
        self
    }

    /// The same as it would be about somebody who does not exist.
    pub(crate) fn about_nobody(self, labels: &Labels) -> Self {
        Self {
            bond: Bond::None,
            own: false,
            guardian: false,
            vip: false,
            colleague: false,
            age: Age::Unknown,
            limited: false,
            ticket: false,
            ..self
        }
        .labelled(labels)
    }

    /// Whether the asker stands to the patient so that the patient's existence is no news.
    pub(crate) fn knows_the_patient(&self) -> bool {
        self.bond > Bond::None || self.own || self.guardian || self.ticket
    }

    pub(crate) fn has_role(&self, role: Role) -> bool {
        self.roles & (1 << (role as u16)) != 0
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(|role| self.has_role(*role))
    }

    pub(crate) fn has_sensitivity(&self, code: Sensitivity) -> bool {
        self.sensitivity & (1 << (code as u16)) != 0
    }

    pub(crate) fn sensitivity(&self) -> impl Iterator<Item = Sensitivity> {
        Sensitivity::ALL.iter().copied().filter(|code| self.has_sensitivity(*code))
    }

    pub(crate) fn flags(&self) -> impl Iterator<Item = &'static str> {
        FLAGS.into_iter().enumerate().filter(|(bit, _)| self.flags & (1 << bit) != 0).map(|(_, flag)| flag)
    }

    pub(crate) fn grant(&self) -> String {
        grant_name(self.purpose, self.action)
    }
}

/// Whether a role can belong to a sort of account: a portal account is never a doctor.
fn fits(person: PersonKind, role: Role) -> bool {
    match role {
        Role::Patient => person == PersonKind::Patient,
        Role::Client => matches!(person, PersonKind::Client | PersonKind::System),
        _ => person == PersonKind::Staff,
    }
}

/// `TREAT.read`; actions outside the families by their own code, `HCOMPL.verify-log`.
fn grant_name(purpose: Purpose, action: Action) -> String {
    let manner = match action.manner() {
        Manner::Other => action.code(),
        manner => manner.code(),
    };
    let mut name = String::with_capacity(24);
    name.push_str(purpose.code());
    name.push('.');
    name.push_str(manner);
    name
}

/// A situation and the kind of document, as kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) situation: Situation,
    pub(crate) kind: Box<str>,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Probe { situation: &self.situation, kind: &self.kind }.hash(state);
    }
}

/// The same, as looked up.
#[derive(Hash)]
pub(crate) struct Probe<'a> {
    pub(crate) situation: &'a Situation,
    pub(crate) kind: &'a str,
}

impl Equivalent<Key> for Probe<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.situation == key.situation && *self.kind == *key.kind
    }
}
