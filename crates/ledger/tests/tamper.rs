//! The insider suite: any single change of the log's tables, given a checkpoint from before, is
//! found and its place named; a crash's unsigned tail is no fault.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::many_single_char_names,
    reason = "helpers of tests stop on a fault"
)]

use std::{collections::BTreeMap, convert::Infallible, ops::ControlFlow};

use tacebo_ledger::{
    EntryHead, Hash, LogKey, LogVerifier, MemoryTiles, RowColumns, Sequencer, Tiles,
    audit::{AuditError, CheckpointRow, Fault, LogRow, LogSource, Report, StateRow, audit},
};

const ORIGIN: &str = "log.example/ward";

#[derive(Clone, PartialEq)]
struct Row {
    index: u64,
    time_us: i64,
    subject: Option<u64>,
    actor: u64,
    eid: Vec<u8>,
    class: i64,
    entry: Vec<u8>,
    sealed: Vec<u8>,
}

#[derive(Clone, PartialEq)]
struct Signed {
    seq: u64,
    size: u64,
    note: Vec<u8>,
}

/// The log's tables.
#[derive(Clone)]
struct Tables {
    rows: Vec<Row>,
    tiles: BTreeMap<(u64, u64), Vec<u8>>,
    checkpoints: Vec<Signed>,
    state: Option<StateRow>,
}

impl Tiles for Tables {
    type Error = Infallible;
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.tiles.get(&(level.into(), index)).cloned())
    }
}

