//! The one path: ask, decide, open, veil, log, disclose; and commit.
//!
//! Every read and write of patient data is a call into [`Vault`]. What comes out is
//! [`Disclosed`], which only the vault can make, from a permit (policy) and a receipt
//! (log), or [`Refused`], which is logged too. The rooms above see neither the store
//! nor the keys.
//!
//! A disclosure cannot be made by hand:
//! ```compile_fail
//! let _ = tacebo_vault::Disclosed { value: 1, receipts: [].into(), permit: None };
//! ```

mod amend;
mod asker;
mod backup;
mod blob;
mod body;
mod compare;
mod custody;
mod decide;
mod disclosed;
mod document;
mod entry;
mod follow;
mod granted;
mod hot;
mod house;
mod keys;
mod log;
mod look;
mod meant;
mod merge;
mod nodes;
mod pack;
mod profile;
mod random;
mod read;
mod record;
mod records;
mod restore;
mod root;
mod search;
mod shred;
mod sign;
mod speech;
mod state;
mod terms;
mod ticket;
mod time;
mod token;
mod vault;
mod verify;
mod ward;
mod watched;
mod witness;
mod write;

pub use asker::{Asker, Door, Origin};
pub use backup::{BackupPlan, BackupRun, BackupTrouble, BackupWork, Backups, Drill};
pub use body::Body;
pub use compare::{Compared, Comparison, Progress, Unlike};
pub use custody::{Closing, CustodyTerms, CustodyTrouble};
pub use disclosed::{Denial, Disclosed, Refused, VaultFault};
pub use document::{DocRef, Document};
pub use entry::{Outcome, field};
pub use follow::{Heard, RecordName};
pub use granted::Granted;
pub use house::{BLOBS_FOLDER, Opening, VKEY_FILE, part_of};
pub use log::{LogEntry, LogQuery, ProofFile};
pub use look::{Look, Unanswered};
pub use meant::Meant;
pub use nodes::{Claim, Forgotten};
pub use pack::instant;
pub use read::At;
pub use records::{ASKED_BY, Keep, Record, RecordKind};
pub use restore::{Finished, Finishing, PointInTime, Restoring, ToldRestore};
pub use root::{LeftRoot, RootState, TurnDone, TurnStep};
pub use search::{CANDIDATE_CAP, Everything, Find, IndexView, Page, Scope, Sieve};
pub use shred::{
    Block, CERTIFICATE, Hold, ShredAct, ShredAsk, ShredDone, ShredError, ShredRoot, ShredSeen, ShredStage, ShredTarget,
    ShredTerms, ShredWhom, Shredding, certified,
};
pub use sign::SIGN_EVERY;
pub use speech::{Digest, PatientId, Speech};
pub use state::HouseState;
pub use terms::TermState;
pub use ticket::{Emergency, EmergencyTerms, Running};
pub use vault::{Institution, Snapshot, Vault};
pub use verify::Verified;
pub use ward::Ward;
pub use write::{Expect, Write, Written};

/// Receipts and the tools to check what the log proves, offline.
pub use tacebo_ledger as ledger;
/// Policy's words: who, why, labels, facts, refusals.
pub use tacebo_policy as policy;
/// Who may hold the root key, and in which algorithms everything is sealed.
pub use tacebo_seal::{Custodian, DestructionReceipt, Effort, PassphraseFile, Suite, Worth};
/// A node of the house as the others know it.
pub use tacebo_store::NodeRow;
/// The clock and the fatal hook that a program gives when it opens a house.
pub use tacebo_store::{Clock, FatalHook};
/// Who follows the database server.
pub use tacebo_store::{Standby, Standbys};
/// Masks.
pub use tacebo_veil as veil;
