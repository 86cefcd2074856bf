//! What must hold of the tree itself.

use anyhow::{Result, bail};

use crate::shell::{files, root, say};
use crate::{arrows, docs, licences, messages};

/// Longest file of code.
const LINES: usize = 1000;
/// What counts as code.
const CODE: [&str; 11] = ["rs", "mjs", "js", "css", "html", "ftl", "cedar", "sql", "toml", "sh", "py"];

/// All checks, each with its result.
pub(crate) fn checks() -> Vec<(&'static str, Result<()>)> {
    vec![
        ("file lengths", lengths()),
        ("no test is switched off", ignored()),
        ("message files", messages::check()),
        ("arrows between rooms", arrows::check()),
        ("licences, bans, sources", licences::check()),
        ("links in documents", docs::check()),
    ]
}

/// Runs them all.
pub(crate) fn run() -> Result<()> {
    let mut broken = Vec::new();
    for (name, done) in checks() {
        match done {
            Ok(()) => say(&format!("{name}: holds")),
            Err(error) => {
                say(&format!("{name}: {error:#}"));
                broken.push(name);
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { bail!("does not hold: {}", broken.join(", ")) }
}

fn is_code(file: &str) -> bool {
    let vendored = file.contains("/vendor/");
    !vendored && file.rsplit_once('.').is_some_and(|(_, ending)| CODE.contains(&ending))
}

fn lengths() -> Result<()> {
    let mut long = Vec::new();
    for file in files()?.iter().filter(|file| is_code(file)) {
        let lines = std::fs::read_to_string(root().join(file))?.lines().count();
        if lines > LINES {
            long.push(format!("{file} ({lines} lines)"));
        }
    }
    if long.is_empty() { Ok(()) } else { bail!("split by ideas: {}", long.join(", ")) }
}

/// A test that does not run proves nothing. Long forms run under `cargo xtask long`, by a larger number.
fn ignored() -> Result<()> {
    let marks = [concat!("#[", "ignore"), concat!("test.", "skip("), concat!("test.", "todo(")];
    let mut found = Vec::new();
    for file in files()?.iter().filter(|file| is_code(file)) {
        let text = std::fs::read_to_string(root().join(file))?;
        if marks.iter().any(|mark| text.contains(mark)) {
            found.push(file.clone());
        }
    }
    if found.is_empty() { Ok(()) } else { bail!("tests switched off in {}", found.join(", ")) }
}
