//! The project chores.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod fhir_tables;

/// The project's chores.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Writes the FHIR tables from the unpacked npm package `hl7.fhir.r4.examples` 4.0.1.
    FhirTables {
        /// Folder with `Bundle-resources.json`.
        package_dir: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::FhirTables { package_dir } => fhir_tables::run(&package_dir),
    }
}
