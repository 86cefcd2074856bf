//! The long forms of tests: the same tests with larger numbers, set by `LONG=1`.

use anyhow::Result;

use crate::shell::{cargo, command, root, run as run_command, say};
use crate::{Long, prepare};

/// Seconds for each fuzz target.
const FUZZ_SECONDS: &str = "-max_total_time=600";

/// Runs one of them.
pub(crate) fn run(what: Long) -> Result<()> {
    match what {
        Long::Kill => program(&["crash::"]),
        Long::Tamper => {
            tests("tacebo-ledger", &[], &[])?;
            program(&["tamper::"])
        }
        Long::Examples => {
            prepare::aloud();
            tests("tacebo-fhir", &["--test", "official"], &[])?;
            program(&["examples::", "synthea::"])
        }
        Long::Fuzz => fuzz(),
    }
}

/// Tests of the whole program, those whose names begin so.
fn program(names: &[&str]) -> Result<()> {
    tests("tacebo", &["--test", "it"], names)
}

fn tests(package: &str, which: &[&str], names: &[&str]) -> Result<()> {
    let mut test = cargo(["test", "--release", "--locked", "--package", package]);
    run_command(test.args(which).args(["--", "--nocapture"]).args(names).env("LONG", "1"))
}

fn fuzz() -> Result<()> {
    let folder = root().join("fuzz/fuzz_targets");
    for target in std::fs::read_dir(folder)? {
        let name = target?.path();
        let Some(name) = name.file_stem().and_then(|name| name.to_str()) else {
            continue;
        };
        say(name);
        // Through rustup's proxy: our own `cargo` is pinned to the stable toolchain.
        run_command(&mut command("cargo", ["+nightly", "fuzz", "run", name, "--", FUZZ_SECONDS]))?;
    }
    Ok(())
}
