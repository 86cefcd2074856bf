//! Situations: the cross-product of who, why, how, what and whose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::date;
use tacebo_policy::{
    Action, Assurance, Basis, Category, Confidentiality, Engine, Fact, Labels, PersonKind, Profile, Purpose, Role,
    Sensitivity, Ticket, Who,
};

use super::statement::statement;

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asker {
    pub(crate) kind: PersonKind,
    pub(crate) roles: &'static [Role],
    pub(crate) grants: &'static [&'static str],
}

const fn staff(roles: &'static [Role]) -> Asker {
    Asker { kind: PersonKind::Staff, roles, grants: &[] }
}

const ASKERS: &[Asker] = &[
    staff(&[]),
    staff(&[Role::Doctor]),
    Asker { kind: PersonKind::Staff, roles: &[Role::Doctor], grants: &["genetic"] },
    staff(&[Role::Nurse]),
    staff(&[Role::Radiographer]),
    staff(&[Role::Receptionist]),
    staff(&[Role::PrivacyOfficer]),
    staff(&[Role::SecurityOfficer]),
    staff(&[Role::Auditor]),
    staff(&[Role::SystemAdmin]),
    staff(&[Role::SecurityAdmin]),
    staff(&[Role::AuditAdmin]),
    staff(&[Role::Doctor, Role::Receptionist]),
    staff(&[Role::Doctor, Role::SystemAdmin]),
    staff(&[Role::SystemAdmin, Role::SecurityAdmin]),
    staff(&[Role::SystemAdmin, Role::AuditAdmin]),
    staff(&[Role::SecurityAdmin, Role::AuditAdmin]),
    Asker { kind: PersonKind::Patient, roles: &[Role::Patient], grants: &[] },
    Asker { kind: PersonKind::Patient, roles: &[Role::Patient, Role::Doctor], grants: &[] },
    Asker { kind: PersonKind::Client, roles: &[Role::Client], grants: &[] },
    Asker {
        kind: PersonKind::Client,
        roles: &[Role::Client],
        grants: &["TREAT.read", "TREAT.write", "HOPERAT.read", "ETREAT.export", "TREAT.export", "HCOMPL.read-log"],
    },
    Asker { kind: PersonKind::Client, roles: &[Role::Client], grants: &["HRESCH.read", "TREAT.read", "genetic"] },
    Asker {
        kind: PersonKind::System,
        roles: &[],
        grants: &["HOPERAT.read", "TREAT.write", "HCOMPL.verify-log", "HSYSADMIN.administer"],
    },
];

/// What is asked for: a kind, and labels beyond those of the kind.
pub(crate) const WHATS: &[(&str, &str)] = &[
    ("Organization", ""),
    ("Patient", ""),
    ("Patient", "HIV"),
    ("RelatedPerson", ""),
    ("Appointment", ""),
    ("Appointment", "HIV"),
    ("Consent", ""),
    ("Coverage", ""),
    ("Observation", ""),
    ("Observation", "HIV"),
    ("Observation", "V"),
    ("Observation", "genetic"),
    ("Observation", "withheld"),
    ("ImagingStudy", ""),
    ("MolecularSequence", ""),
    ("LogEntry", ""),
    ("BreakGlass", ""),
    ("AccessRequest", ""),
    ("NoticeProof", ""),
    ("Incident", ""),
    ("PortalAccess", ""),
    ("UserAccount", ""),
    ("UserAccount", "portal"),
    ("Configuration", ""),
    ("Backup", ""),
    ("RootKey", ""),
    ("Shredding", ""),
    ("Nonsense", ""),
];

/// What the patient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Plain,
    Vip,
    Colleague,
    Limited,
    LimitedHealth,
    VipLimited,
    Own,
    WardUnder14,
    Ward16,
    WardAdult,
    Limited16Own,
}

const STATES: &[State] = &[
    State::Plain,
    State::Vip,
    State::Colleague,
    State::Limited,
    State::LimitedHealth,
    State::VipLimited,
    State::Own,
    State::WardUnder14,
    State::Ward16,
    State::WardAdult,
    State::Limited16Own,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    None,
    Department,
    Team,
    Direct,
}

const RELATIONS: &[Relation] = &[Relation::None, Relation::Department, Relation::Team, Relation::Direct];

#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) asker: Asker,
    pub(crate) purpose: Purpose,
    pub(crate) action: Action,
    pub(crate) what: (&'static str, &'static str),
    pub(crate) state: State,
    pub(crate) relation: Relation,
    pub(crate) two_factors: bool,
    pub(crate) ticket: bool,
}

