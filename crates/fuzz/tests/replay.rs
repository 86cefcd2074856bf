//! The fuzz targets' short form: their seeds, cut short and turned, and random bytes, through the very same code.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tacebo_fuzz::{TARGETS, Target};

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn replay(name: &str, target: Target) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for seed in &seeds {
        target(seed);
    }
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let turned =
        (prop::sample::select(seeds), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6));
    let turned = (turned, any::<prop::sample::Index>()).prop_map(|((mut seed, turns), end)| {
        for (at, turn) in turns {
            if !seed.is_empty() {
                let at = at.index(seed.len());
                if let Some(byte) = seed.get_mut(at) {
                    *byte ^= turn;
                }
            }
        }
        seed.truncate(end.index(seed.len() + 1).max(seed.len() / 2));
        seed
    });
    let bytes = prop_oneof![turned, prop::collection::vec(any::<u8>(), 0..200)];
    runner
        .run(&bytes, |bytes| {
            target(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_target_holds_on_its_seeds_and_on_bytes_near_them() {
    for (name, target) in TARGETS {
        replay(name, target);
    }
}
