//! A disk that is broken, or full: system calls of the running program on the files of its store are failed (`strace`),
//! one in a round or every one from some point on, under mixed load. A failed sync ends the process at once: the next
//! one may lie (fsyncgate). A full disk is an answer (503), and the program goes on. After any of them the program starts
//! again, and everything that it had told anybody is true.
//!
//! Short: one round of each sort. Long (`LONG=1`): 40 of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::folder::Folder;
use crate::load::{self, Health};
use crate::program::{Program, strace, tacebo, verify};
use crate::random::Random;
use crate::record::{Record, check_documents, check_log};

/// A call, its error, whether all calls from that one on fail, and among how many the failing one is chosen: one thread
/// makes so many of them, or more, in a round.
const FAILURES: [(&str, &str, bool, u64); 12] = [
    ("pwrite64", "EIO", false, 300),
    ("pwrite64", "ENOSPC", false, 300),
    ("pwrite64", "ENOSPC", true, 300),
    ("pwrite64", "EDQUOT", true, 300),
    ("fdatasync", "EIO", false, 60),
    ("fdatasync", "ENOSPC", false, 60),
    ("pread64", "EIO", false, 60),
    ("ftruncate", "EIO", false, 1),
    ("openat", "EMFILE", true, 8),
    ("openat", "EACCES", false, 8),
    ("fcntl", "EIO", false, 200),
    ("mmap", "ENOMEM", false, 4),
];
/// How long a round lasts when the program goes on.
const LIFE: Duration = Duration::from_millis(1_500);

/// What became of a round.
#[derive(Debug, Default)]
struct Seen {
    rounds: u32,
    /// In so many, a call was failed.
    failed: u32,
    /// In so many, the program ended by itself.
    ended: u32,
}

/// The program on the folder, with calls on the files of its store failing.
fn failing(data: &Path, trace: &Path, what: &str) -> Program {
    let mut command = strace(trace);
    let call = what.split(':').next().unwrap_or_default();
    command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={what}")]);
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        command.arg("-P").arg(data.join(name));
    }
    command.arg(tacebo().get_program()).args(["demo", "--no-backups"]);
    Program::demo_by(command, data, "info")
}

#[expect(clippy::print_stderr, reason = "which round a failure was in")]
fn say(what: &str) {
    eprintln!("{what}");
}

fn round(folder: &Folder, number: u32, failure: (&str, &str, bool, u64), random: &mut Random) -> (bool, bool) {
    let (call, error, on, among) = failure;
    let (data, trace) = (folder.data(), folder.file("trace"));
    let when = 1 + random.below(among);
    let what = format!("{call}:error={error}:when={when}{}", if on { "+" } else { "" });
    say(&what);
    let Ok(mut program) = std::panic::catch_unwind(|| failing(&data, &trace, &what)) else {
        // It failed before it was ready, and told nobody anything.
        return (fs::read_to_string(&trace).unwrap().contains("(INJECTED)"), true);
    };
    let mut ended = false;
    let end = |program: &mut Program| {
        let begin = Instant::now();
        while begin.elapsed() < LIFE && !ended {
            ended = program.has_ended();
            thread::sleep(Duration::from_millis(10));
        }
        program.signal_inner("KILL");
        program.wait();
    };
    let mut record = Record::default();
    for told in load::until(end, Health::Failing, &mut program, &format!("calls-{number}"), random) {
        record.hear(told);
    }
    let said = program.log();
    assert!(!said.contains("panicked"), "{said}");
    drop(program);
    let failed = fs::read_to_string(&trace).unwrap().contains("(INJECTED)");
    assert!(!failed || call != "fdatasync" || ended, "it went on after a failed sync: {said}");
    assert!(error != "ENOSPC" || call == "fdatasync" || !ended, "a full disk ended it: {said}");
    check_log(&data, &record);
    let program = Program::demo(&data);
    let addresses = record.acknowledged.keys().cloned().collect();
    check_documents(&program, &mut record, &addresses);
    program.stop();
    let (status, found) = verify(&data, &[]);
    assert_eq!((status, &found["result"]), (0, &json!("clean")), "{found}");
    (failed, ended)
}

#[test]
fn no_failed_system_call_loses_an_acknowledged_write_or_the_entry_of_an_answer() {
    let rounds = crate::rounds(1, 40);
    let folder = Folder::sample();
    let mut random = Random::new(17);
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for number in 0..rounds {
        for (kind, failure) in (0..).zip(FAILURES) {
            let (failed, ended) = round(&folder, number * 100 + kind, failure, &mut random);
            let (call, error, on, _) = failure;
            let seen = seen.entry(format!("{call} {error}{}", if on { " from then on" } else { "" })).or_default();
            seen.rounds += 1;
            seen.failed += u32::from(failed);
            seen.ended += u32::from(ended);
        }
    }
    eprintln!("{seen:#?}");
    let failed: u32 = seen.values().map(|seen| seen.failed).sum();
    let all: u32 = seen.values().map(|seen| seen.rounds).sum();
    assert!(failed * 2 > all, "too few calls were failed: {seen:#?}");
    assert!(seen["fdatasync EIO"].failed > 0, "no sync was failed");
}
