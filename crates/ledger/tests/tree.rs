//! The tree against RFC 6962 itself: a plain recursive reading of the RFC is the oracle.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop on a fault")]

use proptest::prelude::*;
use tacebo_ledger::{
    Hash, LedgerError, MemoryTiles, Sequencer, TileId, consistency_proof, inclusion_proof, root_at, tile_rows,
    verify_consistency, verify_inclusion,
};

/// The largest power of two below `n` (n > 1).
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// MTH of RFC 6962 §2.1.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            Hash::node(&mth(left), &mth(right))
        }
    }
}

/// PATH of RFC 6962 §2.1.1.
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut steps, sibling) = if m < k { (path(m, left), mth(right)) } else { (path(m - k, right), mth(left)) };
    steps.push(sibling);
    steps
}

/// SUBPROOF of RFC 6962 §2.1.2.
fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { vec![] } else { vec![mth(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut steps, sibling) =
        if m <= k { (subproof(m, left, whole), mth(right)) } else { (subproof(m - k, right, false), mth(left)) };
    steps.push(sibling);
    steps
}

fn entry(i: usize) -> Vec<u8> {
    format!("entry {i}").into_bytes()
}

/// A log of `n` entries appended in batches of these lengths, in turn.
fn log_of(n: usize, batches: &[usize]) -> (Sequencer, MemoryTiles, Vec<Hash>) {
    let mut tiles = MemoryTiles::default();
    let mut log = Sequencer::load("log.example/t", 0, &tiles).unwrap();
    let mut leaves = Vec::new();
    let mut turn = batches.iter().cycle();
    while leaves.len() < n {
        let step = (*turn.next().unwrap()).min(n - leaves.len());
        let batch: Vec<_> = (leaves.len()..leaves.len() + step).map(entry).collect();
        let staged = log.stage(1, &batch).unwrap();
        leaves.extend(staged.leaves());
        tiles.put(&staged.tiles());
        log.committed(staged).unwrap();
    }
    (log, tiles, leaves)
}

#[test]
fn roots_are_those_of_the_certificate_transparency_test_vectors() {
    let inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut log = Sequencer::load("log.example/t", 0, &MemoryTiles::default()).unwrap();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(format!("{:?}", log.root()), empty);
    for (input, root) in inputs.iter().zip(roots) {
        let staged = log.stage(1, &[hex::decode(input).unwrap()]).unwrap();
        log.committed(staged).unwrap();
        assert_eq!(format!("{:?}", log.root()), root);
    }
}

#[test]
fn every_inclusion_proof_up_to_130_entries_is_the_rfcs_and_verifies() {
    let (_, tiles, leaves) = log_of(130, &[7]);
    for size in 1..=130_usize {
        let tree = &leaves[..size];
        let root = mth(tree);
        assert_eq!(root_at(&tiles, size as u64).unwrap(), root);
        for (index, leaf) in tree.iter().enumerate() {
            let proof = inclusion_proof(&tiles, index as u64, size as u64).unwrap();
            assert_eq!(proof, path(index, tree), "{index} of {size}");
            verify_inclusion(leaf, index as u64, size as u64, &proof, &root).unwrap();
        }
    }
}

#[test]
fn every_consistency_proof_up_to_64_entries_is_the_rfcs_and_verifies() {
    let (_, tiles, leaves) = log_of(64, &[1]);
    for new in 0..=64_usize {
        for old in 0..=new {
            let proof = consistency_proof(&tiles, old as u64, new as u64).unwrap();
            if old > 0 {
                assert_eq!(proof, subproof(old, &leaves[..new], true), "{old} to {new}");
            }
            let roots = [mth(&leaves[..old]), mth(&leaves[..new])];
            verify_consistency(old as u64, &roots[0], new as u64, &roots[1], &proof).unwrap();
            // Any other old or new root is refused.
            let wrong = Hash::of(b"wrong");
            verify_consistency(old as u64, &wrong, new as u64, &roots[1], &proof).unwrap_err();
            if old > 0 {
                verify_consistency(old as u64, &roots[0], new as u64, &wrong, &proof).unwrap_err();
            }
        }
    }
}

#[test]
fn the_specs_tree_of_70000_entries_has_the_specs_tiles_and_random_proofs_hold() {
    let (log, tiles, leaves) = log_of(70_000, &[4_001, 255, 1, 256]);
    assert_eq!(log.root(), mth(&leaves));
    let rows: Vec<_> = tile_rows(70_000).collect();
    let stored: Vec<_> = tiles
        .0
        .iter()
        .map(|((level, index), row)| TileId {
            level: *level,
            index: *index,
            width: u16::try_from(row.len() / 32).unwrap(),
        })
        .collect();
    assert_eq!(rows, stored);
    let widths = |l| rows.iter().filter(move |t| t.level == l).map(|t| t.width).collect::<Vec<_>>();
    assert_eq!((widths(0).len(), widths(0)[273]), (274, 112));
    assert_eq!((widths(1), widths(2)), (vec![256, 17], vec![1]));
    let mut x = 7_u64;
    for _ in 0..60 {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = 1 + (x >> 33) % 70_000;
        let index = (x >> 20) % size;
        let tree = &leaves[..usize::try_from(size).unwrap()];
        let i = usize::try_from(index).unwrap();
        let proof = inclusion_proof(&tiles, index, size).unwrap();
        assert_eq!(proof, path(i, tree));
        verify_inclusion(&leaves[i], index, size, &proof, &mth(tree)).unwrap();
        let proof = consistency_proof(&tiles, size, 70_000).unwrap();
        verify_consistency(size, &mth(tree), 70_000, &log.root(), &proof).unwrap();
    }
}

#[test]
fn a_log_is_taken_up_from_its_tiles_at_every_size() {
    for size in (0..=530).chain([65_535, 65_536, 65_537]) {
        let (log, mut tiles, _) = log_of(size, &[300, 1]);
        let mut again = Sequencer::load("log.example/t", size as u64, &tiles).unwrap();
        assert_eq!((again.size(), again.root()), (log.size(), log.root()));
        let staged = again.stage(2, &[b"next"]).unwrap();
        let root = staged.root();
        tiles.put(&staged.tiles());
        again.committed(staged).unwrap();
        assert_eq!(root, root_at(&tiles, size as u64 + 1).unwrap());
    }
}

#[test]
fn a_missing_or_cut_tile_stops_the_start() {
    let (_, tiles, _) = log_of(300, &[300]);
    let mut missing = tiles.clone();
    missing.0.remove(&(0, 1));
    let error = Sequencer::load("log.example/t", 300, &missing).unwrap_err();
    assert!(matches!(error, LedgerError::TileMissing { level: 0, index: 1 }));
    let mut cut = tiles;
    cut.0.get_mut(&(0, 1)).unwrap().truncate(32 * 3);
    let error = Sequencer::load("log.example/t", 300, &cut).unwrap_err();
    assert!(matches!(error, LedgerError::TileLength { level: 0, index: 1 }));
}

#[test]
fn receipts_come_only_from_a_commit_in_order_and_once() {
    let tiles = MemoryTiles::default();
    let mut log = Sequencer::load("log.example/t", 0, &tiles).unwrap();
    let mut staged = log.stage(5, &[b"a", b"b"]).unwrap();
    staged.push(6, &[b"c"]).unwrap();
    let stale = log.stage(7, &[b"z"]).unwrap();
    assert_eq!(log.size(), 0, "staging changes nothing");
    let receipts = log.committed(staged).unwrap();
    let seen: Vec<_> = receipts.iter().map(|r| (r.index(), r.leaf(), r.time_us())).collect();
    let leaf = |e: &[u8]| Hash::leaf(e);
    assert_eq!(seen, [(0, leaf(b"a"), 5), (1, leaf(b"b"), 5), (2, leaf(b"c"), 6)]);
    assert_eq!(receipts[0].origin(), "log.example/t");
    assert_eq!(receipts[2].to_string(), format!("log=\"log.example/t\", index=2, leaf=:{}:", leaf(b"c").to_base64()));
    let error = log.committed(stale).unwrap_err();
    assert!(matches!(error, LedgerError::StaleStage { staged: 0, log: 3 }));
}

#[test]
fn an_entry_that_no_bundle_can_carry_is_refused() {
    let log = Sequencer::load("log.example/t", 0, &MemoryTiles::default()).unwrap();
    assert!(log.stage(1, &[vec![0; 65_535]]).is_ok());
    let error = log.stage(1, &[vec![0; 65_536]]).unwrap_err();
    assert!(matches!(error, LedgerError::EntryTooLong(65_536)));
}

#[test]
fn a_leaf_is_hashed_alike_on_the_short_and_the_long_way() {
    for length in [0, 1, 74, 126, 127, 128, 129, 1000] {
        let entry = vec![9; length];
        let mut input = vec![0];
        input.extend_from_slice(&entry);
        assert_eq!(Hash::leaf(&entry), Hash::of(&input), "{length}");
    }
}

proptest! {
    #[test]
    fn batches_do_not_matter(n in 1_usize..1_500, batches in prop::collection::vec(1_usize..400, 1..6)) {
        let (log, tiles, leaves) = log_of(n, &batches);
        prop_assert_eq!(log.root(), mth(&leaves));
        prop_assert_eq!(tiles.0, log_of(n, &[n]).1.0);
    }

    #[test]
    fn a_tampered_inclusion_proof_fails(
        size in 2_u64..600, at in any::<u64>(), step in any::<prop::sample::Index>(),
        bit in 0_usize..256, how in 0_u8..6,
    ) {
        let (log, tiles, leaves) = log_of(usize::try_from(size).unwrap(), &[97]);
        let index = at % size;
        let mut proof = inclusion_proof(&tiles, index, size).unwrap();
        let mut leaf = leaves[usize::try_from(index).unwrap()];
        let mut root = log.root();
        let (mut place, mut of) = (index, size);
        let i = step.index(proof.len());
        match how {
            0 => proof[i].0[bit / 8] ^= 1 << (bit % 8),
            1 => { proof.remove(i); }
            2 => proof.push(proof[i]),
            3 => leaf.0[bit / 8] ^= 1 << (bit % 8),
            4 => root.0[bit / 8] ^= 1 << (bit % 8),
            _ => { place = (index + 1 + at % (size - 1)) % size; of = size; }
        }
        if how == 5 { prop_assume!(place != index); }
        prop_assert!(verify_inclusion(&leaf, place, of, &proof, &root).is_err());
    }

    #[test]
    fn a_tampered_consistency_proof_fails(
        new in 2_u64..600, at in any::<u64>(), step in any::<prop::sample::Index>(),
        bit in 0_usize..256, how in 0_u8..3,
    ) {
        let (log, tiles, leaves) = log_of(usize::try_from(new).unwrap(), &[97]);
        let old = 1 + at % (new - 1);
        let old_root = mth(&leaves[..usize::try_from(old).unwrap()]);
        let mut proof = consistency_proof(&tiles, old, new).unwrap();
        let i = step.index(proof.len());
        match how {
            0 => proof[i].0[bit / 8] ^= 1 << (bit % 8),
            1 => { proof.remove(i); }
            _ => proof.push(proof[i]),
        }
        prop_assert!(verify_consistency(old, &old_root, new, &log.root(), &proof).is_err());
    }

    #[test]
    fn verifying_anything_never_panics(
        a in any::<u64>(), b in any::<u64>(), steps in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let steps: Vec<_> = steps.into_iter().map(Hash).collect();
        let hash = Hash([1; 32]);
        prop_assert!(verify_inclusion(&hash, a, b, &steps, &Hash([2; 32])).is_err());
        prop_assert!(verify_consistency(a, &hash, b, &Hash([2; 32]), &steps).is_err());
    }
}