impl Case {
    pub(crate) fn kind(&self) -> &'static str {
        self.what.0
    }

    pub(crate) fn who(&self) -> Who {
        Who {
            account: "asker".into(),
            number: 1,
            kind: self.asker.kind,
            display: String::new(),
            roles: self.asker.roles.iter().copied().collect(),
            grants: self.asker.grants.iter().map(|grant| (*grant).to_owned()).collect(),
            practitioner: Some("Practitioner/asker".into()),
            patient: matches!(self.state, State::Own | State::Limited16Own).then(|| "p".into()),
            related: BTreeSet::from(["RelatedPerson/1".to_owned()]),
            department: Some("Organization/ward".into()),
            teams: BTreeSet::from(["CareTeam/team".to_owned()]),
            assurance: if self.two_factors { Assurance::Two } else { Assurance::One },
        }
    }

    pub(crate) fn labels(&self, engine: &Engine) -> Labels {
        let mut labels = engine.labeller().of_kind(self.kind()).clone();
        match self.what.1 {
            "HIV" => {
                labels.sensitivity.insert(Sensitivity::Hiv);
            }
            "V" => labels.confidentiality = Confidentiality::VeryRestricted,
            "genetic" => labels.category = Category::Genetic,
            flag @ ("withheld" | "portal") => {
                labels.flags.insert(flag.into());
            }
            _ => {}
        }
        labels
    }

    pub(crate) fn profile(&self) -> Profile {
        let mut facts = Vec::new();
        let with = match self.relation {
            Relation::None => None,
            Relation::Department => Some("Organization/ward"),
            Relation::Team => Some("CareTeam/team"),
            Relation::Direct => Some("Practitioner/asker"),
        };
        facts.extend(with.map(|with| Fact::Relation {
            with: with.into(),
            evidence: "Encounter/1".into(),
            basis: Basis::Encounter,
            from: Some("2026-11-20T00:00:00Z".parse().expect("a time")),
            until: None,
            open: true,
        }));
        let limit = |categories: &[Category]| Fact::Consent {
            id: "Consent/1".into(),
            deny: true,
            actors: vec!["Organization/ward".into()],
            purposes: Vec::new(),
            categories: categories.to_vec(),
            from: None,
            until: None,
        };
        let ward = |year| {
            [
                Fact::Guardian { evidence: "RelatedPerson/1".into(), from: None, until: None },
                Fact::Born { on: date(year, 1, 1) },
            ]
        };
        match self.state {
            State::Plain | State::Own => {}
            State::Vip => facts.push(Fact::Vip),
            State::Colleague => facts.push(Fact::Colleague { account: Some("other".into()), practitioner: None }),
            State::Limited => facts.push(limit(&[])),
            State::LimitedHealth => facts.push(limit(&[Category::Health])),
            State::VipLimited => facts.extend([Fact::Vip, limit(&[])]),
            State::WardUnder14 => facts.extend(ward(2020)),
            State::Ward16 => facts.extend(ward(2010)),
            State::WardAdult => facts.extend(ward(1990)),
            State::Limited16Own => facts.extend([limit(&[]), Fact::Born { on: date(2010, 1, 1) }]),
        }
        let ticket = Ticket {
            id: "t".into(),
            account: if self.ticket { "asker" } else { "somebody else" }.into(),
            reason: "unconscious".into(),
            from: "2026-11-22T11:00:00Z".parse().expect("a time"),
            until: "2026-11-22T13:00:00Z".parse().expect("a time"),
        };
        Profile { patient: Some("p".into()), facts, tickets: vec![ticket] }
    }

    pub(crate) fn is_stranger(&self) -> bool {
        let near = matches!(
            self.state,
            State::Own | State::Limited16Own | State::WardUnder14 | State::Ward16 | State::WardAdult
        );
        self.relation == Relation::None && !self.ticket && !near
    }
}

/// Second factor and ticket.
const SESSIONS: &[(bool, bool)] = &[(true, false), (true, true), (false, false)];

/// How many situations the cross-product has.
pub(crate) fn all() -> usize {
    [ASKERS.len(), Purpose::ALL.len(), Action::ALL.len(), WHATS.len(), STATES.len(), RELATIONS.len(), SESSIONS.len()]
        .iter()
        .product()
}

/// The situation at one place of the cross-product.
fn case(at: usize) -> Case {
    let mut rest = at;
    let mut digit = |base: usize| {
        let digit = rest % base;
        rest /= base;
        digit
    };
    let (two_factors, ticket) = SESSIONS[digit(SESSIONS.len())];
    Case {
        relation: RELATIONS[digit(RELATIONS.len())],
        state: STATES[digit(STATES.len())],
        what: WHATS[digit(WHATS.len())],
        action: Action::ALL[digit(Action::ALL.len())],
        purpose: Purpose::ALL[digit(Purpose::ALL.len())],
        asker: ASKERS[digit(ASKERS.len())],
        two_factors,
        ticket,
    }
}

/// A few cases for each action and set of sentences that match, and some of all.
pub(crate) fn sample() -> &'static [Case] {
    static ONCE: OnceLock<Vec<Case>> = OnceLock::new();
    ONCE.get_or_init(choose)
}

fn choose() -> Vec<Case> {
    let mut seen: BTreeMap<(u64, Action), usize> = BTreeMap::new();
    (0..all())
        // Looking at each of the millions would take a minute; a scattered tenth shows every set.
        .filter(|at| (at.wrapping_mul(0x9E37_79B9) >> 9) % 11 == 0)
        .map(|at| (at, case(at)))
        .filter(|(at, case)| {
            let told = statement(case);
            let count = seen.entry((told.matched, case.action)).or_default();
            *count += 1;
            *count <= if told.allowed { 6 } else { 1 } || at % 1_999 == 0
        })
        .map(|(_, case)| case)
        .collect()
}
