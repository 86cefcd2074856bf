//! Merkle log, checkpoints, proofs, offline verifier.
//!
//! An append-only log whose past nobody can rewrite unseen. Leaves are entries of a few dozen
//! bytes that speak of nobody ([`EntryHead`]: salted commitments and a hash of the stored row);
//! the tree over them is RFC 6962, kept as 256-wide tiles (C2SP `tlog-tiles`), its heads are
//! signed notes (C2SP `tlog-checkpoint`), and what is handed out is a `.tlog-proof` file (C2SP
//! `tlog-proof`), so that tools nobody here wrote can check all of it.
//!
//! The crate stores nothing and knows nothing of hospitals: hashes come and go through [`Tiles`],
//! one [`Sequencer`] per log belongs to the only writer, and [`audit`] checks a whole log offline.
//!
//! ```
//! use tacebo_ledger::{LedgerError, MemoryTiles, Sequencer};
//! # fn main() -> Result<(), LedgerError> {
//! let mut tiles = MemoryTiles::default();
//! let mut log = Sequencer::load("log.example/ward", 0, &tiles)?;
//! let staged = log.stage(1_700_000_000_000_000, &[b"first", b"other"])?;
//! tiles.put(&staged.tiles()); // in the store: the same durable transaction as the change itself
//! let receipts = log.committed(staged)?;
//! assert_eq!((receipts.len(), log.size()), (2, 2));
//! # Ok(()) }
//! ```
//!
//! A receipt cannot be made by hand:
//! ```compile_fail
//! let forged = tacebo_ledger::Receipt {
//!     origin: "log.example/ward".into(), index: 7, leaf: tacebo_ledger::Hash([0; 32]), time_us: 0,
//! };
//! ```
//! nor by its constructor:
//! ```compile_fail
//! let forged = tacebo_ledger::Receipt::new("log.example/ward".into(), 7, tacebo_ledger::Hash([0; 32]), 0);
//! ```

pub mod audit;
mod bundle;
mod checkpoint;
mod commitment;
mod compact;
mod entry;
mod error;
mod evidence;
mod hash;
mod key;
mod note;
mod proof;
mod receipt;
mod sequencer;
mod sm2;
mod text;
mod tile;
mod tlog_proof;

pub use bundle::{MAX_ENTRY, bundle, parse_bundle};
pub use checkpoint::Checkpoint;
pub use commitment::{Disclosure, Salt, commit, disclose};
pub use entry::{EntryHead, RowColumns, row_hash};
pub use error::LedgerError;
pub use evidence::{Evidence, Proved};
pub use hash::Hash;
pub use key::{LogKey, LogVerifier};
pub use note::{Note, NoteSignature};
pub use proof::{consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion};
pub use receipt::Receipt;
pub use sequencer::{Sequencer, Staged};
pub use sm2::Sm2Line;
pub use tile::{FULL_WIDTH, HASH_BYTES, MemoryTiles, Tile, TileId, Tiles, entries_path, tile_rows};
pub use tlog_proof::TlogProof;
