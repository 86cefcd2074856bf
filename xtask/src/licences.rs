//! Licences, bans and sources of all dependencies, by `deny.toml`: what `cargo deny check licenses bans sources` holds,
//! without building that tool first.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::arrows::metadata;
use crate::shell::root;

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// Checks every package of the lock file.
pub(crate) fn check() -> Result<()> {
    let deny: Deny = toml::from_str(&std::fs::read_to_string(root().join("deny.toml"))?)?;
    let metadata = metadata()?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
    let mut wrong = Vec::new();
    for package in packages {
        let text = |field: &str| package.get(field).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        let named = || format!("{name} {}", text("version").unwrap_or_default());
        match text("license") {
            Some(licence) if allowed(licence, &deny.licenses.allow) => {}
            Some(licence) => wrong.push(format!("{}: licence {licence}", named())),
            None => wrong.push(format!("{}: no licence", named())),
        }
        if deny.bans.deny.iter().any(|ban| ban.name == name) {
            wrong.push(format!("{} is banned", named()));
        }
        if let Some(source) = text("source") {
            let registry = source.strip_prefix("registry+");
            if !registry.is_some_and(|from| deny.sources.allow_registry.iter().any(|allowed| allowed == from)) {
                wrong.push(format!("{} comes from {source}", named()));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("; ")) }
}

/// Whether an SPDX expression can be met with allowed licences. Total: what it does not understand, it does not allow.
fn allowed(expression: &str, allow: &BTreeSet<String>) -> bool {
    // Before SPDX, a slash meant "or".
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any(&mut rest, allow);
    rest.is_empty() && met == Some(true)
}

fn any(rest: &mut &[&str], allow: &BTreeSet<String>) -> Option<bool> {
    let mut met = all(rest, allow)?;
    while take(rest, "OR") {
        met |= all(rest, allow)?;
    }
    Some(met)
}

fn all(rest: &mut &[&str], allow: &BTreeSet<String>) -> Option<bool> {
    let mut met = one(rest, allow)?;
    while take(rest, "AND") {
        met &= one(rest, allow)?;
    }
    Some(met)
}

fn one(rest: &mut &[&str], allow: &BTreeSet<String>) -> Option<bool> {
    if take(rest, "(") {
        let met = any(rest, allow)?;
        return take(rest, ")").then_some(met);
    }
    let (name, after) = rest.split_first()?;
    *rest = after;
    let name = if take(rest, "WITH") {
        let (exception, after) = rest.split_first()?;
        *rest = after;
        format!("{name} WITH {exception}")
    } else {
        (*name).to_owned()
    };
    Some(allow.contains(&name))
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if *first == word => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dependency_has_an_allowed_licence_and_a_known_source() {
        check().unwrap();
    }

    #[test]
    fn expressions_are_met_only_by_allowed_licences() {
        let allow: BTreeSet<String> = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
        for good in
            ["MIT", "GPL-3.0 OR MIT", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND ISC", "Apache-2.0 WITH LLVM-exception"]
        {
            assert!(allowed(good, &allow), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0",
            "",
            "MIT OR",
            "(MIT",
            "MIT)",
            "Apache-2.0 WITH other",
            "MIT MIT",
        ] {
            assert!(!allowed(bad, &allow), "{bad}");
        }
    }
}
