//! Power cuts: what the program did to its files is recorded (`strace`), and played up to any moment; of what was not
//! synced by then the disk keeps anything ([`disk`]). From each such state the program must start, and everything that
//! it had told anybody by that moment must be true.
//!
//! Short: 12 states under load. Long (`LONG=1`): 1,000.

mod disk;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::folder::Folder;
use crate::keys::house::{House, reads, says};
use crate::load::{self, Health, Told};
use crate::program::{Program, verify};
use crate::random::Random;
use crate::record::{Record, check_documents, check_log};
use disk::{Disk, LEFT, Left};
use trace::Event;

/// When each thing was told: a place in the list of events.
struct Said {
    leaves: BTreeMap<String, usize>,
    notes: Vec<(usize, Vec<u8>)>,
}

impl Said {
    fn of(events: &[Event], told: &[Told]) -> Self {
        let mut leaves = BTreeMap::new();
        let mut notes = Vec::new();
        for (place, event) in events.iter().enumerate() {
            let Event::Said(bytes) = event else { continue };
            let text = String::from_utf8_lossy(bytes);
            for line in text.lines() {
                let Some(receipts) = line.strip_prefix("tacebo-receipt: ") else { continue };
                for (_, leaf) in receipts.split(", ").filter_map(|one| one.split_once(':')) {
                    leaves.entry(leaf.to_owned()).or_insert(place);
                }
            }
            let is_here =
                |told: &&Told| matches!(told, Told::Checkpoint(note) if text.contains(&*String::from_utf8_lossy(note)));
            if let Some(Told::Checkpoint(note)) = told.iter().find(is_here) {
                notes.push((place, note.clone()));
            }
        }
        Self { leaves, notes }
    }

    fn by(&self, leaf: &str, moment: usize) -> bool {
        self.leaves.get(leaf).is_some_and(|place| *place < moment)
    }

    /// What must be found if the power failed at this moment.
    fn record(&self, told: &[Told], moment: usize) -> Record {
        let mut record = Record::default();
        // What a writer sends after something that was not answered by then had not been sent either.
        let mut waiting = BTreeSet::new();
        for told in told {
            match told {
                Told::Receipt((index, leaf)) if self.by(leaf, moment) => {
                    record.receipts.insert(*index, leaf.clone());
                }
                Told::Sent(writer, kept) if waiting.insert(writer) => record.open.push(kept.clone()),
                Told::Acknowledged(writer, kept, held) if held.iter().all(|(_, leaf)| self.by(leaf, moment)) => {
                    waiting.remove(writer);
                    record.open.retain(|open| open != kept);
                    for kept in kept {
                        record.acknowledged.insert(kept.address.clone(), kept.clone());
                    }
                }
                _ => {}
            }
        }
        record.note = self.notes.iter().rev().find(|(place, _)| *place < moment).map(|(_, note)| note.clone());
        record
    }
}

#[expect(clippy::print_stderr, reason = "which state a failure was in")]
fn say(moment: usize, events: &[Event], left: Left) {
    eprintln!("after {moment} of {} calls, {left:?} left", events.len());
}

/// So many moments in their order; half of them just after somebody was told something.
fn moments(events: &[Event], count: usize, random: &mut Random) -> Vec<usize> {
    let answered: Vec<usize> =
        (0..events.len()).filter(|place| matches!(events[*place], Event::Said(_))).map(|place| place + 1).collect();
    let mut chosen: Vec<usize> =
        (0..count).map(|n| if n % 2 == 0 { *random.pick(&answered) } else { random.index(events.len() + 1) }).collect();
    chosen.sort_unstable();
    chosen
}

