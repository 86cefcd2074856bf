use std::collections::BTreeSet;

use super::*;
use crate::{Action, PersonKind, RefusalCode, Role, What};

fn doctor() -> Who {
    Who {
        roles: BTreeSet::from([Role::Doctor]),
        practitioner: Some("Practitioner/d".into()),
        department: Some("Organization/heart".into()),
        ..Who::new(PersonKind::Staff, "d", 7, "主治医师")
    }
}

#[test]
fn the_shipped_rules_load() {
    let engine = Engine::load().unwrap();
    assert!(engine.policy_ids().count() > 30);
}

#[test]
fn a_policy_that_errs_is_a_refusal_even_if_it_forbids_and_another_permits() {
    // Integer overflow is the error that strict validation cannot rule out.
    let permit = r#"@id("p") @reason("r") @args("none") @requirement("ACC-01") @masks("none") @duties("log-purpose")
        permit(principal, action, resource);"#;
    let erring = r#"@id("f") @code("sensitive") @requirement("ACC-01")
        forbid(principal, action, resource) when { resource.level + 9223372036854775807 > 9 };"#;
    let engine = Engine::load_policies(&[("t", permit)]).unwrap();
    let what = What { kind: "Observation", labels: engine.labeller().of_kind("Observation") };
    let (who, whose) = (doctor(), Whose::nobody());
    let ask = Ask { who: &who, why: Purpose::Treat, how: Action::Read, what, whose: &whose };
    assert!(engine.decide(&ask).is_ok());
    let engine = Engine::load_policies(&[("t", permit), ("u", erring)]).unwrap();
    assert_eq!(engine.decide(&ask).unwrap_err().code(), RefusalCode::Fault);
}

#[test]
fn unknown_missing_and_surplus_annotations_do_not_load() {
    let good = r#"@id("p") @reason("r") @args("none") @requirement("ACC-01") @masks("none") @duties("log-purpose")
        permit(principal, action, resource);"#;
    assert!(Engine::load_policies(&[("t", good)]).is_ok());
    for (from, to) in [
        (r#"@masks("none")"#, r#"@masks("nmae")"#),
        (r#"@masks("none")"#, ""),
        (r#"@masks("none")"#, r#"@masks("")"#),
        (r#"@duties("log-purpose")"#, r#"@duties("log-purpose,sing")"#),
        (r#"@duties("log-purpose")"#, ""),
        (r#"@args("none")"#, r#"@args("shoe-size")"#),
        (r#"@id("p")"#, ""),
        (r#"@reason("r")"#, ""),
        (r#"@requirement("ACC-01")"#, ""),
        (r#"@id("p")"#, r#"@id("p") @obligation("x")"#),
        ("permit(", "forbid("),
        (r"resource);", r"resource) when { principal in Role::\u{22}docter\u{22} };"),
        ("resource);", "resource) when { context.porpoise == 1 };"),
        ("resource);", "resource) when { resource.nope == true };"),
    ] {
        let bad = good.replace(from, &to.replace("\\u{22}", "\""));
        assert_ne!(bad, good);
        assert!(Engine::load_policies(&[("t", &bad)]).is_err(), "{bad}");
    }
    // The same id twice would hide one of the two.
    assert!(Engine::load_policies(&[("t", good), ("u", good)]).is_err());
}

#[test]
fn a_remembered_decision_is_the_same_as_a_fresh_one_and_keeps_nobody_elses_evidence() {
    let engine = Engine::load().unwrap();
    let what = What { kind: "Observation", labels: engine.labeller().of_kind("Observation") };
    let who = doctor();
    let treats = |document: &str| {
        let mut whose = Whose::nobody();
        whose.bond = crate::Bond::Direct;
        whose.evidence =
            Some(crate::Evidence { document: document.into(), basis: crate::Basis::Encounter, until: None });
        whose
    };
    for document in ["Encounter/1", "Encounter/2"] {
        let whose = treats(document);
        let ask = Ask { who: &who, why: Purpose::Treat, how: Action::Read, what, whose: &whose };
        let (kept, fresh) = (engine.decide(&ask).unwrap(), engine.decide_anew(&ask).unwrap());
        assert_eq!(kept.why(), fresh.why());
        assert_eq!(kept.why().args.first(), Some(&("document", document.to_owned())));
        assert_eq!(kept.policies(), ["doctor-treats"]);
    }
}