impl LogSource for Tables {
    fn state(&self) -> Result<Option<StateRow>, Infallible> {
        Ok(self.state.clone())
    }
    fn rows(&self, visit: &mut dyn FnMut(LogRow<'_>) -> ControlFlow<()>) -> Result<(), Infallible> {
        for r in &self.rows {
            let row = LogRow {
                index: r.index,
                time_us: r.time_us,
                subject: r.subject,
                actor: r.actor,
                eid: &r.eid,
                class: r.class,
                entry: &r.entry,
                sealed: &r.sealed,
            };
            if visit(row).is_break() {
                break;
            }
        }
        Ok(())
    }
    fn tile_rows(&self, visit: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<(), Infallible> {
        for (level, index) in self.tiles.keys() {
            if visit(*level, *index).is_break() {
                break;
            }
        }
        Ok(())
    }
    fn checkpoints(&self, visit: &mut dyn FnMut(CheckpointRow<'_>) -> ControlFlow<()>) -> Result<(), Infallible> {
        for c in &self.checkpoints {
            let row = CheckpointRow { seq: c.seq, size: c.size, note: &c.note };
            if visit(row).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Small, fast, repeatable chance.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }
    fn flip(&mut self, bytes: &mut [u8]) {
        let at = self.below(bytes.len());
        bytes[at] ^= 1 << self.below(8);
    }
    fn flip_u64(&mut self, n: &mut u64) {
        let mut bytes = n.to_be_bytes();
        self.flip(&mut bytes);
        *n = u64::from_be_bytes(bytes);
    }
    fn flip_i64(&mut self, n: &mut i64) {
        let mut bytes = n.to_be_bytes();
        self.flip(&mut bytes);
        *n = i64::from_be_bytes(bytes);
    }
}

fn row(index: u64, chance: &mut Chance) -> Row {
    let columns = Row {
        index,
        time_us: 1_700_000_000_000_000 + i64::try_from(index).unwrap() * 1_000_003,
        subject: (chance.below(4) > 0).then(|| chance.next()),
        actor: chance.next(),
        eid: chance.next().to_be_bytes().repeat(2),
        class: i64::try_from(chance.below(200)).unwrap(),
        entry: vec![],
        sealed: chance.next().to_be_bytes().repeat(1 + chance.below(12)),
    };
    Row { entry: entry_of(&columns), ..columns }
}

fn entry_of(r: &Row) -> Vec<u8> {
    let columns = RowColumns {
        index: r.index,
        time_us: r.time_us,
        subject: r.subject,
        actor: r.actor,
        eid: &r.eid,
        class: u8::try_from(r.class).unwrap(),
        sealed: &r.sealed,
    };
    EntryHead::new(&columns, Hash::of(&r.eid)).encode()
}

/// Writes the tables for these rows, signing at the given sizes.
fn tables(rows: Vec<Row>, key: &LogKey, signed: &[usize]) -> Tables {
    let mut tiles = MemoryTiles::default();
    let mut log = Sequencer::load(ORIGIN, 0, &tiles).unwrap();
    let mut checkpoints = Vec::new();
    let mut from = 0;
    for to in signed.iter().copied().chain([rows.len()]) {
        let entries: Vec<_> = rows[from..to].iter().map(|r| &r.entry).collect();
        let staged = log.stage(1, &entries).unwrap();
        tiles.put(&staged.tiles());
        log.committed(staged).unwrap();
        if checkpoints.len() < signed.len() {
            checkpoints.push(Signed {
                seq: checkpoints.len() as u64 + 1,
                size: log.size(),
                note: key.sign(&log.checkpoint()).unwrap().into_bytes(),
            });
        }
        from = to;
    }
    Tables {
        rows,
        tiles: tiles.0.into_iter().map(|((l, i), row)| ((l.into(), i), row)).collect(),
        state: Some(StateRow {
            size: log.size(),
            root: log.root().0.to_vec(),
            last_checkpoint: checkpoints.len() as u64,
        }),
        checkpoints,
    }
}

fn signed_sizes(n: usize, chance: &mut Chance) -> Vec<usize> {
    let mut sizes: Vec<_> = (0..=chance.below(6)).map(|_| 1 + chance.below(n)).collect();
    sizes.sort_unstable();
    sizes
}

fn check(tables: &Tables, log: &LogVerifier, older: &[&[u8]]) -> Result<Report, Fault> {
    match audit(tables, log, older, &mut |_| {}) {
        Ok(report) => Ok(report),
        Err(AuditError::Fault(fault)) => Err(fault),
        Err(other) => panic!("{other}"),
    }
}

/// Makes one random change, and says which findings would name its place.
fn tamper(t: &mut Tables, chance: &mut Chance) -> (&'static str, Vec<Fault>) {
    let n = t.rows.len();
    let size = n as u64;
    let i = chance.below(n);
    let index = i as u64;
    let c = chance.below(t.checkpoints.len());
    let seq = c as u64 + 1;
    let last = t.checkpoints.len() as u64;
    let place = *t.tiles.keys().nth(chance.below(t.tiles.len())).unwrap();
    let tile = |(level, index): (u64, u64)| Fault::TileAltered { level: u8::try_from(level).unwrap(), index };
    let missing = |(level, index): (u64, u64)| Fault::TileMissing { level: u8::try_from(level).unwrap(), index };
    let state = t.state.as_mut().unwrap();
    let row_altered = vec![Fault::RowAltered { index }];
    match chance.below(27) {
        0 => {
            chance.flip_i64(&mut t.rows[i].time_us);
            ("time", row_altered)
        }
        1 => {
            let subject = &mut t.rows[i].subject;
            match subject {
                Some(s) if chance.below(3) > 0 => chance.flip_u64(s),
                Some(_) => *subject = None,
                None => *subject = Some(0),
            }
            ("subject", row_altered)
        }
        2 => {
            chance.flip_u64(&mut t.rows[i].actor);
            ("actor", row_altered)
        }
        3 => {
            chance.flip(&mut t.rows[i].eid);
            ("event id", row_altered)
        }
        4 => {
            chance.flip_i64(&mut t.rows[i].class);
            ("class", row_altered)
        }
        5 => {
            chance.flip(&mut t.rows[i].sealed);
            ("sealed body", row_altered)
        }
        6 => {
            t.rows[i].sealed.pop();
            ("cut body", row_altered)
        }
        7 | 8 => {
            chance.flip(&mut t.rows[i].entry);
            ("entry", vec![Fault::EntryAltered { index }])
        }
        9 => {
            let keep = chance.below(t.rows[i].entry.len());
            t.rows[i].entry.truncate(keep);
            ("cut entry", vec![Fault::EntryAltered { index }])
        }
        10 | 11 => {
            t.rows.remove(i);
            ("deleted row", vec![Fault::EntryMissing { index }])
        }
        12 => {
            t.rows.truncate(i);
            ("truncated rows", vec![Fault::EntryMissing { index }])
        }
        13 => {
            let extra = row(size + (chance.next() % 3), chance);
            let index = extra.index;
            t.rows.push(extra);
            ("added row", vec![Fault::EntrySuperfluous { index }])
        }
        14 => {
            let mut moved = t.rows.remove(i);
            moved.index = size + chance.next() % 1_000;
            t.rows.push(moved);
            ("moved row", vec![Fault::EntryMissing { index }])
        }
        15 => {
            // A whole row made anew with its right hash: only the tree speaks against it.
            t.rows[i] = row(index, chance);
            ("forged row", vec![Fault::EntryAltered { index }])
        }
        16 | 17 => {
            chance.flip(t.tiles.get_mut(&place).unwrap());
            ("tile", vec![tile(place)])
        }
        18 => {
            t.tiles.remove(&place);
            ("deleted tile", vec![missing(place)])
        }
        19 => {
            let bytes = t.tiles.get_mut(&place).unwrap();
            if chance.below(2) == 0 {
                bytes.truncate(chance.below(bytes.len()));
            } else {
                bytes.extend_from_slice(&[7; 32]);
            }
            ("tile length", vec![tile(place)])
        }
        20 => {
            let gone = t.tiles.split_off(&place);
            ("truncated tiles", gone.into_keys().map(missing).collect())
        }
        21 => {
            let (level, index) = [(0, size.div_ceil(256)), (1, 900), (7, 0), (200, 3)][chance.below(4)];
            t.tiles.insert((level, index), vec![1; 32]);
            ("added tile", vec![Fault::TileSuperfluous { level, index }])
        }
        22 => {
            chance.flip(&mut t.checkpoints[c].note);
            ("note", vec![Fault::SignatureInvalid { seq }, Fault::CheckpointAltered { seq }])
        }
        23 => match chance.below(3) {
            0 => {
                chance.flip_u64(&mut t.checkpoints[c].size);
                ("note size", vec![Fault::CheckpointAltered { seq }])
            }
            1 => {
                t.checkpoints[c].note.extend_from_slice("— w.example AAAAAQID\n".as_bytes());
                ("note line", vec![Fault::SignatureUnknown { seq }])
            }
            _ => {
                let mut again = t.checkpoints[c].clone();
                again.seq = last + 1;
                t.checkpoints.push(again);
                ("added note", vec![Fault::CheckpointSuperfluous { seq: last + 1 }])
            }
        },
        24 => {
            if chance.below(2) == 0 {
                t.checkpoints.remove(c);
            } else {
                t.checkpoints.truncate(c);
            }
            ("deleted notes", vec![Fault::CheckpointMissing { seq }])
        }
        25 => match chance.below(3) {
            0 => {
                chance.flip_u64(&mut state.size);
                ("state size", vec![Fault::StateAltered { stated: state.size, found: size }])
            }
            1 => {
                chance.flip(&mut state.root);
                ("state root", vec![Fault::RootMismatch { size }])
            }
            _ => {
                chance.flip_u64(&mut state.last_checkpoint);
                let now = state.last_checkpoint;
                (
                    "state checkpoint",
                    vec![if now > last {
                        Fault::CheckpointMissing { seq: last + 1 }
                    } else {
                        Fault::CheckpointSuperfluous { seq: now + 1 }
                    }],
                )
            }
        },
        _ => {
            t.state = None;
            ("deleted state", vec![Fault::StateMissing])
        }
    }
}

#[test]
fn each_of_a_thousand_random_changes_is_found_and_its_place_named() {
    let key = LogKey::generate(ORIGIN).unwrap();
    let log = key.verifier().unwrap();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut done = BTreeMap::new();
    let sizes = [1, 2, 255, 256, 257, 511, 512, 513, 700, 1_100];
    for turn in 0..1_000 {
        let n = if turn % 2 == 0 { sizes[turn / 2 % sizes.len()] } else { 1 + chance.below(600) };
        let rows: Vec<_> = (0..n as u64).map(|i| row(i, &mut chance)).collect();
        let before = tables(rows, &key, &signed_sizes(n, &mut chance));
        let older = before.checkpoints[chance.below(before.checkpoints.len())].note.clone();
        let report = check(&before, &log, &[&older]).unwrap();
        assert_eq!((report.size, report.older), (n as u64, 1));
        let mut after = before.clone();
        let (what, expected) = tamper(&mut after, &mut chance);
        let found = check(&after, &log, &[&older]).expect_err(what);
        assert!(expected.contains(&found), "turn {turn}, {n} entries, {what}: {found:?}, not {expected:?}");
        *done.entry(what).or_insert(0) += 1;
    }
    assert!(done.len() >= 26, "every sort of change was tried: {done:?}");
}

#[test]
fn a_change_in_a_log_of_three_levels_is_named_too() {
    let key = LogKey::generate(ORIGIN).unwrap();
    let log = key.verifier().unwrap();
    let mut chance = Chance(11);
    let rows: Vec<_> = (0..66_000).map(|i| row(i, &mut chance)).collect();
    let before = tables(rows, &key, &[65_536, 65_900]);
    let mut told = 0;
    let report = audit(&before, &log, &[], &mut |p| told = p.checked).unwrap();
    assert_eq!((report.unsigned_tail, told), (100, 66_000));
    for (level, index) in [(0, 3), (0, 257), (1, 0), (1, 1), (2, 0)] {
        let mut after = before.clone();
        chance.flip(after.tiles.get_mut(&(level, index)).unwrap());
        let level = u8::try_from(level).unwrap();
        assert_eq!(check(&after, &log, &[]).unwrap_err(), Fault::TileAltered { level, index });
    }
    let mut after = before;
    chance.flip(&mut after.rows[40_000].entry);
    assert_eq!(check(&after, &log, &[]).unwrap_err(), Fault::EntryAltered { index: 40_000 });
}

#[test]
fn the_unsigned_tail_that_a_crash_leaves_is_no_fault() {
    let key = LogKey::generate(ORIGIN).unwrap();
    let log = key.verifier().unwrap();
    let mut chance = Chance(3);
    let rows: Vec<_> = (0..700).map(|i| row(i, &mut chance)).collect();
    let none = tables(rows.clone(), &key, &[]);
    assert_eq!(check(&none, &log, &[]).unwrap().unsigned_tail, 700);
    let some = tables(rows, &key, &[10, 10, 300]);
    let report = check(&some, &log, &[&some.checkpoints[0].note]).unwrap();
    assert_eq!((report.unsigned_tail, report.checkpoints, report.newest.unwrap().size), (400, 3, 300));
    let empty = tables(vec![], &key, &[]);
    assert_eq!(check(&empty, &log, &[]).unwrap().size, 0);
}

#[test]
fn a_rollback_of_all_tables_is_betrayed_by_an_older_checkpoint() {
    let key = LogKey::generate(ORIGIN).unwrap();
    let log = key.verifier().unwrap();
    let mut chance = Chance(5);
    let rows: Vec<_> = (0..600).map(|i| row(i, &mut chance)).collect();
    let honest = tables(rows.clone(), &key, &[100, 400]);
    let older = &honest.checkpoints[1].note;
    for left in [0, 100, 255, 256, 399] {
        let sizes: &[usize] = if left >= 100 { &[100] } else { &[] };
        let back = tables(rows[..left].to_vec(), &key, sizes);
        assert!(check(&back, &log, &[]).is_ok(), "a rollback by itself looks whole");
        let size = left as u64;
        assert_eq!(check(&back, &log, &[older]).unwrap_err(), Fault::RolledBack { size, signed: 400 });
        // Without touching the checkpoints it betrays itself.
        let mut half = back;
        half.checkpoints = honest.checkpoints.clone();
        half.state.as_mut().unwrap().last_checkpoint = 2;
        let fault = check(&half, &log, &[]).unwrap_err();
        assert!(matches!(fault, Fault::Truncated { .. }), "{fault:?}");
    }
}

#[test]
fn a_rewritten_past_contradicts_signed_heads_with_the_key_and_without() {
    let key = LogKey::generate(ORIGIN).unwrap();
    let log = key.verifier().unwrap();
    let mut chance = Chance(17);
    for _ in 0..40 {
        let n = 2 + chance.below(600);
        let rows: Vec<_> = (0..n as u64).map(|i| row(i, &mut chance)).collect();
        let sizes = signed_sizes(n, &mut chance);
        let honest = tables(rows.clone(), &key, &sizes);
        let older = honest.checkpoints.last().unwrap();
        let at = chance.below(usize::try_from(older.size).unwrap());
        let mut forged = rows;
        forged[at] = row(at as u64, &mut chance);
        let place = at as u64;
        let resigned = tables(forged, &key, &sizes);
        assert!(check(&resigned, &log, &[]).is_ok(), "the log's key alone proves nothing");
        match check(&resigned, &log, &[&older.note]).unwrap_err() {
            Fault::OlderCheckpointForked { size, intact } => {
                assert!(intact <= place && place < size);
            }
            other => panic!("{other:?}"),
        }
        let mut unsigned = resigned;
        unsigned.checkpoints = honest.checkpoints.clone();
        match check(&unsigned, &log, &[]).unwrap_err() {
            Fault::CheckpointForked { size, intact, .. } => {
                assert!(intact <= place && place < size);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_older_checkpoint_that_is_none_is_said_to_be_so() {
    let key = LogKey::generate(ORIGIN).unwrap();
    let log = key.verifier().unwrap();
    let mut chance = Chance(23);
    let t = tables(vec![row(0, &mut chance)], &key, &[1]);
    let stranger = LogKey::generate(ORIGIN).unwrap();
    let foreign = tables(vec![row(0, &mut chance)], &stranger, &[1]);
    let notes: [&[u8]; 2] = [&t.checkpoints[0].note, &foreign.checkpoints[0].note];
    let error = audit(&t, &log, &notes, &mut |_| {}).unwrap_err();
    assert!(matches!(error, AuditError::Older { position: 2, .. }));
    // And a log signed by a strange key is not ours.
    assert_eq!(check(&foreign, &log, &[]).unwrap_err(), Fault::SignatureInvalid { seq: 1 });
}

#[test]
fn of_a_log_with_two_signatures_both_are_checked_and_none_besides() {
    let key = LogKey::generate(ORIGIN).unwrap().with_new_sm2().unwrap();
    let log = key.verifier().unwrap();
    let mut chance = Chance(29);
    let honest = tables(vec![row(0, &mut chance), row(1, &mut chance)], &key, &[1, 2]);
    assert!(check(&honest, &log, &[&honest.checkpoints[0].note]).is_ok());
    let seq = 2;
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut changed = honest.clone();
        let note = String::from_utf8(changed.checkpoints[1].note.clone()).unwrap();
        let mut lines: Vec<String> = note.lines().map(str::to_owned).collect();
        change(&mut lines);
        changed.checkpoints[1].note = format!("{}\n", lines.join("\n")).into_bytes();
        check(&changed, &log, &[]).unwrap_err()
    };
    assert_eq!(with(&|lines| drop(lines.pop())), Fault::SignatureInvalid { seq });
    assert_eq!(with(&|lines| drop(lines.remove(lines.len() - 2))), Fault::SignatureInvalid { seq });
    let swapped = |lines: &mut Vec<String>| {
        let last = lines.len() - 1;
        lines[last] = String::from_utf8(honest.checkpoints[0].note.clone()).unwrap().lines().last().unwrap().to_owned();
    };
    assert_eq!(with(&swapped), Fault::SignatureInvalid { seq });
    let doubled = |lines: &mut Vec<String>| lines.push(lines.last().unwrap().clone());
    assert_eq!(with(&doubled), Fault::SignatureUnknown { seq });
    // Whoever was given one key of two is told so, and not that all is well.
    let one: LogVerifier = log.to_string().lines().next().unwrap().parse().unwrap();
    assert_eq!(check(&honest, &one, &[]).unwrap_err(), Fault::SignatureUnknown { seq: 1 });
}
