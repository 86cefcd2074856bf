//! The arrows of `docs/architecture.md`: a room uses only rooms below it, and no room above the vault reaches past it.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{cargo, output};

/// The rooms, top to bottom. Rooms of one floor do not use each other.
const FLOORS: [&[&str]; 11] = [
    &["tacebo"],
    &["tacebo-server"],
    &["tacebo-fhir", "tacebo-imaging", "tacebo-governance", "tacebo-identity"],
    &["tacebo-vault"],
    &["tacebo-policy"],
    &["tacebo-veil"],
    &["tacebo-archive"],
    &["tacebo-store"],
    &["tacebo-ledger"],
    &["tacebo-seal"],
    &["tacebo-objects"],
];
/// The vault's floor: what is above sees it and nothing beneath.
const VAULT: usize = 3;
/// Rooms that must be usable without a hospital.
const ALONE: [&str; 4] = ["tacebo-ledger", "tacebo-seal", "tacebo-veil", "tacebo-objects"];
/// Not rooms: a list of features, and invented data that only the program and tests use.
const UNIFY: &str = "tacebo-unify";
const FIXTURES: &str = "tacebo-fixtures";
/// Algorithms of a library that two rooms share, and nobody else names.
const SHANGMI: &str = "tacebo-shangmi";
const WITH_SHANGMI: [&str; 2] = ["tacebo-ledger", "tacebo-seal"];
/// How a server outside is reached: shared by the two rooms that do, and nobody else names it.
const WIRE: &str = "tacebo-wire";
const WITH_WIRE: [&str; 2] = ["tacebo-objects", "tacebo-store"];
/// The program verifies folders offline, founds houses and measures: it may see everything.
const PROGRAM: &str = "tacebo";

/// `cargo metadata` of the workspace with all dependencies.
pub(crate) fn metadata() -> Result<Value> {
    let text = output(&mut cargo(["metadata", "--format-version", "1", "--locked"]))?;
    Ok(serde_json::from_str(&text)?)
}

/// Checks every arrow of the workspace.
pub(crate) fn check() -> Result<()> {
    let metadata = metadata()?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
    let mut wrong = Vec::new();
    let mut rooms = 0;
    for package in packages.iter().filter(|package| package.get("source").is_some_and(Value::is_null)) {
        let from = text(package, "name");
        rooms += 1;
        for dependency in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            let to = text(dependency, "name");
            // A test may use what it needs.
            let only_tests = text(dependency, "kind") == "dev";
            if to.starts_with("tacebo")
                && !only_tests
                && let Some(why) = fault(from, to)
            {
                wrong.push(why);
            }
        }
    }
    if rooms < 10 {
        bail!("only {rooms} crates were found");
    }
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("; ")) }
}

fn text<'value>(of: &'value Value, field: &str) -> &'value str {
    of.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// What is wrong with an arrow, if anything.
fn fault(from: &str, to: &str) -> Option<String> {
    if to == UNIFY || (to == FIXTURES && from == PROGRAM) || from == "tacebo-fuzz" {
        return None;
    }
    if to == SHANGMI {
        return (!WITH_SHANGMI.contains(&from))
            .then(|| format!("{from} names the algorithms of {SHANGMI} past its suite"));
    }
    if to == WIRE {
        return (!WITH_WIRE.contains(&from)).then(|| format!("{from} speaks to the outside past its storage"));
    }
    if to == FIXTURES {
        return Some(format!("{from} uses invented data outside its tests"));
    }
    let (Some(above), Some(below)) = (floor(from), floor(to)) else {
        return Some(format!("{from} → {to}: one of them is on no floor"));
    };
    if above >= below {
        return Some(format!("{from} → {to} does not point down"));
    }
    if ALONE.contains(&from) {
        return Some(format!("{from} → {to}: {from} must stand alone"));
    }
    if from != PROGRAM && above < VAULT && below > VAULT {
        return Some(format!("{from} → {to} skips the vault"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_down_and_none_skips_the_vault() {
        check().unwrap();
    }

    #[test]
    fn a_wrong_arrow_is_seen() {
        for (from, to) in [
            ("tacebo-store", "tacebo-vault"),
            ("tacebo-server", "tacebo-store"),
            ("tacebo-server", "tacebo-objects"),
            ("tacebo-seal", "tacebo-objects"),
            ("tacebo-fhir", "tacebo-seal"),
            ("tacebo-fhir", "tacebo-identity"),
            ("tacebo-server", "tacebo-policy"),
            ("tacebo-ledger", "tacebo-seal"),
            ("tacebo-vault", "tacebo-shangmi"),
            ("tacebo-shangmi", "tacebo-seal"),
            ("tacebo-vault", "tacebo-fixtures"),
            ("tacebo-server", "tacebo-wire"),
            ("tacebo-vault", "tacebo-elsewhere"),
        ] {
            assert!(fault(from, to).is_some(), "{from} → {to}");
        }
        for (from, to) in [
            ("tacebo", "tacebo-store"),
            ("tacebo-server", "tacebo-fhir"),
            ("tacebo-server", "tacebo-vault"),
            ("tacebo-vault", "tacebo-seal"),
            ("tacebo-store", "tacebo-ledger"),
            ("tacebo-store", "tacebo-objects"),
            ("tacebo-objects", "tacebo-wire"),
            ("tacebo", "tacebo-fixtures"),
            ("tacebo-seal", "tacebo-unify"),
            ("tacebo-seal", "tacebo-shangmi"),
        ] {
            assert_eq!(fault(from, to), None);
        }
    }
}
