//! The database server fails under the running program and mixed load: it is killed, killed while it recovers, followed by
//! its standby, full, taken up by others; its sessions are ended, the network to it is cut, silent or slow. The program
//! does not end by any of them: what cannot be done meanwhile is refused, and work goes on when the server is back. After
//! each, everything that anybody was told is true.
//!
//! Short: a few rounds of each. Long (`LONG=1`): 40 of each.

mod crowd;
mod wire;

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tacebo_store::PostgresHost;
use tacebo_testbed::Postgres;

use crate::load::{self, Health};
use crate::place::Place;
use crate::program::Program;
use crate::random::Random;
use crate::record::{Record, check_documents, check_log_at};
use crowd::Crowd;
use wire::{State, Wire};

const LONG: u32 = 40;
/// A program that does not write again by then, the server being back, has given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// A house over a server, and what everybody was told of it.
struct Outage {
    name: &'static str,
    place: Place,
    record: Record,
    random: Random,
}

impl Outage {
    fn new(name: &'static str, place: Place) -> Self {
        Self { name, place, record: Record::default(), random: Random::new(23) }
    }

    /// Serves, has `fault` happen in the midst of work, and looks at everything afterwards; round after round.
    fn rounds(mut self, rounds: u32, mut fault: impl FnMut(&mut Place, &mut Random)) {
        let mut program = self.place.start();
        for number in 0..rounds {
            let mut chance = Random::new(self.random.below(u64::MAX));
            let place = &mut self.place;
            let end = |program: &mut Program| {
                thread::sleep(Duration::from_millis(200 + chance.below(600)));
                fault(place, &mut chance);
                writes_again(program, &format!("after-{number}"));
                thread::sleep(Duration::from_millis(200));
                program.terminate();
                assert!(program.wait().success(), "{}", program.log());
            };
            let name = format!("{}-{number}", self.name);
            for told in load::until(end, Health::Failing, &mut program, &name, &mut self.random) {
                self.record.hear(told);
            }
            let said = program.log();
            assert!(!said.contains("panicked"), "{said}");
            check_log_at(&self.place.at(), &self.place.data(), &self.record);
            program = self.place.start();
            let addresses: BTreeSet<String> = self.record.acknowledged.keys().cloned().collect();
            check_documents(&program, &mut self.record, &addresses);
        }
        program.stop();
        let (status, found) = self.place.verify(&[]);
        assert_eq!((status, &found["result"]), (0, &json!("clean")), "{found}");
        say(&format!(
            "{}: {rounds} rounds, {} documents acknowledged, {} receipts held, {:?}",
            self.name,
            self.record.acknowledged.len(),
            self.record.receipts.len(),
            self.record.done
        ));
        assert!(self.record.acknowledged.len() > 5, "hardly anything was written: {:?}", self.record.done);
    }
}

#[expect(clippy::print_stderr, reason = "the counts of a long run")]
fn say(what: &str) {
    eprintln!("{what}");
}

