//! In which algorithms an institution keeps everything: chosen when it is founded, refused ever after.

use std::path::Path;

use anyhow::{Result, bail};
use tacebo_vault::{Suite, Vault};

use crate::lang::Messages;

/// The suites by the names under which they are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Choice {
    /// AES-256-GCM, SHA-2, Ed25519 (国际算法)
    International,
    /// SM4-GCM, SM3, SM2 besides Ed25519 (商用密码)
    Shangmi,
}

impl From<Choice> for Suite {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::International => Self::International,
            Choice::Shangmi => Self::Shangmi,
        }
    }
}

/// A suite in words.
pub(crate) fn words(suite: Suite, t: &Messages) -> String {
    match suite {
        Suite::Shangmi => t.suite_shangmi(),
        _ => t.suite_international(),
    }
}

/// Refuses when another suite is asked for than the one in which the house in a folder was founded.
pub(crate) fn unchanged(dir: &Path, asked: Option<Choice>, t: &Messages) -> Result<()> {
    let Some(asked) = asked.map(Suite::from) else { return Ok(()) };
    same(Vault::suite_in(dir)?, asked, dir, t)
}

/// The same for a house whose folder does not have the log's public key yet.
pub(crate) fn is(vault: &Vault, dir: &Path, asked: Option<Choice>, t: &Messages) -> Result<()> {
    let Some(asked) = asked.map(Suite::from) else { return Ok(()) };
    same(vault.institution().suite, asked, dir, t)
}

fn same(found: Suite, asked: Suite, dir: &Path, t: &Messages) -> Result<()> {
    if found == asked {
        return Ok(());
    }
    bail!("{}", t.suite_fixed(dir.display().to_string(), found.name(), asked.name()))
}
