// Included once for each suite, as `SUITE`.

use proptest::prelude::*;
use std::sync::OnceLock;
use tacebo_seal::{
    BUCKETS, BucketRow, Category, Custodian, DataKey, EPOCH_ROW, Effort, INDEX_ROW, Keyring, Part, PassphraseFile,
    Place, Realm, SealError, SubjectNo, Suite, WrappedKey,
};

const HEALTH: Category = Category(2);
const IDENTITY: Category = Category(1);
const PASS: &str = "a test passphrase";

struct House {
    _folder: tempfile::TempDir,
    custodian: PassphraseFile,
    ring: Keyring,
    rows: Vec<BucketRow>,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.keys");
    let custodian = PassphraseFile::create(&path, PASS, Effort::LEAST, SUITE).unwrap();
    let (ring, rows) = Keyring::create(&custodian, Realm(1), SUITE).unwrap();
    House { _folder: folder, custodian, ring, rows }
}

fn place(subject: SubjectNo, category: Category) -> Place<'static> {
    Place { realm: Realm(1), subject, category, kind: "Observation", id: b"o1", version: 1, part: Part::Body }
}

fn opens(key: &DataKey, subject: SubjectNo, category: Category, sealed: &[u8]) -> bool {
    key.open(&place(subject, category), sealed).is_ok()
}

/// Another subject of the same bucket.
fn neighbour(subject: SubjectNo) -> SubjectNo {
    (subject.0 + 1..=subject.0 + 1_000_000).map(SubjectNo).find(|other| other.bucket() == subject.bucket()).unwrap()
}

/// Rows as a store has them after some were replaced.
fn replaced(mut old: Vec<BucketRow>, new: &[BucketRow]) -> Vec<BucketRow> {
    for row in new {
        let slot = old.iter_mut().find(|r| r.bucket == row.bucket).unwrap();
        *slot = row.clone();
    }
    old
}

#[test]
fn a_realm_unlocks_from_its_rows_in_any_order() {
    let mut house = house();
    assert_eq!(house.rows.len(), usize::from(BUCKETS) + 2);
    let (key, wrapped) = house.ring.new_data_key(SubjectNo(5), HEALTH).unwrap();
    let sealed = key.seal(&place(SubjectNo(5), HEALTH), b"x").unwrap();
    let term = house.ring.blinder().unwrap().term("name", "zhang");
    house.rows.reverse();
    let ring = Keyring::unlock(&house.custodian, Realm(1), house.rows).unwrap();
    let key = ring.unwrap(SubjectNo(5), HEALTH, &wrapped).unwrap();
    assert!(opens(&key, SubjectNo(5), HEALTH, sealed.as_bytes()));
    assert_eq!(ring.blinder().unwrap().term("name", "zhang"), term);
}

#[test]
fn rows_that_are_not_one_whole_set_are_refused() {
    let house = house();
    let unlock = |rows| Keyring::unlock(&house.custodian, Realm(1), rows).err();
    assert!(unlock(house.rows.clone()).is_none());
    for missing in [0, 1, 2, 4097] {
        let mut rows = house.rows.clone();
        rows.remove(missing);
        assert!(matches!(unlock(rows), Some(SealError::KeyRows(_))));
    }
    let mut doubled = house.rows.clone();
    doubled.push(doubled[7].clone());
    assert!(matches!(unlock(doubled), Some(SealError::KeyRows(_))));
    let mut mixed = house.rows.clone();
    mixed[9].epoch = 2;
    assert!(matches!(unlock(mixed), Some(SealError::KeyRows(_))));
    assert!(matches!(unlock(Vec::new()), Some(SealError::KeyRows(_))));
}

#[test]
fn key_rows_cannot_change_places_or_realms() {
    let house = house();
    let mut rows = house.rows.clone();
    let wrapped = rows[10].wrapped.clone();
    rows[10].wrapped = std::mem::replace(&mut rows[11].wrapped, wrapped);
    assert!(Keyring::unlock(&house.custodian, Realm(1), rows).is_err());
    assert!(Keyring::unlock(&house.custodian, Realm(2), house.rows.clone()).is_err());
    let (_, other) = Keyring::create(&house.custodian, Realm(2), SUITE).unwrap();
    let foreign: Vec<_> = other.into_iter().filter(|r| r.bucket == 3).collect();
    let rows = replaced(house.rows.clone(), &foreign);
    assert!(Keyring::unlock(&house.custodian, Realm(1), rows).is_err());
}

