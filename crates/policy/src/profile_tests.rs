use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{Assurance, Basis, Role};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

fn doctor() -> Who {
    Who {
        account: "zhang".into(),
        number: 7,
        kind: PersonKind::Staff,
        display: "主治医师".into(),
        roles: BTreeSet::from([Role::Doctor]),
        grants: BTreeSet::new(),
        practitioner: Some("Practitioner/zhang".into()),
        patient: Some("own".into()),
        related: BTreeSet::from(["RelatedPerson/1".to_owned()]),
        department: Some("Organization/heart".into()),
        teams: BTreeSet::from(["CareTeam/7".to_owned()]),
        assurance: Assurance::Two,
    }
}

fn with(facts: Vec<Fact>) -> Profile {
    Profile { patient: Some("p".into()), facts, tickets: Vec::new() }
}

fn visit(with: &str, from: Option<&str>, until: Option<&str>, open: bool) -> Fact {
    Fact::Relation {
        with: with.into(),
        evidence: format!("Encounter/{with}"),
        basis: Basis::Encounter,
        from: from.map(at),
        until: until.map(at),
        open,
    }
}

fn sum(profile: &Profile, now: Timestamp) -> Whose {
    profile.whose(&doctor(), Purpose::Treat, now, &Windows::shipped().unwrap())
}

#[test]
fn a_finished_visit_counts_thirty_days_and_not_a_second_more() {
    let profile =
        with(vec![visit("Practitioner/zhang", Some("2026-10-01T00:00:00Z"), Some("2026-10-02T00:00:00Z"), false)]);
    let end = at("2026-11-01T00:00:00Z");
    let before = sum(&profile, at("2026-10-31T23:59:59Z"));
    assert_eq!(before.bond(), Bond::Direct);
    assert_eq!(before.until(), Some(end));
    assert_eq!(before.evidence().unwrap().document, "Encounter/Practitioner/zhang");
    assert_eq!(sum(&profile, end).bond(), Bond::None);
    // A week before the visit it counts already, and says so beforehand.
    let early = sum(&profile, at("2026-09-01T00:00:00Z"));
    assert_eq!((early.bond(), early.until()), (Bond::None, Some(at("2026-09-24T00:00:00Z"))));
}

#[test]
fn an_open_visit_counts_but_not_for_ever_and_one_without_times_not_at_all() {
    let open = with(vec![visit("Practitioner/zhang", Some("2025-10-01T00:00:00Z"), None, true)]);
    assert_eq!(sum(&open, at("2026-09-30T00:00:00Z")).bond(), Bond::Direct);
    assert_eq!(sum(&open, at("2026-10-02T00:00:00Z")).bond(), Bond::None);
    let nothing = with(vec![visit("Practitioner/zhang", None, None, false)]);
    assert_eq!(sum(&nothing, noon()).bond(), Bond::None);
}

#[test]
fn the_nearest_bond_counts_and_strangers_have_none() {
    let of = |names: &[&str]| {
        let facts = names.iter().map(|name| visit(name, Some("2026-11-20T00:00:00Z"), None, true)).collect();
        sum(&with(facts), noon()).bond()
    };
    assert_eq!(of(&["Practitioner/li", "Organization/eyes"]), Bond::None);
    assert_eq!(of(&["Organization/heart"]), Bond::Department);
    assert_eq!(of(&["CareTeam/7", "Organization/heart"]), Bond::Team);
    assert_eq!(of(&["Organization/heart", "Practitioner/zhang", "CareTeam/7"]), Bond::Direct);
    assert_eq!(
        Profile::unknown().whose(&doctor(), Purpose::Treat, noon(), &Windows::shipped().unwrap()),
        Whose::nobody()
    );
}

fn rule(deny: bool, actors: &[&str], purposes: &[Purpose], categories: &[Category]) -> Fact {
    Fact::Consent {
        id: format!("Consent/{}{}", actors.concat(), deny),
        deny,
        actors: actors.iter().map(|actor| (*actor).to_owned()).collect(),
        purposes: purposes.to_vec(),
        categories: categories.to_vec(),
        from: None,
        until: None,
    }
}

