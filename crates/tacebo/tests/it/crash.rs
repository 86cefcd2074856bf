//! `kill -9` under mixed load, round after round on one folder, against a record of what was acknowledged.
//!
//! Short: 12 rounds over a folder, 6 over PostgreSQL. Long (`LONG=1`): 1,000.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use tacebo_testbed::Postgres;

use crate::load::{self, Health};
use crate::place::Place;
use crate::program::Program;
use crate::random::Random;
use crate::record::{Record, check_documents, check_log_at};

const LONG: u32 = 1_000;

#[test]
fn over_a_folder_no_kill_loses_an_acknowledged_write_or_the_entry_of_an_answer() {
    no_kill_loses_anything(&Place::folder(), crate::rounds(12, LONG));
}

#[test]
fn over_postgresql_no_kill_loses_an_acknowledged_write_or_the_entry_of_an_answer() {
    no_kill_loses_anything(&Place::postgres(Postgres::start()), crate::rounds(6, LONG));
}

#[expect(clippy::print_stderr, reason = "the counts of a long run")]
fn no_kill_loses_anything(place: &Place, rounds: u32) {
    let notes = place.file("kept.checkpoint");
    let mut record = Record { note: Some(fs::read(crate::folder::early_checkpoint()).unwrap()), ..Record::default() };
    let mut random = Random::new(7);
    let mut slowest = Duration::ZERO;
    let mut program = place.start();
    let mut entries = 0;
    for number in 0..rounds {
        let before: BTreeSet<String> = record.acknowledged.keys().cloned().collect();
        let life = Duration::from_millis(100 + random.below(1_500));
        let kill = |program: &mut Program| {
            thread::sleep(life);
            program.kill();
        };
        for told in load::until(kill, Health::Good, &mut program, &format!("crash-{number}"), &mut random) {
            record.hear(told);
        }
        fs::write(&notes, record.note.as_deref().unwrap_or_default()).unwrap();
        if number % 10 == 0 {
            let (status, found) = place.verify(&[&notes]);
            assert_eq!((status, &found["result"]), (0, &json!("clean")), "{found}");
        }
        entries = check_log_at(&place.at(), &place.data(), &record);
        let begin = Instant::now();
        program = place.start();
        slowest = slowest.max(begin.elapsed());
        // Those of this round, and some of the others.
        let mut addresses: BTreeSet<String> =
            record.acknowledged.keys().filter(|one| !before.contains(*one)).cloned().collect();
        let old: Vec<String> = before.into_iter().collect();
        addresses.extend((0..20.min(old.len())).map(|_| random.pick(&old).clone()));
        check_documents(&program, &mut record, &addresses);
    }
    let everything = record.acknowledged.keys().cloned().collect();
    check_documents(&program, &mut record, &everything);
    program.stop();
    let (status, found) = place.verify(&[&notes, &crate::folder::early_checkpoint()]);
    assert_eq!((status, &found["unsigned"]), (0, &json!(0)), "{found}");
    eprintln!(
        "{rounds} kills: {} documents acknowledged, {} receipts held, {entries} entries at the last kill, slowest start {slowest:?}, {:?}",
        record.acknowledged.len(),
        record.receipts.len(),
        record.done
    );
    let shapes = ["writes", "deletes", "transactions", "asked by a doctor", "asked by a patient"];
    for shape in shapes {
        assert!(record.done.get(shape).is_some_and(|count| *count > 0), "no {shape}: {:?}", record.done);
    }
}
