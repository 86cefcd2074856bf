//! The rules of the house, told a second time in plain conditions and compared with the engine
//! over situations of every sort. Whoever changes a policy changes it here too, and is asked why.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot begin has failed")]

mod cases;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use cases::{Case, sample};
use statement::{Told, statement};
use tacebo_policy::{Advice, Ask, Duty, Engine, Labels, Permit, Profile, Refusal, RefusalCode, What};

fn ask(engine: &Engine, case: &Case, profile: &Profile, labels: &Labels) -> Result<Permit, Refusal> {
    let (who, what) = (case.who(), What { kind: case.kind(), labels });
    let whose = engine.whose(profile, &who, case.purpose, cases::now());
    engine.decide(&Ask { who: &who, why: case.purpose, how: case.action, what, whose: &whose })
}

fn decide(engine: &Engine, case: &Case) -> Result<Permit, Refusal> {
    ask(engine, case, &case.profile(), &case.labels(engine))
}

/// What differs between the engine and the statement, if anything.
fn difference(answer: &Result<Permit, Refusal>, told: &Told) -> Option<String> {
    match (answer, told.allowed) {
        (Ok(permit), true) => {
            if permit.masks() != told.masks {
                return Some(format!("masks {:?}, expected {:?}", permit.masks(), told.masks));
            }
            let emergency = [Duty::NotifyPatient, Duty::Review, Duty::NoExport];
            let duties: BTreeSet<Duty> =
                [Duty::LogPurpose].into_iter().chain(emergency.into_iter().filter(|_| told.emergency)).collect();
            (*permit.duties() != duties).then(|| format!("duties {:?}", permit.duties()))
        }
        (Err(_), false) => None,
        (Ok(permit), false) => Some(format!("permitted by {:?}", permit.policies())),
        (Err(refusal), true) => Some(format!("refused {:?} {:?}", refusal.inner(), refusal.policies())),
    }
}

#[test]
fn acc_01_the_engine_says_what_the_statement_says() {
    let engine = Engine::load().unwrap();
    let cases = sample();
    let (mut yes, mut no) = (0, 0);
    for case in cases {
        let answer = decide(&engine, case);
        if answer.is_ok() {
            yes += 1;
        } else {
            no += 1;
        }
        if let Some(difference) = difference(&answer, &statement(case)) {
            panic!("{case:?}: {difference}");
        }
        assert_ne!(answer.err().map(|refusal| refusal.inner()), Some(RefusalCode::Fault), "{case:?}");
    }
    assert!(yes > 500 && no > 1_000, "{yes} permitted, {no} refused");
}

#[test]
fn every_policy_matters() {
    let engine = Engine::load().unwrap();
    let cases = sample();
    // The cases in which each policy has a say.
    let mut says: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        let ids = match decide(&engine, case) {
            Ok(permit) => permit.policies().to_vec(),
            Err(refusal) => refusal.policies().to_vec(),
        };
        for id in ids {
            says.entry(id).or_default().push(case);
        }
    }
    for id in engine.policy_ids() {
        let without: Vec<(String, String)> =
            Engine::shipped_policies().iter().map(|(name, text)| ((*name).to_owned(), remove(text, id))).collect();
        let without: Vec<(&str, &str)> = without.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mutant = Engine::load_policies(&without).unwrap();
        assert_eq!(mutant.policy_ids().count() + 1, engine.policy_ids().count(), "{id}");
        let cases = says.get(id).unwrap_or_else(|| panic!("{id} never matches"));
        let seen = cases.iter().any(|case| difference(&decide(&mutant, case), &statement(case)).is_some());
        assert!(seen, "removing {id} goes unnoticed");
    }
}

fn remove(text: &str, id: &str) -> String {
    let mark = format!("@id(\"{id}\")");
    text.split_inclusive(";\n").filter(|policy| !policy.contains(&mark)).collect()
}

/// What may be told to somebody who has nothing to do with the patient is what is told about a
/// patient who does not exist.
#[test]
fn a_strangers_refusal_does_not_tell_whether_the_patient_exists() {
    let engine = Engine::load().unwrap();
    let mut compared = 0;
    for case in sample().iter().filter(|case| case.is_stranger()) {
        let Err(refusal) = decide(&engine, case) else {
            continue;
        };
        let unknown = ask(&engine, case, &Profile::unknown(), engine.labeller().of_kind(case.kind()));
        let told: Option<(RefusalCode, Advice)> =
            unknown.err().map(|unknown| (unknown.code(), unknown.advice().clone()));
        match told {
            Some((code, advice)) => {
                assert_eq!((refusal.code(), refusal.advice()), (code, &advice), "{case:?}");
            }
            None => assert_eq!(refusal.code(), RefusalCode::NotFound, "{case:?}"),
        }
        compared += 1;
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn the_cases_are_many_and_varied() {
    assert!(cases::all() > 1_000_000);
    let sample = sample();
    let told: BTreeSet<u64> = sample.iter().map(|case| statement(case).matched).collect();
    assert!(told.len() > 150, "{}", told.len());
}
