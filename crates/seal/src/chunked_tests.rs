// Included once for each suite, as `SUITE`.

use crate::chunked::*;
use crate::secret::Secret;
use proptest::prelude::*;
use serde::Deserialize;

fn key(byte: u8) -> InputKey {
    InputKey::new(SUITE, &Secret::copy_of(&[byte; 32]).unwrap()).unwrap()
}

fn plain(len: usize) -> Vec<u8> {
    (0..len).map(|i| ((i * 7 + i / 251) & 0xff).to_le_bytes()[0]).collect()
}

fn sealed(key: &InputKey, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let salt = crate::random::array().unwrap();
    seal(key, &salt, &[context], plain, &mut out).unwrap();
    assert_eq!(out.len(), sealed_len(plain.len()));
    out
}

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    plain_len: usize,
    context: String,
    salt: String,
    message_len: usize,
    head: String,
    sha256: String,
}

/// The specification has no vectors of its own; these were made by other implementations (see the files).
#[test]
fn messages_are_those_of_another_implementation() {
    let file = match SUITE {
        Suite::International => include_str!("../testdata/cobblestone-256.json"),
        Suite::Shangmi => include_str!("../testdata/chunked-sm4-gcm.json"),
    };
    let vectors: Vectors = serde_json::from_str(file).unwrap();
    let secret: Vec<u8> = (0..32).collect();
    let key = InputKey::new(SUITE, &Secret::copy_of(&secret).unwrap()).unwrap();
    assert_eq!(vectors.vectors.len(), 11);
    for vector in vectors.vectors {
        let salt = hex::decode(&vector.salt).unwrap();
        let context = hex::decode(&vector.context).unwrap();
        let text = plain(vector.plain_len);
        let mut message = Vec::new();
        seal(&key, salt.first_chunk().unwrap(), &[&context], &text, &mut message).unwrap();
        assert_eq!(message.len(), vector.message_len);
        assert_eq!(hex::encode(&message[..72]), vector.head);
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &message);
        assert_eq!(hex::encode(hash), vector.sha256);
        assert_eq!(*open(&key, &[&context], &message).unwrap(), text);
    }
}

#[test]
fn the_context_may_come_in_pieces() {
    let message = sealed(&key(1), b"abcd", b"x");
    assert!(open(&key(1), &[b"ab", b"", b"cd"], &message).is_ok());
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    let text = plain(2 * CHUNK + 5);
    let message = sealed(&key(1), b"", &text);
    let edges = [0, 1, 2].map(|k| PREFIX + k * (CHUNK + TAG));
    for at in edges.iter().flat_map(|edge| edge.saturating_sub(20)..edge + 40).filter(|at| *at < message.len()) {
        assert!(open(&key(1), &[], &message[..at]).is_err(), "cut at {at}");
    }
    let longer = [&message[..], &[0; TAG]].concat();
    assert!(open(&key(1), &[], &longer).is_err());
}

#[test]
fn a_full_last_chunk_is_no_message_even_when_it_is_genuine() {
    // What an attacker gets by dropping the last chunk of a longer message: every remaining byte is authentic.
    let message = sealed(&key(1), b"", &plain(CHUNK));
    let cut = &message[..PREFIX + CHUNK + TAG];
    assert!(matches!(open(&key(1), &[], cut), Err(SealError::Truncated)));
}

#[test]
fn chunks_cannot_change_places_or_messages() {
    let text = plain(3 * CHUNK + 9);
    let message = sealed(&key(1), b"", &text);
    let other = sealed(&key(1), b"", &text);
    let chunk = |k: usize| PREFIX + k * (CHUNK + TAG)..PREFIX + (k + 1) * (CHUNK + TAG);
    let mut swapped = message.clone();
    swapped[chunk(0)].copy_from_slice(&message[chunk(1)]);
    swapped[chunk(1)].copy_from_slice(&message[chunk(0)]);
    assert!(matches!(open(&key(1), &[], &swapped), Err(SealError::Damaged)));
    let mut mixed = message.clone();
    mixed[chunk(2)].copy_from_slice(&other[chunk(2)]);
    assert!(open(&key(1), &[], &mixed).is_err());
    let mut dropped = message.clone();
    dropped.drain(chunk(1));
    assert!(open(&key(1), &[], &dropped).is_err());
    let mut doubled = message[..chunk(1).end].to_vec();
    doubled.extend_from_slice(&message[chunk(1).start..]);
    assert!(open(&key(1), &[], &doubled).is_err());
}

#[test]
fn the_chunk_number_reaches_into_the_whole_nonce_tail() {
    let derived = Derived::new(&key(1), &[0; SALT], &[]).unwrap();
    let mut expected = derived.nonce(0);
    for (byte, x) in expected[7..].iter_mut().zip([0x12, 0x34, 0x56, 0x78, 0x9a]) {
        *byte ^= x;
    }
    assert_eq!(derived.nonce(0x12_3456_789a), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_length_comes_back_and_no_other_key_or_context_opens_it(
        len in prop_oneof![0..200usize, CHUNK - 3..CHUNK + 3, 2 * CHUNK - 2..2 * CHUNK + 2],
        context in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let text = plain(len);
        let message = sealed(&key(1), &context, &text);
        prop_assert_eq!(&*open(&key(1), &[&context], &message).unwrap(), &text);
        prop_assert!(matches!(open(&key(2), &[&context], &message), Err(SealError::WrongPlace)));
        let other = [&context[..], b"!"].concat();
        prop_assert!(matches!(open(&key(1), &[&other], &message), Err(SealError::WrongPlace)));
    }

    #[test]
    fn bytes_from_nowhere_never_open(message in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&key(1), &[], &message).is_err());
    }

    #[test]
    fn one_changed_bit_anywhere_is_refused(len in 0..CHUNK * 2, bit in any::<prop::sample::Index>()) {
        let mut message = sealed(&key(1), b"c", &plain(len));
        let bit = bit.index(message.len() * 8);
        message[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open(&key(1), &[b"c"], &message).is_err());
    }
}
