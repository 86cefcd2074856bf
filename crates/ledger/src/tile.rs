//! Tiles: rows of 256 hashes in which the tree is kept (C2SP tlog-tiles, "Merkle Tree").

use std::{collections::BTreeMap, convert::Infallible};

use crate::{Hash, LedgerError, compact::Compact, text::decimal};

/// Hashes in a full tile.
pub const FULL_WIDTH: u16 = 256;
/// Bytes of a hash in a tile.
pub const HASH_BYTES: usize = 32;

/// Which tile, and how many hashes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// 0 holds leaf hashes; each hash of level n+1 is the root over a full tile of level n.
    pub level: u8,
    /// Index within the level.
    pub index: u64,
    /// Hashes in it: 1 to 256.
    pub width: u16,
}

/// A tile's place and its hashes, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Its place.
    pub id: TileId,
    /// `id.width` hashes of 32 bytes.
    pub bytes: Vec<u8>,
}

/// Where the tree's hashes are kept. One row per (level, index); a partial tile's row is
/// overwritten by its longer successor until it is full.
pub trait Tiles {
    /// What storage says when it fails.
    type Error: std::error::Error + Send + Sync + 'static;
    /// The row as it is stored: full, partial, or `None` when there is none.
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<T: Tiles + ?Sized> Tiles for &T {
    type Error = T::Error;
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Self::Error> {
        (**self).tile(level, index)
    }
}

/// Tiles in memory: for tests, benchmarks and tools.
#[derive(Clone, Debug, Default)]
pub struct MemoryTiles(pub BTreeMap<(u8, u64), Vec<u8>>);

impl MemoryTiles {
    /// Keeps these tiles, in place of narrower ones.
    pub fn put(&mut self, tiles: &[Tile]) {
        for tile in tiles {
            self.0.insert((tile.id.level, tile.id.index), tile.bytes.clone());
        }
    }
}

impl Tiles for MemoryTiles {
    type Error = Infallible;
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&(level, index)).cloned())
    }
}

impl TileId {
    /// The address of the tile below the log's prefix: `tile/0/x001/x234/067.p/8`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, tail(self.index, self.width))
    }

    /// Reads what [`TileId::path`] wrote; `None` for every other text.
    pub fn parse_path(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let level = u8::try_from(decimal(level)?).ok().filter(|l| *l <= 63)?;
        let (index, width) = parse_tail(rest)?;
        Some(Self { level, index, width })
    }
}

/// The address of an entry bundle: `tile/entries/x001/234.p/8`.
pub fn entries_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", tail(index, width))
}

/// The tile rows that a tree of this size has, with the width of each: level by level.
pub fn tile_rows(size: u64) -> impl Iterator<Item = TileId> {
    (0_u8..8)
        .map(move |level| (level, size.checked_shr(u32::from(level) * 8).unwrap_or(0)))
        .take_while(|(_, count)| *count > 0)
        .flat_map(|(level, count)| {
            (0..count.div_ceil(256)).map(move |index| TileId { level, index, width: width_of(count, index) })
        })
}

/// How many hashes the tile `index` has in a level of `count` hashes.
pub(crate) fn width_of(count: u64, index: u64) -> u16 {
    let left = count.saturating_sub(index.saturating_mul(256));
    u16::try_from(left.min(256)).unwrap_or(FULL_WIDTH)
}

fn tail(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < FULL_WIDTH {
        path = format!("{path}.p/{width}");
    }
    path
}

fn parse_tail(text: &str) -> Option<(u64, u16)> {
    let (number, width) = match text.split_once(".p/") {
        None => (text, FULL_WIDTH),
        Some((number, width)) => (number, u16::try_from(decimal(width)?).ok().filter(|w| (1..FULL_WIDTH).contains(w))?),
    };
    let mut index = 0_u64;
    let mut last = false;
    for part in number.split('/') {
        if last {
            return None;
        }
        let digits = part.strip_prefix('x').unwrap_or_else(|| {
            last = true;
            part
        });
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    // One spelling per tile: no leading x000.
    (last && tail(index, width) == text).then_some((index, width))
}

/// The hashes of a tile row, one by one; a trailing stump is not a hash.
pub(crate) fn hashes(row: &[u8]) -> impl Iterator<Item = Hash> + '_ {
    row.as_chunks::<HASH_BYTES>().0.iter().map(|h| Hash(*h))
}

/// The root over `count` hashes of a row from `from` on; `None` when the row is too short.
pub(crate) fn subtree(row: &[u8], from: usize, count: usize) -> Option<Hash> {
    let mut compact = Compact::default();
    let mut seen = 0_usize;
    for hash in hashes(row).skip(from).take(count) {
        compact.push(hash, |_, _| {});
        seen = seen.saturating_add(1);
    }
    (seen == count && count > 0).then(|| compact.root())
}

/// Reads a tile that must be there.
pub(crate) fn need<T: Tiles + ?Sized>(tiles: &T, level: u8, index: u64) -> Result<Vec<u8>, LedgerError> {
    tiles
        .tile(level, index)
        .map_err(|e| LedgerError::Tiles(Box::new(e)))?
        .ok_or(LedgerError::TileMissing { level, index })
}
