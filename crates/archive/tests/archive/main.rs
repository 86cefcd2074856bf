//! An archive of a small store on both engines: carried, checked, broken on purpose, and brought back.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a step that fails fails the test")]

mod broken;
mod house;

use std::{cell::Cell, fs, path::Path};

use house::{Home, House, ORIGIN, PART, archive, open, restore, tally};
use tacebo_archive::{ArchiveError, Chain, Class, verify};
use tacebo_ledger::audit::audit;
use tacebo_store::{At, AuditSource, CURRENT, Change, IdTerm, SubjectNo};

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}

/// Everything that the restored store must be: the same rows, the same log to go on with, the same look-ups.
fn same(house: &House, at: &At) {
    assert_eq!(tally(at), house.tally());
    let store = open(at);
    let source = &house.store;
    assert!(store.is_half_restored(PART).unwrap(), "whoever restored has not said yet that it is done");
    let head = source.log_head(PART).unwrap();
    assert_eq!(store.log_head(PART).unwrap(), head);
    assert_eq!(store.head(PART).unwrap(), source.head(PART).unwrap());
    for id in 0..9 {
        for kind in ["Patient", "Observation", "Encounter"] {
            let id = IdTerm([id; 16]);
            let [here, there] = [&store, source].map(|store| store.history(PART, kind, &id, None, None, 10).unwrap());
            assert!(here == there, "a history differs");
            let mut next = CURRENT;
            for row in here {
                assert_eq!(row.until, next, "which version superseded it");
                next = row.rid;
            }
        }
    }
    let rids: Vec<_> = (1..=source.head(PART).unwrap()).collect();
    let blobs = source.blobs_of(PART, &rids).unwrap();
    assert!(store.blobs_of(PART, &rids).unwrap() == blobs && blobs.iter().flatten().count() > 1);
    for blob in blobs.iter().flatten() {
        assert_eq!(store.read_blob(PART, blob).unwrap(), source.read_blob(PART, blob).unwrap());
    }
    for no in 1..6 {
        let subject = SubjectNo(no);
        assert!(store.keys_of(PART, subject).unwrap() == source.keys_of(PART, subject).unwrap());
        assert_eq!(store.subject_term(PART, subject).unwrap(), source.subject_term(PART, subject).unwrap());
        let of = tacebo_store::EntryQuery { subject: Some(subject), limit: 5000, ..Default::default() };
        assert!(store.entries(PART, &of).unwrap() == source.entries(PART, &of).unwrap());
    }
    // The log goes on, and passes the offline check with all that it was signed with before.
    let mut change = Change::new(PART);
    change.meta.push(("after".to_owned(), vec![1]));
    store.commit_blocking(change).unwrap();
    drop(store);
    let mut continued = House { store: open(at), ..House::found(Home::folder()) };
    continued.key = tacebo_ledger::LogKey::from_bytes(ORIGIN, &house.key.to_bytes()).unwrap();
    continued.write([(77, 1)]);
    drop(continued);
    let report =
        audit(&AuditSource::open(at, PART).unwrap(), &house.key.verifier().unwrap(), &[], &mut |_| {}).unwrap();
    assert_eq!(report.size, head.unwrap().size + 1);
}

