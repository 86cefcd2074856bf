//! One behaviour in a folder and in a real bucket.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use tacebo_objects::{Name, ObjectError, Objects};

use crate::place::{bucket, bytes, folder};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn all(objects: &Objects, under: &str) -> BTreeMap<String, u64> {
    objects.list(under).map(|found| found.unwrap()).map(|one| (one.name.to_string(), one.length)).collect()
}

fn what_is_put_is_there_whole_and_in_part(objects: &Objects) {
    let (one, big) = (name("ab/one"), name("ab/big"));
    let body = bytes(300_000, 1);
    objects.put(&one, b"x".to_vec()).unwrap();
    objects.put(&big, body.clone()).unwrap();
    assert_eq!(&objects.get(&one, 10).unwrap()[..], b"x");
    assert_eq!(objects.get(&big, 300_000).unwrap(), body);
    assert_eq!(objects.get_range(&big, 16_000..32_000).unwrap(), body[16_000..32_000]);
    assert_eq!(objects.get_range(&big, 299_999..300_000).unwrap(), body[299_999..]);
    assert!(objects.get_range(&big, 5..5).unwrap().is_empty());
    assert_eq!(objects.head(&big).unwrap().length, 300_000);
    let age = SystemTime::now().duration_since(objects.head(&big).unwrap().made).unwrap_or_default();
    assert!(age < Duration::from_hours(1), "{age:?}");
    // Longer than the caller is ready to hold, and shorter than it must be.
    assert_eq!(objects.get(&big, 299_999), Err(ObjectError::Length { wanted: 299_999, found: 300_000 }));
    let over = objects.get_range(&big, 299_990..300_010);
    assert!(matches!(over, Err(ObjectError::Length { wanted: 20, found: 10 })), "{over:?}");
}

fn an_object_is_never_replaced(objects: &Objects) {
    let taken = name("cd/taken");
    objects.put(&taken, b"first".to_vec()).unwrap();
    assert_eq!(objects.put(&taken, b"second".to_vec()), Err(ObjectError::Taken));
    assert_eq!(objects.upload(&taken).map(drop), Err(ObjectError::Taken));
    assert_eq!(&objects.get(&taken, 10).unwrap()[..], b"first");
}

fn what_is_removed_is_gone_and_what_never_was_is_said_to_be_missing(objects: &Objects) {
    let gone = name("ef/gone");
    objects.put(&gone, b"x".to_vec()).unwrap();
    objects.delete(&gone).unwrap();
    assert_eq!(objects.get(&gone, 10), Err(ObjectError::Missing));
    assert_eq!(objects.head(&gone), Err(ObjectError::Missing));
    assert_eq!(objects.get_range(&gone, 0..1), Err(ObjectError::Missing));
    objects.delete(&gone).unwrap();
    objects.delete(&name("never/was")).unwrap();
    assert!(!all(objects, "").contains_key("ef/gone"));
}

fn a_listing_has_every_object_under_its_prefix_and_no_other(objects: &Objects) {
    assert!(all(objects, "list").is_empty());
    let wanted: BTreeMap<_, _> = (0..40).map(|n| (format!("list/{:02x}/{n:03}", n % 7), n + 1)).collect();
    for (text, length) in &wanted {
        objects.put(&name(text), vec![7; usize::try_from(*length).unwrap()]).unwrap();
    }
    objects.put(&name("list-2/x"), b"x".to_vec()).unwrap();
    assert_eq!(all(objects, "list"), wanted);
    assert_eq!(all(objects, "list/03").len(), wanted.keys().filter(|k| k.starts_with("list/03/")).count());
}

fn a_big_object_is_made_in_pieces_and_not_at_all_when_it_is_dropped(objects: &Objects) {
    let body = bytes((33 << 20) + 5, 9);
    let mut upload = objects.upload(&name("pieces/one")).unwrap();
    for chunk in body.chunks(3_000_001) {
        upload.write(chunk).unwrap();
    }
    assert_eq!(objects.head(&name("pieces/one")), Err(ObjectError::Missing));
    assert_eq!(upload.length(), body.len() as u64);
    upload.finish().unwrap();
    assert_eq!(objects.get(&name("pieces/one"), 1 << 30).unwrap(), body);
    let mut upload = objects.upload(&name("pieces/two")).unwrap();
    upload.write(&body[..17 << 20]).unwrap();
    drop(upload);
    assert_eq!(objects.head(&name("pieces/two")), Err(ObjectError::Missing));
    objects.upload(&name("pieces/empty")).unwrap().finish().unwrap();
    assert_eq!(objects.head(&name("pieces/empty")).unwrap().length, 0);
    assert_eq!(all(objects, "pieces").len(), 2);
}

