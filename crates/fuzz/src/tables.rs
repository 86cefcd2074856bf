//! A small log as its tables are stored, with a proof of one entry.

use std::{collections::BTreeMap, convert::Infallible, ops::ControlFlow, sync::LazyLock};

use tacebo_ledger::audit::{CheckpointRow, LogRow, LogSource, StateRow};
use tacebo_ledger::{
    EntryHead, Evidence, LedgerError, LogKey, LogVerifier, MemoryTiles, RowColumns, Salt, Sequencer, Tiles, TlogProof,
    bundle, commit, disclose,
};

const ORIGIN: &str = "log.example/ward";
/// Over a full tile, and signed twice: there is a tile of the second level and an unsigned tail.
const ENTRIES: u64 = 300;
const SIGNED: [u64; 2] = [100, 290];

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub index: u64,
    pub eid: Vec<u8>,
    pub entry: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// The log's tables.
#[derive(Clone, PartialEq)]
pub(crate) struct Stored {
    pub rows: Vec<Row>,
    pub tiles: BTreeMap<(u64, u64), Vec<u8>>,
    pub checkpoints: Vec<(u64, Vec<u8>)>,
    pub state: StateRow,
}

/// What is known to be true.
pub(crate) struct Whole {
    pub stored: Stored,
    pub verifier: LogVerifier,
    pub proof: Vec<u8>,
    pub bundle: Vec<u8>,
    /// Fields of the proved entry.
    pub fields: [(&'static str, &'static [u8]); 2],
}

pub(crate) static WHOLE: LazyLock<Whole> = LazyLock::new(|| make().expect("a log of a few hundred entries is made"));

fn make() -> Result<Whole, LedgerError> {
    let key = LogKey::from_bytes(ORIGIN, &[7; 32])?;
    let fields: [(&'static str, &'static [u8]); 2] = [("actor", b"li"), ("outcome", b"done")];
    let salt = Salt::from_bytes([3; 32]);
    let mut rows = Vec::new();
    for index in 0..ENTRIES {
        let (eid, sealed) = (index.to_be_bytes().repeat(2), index.to_le_bytes().repeat(3));
        let columns =
            RowColumns { index, time_us: 1, subject: Some(index), actor: 2, eid: &eid, class: 1, sealed: &sealed };
        let entry = EntryHead::new(&columns, commit(&salt, &fields)?).encode();
        rows.push(Row { index, eid, entry, sealed });
    }
    let mut tiles = MemoryTiles::default();
    let mut log = Sequencer::load(ORIGIN, 0, &tiles)?;
    let mut checkpoints = Vec::new();
    let mut left = rows.iter();
    for to in SIGNED.into_iter().chain([ENTRIES]) {
        let wanted = usize::try_from(to - log.size()).unwrap_or(0);
        let entries: Vec<&Vec<u8>> = left.by_ref().take(wanted).map(|row| &row.entry).collect();
        let staged = log.stage(1, &entries)?;
        tiles.put(&staged.tiles());
        log.committed(staged)?;
        if checkpoints.len() < SIGNED.len() {
            checkpoints.push((log.size(), key.sign(&log.checkpoint())?.into_bytes()));
        }
    }
    let verifier = key.verifier()?;
    let note = checkpoints.last().map(|(_, note)| String::from_utf8_lossy(note).into_owned()).unwrap_or_default();
    let entry = rows.get(41).map(|row| row.entry.clone()).unwrap_or_default();
    let disclosures = fields.iter().map(|(name, _)| disclose(&salt, &fields, name)).collect::<Result<_, _>>()?;
    let extra = Evidence { entry, disclosures }.encode()?;
    let proof = TlogProof::make(&tiles, 41, &note, &verifier, Some(extra))?.to_string().into_bytes();
    let entries: Vec<&Vec<u8>> = rows.iter().take(256).map(|row| &row.entry).collect();
    let bundle = bundle(&entries)?;
    let state = StateRow { size: log.size(), root: log.root().0.to_vec(), last_checkpoint: checkpoints.len() as u64 };
    let mut kept = BTreeMap::new();
    for id in tacebo_ledger::tile_rows(log.size()) {
        if let Ok(Some(tile)) = tiles.tile(id.level, id.index) {
            kept.insert((u64::from(id.level), id.index), tile);
        }
    }
    Ok(Whole { stored: Stored { rows, tiles: kept, checkpoints, state }, verifier, proof, bundle, fields })
}

impl Tiles for Stored {
    type Error = Infallible;

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.tiles.get(&(level.into(), index)).cloned())
    }
}

impl LogSource for Stored {
    fn state(&self) -> Result<Option<StateRow>, Infallible> {
        Ok(Some(self.state.clone()))
    }

    fn rows(&self, visit: &mut dyn FnMut(LogRow<'_>) -> ControlFlow<()>) -> Result<(), Infallible> {
        let _ = self.rows.iter().try_for_each(|row| {
            visit(LogRow {
                index: row.index,
                time_us: 1,
                subject: Some(row.index),
                actor: 2,
                eid: &row.eid,
                class: 1,
                entry: &row.entry,
                sealed: &row.sealed,
            })
        });
        Ok(())
    }

    fn tile_rows(&self, visit: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<(), Infallible> {
        let _ = self.tiles.keys().try_for_each(|(level, index)| visit(*level, *index));
        Ok(())
    }

    fn checkpoints(&self, visit: &mut dyn FnMut(CheckpointRow<'_>) -> ControlFlow<()>) -> Result<(), Infallible> {
        let mut seq = 0;
        let _ = self.checkpoints.iter().try_for_each(|(size, note)| {
            seq += 1;
            visit(CheckpointRow { seq, size: *size, note })
        });
        Ok(())
    }
}
