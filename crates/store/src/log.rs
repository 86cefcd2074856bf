//! The log's tree as the store keeps it.

use tacebo_ledger::{FULL_WIDTH, Sequencer, Tiles};

use crate::{PartNo, Store, StoreError, conn::Conn, entries::log_head, sql};

/// The stored tiles of a part's log, for proofs: `tacebo_ledger::inclusion_proof(&store.tiles(part), …)`.
#[derive(Debug)]
pub struct PartTiles<'a> {
    store: &'a Store,
    part: PartNo,
}

impl Tiles for PartTiles<'_> {
    type Error = StoreError;

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.read(|conn| read_tile(conn, self.part, level, index))
    }
}

impl Store {
    /// The tiles of a part's log.
    pub fn tiles(&self, part: PartNo) -> PartTiles<'_> {
        PartTiles { store: self, part }
    }
}

/// Entries that are filed together. In a lot this large a person's entries meet, and share a page of the list.
const LOT: u64 = 4 * FULL_WIDTH as u64;

/// How many entries of a log of this size are in the lists by person and by actor: those of full lots.
pub(crate) fn filed(size: u64) -> u64 {
    size - size % LOT
}

/// The same over a connection that is already there.
pub(crate) struct ConnTiles<'a> {
    pub(crate) conn: Conn<'a>,
    pub(crate) part: PartNo,
}

impl Tiles for ConnTiles<'_> {
    type Error = StoreError;

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        read_tile(self.conn, self.part, level, index)
    }
}

fn read_tile(conn: Conn<'_>, part: PartNo, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let values = [part.into(), i64::from(level).into(), index.cast_signed().into()];
    conn.first(&sql::TILE, &values, |r| r.bytes(0))
}

/// Takes up a part's log from the file, and refuses if its tiles do not add up to the stored root: appending to a
/// damaged tree would sign the damage.
pub(crate) fn load(conn: Conn<'_>, part: PartNo) -> Result<Option<Sequencer>, StoreError> {
    let Some(head) = log_head(conn, part)? else {
        return Ok(None);
    };
    let log = Sequencer::load(&head.origin, head.size, &ConnTiles { conn, part })
        .map_err(|e| StoreError::Log(e.to_string()))?;
    if log.root() == head.root {
        Ok(Some(log))
    } else {
        Err(StoreError::Log("the tiles do not give the stored root".to_owned()))
    }
}