#[test]
fn acc_13_a_limit_bites_by_department_person_purpose_and_category() {
    let limited = |facts: Vec<Fact>| sum(&with(facts), noon()).limit().categories.clone();
    let all: BTreeSet<Category> = Category::ALL.iter().copied().collect();
    assert_eq!(limited(vec![rule(true, &["Organization/heart"], &[], &[])]), all);
    assert_eq!(limited(vec![rule(true, &["Practitioner/zhang"], &[], &[])]), all);
    assert_eq!(limited(vec![rule(true, &["zhang"], &[], &[])]), all);
    assert_eq!(limited(vec![rule(true, &[], &[], &[])]), all);
    assert!(limited(vec![rule(true, &["Organization/eyes"], &[], &[])]).is_empty());
    assert!(limited(vec![rule(true, &[], &[Purpose::Research], &[])]).is_empty());
    assert_eq!(
        limited(vec![rule(true, &[], &[Purpose::Treat], &[Category::Genetic])]),
        BTreeSet::from([Category::Genetic])
    );
    // Nearer rules win; equally near ones forbid.
    assert!(limited(vec![rule(true, &["Organization/heart"], &[], &[]), rule(false, &["zhang"], &[], &[])]).is_empty());
    assert_eq!(limited(vec![rule(true, &["zhang"], &[], &[]), rule(false, &["Organization/heart"], &[], &[])]), all);
    assert_eq!(limited(vec![rule(true, &["zhang"], &[], &[]), rule(false, &["zhang"], &[], &[])]), all);
}

#[test]
fn acc_13_a_limit_begins_and_ends_on_time() {
    let profile = with(vec![Fact::Consent {
        id: "Consent/1".into(),
        deny: true,
        actors: Vec::new(),
        purposes: Vec::new(),
        categories: Vec::new(),
        from: Some(at("2026-06-01T00:00:00Z")),
        until: Some(at("2026-07-01T00:00:00Z")),
    }]);
    for (now, bites) in [
        ("2026-05-31T23:59:59Z", false),
        ("2026-06-01T00:00:00Z", true),
        ("2026-06-30T23:59:59Z", true),
        ("2026-07-01T00:00:00Z", false),
    ] {
        assert_eq!(!sum(&profile, at(now)).limit().categories.is_empty(), bites, "{now}");
    }
    assert_eq!(sum(&profile, at("2026-06-15T00:00:00Z")).limit().consents, ["Consent/1"]);
}

#[test]
fn a_ticket_serves_its_actor_only_and_four_hours_at_most() {
    let mut profile = with(Vec::new());
    profile.tickets = vec![Ticket {
        id: "t".into(),
        account: "zhang".into(),
        reason: "unconscious".into(),
        from: at("2026-11-22T11:00:00Z"),
        until: at("2026-12-22T11:00:00Z"),
    }];
    assert_eq!(sum(&profile, noon()).ticket().unwrap().until, at("2026-11-22T15:00:00Z"));
    assert!(sum(&profile, at("2026-11-22T15:00:00Z")).ticket().is_none());
    assert!(sum(&profile, at("2026-11-22T10:59:59Z")).ticket().is_none());
    let mut other = doctor();
    other.account = "li".into();
    assert!(profile.whose(&other, Purpose::EmergencyTreat, noon(), &Windows::shipped().unwrap()).ticket().is_none());
}

#[test]
fn own_records_are_known_by_patient_account_or_practitioner() {
    let mut own = with(Vec::new());
    own.patient = Some("own".into());
    assert!(sum(&own, noon()).is_own());
    let colleague = |account: Option<&str>, practitioner: Option<&str>| {
        let fact = Fact::Colleague { account: account.map(Into::into), practitioner: practitioner.map(Into::into) };
        let whose = sum(&with(vec![fact]), noon());
        (whose.is_colleague(), whose.is_own())
    };
    assert_eq!(colleague(Some("zhang"), None), (true, true));
    assert_eq!(colleague(None, Some("Practitioner/zhang")), (true, true));
    assert_eq!(colleague(Some("li"), None), (true, false));
    assert_eq!(colleague(None, None), (true, false));
    // Two people without a patient id are not the same person.
    let mut nobody = doctor();
    nobody.patient = None;
    let whose = Profile::unknown().whose(&nobody, Purpose::Treat, noon(), &Windows::shipped().unwrap());
    assert!(!whose.is_own());
}

#[test]
fn ages_turn_at_the_houses_midnight() {
    let age = |born: (i16, i8, i8), now: &str| {
        sum(&with(vec![Fact::Born { on: Date::new(born.0, born.1, born.2).unwrap() }]), at(now)).age()
    };
    // 2026-11-22 begins in China at 16:00 UTC of the day before.
    assert_eq!(age((2012, 11, 22), "2026-11-21T15:59:59Z"), Age::Under14);
    assert_eq!(age((2012, 11, 22), "2026-11-21T16:00:00Z"), Age::Minor);
    assert_eq!(age((2008, 11, 22), "2026-11-21T16:00:00Z"), Age::Adult);
    assert_eq!(age((2012, 2, 29), "2026-02-28T15:59:59Z"), Age::Under14);
    assert_eq!(age((2012, 2, 29), "2026-02-28T16:00:00Z"), Age::Minor);
    let two = with(vec![
        Fact::Born { on: Date::new(1990, 1, 1).unwrap() },
        Fact::Born { on: Date::new(2020, 1, 1).unwrap() },
    ]);
    assert_eq!(sum(&two, noon()).age(), Age::Unknown);
}

