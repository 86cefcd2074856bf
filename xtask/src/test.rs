//! `cargo xtask test`: everything that must hold, in one go. Later steps run even when earlier ones failed, so that one
//! run tells all.

use std::io::{self, Write};

use anyhow::{Result, bail};

use crate::shell::{cargo, command, has, root, run as run_command, say, target, watch};
use crate::{prepare, tidy};

/// Tests counted over all runners.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    broken: Vec<String>,
}

impl Tally {
    /// A check that is not a test: it counts as one.
    fn check(&mut self, name: &str, done: Result<()>) {
        match done {
            Ok(()) => self.passed += 1,
            Err(error) => {
                say(&format!("{name} failed: {error:#}"));
                self.failed += 1;
                self.broken.push(name.to_owned());
            }
        }
    }

    /// Adds what a line of cargo's test harness says: `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    fn read_cargo(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        for (count, word) in counts(result, [" passed", " failed", " ignored"]) {
            match word {
                " passed" => self.passed += count,
                " failed" => self.failed += count,
                _ => self.skipped += count,
            }
        }
    }

    /// Adds what a line of node's TAP says: `# pass 3`.
    fn read_node(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        if words.next() != Some("#") {
            return;
        }
        let (what, count) = (words.next(), words.next().and_then(|count| count.parse::<u64>().ok()));
        match (what, count) {
            (Some("pass"), Some(count)) => self.passed += count,
            (Some("fail"), Some(count)) => self.failed += count,
            (Some("skipped"), Some(count)) => self.skipped += count,
            _ => {}
        }
    }

    fn runner(&mut self, name: &str, before: (u64, u64), done: Result<bool>) {
        match done {
            // A runner that failed without a failed test did not compile, or was stopped.
            Ok(true) if self.passed > before.0 => {}
            Ok(true) => self.check(name, Err(anyhow::anyhow!("no test ran"))),
            Ok(false) if self.failed > before.1 => self.broken.push(name.to_owned()),
            Ok(false) => self.check(name, Err(anyhow::anyhow!("it ended without running its tests"))),
            Err(error) => self.check(name, Err(error)),
        }
    }
}

/// The numbers that stand before words.
fn counts<'word>(text: &str, words: [&'word str; 3]) -> impl Iterator<Item = (u64, &'word str)> {
    words.into_iter().filter_map(move |word| {
        let (before, _) = text.split_once(word)?;
        let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
        Some((digits.parse().ok()?, word))
    })
}

/// Runs everything, houses founded in this suite.
pub(crate) fn run(suite: &str) -> Result<()> {
    let mut tally = Tally::default();
    say("preparing");
    for missing in prepare::all() {
        say(&format!("not there: {missing}"));
        // On a machine of one's own a missing browser is a pity; where the result decides, it is a failure.
        if std::env::var_os("CI").is_some() {
            tally.check("preparation", Err(anyhow::anyhow!(missing)));
        }
    }
    say("format");
    tally.check("format", run_command(&mut cargo(["fmt", "--all", "--check"])));
    say("tree: lengths, messages, arrows, licences, links");
    for (name, done) in tidy::checks() {
        tally.check(name, done);
    }
    say("clippy");
    tally.check(
        "clippy",
        run_command(&mut cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])),
    );
    say("tests");
    let before = (tally.passed, tally.failed);
    let mut tests = cargo(["test", "--workspace", "--locked", "--no-fail-fast"]);
    let done = watch(tests.env("TEST_SUITE", suite), |line| tally.read_cargo(line));
    tally.runner("tests", before, done);
    browser(&mut tally, suite);

    let Tally { passed, failed, skipped, broken } = tally;
    let mut out = io::stdout().lock();
    if !broken.is_empty() {
        writeln!(out, "\nbroken: {}", broken.join(", "))?;
    }
    writeln!(out, "\n{passed} passed, {failed} failed, {skipped} skipped")?;
    if failed > 0 || !broken.is_empty() {
        bail!("not everything holds");
    }
    Ok(())
}

/// Real clicks in a real browser, through the program as it was just built.
fn browser(tally: &mut Tally, suite: &str) {
    let folder = root().join("tests/browser");
    let mut tests: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| file.file_name().into_string().ok())
        .filter(|name| name.ends_with(".test.mjs"))
        .collect();
    tests.sort_unstable();
    if tests.is_empty() {
        return;
    }
    say("browser");
    if !has("node") || !has("chromium") {
        let missing = Err(anyhow::anyhow!("install chromium, nodejs and npm"));
        return tally.check("browser", missing);
    }
    tally.check("program", run_command(&mut cargo(["build", "--package", "tacebo", "--locked"])));
    let before = (tally.passed, tally.failed);
    let mut node = command("node", ["--test", "--test-reporter=tap", "--test-concurrency=1"]);
    node.args(tests).current_dir(folder).env("TEST_TACEBO", target().join("debug/tacebo"));
    // The program it starts reads this itself.
    node.env("TACEBO_SUITE", suite);
    let done = watch(&mut node, |line| tally.read_node(line));
    tally.runner("browser", before, done);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_cargo_and_node_are_added_up() {
        let mut tally = Tally::default();
        tally.read_cargo(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.1s",
        );
        tally.read_cargo("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured");
        tally.read_cargo("test 99 passed ... ok");
        tally.read_node("# pass 5");
        tally.read_node("# fail 1");
        tally.read_node("    # Subtest: pass 7");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (18, 3, 1));
    }

    #[test]
    fn a_runner_that_ran_nothing_is_broken() {
        for done in [true, false] {
            let mut tally = Tally::default();
            tally.runner("tests", (0, 0), Ok(done));
            assert_eq!(tally.failed, 1);
        }
    }
}