#[test]
fn a_realm_has_one_suite_and_no_row_or_custodian_of_another() {
    let house = house();
    let other = Suite::ALL.into_iter().find(|suite| *suite != SUITE).unwrap();
    let refuses = |result: Result<(), SealError>| matches!(result, Err(SealError::OtherSuite { .. }));
    assert!(refuses(Keyring::create(&house.custodian, Realm(2), other).map(drop)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.keys");
    let stranger = PassphraseFile::create_from(&path, PASS, Effort::LEAST, other, 2).unwrap();
    assert!(refuses(house.ring.turn_epoch(&stranger).map(drop)));
    // One row's word changed, and every row's.
    for changed in [vec![9], (1..house.rows.len()).collect::<Vec<_>>()] {
        let mut rows = house.rows.clone();
        for at in changed {
            rows[at].wrapped[1] = other as u8;
        }
        assert!(refuses(Keyring::unlock(&house.custodian, Realm(1), rows).map(drop)));
    }
    let ring = Keyring::unlock(&house.custodian, Realm(1), house.rows).unwrap();
    assert_eq!(ring.suite(), SUITE);
}

#[test]
fn a_wrapped_data_key_opens_for_its_subject_and_category_only() {
    let house = house();
    let subject = SubjectNo(5);
    let (_, wrapped) = house.ring.new_data_key(subject, HEALTH).unwrap();
    let refused =
        |subject, category| matches!(house.ring.unwrap(subject, category, &wrapped), Err(SealError::KeyUnreadable));
    assert!(refused(subject, IDENTITY));
    assert!(refused(SubjectNo(6), HEALTH));
    assert!(refused(neighbour(subject), HEALTH));
    let (other, _) = Keyring::create(&house.custodian, Realm(2), SUITE).unwrap();
    assert!(other.unwrap(subject, HEALTH, &wrapped).is_err());
    for at in 0..wrapped.0.len() {
        let mut changed = wrapped.clone();
        changed.0[at] ^= 0x40;
        assert!(house.ring.unwrap(subject, HEALTH, &changed).is_err());
    }
    assert!(house.ring.unwrap(subject, HEALTH, &WrappedKey(Vec::new())).is_err());
}

#[test]
fn a_destroyed_subject_stays_unreadable_even_with_every_old_row() {
    let house = house();
    let (gone, stays) = (SubjectNo(5), neighbour(SubjectNo(5)));
    let mut keys = Vec::new();
    let mut sealed = Vec::new();
    for (subject, category) in [(gone, HEALTH), (gone, IDENTITY), (stays, HEALTH)] {
        let (key, wrapped) = house.ring.new_data_key(subject, category).unwrap();
        sealed.push(key.seal(&place(subject, category), b"record").unwrap());
        keys.push((subject, category, wrapped));
    }
    let backup = (house.rows.clone(), keys.clone());

    let rekeyed = house.ring.destroy(&[(gone, None)], keys).unwrap();
    assert_eq!(rekeyed.rows.len(), 1);
    assert_eq!(rekeyed.rows[0].bucket, gone.bucket());
    assert_eq!(rekeyed.survivors.len(), 1);
    assert_eq!(house.custodian.turn().unwrap(), 2);
    let turned = rekeyed.ring.turn_epoch(&house.custodian).unwrap();
    assert_eq!((turned.left, turned.rows.len()), (1, house.rows.len()));

    // Before the old root is destroyed the backup still opens: that is the window a receipt closes.
    let old = Keyring::unlock(&house.custodian, Realm(1), backup.0.clone()).unwrap();
    assert!(old.unwrap(gone, HEALTH, &backup.1[0].2).is_ok());
    assert_eq!(house.custodian.destroy(1).unwrap().epoch(), 1);

    let ring = Keyring::unlock(&house.custodian, Realm(1), turned.rows.clone()).unwrap();
    let (subject, category, wrapped) = &rekeyed.survivors[0];
    assert_eq!(*subject, stays);
    let key = ring.unwrap(*subject, *category, wrapped).unwrap();
    assert!(opens(&key, stays, HEALTH, sealed[2].as_bytes()));

    // The whole old set, or any old row among the new ones, is of no use to anybody.
    assert!(matches!(Keyring::unlock(&house.custodian, Realm(1), backup.0.clone()), Err(SealError::EpochGone(1))));
    for bucket in [gone.bucket(), EPOCH_ROW, INDEX_ROW] {
        let mut row = backup.0.iter().find(|r| r.bucket == bucket).unwrap().clone();
        let mixed = replaced(turned.rows.clone(), std::slice::from_ref(&row));
        assert!(Keyring::unlock(&house.custodian, Realm(1), mixed).is_err());
        row.epoch = 2;
        let forged = replaced(turned.rows.clone(), &[row]);
        assert!(Keyring::unlock(&house.custodian, Realm(1), forged).is_err());
    }
    for (subject, category, wrapped) in &backup.1 {
        assert!(ring.unwrap(*subject, *category, wrapped).is_err());
    }
}

#[test]
fn one_category_can_be_destroyed_and_the_others_stay() {
    let house = house();
    let subject = SubjectNo(5);
    let keys: Vec<_> = [HEALTH, IDENTITY].map(|c| (subject, c, house.ring.new_data_key(subject, c).unwrap().1)).into();
    let health = keys[0].2.clone();
    let rekeyed = house.ring.destroy(&[(subject, Some(HEALTH))], keys).unwrap();
    let left: Vec<_> = rekeyed.survivors.iter().map(|k| (k.0, k.1)).collect();
    assert_eq!(left, [(subject, IDENTITY)]);
    let wrapped = &rekeyed.survivors[0].2;
    assert!(rekeyed.ring.unwrap(subject, IDENTITY, wrapped).is_ok());
    assert!(rekeyed.ring.unwrap(subject, HEALTH, &health).is_err());
    // Until the caller puts the new ring to use, the old one works as before.
    assert!(house.ring.unwrap(subject, HEALTH, &health).is_ok());
    // The re-keyed row belongs to the same epoch and unlocks with the others.
    let rows = replaced(house.rows.clone(), &rekeyed.rows);
    let ring = Keyring::unlock(&house.custodian, Realm(1), rows).unwrap();
    assert!(ring.unwrap(subject, IDENTITY, wrapped).is_ok());
}

#[test]
fn destroying_refuses_what_would_lose_keys_by_mistake() {
    let house = house();
    let subject = SubjectNo(5);
    let stray = SubjectNo(6);
    assert_ne!(subject.bucket(), stray.bucket());
    let wrapped = |s| (s, HEALTH, house.ring.new_data_key(s, HEALTH).unwrap().1);
    assert!(matches!(house.ring.destroy(&[(subject, None)], vec![wrapped(stray)]), Err(SealError::StrayKey)));
    let mut broken = wrapped(neighbour(subject));
    broken.2.0[20] ^= 1;
    assert!(matches!(house.ring.destroy(&[(subject, None)], vec![broken]), Err(SealError::KeyUnreadable)));
    assert!(matches!(house.ring.destroy(&[(SubjectNo::HOUSE, None)], Vec::new()), Err(SealError::HouseKeys)));
    assert!(house.ring.destroy(&[(SubjectNo::HOUSE, Some(HEALTH))], Vec::new()).is_ok());
    assert!(matches!(house.ring.turn_epoch(&house.custodian), Err(SealError::EpochInUse(1))));
}

#[test]
fn debug_prints_no_key_bytes() {
    let house = house();
    let (key, wrapped) = house.ring.new_data_key(SubjectNo(5), HEALTH).unwrap();
    let sealed = key.seal(&place(SubjectNo(5), HEALTH), b"record").unwrap();
    assert_eq!(format!("{key:?}"), "DataKey(..)");
    assert_eq!(format!("{:?}", house.ring.blinder().unwrap()), "Blinder(..)");
    assert_eq!(format!("{:?}", house.ring), "Keyring { realm: Realm(1), epoch: 1, .. }");
    assert_eq!(format!("{wrapped:?}"), "WrappedKey(62 bytes)");
    assert_eq!(format!("{sealed:?}"), "Sealed(82 bytes)");
    assert_eq!(format!("{:?}", house.rows[2]), "BucketRow(0, epoch 1)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn exactly_the_named_keys_are_lost(
        owners in proptest::collection::btree_set((0usize..4, 0u8..3), 1..10),
        gone in proptest::collection::vec((0usize..4, proptest::option::of(0u8..3)), 1..4),
    ) {
        static HOUSE: OnceLock<House> = OnceLock::new();
        let house = HOUSE.get_or_init(house);
        // Four subjects of two buckets.
        let subjects = [SubjectNo(5), neighbour(SubjectNo(5)), SubjectNo(6), neighbour(SubjectNo(6))];
        let gone: Vec<_> = gone.into_iter()
            .map(|(s, c)| (subjects[s], c.map(Category))).collect();
        let touched: Vec<_> = gone.iter().map(|(s, _)| s.bucket()).collect();
        let keys: Vec<_> = owners.into_iter()
            .map(|(s, c)| (subjects[s], Category(c)))
            .filter(|(s, _)| touched.contains(&s.bucket()))
            .map(|(s, c)| (s, c, house.ring.new_data_key(s, c).unwrap().1))
            .collect();
        let rekeyed = house.ring.destroy(&gone, keys.clone()).unwrap();
        for (subject, category, old) in keys {
            let lost = gone.iter().any(|(s, c)| *s == subject && c.is_none_or(|c| c == category));
            let new = rekeyed.survivors.iter().find(|k| k.0 == subject && k.1 == category);
            prop_assert_eq!(lost, new.is_none());
            prop_assert!(rekeyed.ring.unwrap(subject, category, &old).is_err());
            if let Some(new) = new {
                prop_assert!(rekeyed.ring.unwrap(subject, category, &new.2).is_ok());
            }
        }
    }
}