#[test]
fn what_was_archived_run_by_run_comes_back_on_both_engines_and_the_log_goes_on() {
    for (from, to) in [(Home::folder(), Home::postgres()), (Home::postgres(), Home::folder())] {
        let mut house = House::found(from);
        let (_dir, objects) = archive();
        house.write((0..40).map(|id| (id, 1)));
        let first = house.backup(&objects).manifest;
        // A checkpoint that is kept after the run had looked, for a size that it carried.
        house.sign();
        house.write((0..8).map(|id| (id, 2)));
        house.rework(&[3, 41], &[5, 6]);
        house.write((0..1).map(|id| (id, 3)));
        let second = house.backup(&objects).manifest;
        assert_eq!((first.carried.versions, second.carried.versions), (40, 9));
        // What was written and sealed anew between the runs is read once, as it is now.
        assert_eq!((second.carried.again, second.carried.gone), (2, 2));
        house.rework(&[7], &[3]);
        let third = house.backup(&objects).manifest;
        assert_eq!((third.carried.again, third.carried.gone, third.carried.versions), (1, 1, 0));
        let chain = Chain::read(&objects).unwrap();
        let checked = verify(&chain, Some(&house.key.verifier().unwrap()), &mut |_, _| {}).unwrap();
        assert_eq!((checked.runs, checked.versions, checked.with_keys.len()), (3, 49 - 3, 3));
        let restored = restore(&objects, &to.at).unwrap();
        assert_eq!((restored.ran.manifest.run, restored.other_keys), (3, None));
        same(&house, &to.at);
    }
}

#[test]
fn a_run_without_anything_new_writes_keys_and_a_manifest_only() {
    let mut house = House::found(Home::folder());
    let (_dir, objects) = archive();
    house.write([(1, 1)]);
    house.backup(&objects);
    let second = house.backup(&objects).manifest;
    assert!(second.objects.iter().all(|object| object.class == Class::Keys), "{:?}", second.objects);
    restore(&objects, &Home::folder().at).unwrap();
}

#[test]
fn what_changes_while_a_run_goes_on_is_in_it_as_it_is_at_the_end() {
    let mut house = House::found(Home::folder());
    let (_dir, objects) = archive();
    house.write((0..20).map(|id| (id, 1)));
    let (looks, store) = (Cell::new(0), house.store.clone());
    // At every look something is taken out and written: the last one before the keys counts.
    let ran = house
        .backup_while(&objects, &|| {
            looks.set(looks.get() + 1);
            if looks.get() <= 12 {
                let mut change = Change::new(PART);
                change.erase.push(looks.get());
                store.commit_blocking(change).unwrap();
            }
            false
        })
        .unwrap();
    assert!(looks.get() > 12, "{}", looks.get());
    let to = Home::folder();
    restore(&objects, &to.at).unwrap();
    assert_eq!(tally(&to.at), house.tally());
    assert_eq!(ran.manifest.rid, house.store.head(PART).unwrap());
}

#[test]
fn a_run_that_was_cut_off_is_none_and_the_next_takes_up_what_it_wrote() {
    let mut house = House::found(Home::folder());
    let (dir, objects) = archive();
    house.write((0..30).map(|id| (id, 1)));
    let done = (1..)
        .find_map(|stop_at| {
            let looks = Cell::new(0);
            let stopped = house.backup_while(&objects, &|| {
                looks.set(looks.get() + 1);
                looks.get() >= stop_at
            });
            match stopped {
                Err(ArchiveError::Stopped) => {
                    assert!(Chain::read(&objects).unwrap().runs.is_empty());
                    None
                }
                done => Some(done.unwrap()),
            }
        })
        .unwrap();
    // What was there already was not written again under another name.
    let there = files(dir.path()).into_iter().filter(|path| path.to_string_lossy().contains("/data/")).count();
    let named = done.manifest.objects.iter().filter(|object| object.class != Class::Keys).count();
    assert!(there == named && named > 3, "{there} of {named}");
    let to = Home::folder();
    restore(&objects, &to.at).unwrap();
    assert_eq!(tally(&to.at), house.tally());
}

#[test]
fn records_that_are_older_than_the_archive_or_part_from_it_are_not_archived_into_it() {
    let (_dir, objects) = archive();
    let mut house = House::found(Home::folder());
    house.write((0..10).map(|id| (id, 1)));
    house.backup(&objects);
    // Another history under the same name, shorter and longer.
    let mut other = House::found(Home::folder());
    other.write((0..5).map(|id| (id, 1)));
    assert!(matches!(other.backup_while(&objects, &|| false), Err(ArchiveError::Behind { archived: 10, here: 5 })));
    other.write((10..20).map(|id| (id, 1)));
    assert!(matches!(other.backup_while(&objects, &|| false), Err(ArchiveError::Forked(10))));
}

