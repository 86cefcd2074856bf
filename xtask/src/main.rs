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
    Test {
        /// In which suite the houses of the tests are founded, where a test does not care. (Both are tested in every run:
        /// `crates/seal`, `crates/vault` and the program's `suite.rs` go through each.)
        #[arg(long, value_enum, default_value_t = Suite::International)]
        suite: Suite,
    },
    /// Installs what tests need: a browser, fonts, test data. Skips what it may not and says what is missing.
    Prepare,
    /// Checks the tree itself: file lengths, message files, arrows between rooms, licences, links in documents.
    Tidy,
    /// The long forms of tests: hours, not minutes.
    Long {
        /// Which.
        what: Long,
        /// So many rounds instead of the usual number.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
        rounds: Option<u32>,
        /// Only over this engine, where there is one for each (`kill`).
        #[arg(long, value_enum)]
        engine: Option<Engine>,
    },
    /// Writes the FHIR tables from the unpacked npm package `hl7.fhir.r4.examples` 4.0.1.
    FhirTables {
        /// Folder with `Bundle-resources.json`.
        package_dir: PathBuf,
    },
}

/// The suites of an institution.
#[derive(Clone, Copy, ValueEnum)]
enum Suite {
    /// AES, SHA-2, Ed25519.
    International,
    /// SM4, SM3, SM2.
    Shangmi,
}

impl Suite {
    /// As the program and the tests call it.
    fn name(self) -> &'static str {
        match self {
            Self::International => "international",
            Self::Shangmi => "shangmi",
        }
    }
}

/// Where the records of a house are.
#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    /// In a folder.
    Sqlite,
    /// In a database.
    Postgres,
}

/// The long forms.
#[derive(Clone, Copy, ValueEnum)]
enum Long {
    /// 1,000 rounds of `kill -9` under mixed load, over each engine.
    Kill,
    /// The database server killed, followed by its standby, full, crowded, cut off: 40 rounds each.
    Outages,
    /// Root keys turned and moved, search keys made anew and persons destroyed in the running program, each killed 200 times.
    Keys,
    /// 1,000 power cuts under mixed load, 300 each in a founding and in a turn of the root keys.
    Power,
    /// System calls of the running program failed one after the other: a disk that is broken, or full.
    Calls,
    /// 1,000 random changes of the log's tables, each found and named.
    Tamper,
    /// 1,000,000 documents and 10,000 MiB of large ones from SQLite into PostgreSQL by a backup, timed. Needs 50 GB.
    Restore,
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
        Chore::Test { suite } => test::run(suite.name()),
        Chore::Prepare => {
            prepare::aloud();
            Ok(())
        }
        Chore::Tidy => tidy::run(),
        Chore::Long { what, rounds, engine } => long::run(what, rounds, engine),
        Chore::FhirTables { package_dir } => fhir_tables::run(&package_dir),
    }
}