/// Waits until a write is taken: the program has found its server again.
fn writes_again(program: &mut Program, id: &str) {
    let begin = Instant::now();
    let document = json!({ "resourceType": "Patient", "id": id, "active": true });
    loop {
        let answer = program.gateway().put(&format!("/fhir/Patient/{id}"), &document);
        if answer.is_ok_and(|answer| matches!(answer.status, 200 | 201)) {
            return;
        }
        assert!(!program.has_ended(), "the program ended: {}", program.log());
        assert!(begin.elapsed() < PATIENCE, "nothing is written any more: {}", program.log());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_server_killed_under_load_loses_nothing() {
    let outage = Outage::new("killed", Place::postgres(Postgres::start()));
    outage.rounds(crate::rounds(2, LONG), |place, random| {
        for _ in 0..2 {
            place.server_mut().kill();
            thread::sleep(Duration::from_millis(random.below(1_500)));
            place.server_mut().launch();
            thread::sleep(Duration::from_millis(random.below(1_000)));
        }
    });
}

#[test]
fn a_server_killed_again_while_it_recovers_loses_nothing() {
    // Long to recover: nothing is written back in between.
    let server = Postgres::start_with(&["checkpoint_timeout=1h", "max_wal_size=4GB"]);
    Outage::new("recovering", Place::postgres(server)).rounds(crate::rounds(1, LONG), |place, random| {
        place.server_mut().kill();
        for _ in 0..3 {
            place.server_mut().begin();
            thread::sleep(Duration::from_millis(random.below(250)));
            place.server_mut().kill();
        }
        place.server_mut().launch();
    });
}

#[test]
fn a_standby_that_takes_over_has_everything_that_was_acknowledged() {
    for _ in 0..crate::rounds(1, LONG) {
        let mut place = Place::postgres(Postgres::start());
        let mut standby = Some(place.server().standby());
        let hosts = [place.server(), standby.as_ref().unwrap()]
            .map(|server| PostgresHost::Unix(server.socket().to_owned(), server.port()));
        place.reach_by(hosts.into());
        Outage::new("followed", place).rounds(1, |place, random| {
            place.server_mut().kill();
            thread::sleep(Duration::from_millis(random.below(1_000)));
            let second = standby.take().unwrap();
            second.promote();
            place.moves_to(second);
        });
    }
}

#[test]
fn a_server_whose_connections_others_have_is_waited_for() {
    let server = Postgres::start_with(&["max_connections=30"]);
    Outage::new("crowded", Place::postgres(server)).rounds(crate::rounds(1, LONG), |place, random| {
        let crowd = Crowd::gather(place.server());
        // Who has a place keeps it: only without its own does the program meet the crowd.
        end_sessions(place);
        thread::sleep(Duration::from_millis(500 + random.below(2_500)));
        assert!(crowd.was_refused() > 0, "there was room left");
        drop(crowd);
    });
}

/// Ends the program's sessions, as an administrator or a pooler may.
fn end_sessions(place: &Place) {
    place.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'tacebo'");
}

#[test]
fn sessions_that_are_ended_again_and_again_lose_nothing() {
    Outage::new("ended", Place::postgres(Postgres::start())).rounds(crate::rounds(1, LONG), |place, random| {
        for _ in 0..20 {
            end_sessions(place);
            thread::sleep(Duration::from_millis(random.below(150)));
        }
    });
}

#[test]
fn a_network_that_is_cut_silent_or_slow_loses_nothing() {
    let mut place = Place::postgres(Postgres::start());
    let wire = Wire::to(place.server().port());
    place.reach_by(vec![PostgresHost::Tcp("127.0.0.1".to_owned(), wire.port())]);
    Outage::new("network", place).rounds(crate::rounds(1, LONG), |_, random| {
        for state in [State::Cut, State::Silent, State::Slow] {
            wire.set(state);
            thread::sleep(Duration::from_millis(1_000 + random.below(2_000)));
            wire.set(State::Good);
            thread::sleep(Duration::from_millis(500));
        }
    });
}

/// The files of the tables that grow cannot be written any more, as on a full disk: the server's calls are failed.
#[cfg(target_os = "linux")]
#[test]
fn a_server_whose_disk_is_full_is_written_to_again_when_there_is_room() {
    use std::process::Command;
    let place = Place::postgres(Postgres::start());
    Outage::new("full", place).rounds(crate::rounds(1, LONG), |place, random| {
        let toast = "SELECT string_agg(pg_relation_filepath(c.oid), ' ') FROM pg_class c WHERE c.relname IN \
            ('document', 'log_leaf', 'term', 'document_pkey', 'log_leaf_pkey', 'term_pkey') \
            OR c.oid IN (SELECT reltoastrelid FROM pg_class WHERE relname IN ('document', 'log_leaf'))";
        let files = place.run(toast);
        let sessions = place.run("SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE usename = 'tacebo'");
        let trace = place.file("full");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o"]).arg(&trace);
        let calls = "pwrite64,pwritev,fallocate";
        strace.args(["-e", "signal=none", "-e", &format!("trace={calls}")]);
        strace.args(["-e", &format!("inject={calls}:error=ENOSPC")]);
        for file in files.split(' ') {
            strace.arg("-P").arg(place.server().data().join(file));
        }
        for session in sessions.split(' ') {
            strace.args(["-p", session]);
        }
        let mut strace = strace.spawn().unwrap();
        thread::sleep(Duration::from_millis(2_000 + random.below(2_000)));
        // Asked to end, it lets go of the sessions.
        let status = Command::new("kill").arg(strace.id().to_string()).status().unwrap();
        assert!(status.success());
        strace.wait().unwrap();
        let failed = std::fs::read_to_string(trace).unwrap().matches("(INJECTED)").count();
        assert!(failed > 0, "no write was failed");
        say(&format!("{failed} writes of the server were failed"));
    });
}
