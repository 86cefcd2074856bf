//! The project's chores: `cargo xtask test` is the one command that says whether everything holds.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

mod arrows;
mod docs;
mod fhir_tables;
mod licences;
mod long;
mod messages;
mod prepare;
mod shell;
mod test;
mod tidy;

/// The project's chores.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Installs what tests need, then runs every check and every test.
    Test,
    /// Installs what tests need: a browser, fonts, test data. Skips what it may not and says what is missing.
    Prepare,
    /// Checks the tree itself: file lengths, message files, arrows between rooms, licences, links in documents.
    Tidy,
    /// The long forms of tests: hours, not minutes.
    Long {
        /// Which.
        what: Long,
    },
    /// Writes the FHIR tables from the unpacked npm package `hl7.fhir.r4.examples` 4.0.1.
    FhirTables {
        /// Folder with `Bundle-resources.json`.
        package_dir: PathBuf,
    },
}

/// The long forms.
#[derive(Clone, Copy, ValueEnum)]
enum Long {
    /// 200 rounds of `kill -9` under mixed load.
    Kill,
    /// Root keys turned, search keys made anew and persons destroyed in the running program, each killed 200 times.
    Keys,
    /// 1,000 random changes of the log's tables, each found and named.
    Tamper,
    /// Every official FHIR example, and Synthea's patients.
    Examples,
    /// Fuzz targets, ten minutes each (needs a C++ compiler).
    Fuzz,
}

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Test => test::run(),
        Chore::Prepare => {
            prepare::aloud();
            Ok(())
        }
        Chore::Tidy => tidy::run(),
        Chore::Long { what } => long::run(what),
        Chore::FhirTables { package_dir } => fhir_tables::run(&package_dir),
    }
}