#[test]
fn keys_go_when_their_days_are_over_or_the_root_was_turned_and_data_stay() {
    let mut house = House::found(Home::folder());
    let (dir, objects) = archive();
    house.write([(1, 1)]);
    house.backup(&objects);
    let mut change = Change::new(PART);
    change.buckets.push(tacebo_store::BucketRow { bucket: 4096, epoch: 2, wrapped: vec![8; 61] });
    house.store.commit_blocking(change).unwrap();
    house.backup(&objects);
    let keys = files(dir.path()).into_iter().filter(|path| path.to_string_lossy().contains("/keys/")).count();
    assert_eq!(keys, 1, "those of the older root epoch are gone");
    let chain = Chain::read(&objects).unwrap();
    assert_eq!(verify(&chain, None, &mut |_, _| {}).unwrap().with_keys, [2]);
}

#[test]
fn an_occupied_place_is_left_alone_and_an_unfinished_one_is_begun_anew() {
    for (occupied, half) in [(Home::folder(), Home::folder()), (Home::postgres(), Home::postgres())] {
        let mut house = House::found(Home::folder());
        let (_dir, objects) = archive();
        house.write((0..10).map(|id| (id, 1)));
        house.backup(&objects);
        let mut there = House::found(occupied);
        there.write([(1, 1)]);
        let before = there.tally();
        drop(there.store);
        assert!(matches!(
            restore(&objects, &there.home.at),
            Err(ArchiveError::Store(tacebo_store::StoreError::Occupied))
        ));
        assert_eq!(tally(&there.home.at), before);
        // Stopped in the midst, and again.
        let chain = Chain::read(&objects).unwrap();
        for stop_at in 1..4 {
            let looks = Cell::new(0);
            let stop = || {
                looks.set(looks.get() + 1);
                looks.get() >= stop_at
            };
            let restore = tacebo_archive::Restore {
                chain: &chain,
                run: 1,
                keys: None,
                at: &half.at,
                blobs: &house::beside(&half.at),
                now_us: stop_at,
                stop: &stop,
            };
            assert!(matches!(restore.fill(&mut |_, _| {}), Err(ArchiveError::Stopped)), "{stop_at}");
            let source = tacebo_store::ArchiveSource::open(&half.at).unwrap();
            assert!(source.is_half_restored(PART).unwrap());
        }
        restore(&objects, &half.at).unwrap();
        same(&house, &half.at);
        // Killed when it was filled and worked on already: what was told of that is gone too.
        for _ in 0..2 {
            let store = open(&half.at);
            for n in 0..3 {
                let meta = vec![("told".to_owned(), vec![n])];
                store.commit_blocking(Change { meta, ..Change::new(PART) }).unwrap();
            }
            drop(store);
            restore(&objects, &half.at).unwrap();
            same(&house, &half.at);
        }
    }
}

#[test]
fn a_copy_is_not_restored_beside_the_objects_of_another_house() {
    for there in [Home::folder(), Home::postgres()] {
        let mut house = House::found(Home::folder());
        let (_dir, objects) = archive();
        house.write((0..10).map(|id| (id, 1)));
        house.backup(&objects);
        let chain = Chain::read(&objects).unwrap();
        let living = house::beside(&house.home.at);
        let restore = tacebo_archive::Restore {
            chain: &chain,
            run: 1,
            keys: None,
            at: &there.at,
            blobs: &living,
            now_us: 1,
            stop: &|| false,
        };
        let refused = restore.fill(&mut |_, _| {});
        assert!(matches!(refused, Err(ArchiveError::Store(tacebo_store::StoreError::OccupiedObjects))), "{refused:?}");
        // Nothing was begun: it can be done elsewhere.
        crate::restore(&objects, &there.at).unwrap();
        same(&house, &there.at);
    }
}
