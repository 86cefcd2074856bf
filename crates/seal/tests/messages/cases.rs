// Included once for each suite, as `SUITE`.

use proptest::prelude::*;
use tacebo_seal::{
    Category, Custodian, DataKey, Effort, HEADER_LEN, Keyring, Part, PassphraseFile, Place, Realm, SealError, Sealed,
    SubjectNo, Suite,
};

const CHUNK: usize = 16 * 1024;

fn ring() -> (tempfile::TempDir, Keyring) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.keys");
    let custodian = PassphraseFile::create(&path, "a test passphrase", Effort::LEAST, SUITE).unwrap();
    assert_eq!(custodian.epoch(), 1);
    let (ring, _) = Keyring::create(&custodian, Realm(1), SUITE).unwrap();
    (folder, ring)
}

fn key() -> DataKey {
    ring().1.new_data_key(SubjectNo(7), Category(1)).unwrap().0
}

fn here() -> Place<'static> {
    Place {
        realm: Realm(1),
        subject: SubjectNo(7),
        category: Category(1),
        kind: "Observation",
        id: b"o1",
        version: 3,
        part: Part::Body,
    }
}

#[test]
fn messages_of_every_shape_come_back() {
    let key = key();
    for len in [0, 1, 1024, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 100_000] {
        let plain: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let sealed = key.seal(&here(), &plain).unwrap();
        let back = Sealed::from_bytes(sealed.as_bytes().to_vec()).unwrap();
        assert_eq!(*key.open(&here(), back.as_bytes()).unwrap(), plain);
        assert_eq!(sealed.as_bytes().len(), HEADER_LEN + len + (len / CHUNK + 1) * 16);
    }
}

#[test]
fn a_message_moved_to_any_other_place_is_refused() {
    let key = key();
    let sealed = key.seal(&here(), b"secret").unwrap();
    let here = here();
    let elsewhere = [
        Place { realm: Realm(2), ..here },
        Place { subject: SubjectNo(8), ..here },
        Place { subject: SubjectNo::HOUSE, ..here },
        Place { category: Category(2), ..here },
        Place { kind: "Condition", ..here },
        Place { kind: "Observation\0", ..here },
        Place { id: b"o2", ..here },
        Place { id: b"", ..here },
        Place { version: 2, ..here },
        Place { version: 4, ..here },
        Place { part: Part::Index, ..here },
        Place { part: Part::Entry, ..here },
        // A byte moved from one name to its neighbour.
        Place { kind: "Observationo", id: b"1", ..here },
        Place { kind: "Observatio", id: b"no1", ..here },
    ];
    for place in elsewhere {
        assert!(matches!(key.open(&place, sealed.as_bytes()), Err(SealError::WrongPlace)), "{place:?}");
    }
    assert!(key.open(&here, sealed.as_bytes()).is_ok());
}

#[test]
fn every_changed_byte_is_refused() {
    let key = key();
    let sealed = key.seal(&here(), b"sixteen and more").unwrap().into_bytes();
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert!(key.open(&here(), &changed).is_err(), "byte {at} bit {bit}");
        }
        assert!(key.open(&here(), &sealed[..at]).is_err(), "cut at {at}");
    }
    assert!(key.open(&here(), &[&sealed[..], b"\0"].concat()).is_err());
}

#[test]
fn the_mark_tells_foreign_later_and_unknown_messages_apart() {
    let key = key();
    let sealed = key.seal(&here(), b"x").unwrap().into_bytes();
    let with = |at: usize, byte: u8| {
        let mut changed = sealed.clone();
        changed[at] = byte;
        key.open(&here(), &changed).unwrap_err()
    };
    assert!(matches!(with(0, b'{'), SealError::NotSealed));
    assert!(matches!(with(2, 9), SealError::UnknownVersion(9)));
    let other = Suite::ALL.into_iter().find(|suite| *suite != SUITE).unwrap();
    let refused = with(3, other as u8);
    assert!(matches!(refused, SealError::OtherSuite { found, here } if found == other && here == SUITE));
    assert!(refused.to_string().contains(other.name()));
    assert!(matches!(with(3, 3), SealError::UnknownSuite(3)));
    assert!(matches!(with(3, 0), SealError::UnknownSuite(0)));
    assert!(matches!(Sealed::from_bytes(b"{}".to_vec()), Err(SealError::NotSealed)));
}

#[test]
fn the_same_text_never_looks_the_same_twice() {
    let key = key();
    let one = key.seal(&here(), b"positive").unwrap();
    let two = key.seal(&here(), b"positive").unwrap();
    assert_ne!(one.as_bytes()[HEADER_LEN..], two.as_bytes()[HEADER_LEN..]);
    assert_ne!(one.as_bytes()[4..28], two.as_bytes()[4..28]);
}

#[test]
fn a_window_opens_parts_from_the_chunks_it_asks_for() {
    let key = key();
    let plain: Vec<u8> = (0..5 * CHUNK + 77).map(|i| (i % 253) as u8).collect();
    let sealed = key.seal(&here(), &plain).unwrap().into_bytes();
    let window = key.window(&here(), &sealed[..HEADER_LEN], sealed.len() as u64).unwrap();
    assert_eq!(window.plain_len(), plain.len() as u64);
    let range = 2 * CHUNK as u64 + 5..3 * CHUNK as u64 + 9;
    let need = window.sealed_range(range.clone()).unwrap();
    assert_eq!(need.end - need.start, 2 * (CHUNK as u64 + 16));
    let bytes = &sealed[need.start as usize..need.end as usize];
    assert_eq!(*window.open(range.clone(), bytes).unwrap(), plain[range.start as usize..range.end as usize]);
    // The chunks of another range, or a part of them, are refused.
    assert!(window.open(0..5, bytes).is_err());
    assert!(window.open(range, &bytes[1..]).is_err());
    let last = window.last_chunk_range();
    let last = &sealed[last.start as usize..last.end as usize];
    assert!(window.prove_length(last).is_ok());
    let cut = sealed.len() as u64 - 1;
    let shorter = key.window(&here(), &sealed, cut).unwrap();
    assert!(shorter.prove_length(&last[..last.len() - 1]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_range_of_any_message_comes_back(
        len in 0..3 * CHUNK, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
    ) {
        let key = key_once();
        let plain: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let sealed = key.seal(&here(), &plain).unwrap();
        let (a, b) = (from.index(len + 1), to.index(len + 1));
        let (a, b) = (a.min(b), a.max(b));
        let got = key.open_range(&here(), sealed.as_bytes(), a as u64..b as u64).unwrap();
        prop_assert_eq!(&got[..], &plain[a..b]);
        prop_assert!(key.open_range(&here(), sealed.as_bytes(), a as u64..len as u64 + 1).is_err());
        let cut = &sealed.as_bytes()[..sealed.as_bytes().len() - 1];
        prop_assert!(key.open_range(&here(), cut, 0..0).is_err());
    }
}

/// Making a ring costs a passphrase derivation; one is enough for a property.
fn key_once() -> &'static DataKey {
    static KEY: std::sync::OnceLock<DataKey> = std::sync::OnceLock::new();
    KEY.get_or_init(key)
}
