//! The places, each new and empty.

use std::sync::OnceLock;

use tacebo_objects::{At, Objects, S3At};
use tacebo_testbed::Seaweed;

pub(crate) fn seaweed() -> &'static Seaweed {
    static SERVER: OnceLock<Seaweed> = OnceLock::new();
    SERVER.get_or_init(Seaweed::start)
}

pub(crate) fn bucket_at(endpoint: &str) -> S3At {
    let server = seaweed();
    S3At::new(endpoint, &server.bucket(), server.access_key(), server.secret_key())
}

pub(crate) fn bucket() -> Objects {
    let mut at = bucket_at(&seaweed().endpoint());
    "house/7".clone_into(&mut at.prefix);
    Objects::open(&At::S3(Box::new(at))).unwrap()
}

/// A folder, removed with the test.
pub(crate) fn folder() -> (Objects, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let objects = Objects::open(&At::Folder(dir.path().join("objects"))).unwrap();
    (objects, dir)
}

/// Bytes that repeat nowhere near.
pub(crate) fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}
