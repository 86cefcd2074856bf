//! The promises that types hold (`docs/architecture.md`): each file in `ui/` tries to get round one and does not compile.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn a_handler_cannot_get_round_the_one_path() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// Types that may be answered without a decision. A new one is added here on purpose, after somebody
/// has looked whether its fields can hold patient data.
const SPEAK_OF_NOBODY: &[&str] = &[
    // FHIR: statuses, issues without values, the CapabilityStatement; faults of requests.
    "Outcomes", "Problem", // OAuth: tokens and registrations of clients.
    "Granted", "Fault", "About", "Metadata",
];

/// Pages that may be shown without a decision: words of the house, and what the asker typed or brought.
const OPEN_PAGES: &[&str] = &[
    "LogIn",
    "LogInCode",
    "Message",
    "Refusal",
    "Declare",
    "Verify",
    "CheckProof",
    // About one's own account, behind one's own session.
    "Enrol",
    "NewPassword",
    "MyAccount",
    // Pages whose disclosed parts its constructors leave empty.
    "Blank",
];

#[test]
fn what_may_be_answered_without_a_decision_is_a_closed_list() {
    let mut found = BTreeSet::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in
            text.lines().map(str::trim).filter(|line| line.starts_with("impl") && line.contains("SpeaksOfNobody for "))
        {
            let name = line.split("SpeaksOfNobody for ").nth(1).unwrap();
            found.insert(name.split([' ', '{', '<']).next().unwrap().rsplit("::").next().unwrap().to_owned());
        }
    }
    let listed: BTreeSet<String> = SPEAK_OF_NOBODY.iter().chain(OPEN_PAGES).map(|name| (*name).to_owned()).collect();
    assert_eq!(found, listed);
}

/// The constructors of answers live in one file; nothing else in the room makes a response by hand.
#[test]
fn only_the_frame_makes_responses() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&here) {
        if path.starts_with(here.join("http")) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for forbidden in ["axum::", "Response::new", "IntoResponse", "hyper::"] {
            assert!(!text.contains(forbidden), "{} has {forbidden}", path.display());
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
    out
}