#[test]
fn no_power_cut_loses_an_acknowledged_write_or_the_entry_of_an_answer() {
    let (cuts, life) = (crate::rounds(12, 1_000), if crate::long() { 15 } else { 2 });
    let cuts = usize::try_from(cuts).unwrap();
    let folder = Folder::sample();
    let (data, trace) = (folder.data(), folder.file("trace"));
    let mut disk = Disk::of(&data);
    let mut random = Random::new(11);
    let mut command = trace::traced(&trace);
    command.args(["demo", "--no-backups"]);
    let mut program = Program::demo_by(command, &data, "info");
    let end = |program: &mut Program| {
        thread::sleep(Duration::from_secs(life));
        program.signal_inner("TERM");
        assert!(program.wait().success(), "{}", program.log());
    };
    let told = load::until(end, Health::Good, &mut program, "power", &mut random);
    let events = trace::read(&trace, &data);
    let said = Said::of(&events, &told);
    let (mut played, mut documents, mut receipts) = (0, 0, 0);
    for moment in moments(&events, cuts, &mut random) {
        for event in &events[played..moment] {
            disk.play(event);
        }
        played = moment;
        let left = *random.pick(&LEFT);
        let state = Folder::new();
        disk.crash(left, &mut random, &state.data());
        say(moment, &events, left);
        let mut record = said.record(&told, moment);
        check_log(&state.data(), &record);
        let program = Program::demo(&state.data());
        let addresses = record.acknowledged.keys().cloned().collect();
        check_documents(&program, &mut record, &addresses);
        program.stop();
        let (status, found) = verify(&state.data(), &[]);
        assert_eq!((status, &found["result"]), (0, &json!("clean")), "{found}");
        (documents, receipts) = (documents + addresses.len(), receipts + record.receipts.len());
    }
    for event in &events[played..] {
        disk.play(event);
    }
    disk.assert_is(&data);
    eprintln!("{cuts} power cuts among {} calls: {documents} documents and {receipts} receipts found", events.len());
    assert!(documents > cuts && receipts > documents, "{documents} documents, {receipts} receipts");
}

/// Plays every moment of what a command did, `count` of them at most.
fn each_moment(
    disk: &mut Disk,
    events: &[Event],
    count: usize,
    random: &mut Random,
    mut check: impl FnMut(usize, &Folder),
) {
    let mut chosen: BTreeSet<usize> = (0..count.saturating_sub(1)).map(|_| random.index(events.len())).collect();
    chosen.insert(events.len());
    for moment in 0..=events.len() {
        if chosen.contains(&moment) {
            let left = *random.pick(&LEFT);
            say(moment, events, left);
            let state = Folder::new();
            disk.crash(left, random, &state.data());
            check(moment, &state);
        }
        if let Some(event) = events.get(moment) {
            disk.play(event);
        }
    }
}

#[test]
fn no_power_cut_during_a_turn_of_the_root_loses_the_house() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let trace = folder.file("trace");
    let mut disk = Disk::of(&folder.data());
    let mut command = trace::traced(&trace);
    let output = command.args(["keys", "turn", "--config"]).arg(&house.config).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let events = trace::read(&trace, &folder.data());
    let count = usize::try_from(crate::rounds(5, 300)).unwrap();
    each_moment(&mut disk, &events, count, &mut Random::new(12), |moment, state| {
        let cut = House::of(state);
        let epochs = cut.epochs();
        assert!([vec![1], vec![1, 2], vec![2]].contains(&epochs), "{epochs:?}");
        assert!(moment < events.len() || epochs == [2], "it was said that the old key is destroyed");
        reads(&cut);
        says(&cut.config, ["turn"]);
        reads(&cut);
        assert_eq!(verify(&state.data(), &[]).0, 0);
    });
    disk.assert_is(&folder.data());
}

#[test]
fn an_institution_that_was_founded_outlives_a_power_cut() {
    let folder = Folder::new();
    let house = House::of(&folder);
    let trace = folder.file("trace");
    fs::create_dir(folder.data()).unwrap();
    let mut disk = Disk::of(&folder.data());
    let mut command = trace::traced(&trace);
    command.args(["init", "--name", "第一医院", "--origin", "log.first.example", "--config"]).arg(&house.config);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let events = trace::read(&trace, &folder.data());
    let count = usize::try_from(crate::rounds(5, 300)).unwrap();
    each_moment(&mut disk, &events, count, &mut Random::new(13), |moment, state| {
        match Program::serve(&House::of(state).config) {
            Ok(program) => program.stop(),
            // Nobody was told anything yet: it may begin anew, and must say so.
            Err(said) => {
                assert!(moment < events.len(), "{said}");
                assert!(!said.contains("panicked"), "{said}");
            }
        }
    });
    disk.assert_is(&folder.data());
}
