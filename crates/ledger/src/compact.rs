//! The right edge of a tree: what is needed to append and to name the root.

use crate::{
    Hash, LedgerError, Tile, TileId, Tiles,
    tile::{hashes, need, width_of},
};

/// The roots of the perfect subtrees of a tree, largest first: one for each set bit of its size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compact {
    pub(crate) size: u64,
    roots: Vec<Hash>,
}

impl Compact {
    /// Appends one leaf; tells of every node that is complete by it (height, hash), leaf first.
    pub(crate) fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u32, Hash)) {
        let mut node = leaf;
        let mut height = 0_u32;
        completed(height, node);
        let mut bits = self.size;
        while bits & 1 == 1
            && let Some(left) = self.roots.pop()
        {
            node = Hash::node(&left, &node);
            height = height.saturating_add(1);
            completed(height, node);
            bits >>= 1;
        }
        self.roots.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree (RFC 6962 §2.1).
    pub(crate) fn root(&self) -> Hash {
        self.roots.iter().rev().copied().reduce(|right, left| Hash::node(&left, &right)).unwrap_or_else(Hash::empty)
    }
}

/// A compact tree together with its partial tiles, one row a level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) compact: Compact,
    pub(crate) rows: Vec<Vec<u8>>,
}

impl Edge {
    /// Appends a leaf; every tile that it fills goes to `full`.
    pub(crate) fn push(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        let size = self.compact.size.saturating_add(1);
        let rows = &mut self.rows;
        self.compact.push(leaf, |height, hash| {
            if height % 8 != 0 {
                return;
            }
            let level = height / 8;
            let at = level as usize;
            if rows.len() <= at {
                rows.resize_with(at.saturating_add(1), Vec::new);
            }
            let Some(row) = rows.get_mut(at) else { return };
            if row.capacity() == 0 {
                row.reserve_exact(256 * 32);
            }
            row.extend_from_slice(&hash.0);
            if row.len() == 256 * 32 {
                let count = size.checked_shr(height).unwrap_or(0);
                full.push(Tile {
                    id: TileId {
                        level: u8::try_from(level).unwrap_or(u8::MAX),
                        index: count.saturating_sub(1) / 256,
                        width: 256,
                    },
                    bytes: std::mem::take(row),
                });
            }
        });
    }

    /// The partial tiles that have changed since the tree had `before` leaves.
    pub(crate) fn partial_since(&self, before: u64) -> impl Iterator<Item = Tile> + '_ {
        self.rows.iter().enumerate().filter_map(move |(level, row)| {
            let level = u8::try_from(level).ok()?;
            let shift = u32::from(level) * 8;
            let count = self.compact.size.checked_shr(shift)?;
            let changed = count > before.checked_shr(shift)?;
            (changed && !row.is_empty()).then(|| Tile {
                id: TileId { level, index: count / 256, width: width_of(count, count / 256) },
                bytes: row.clone(),
            })
        })
    }

    /// Reads the edge of a tree of `size` leaves back from its stored tiles.
    pub(crate) fn load<T: Tiles + ?Sized>(size: u64, tiles: &T) -> Result<Self, LedgerError> {
        let mut edge = Self::default();
        edge.compact.size = size;
        for level in 0_u8..8 {
            let count = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
            if count == 0 {
                break;
            }
            let index = count / 256;
            let width = usize::try_from(count % 256).unwrap_or(0);
            let mut row = if width == 0 { Vec::new() } else { need(tiles, level, index)? };
            if row.len() != width.saturating_mul(32) {
                return Err(LedgerError::TileLength { level, index });
            }
            let mut inner = Compact::default();
            for hash in hashes(&row) {
                inner.push(hash, |_, _| {});
            }
            // Higher levels hold the larger subtrees, which come first.
            inner.roots.append(&mut edge.compact.roots);
            edge.compact.roots = inner.roots;
            row.reserve_exact((256 * 32_usize).saturating_sub(row.len()));
            edge.rows.push(row);
        }
        Ok(edge)
    }
}
