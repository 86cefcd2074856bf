//! Inclusion and consistency: made from tiles (RFC 6962 §2.1.1, §2.1.2), checked without them
//! (RFC 9162 §2.1.3.2, §2.1.4.2).

use std::collections::HashMap;

use crate::{
    Hash, LedgerError, Tiles,
    tile::{need, subtree},
};

/// The path from entry `index` to the root of the tree of `size` entries, leaf's sibling first.
pub fn inclusion_proof<T: Tiles + ?Sized>(tiles: &T, index: u64, size: u64) -> Result<Vec<Hash>, LedgerError> {
    if index >= size {
        return Err(LedgerError::OutOfRange { size });
    }
    let mut nodes = Nodes::new(tiles);
    let (mut low, mut high) = (0, size);
    let mut path = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push(nodes.range(middle, high)?);
            high = middle;
        } else {
            path.push(nodes.range(low, middle)?);
            low = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `new` entries only appends to the tree of `old` entries.
pub fn consistency_proof<T: Tiles + ?Sized>(tiles: &T, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
    if old > new {
        return Err(LedgerError::OutOfRange { size: new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut nodes = Nodes::new(tiles);
    let (mut low, mut high) = (0, new);
    let mut path = Vec::new();
    while high != old {
        let middle = low + split(high - low);
        if old <= middle {
            path.push(nodes.range(middle, high)?);
            high = middle;
        } else {
            path.push(nodes.range(low, middle)?);
            low = middle;
        }
    }
    if low > 0 {
        path.push(nodes.range(low, high)?);
    }
    path.reverse();
    Ok(path)
}

/// The root that the tree had at `size`.
pub fn root_at<T: Tiles + ?Sized>(tiles: &T, size: u64) -> Result<Hash, LedgerError> {
    if size == 0 {
        return Ok(Hash::empty());
    }
    Nodes::new(tiles).range(0, size)
}

/// Checks that `leaf` is entry `index` of the tree with `size` entries and this `root`.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), LedgerError> {
    if index >= size {
        return Err(LedgerError::ProofInvalid);
    }
    let (mut place, mut last) = (index, size - 1);
    let mut node = *leaf;
    for step in path {
        if last == 0 {
            return Err(LedgerError::ProofInvalid);
        }
        if place & 1 == 1 || place == last {
            node = Hash::node(step, &node);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            node = Hash::node(&node, step);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 && node == *root { Ok(()) } else { Err(LedgerError::ProofInvalid) }
}

/// Checks that the tree (`new`, `new_root`) only appends to the tree (`old`, `old_root`).
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), LedgerError> {
    let holds = |ok: bool| {
        if ok { Ok(()) } else { Err(LedgerError::ProofInvalid) }
    };
    if old > new {
        return Err(LedgerError::ProofInvalid);
    }
    if old == new {
        return holds(path.is_empty() && old_root == new_root);
    }
    if old == 0 {
        return holds(path.is_empty() && *old_root == Hash::empty());
    }
    // A tree of 2^k entries is itself the first node, so its proof leaves it out.
    let mut steps = path.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else {
        return Err(LedgerError::ProofInvalid);
    };
    let (mut place, mut last) = (old - 1, new - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return Err(LedgerError::ProofInvalid);
        }
        if place & 1 == 1 || place == last {
            from_old = Hash::node(step, &from_old);
            from_new = Hash::node(step, &from_new);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            from_new = Hash::node(&from_new, step);
        }
        place >>= 1;
        last >>= 1;
    }
    holds(last == 0 && from_old == *old_root && from_new == *new_root)
}

/// The largest power of two below `n` (n > 1).
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Nodes of the tree, computed from tiles; each tile is read once.
struct Nodes<'a, T: ?Sized> {
    tiles: &'a T,
    read: HashMap<(u8, u64), Vec<u8>>,
}

impl<'a, T: Tiles + ?Sized> Nodes<'a, T> {
    fn new(tiles: &'a T) -> Self {
        Self { tiles, read: HashMap::new() }
    }

    /// The root over the entries `low..high`; `low` is a multiple of the largest power of two
    /// that fits.
    fn range(&mut self, low: u64, high: u64) -> Result<Hash, LedgerError> {
        let mut pieces = Vec::new();
        let mut at = low;
        while at < high {
            let height = (high - at).ilog2();
            pieces.push(self.perfect(height, at >> height)?);
            at += 1 << height;
        }
        pieces
            .into_iter()
            .rev()
            .reduce(|right, left| Hash::node(&left, &right))
            .ok_or(LedgerError::OutOfRange { size: high })
    }

    /// The root of the `index`-th perfect subtree of this height.
    fn perfect(&mut self, height: u32, index: u64) -> Result<Hash, LedgerError> {
        let level = u8::try_from(height / 8).unwrap_or(u8::MAX);
        let inner = height % 8;
        let first = index << inner;
        let tile = first / 256;
        if !self.read.contains_key(&(level, tile)) {
            let row = need(self.tiles, level, tile)?;
            self.read.insert((level, tile), row);
        }
        let from = usize::try_from(first % 256).unwrap_or(0);
        self.read
            .get(&(level, tile))
            .and_then(|row| subtree(row, from, 1 << inner))
            .ok_or(LedgerError::TileLength { level, index: tile })
    }
}
