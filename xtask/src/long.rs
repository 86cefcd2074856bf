//! The long forms of tests: the same tests with larger numbers, set by `LONG=1`.

use anyhow::{Context, Result};

use crate::shell::{cargo, command, output, root, run as run_command, say, target};
use crate::{Engine, Long, prepare};

/// Edge counters and traced comparisons (SanitizerCoverage), as cargo-fuzz asks for them.
const COUNTERS: [&str; 9] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "--cfg=fuzzing",
];
/// Seconds for each fuzz target.
const FUZZ_SECONDS: &str = "-max_total_time=600";

/// Runs one of them, `rounds` times where it counts rounds.
pub(crate) fn run(what: Long, rounds: Option<u32>, engine: Option<Engine>) -> Result<()> {
    let program = |names: &[&str]| tests("tacebo", &["--test", "it"], names, rounds);
    match what {
        Long::Kill => program(match engine {
            None => &["crash::"],
            Some(Engine::Sqlite) => &["crash::over_a_folder"],
            Some(Engine::Postgres) => &["crash::over_postgresql"],
        }),
        Long::Outages => program(&["outages::"]),
        Long::Keys => program(&["keys::"]),
        Long::Power => program(&["power::"]),
        Long::Calls => program(&["calls::"]),
        Long::Tamper => {
            tests("tacebo-ledger", &[], &[], rounds)?;
            program(&["tamper::"])
        }
        Long::Restore => program(&["backup::many::"]),
        Long::Examples => {
            prepare::aloud();
            tests("tacebo-fhir", &["--test", "official"], &[], rounds)?;
            program(&["examples::", "synthea::"])
        }
        Long::Fuzz => fuzz(),
    }
}

/// Tests of a package, those whose names begin so.
fn tests(package: &str, which: &[&str], names: &[&str], rounds: Option<u32>) -> Result<()> {
    let mut test = cargo(["test", "--release", "--locked", "--package", package]);
    run_command(test.args(which).args(["--", "--nocapture"]).args(names).env("LONG", rounds.unwrap_or(1).to_string()))
}

/// Builds the targets with the counters that libFuzzer steers by, and runs each with its seeds and its dictionary. The
/// stable compiler can do that; only sanitizers need another one, and there is no unsafe code to look into.
fn fuzz() -> Result<()> {
    let fuzz = root().join("fuzz");
    let made = target().join("fuzz");
    let host = host()?;
    let mut build = cargo(["build", "--release", "--locked", "--target", &host]);
    build.arg("--manifest-path").arg(fuzz.join("Cargo.toml")).arg("--target-dir").arg(&made);
    run_command(build.env("RUSTFLAGS", COUNTERS.join(" ")))?;
    let mut targets: Vec<_> = std::fs::read_dir(fuzz.join("fuzz_targets"))?.collect::<Result<_, _>>()?;
    targets.sort_by_key(std::fs::DirEntry::path);
    for target in targets {
        let name = target.path();
        let Some(name) = name.file_stem().and_then(|name| name.to_str()) else { continue };
        say(name);
        // What it learns stays in the target folder; the seeds are only read.
        let learnt = made.join("corpus").join(name);
        std::fs::create_dir_all(&learnt)?;
        let program = made.join(&host).join("release").join(name);
        let mut run = command(&program.to_string_lossy(), [FUZZ_SECONDS, "-timeout=20"]);
        run.arg(format!("-dict={}", fuzz.join(format!("{name}.dict")).display()));
        run.arg(format!("-artifact_prefix={}/", made.display()));
        run.arg(learnt).arg(root().join("crates/fuzz/seeds").join(name));
        run_command(&mut run)?;
    }
    Ok(())
}

/// The compiler's own name for this machine.
fn host() -> Result<String> {
    let said = output(&mut command("rustc", ["-vV"]))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what it compiles for")?.to_owned())
}