#[test]
fn a_guardian_is_who_the_document_names_while_it_says_so() {
    let guards = |evidence: &str, now: &str| {
        let (from, until) = (Some(at("2026-01-01T00:00:00Z")), Some(at("2026-12-01T00:00:00Z")));
        let whose = sum(&with(vec![Fact::Guardian { evidence: evidence.into(), from, until }]), at(now));
        (whose.guardian().map(str::to_owned), whose.until())
    };
    let (mine, end) = (Some("RelatedPerson/1".to_owned()), Some(at("2026-12-01T00:00:00Z")));
    assert_eq!(guards("RelatedPerson/1", "2026-11-22T12:00:00Z"), (mine, end));
    assert_eq!(guards("RelatedPerson/1", "2026-12-01T00:00:00Z"), (None, None));
    assert_eq!(guards("RelatedPerson/2", "2026-11-22T12:00:00Z").0, None);
}

#[test]
fn an_accepted_request_binds_one_account_from_its_acceptance_to_its_end() {
    let granted = |with: &str, until: Option<&str>| Fact::Relation {
        with: with.into(),
        evidence: "AccessRequest/1".into(),
        basis: Basis::Request,
        from: Some(noon()),
        until: until.map(at),
        open: false,
    };
    let end = "2026-11-29T12:00:00Z";
    let bond = |with_whom: &str, until, now: &str| sum(&with(vec![granted(with_whom, until)]), at(now)).bond();
    assert_eq!(bond("zhang", Some(end), "2026-11-22T12:00:00Z"), Bond::Direct);
    assert_eq!(bond("zhang", Some(end), "2026-11-22T11:59:59Z"), Bond::None);
    assert_eq!(bond("zhang", Some(end), "2026-11-29T11:59:59Z"), Bond::Direct);
    assert_eq!(bond("zhang", Some(end), end), Bond::None);
    assert_eq!(bond("li", Some(end), "2026-11-22T12:00:00Z"), Bond::None);
    // Without an end it opens nothing.
    assert_eq!(bond("zhang", None, "2026-11-22T12:00:01Z"), Bond::None);
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let who =
        prop_oneof![Just("Practitioner/zhang"), Just("Organization/heart"), Just("zhang"), Just("Practitioner/li")];
    let when = || {
        prop::option::of((0i64..200).prop_map(|days| Timestamp::from_second(1_780_000_000 + days * 86_400).unwrap()))
    };
    prop_oneof![
        (who.clone(), when(), when(), any::<bool>(), 0usize..5).prop_map(|(with, from, until, open, basis)| {
            Fact::Relation {
                with: with.into(),
                evidence: "Encounter/1".into(),
                basis: Basis::ALL[basis],
                from,
                until,
                open,
            }
        }),
        (who.clone(), when(), when(), any::<bool>()).prop_map(|(actor, from, until, deny)| Fact::Consent {
            id: "Consent/1".into(),
            deny,
            actors: vec![actor.into()],
            purposes: vec![Purpose::Treat],
            categories: vec![Category::Health],
            from,
            until
        }),
        (prop_oneof![Just("RelatedPerson/1"), Just("RelatedPerson/2")], when(), when())
            .prop_map(|(evidence, from, until)| Fact::Guardian { evidence: evidence.into(), from, until }),
        Just(Fact::Vip),
        Just(Fact::Deceased),
        Just(Fact::Colleague { account: None, practitioner: Some("Practitioner/li".into()) }),
        (2005i16..2026, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| Fact::Born { on: Date::new(y, m, d).unwrap() }),
    ]
}

proptest! {
    #[test]
    fn a_profile_reads_back_from_postcard_and_json(facts in prop::collection::vec(any_fact(), 0..6)) {
        let mut profile = with(facts);
        profile.tickets = vec![Ticket { id: "t".into(), account: "a".into(), reason: "r".into(), from: noon(), until: noon() }];
        let bytes = postcard::to_allocvec(&profile).unwrap();
        prop_assert!(postcard::from_bytes::<Profile>(&bytes).unwrap() == profile);
        let json = serde_json::to_string(&profile).unwrap();
        prop_assert!(serde_json::from_str::<Profile>(&json).unwrap() == profile);
    }

    /// `until` is a promise: nothing changes before it.
    #[test]
    fn a_summary_holds_until_it_says(facts in prop::collection::vec(any_fact(), 0..6), start in 0i64..200, step in 0i64..400) {
        let profile = with(facts);
        let now = Timestamp::from_second(1_780_000_000 + start * 86_400 + 3_600).unwrap();
        let later = Timestamp::from_second(now.as_second() + step * 43_200).unwrap();
        let first = sum(&profile, now);
        if first.until().is_none_or(|until| later < until) {
            prop_assert!(sum(&profile, later) == first);
        }
    }
}
