//! The offline check of a whole log, with no key but the log's public one.
//!
//! Everything stored is recomputed: each row against its entry, each entry against its tile, each
//! tile against the tree, the tree against the state row, every signed checkpoint and the older
//! checkpoints that the verifier kept. The first broken place is named.
//!
//! Entries after the newest signed checkpoint (a crash, or less than a second of work) are no
//! fault: they are checked against tiles and state row, and reported as the unsigned tail. What
//! this check cannot see, by its nature: a log rewritten or rolled back by someone who holds its
//! private key, unless an older checkpoint or a witness speaks against it.

mod fault;
mod source;
mod walk;

pub use fault::{AuditError, Fault};
pub use source::{CheckpointRow, LogRow, LogSource, StateRow};
pub use walk::{Progress, Report, audit};