fn of_two_who_take_one_name_at_once_one_gets_it(objects: &Objects) {
    for round in 0..5 {
        let name = name(&format!("race/{round}"));
        let put = |seed: u8| objects.put(&name, vec![seed; 5000]);
        let done: Vec<_> = std::thread::scope(|scope| {
            let tries: Vec<_> = (1..=4).map(|seed| scope.spawn(move || put(seed))).collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let won: Vec<_> = (1..=4u8).filter(|seed| done[usize::from(*seed) - 1].is_ok()).collect();
        assert_eq!(won.len(), 1, "{done:?}");
        assert_eq!(objects.get(&name, 10_000).unwrap(), vec![won[0]; 5000]);
    }
}

/// The callers' own runtimes: none, one of one thread, one of many.
fn it_is_called_from_any_thread(objects: &Objects) {
    let put = |text: &str| objects.put(&name(text), b"x".to_vec()).unwrap();
    put("from/none");
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { put("from/one") });
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    many.block_on(async { put("from/many") });
    let objects = objects.clone();
    let spawned = many.spawn(async move { objects.get(&name("from/many"), 1) });
    assert_eq!(&many.block_on(spawned).unwrap().unwrap()[..], b"x");
}

macro_rules! conform {
    ($($name:ident)*) => {
        mod in_a_folder {
            $(#[test] fn $name() { super::$name(&super::folder().0); })*
        }
        mod in_a_bucket {
            $(#[test] fn $name() { super::$name(&super::bucket()); })*
        }
    };
}

conform! {
    what_is_put_is_there_whole_and_in_part
    an_object_is_never_replaced
    what_is_removed_is_gone_and_what_never_was_is_said_to_be_missing
    a_listing_has_every_object_under_its_prefix_and_no_other
    a_big_object_is_made_in_pieces_and_not_at_all_when_it_is_dropped
    of_two_who_take_one_name_at_once_one_gets_it
    it_is_called_from_any_thread
}

#[test]
fn a_folder_is_made_with_its_first_object() {
    let (objects, dir) = folder();
    let root = dir.path().join("objects");
    assert_eq!(objects.get(&name("a/x"), 1), Err(ObjectError::Missing));
    assert_eq!((objects.delete(&name("a/x")), all(&objects, "").len()), (Ok(()), 0));
    assert_eq!(objects.sweep_halves(SystemTime::now()), Ok(0));
    assert!(!root.exists());
    objects.put(&name("a/x"), b"x".to_vec()).unwrap();
    assert!(root.is_dir() && objects.get(&name("a/x"), 1).is_ok());
}

#[test]
fn a_half_written_file_is_never_seen_and_swept_when_it_is_old() {
    let (objects, dir) = folder();
    objects.put(&name("ab/whole"), b"x".to_vec()).unwrap();
    let half = dir.path().join("objects/ab/half#1");
    std::fs::write(&half, b"half").unwrap();
    assert_eq!(all(&objects, "").len(), 1);
    let now = SystemTime::now();
    assert_eq!(objects.sweep_halves(now - Duration::from_mins(1)), Ok(0));
    assert!(half.is_file());
    assert_eq!(objects.sweep_halves(now + Duration::from_mins(1)), Ok(1));
    assert!(!half.is_file() && objects.head(&name("ab/whole")).is_ok());
}

#[test]
fn a_folder_that_cannot_be_written_says_so_and_leaves_nothing() {
    let (objects, dir) = folder();
    // A file where a folder would have to be.
    std::fs::create_dir(dir.path().join("objects")).unwrap();
    std::fs::write(dir.path().join("objects/ab"), b"").unwrap();
    let done = objects.put(&name("ab/x"), b"x".to_vec());
    assert!(matches!(&done, Err(error) if error.is_passing()), "{done:?}");
    assert_eq!(std::fs::read_dir(dir.path().join("objects")).unwrap().count(), 1);
}
