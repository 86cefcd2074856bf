//! What is hashed into the tree for one event.

use crate::{Hash, LedgerError, text::Reader};

const VERSION: u8 = 1;
const MINUTE_MS: u64 = 60_000;

/// The entry in the tree. It speaks of nobody: the time is rounded to the minute, `commitment`
/// hides the fields behind a salt, `row` is a hash over ciphertext. It can be mirrored outside
/// the house and stays valid when the keys to the body are destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryHead {
    /// When, in milliseconds since 1970, rounded down to the minute.
    pub time_ms: u64,
    /// What sort of event; the meaning belongs to the caller.
    pub class: u8,
    /// Commitment to the event's fields, see [`crate::commit`].
    pub commitment: Hash,
    /// Hash over the stored row, see [`row_hash`].
    pub row: Hash,
}

impl EntryHead {
    /// An entry's length in bytes.
    pub const BYTES: usize = 1 + 8 + 1 + 32 + 32;

    /// The head for a row that is about to be stored.
    pub fn new(columns: &RowColumns<'_>, commitment: Hash) -> Self {
        Self { time_ms: minute_of(columns.time_us), class: columns.class, commitment, row: row_hash(columns) }
    }

    /// The bytes that are logged: version, time, class, commitment, row.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::BYTES);
        out.push(VERSION);
        out.extend_from_slice(&self.time_ms.to_be_bytes());
        out.push(self.class);
        out.extend_from_slice(&self.commitment.0);
        out.extend_from_slice(&self.row.0);
        out
    }

    /// Reads logged bytes back; every head has exactly one spelling.
    pub fn decode(bytes: &[u8]) -> Result<Self, LedgerError> {
        let mut reader = Reader(bytes);
        let head = (|| {
            let version = reader.u8()?;
            let head = Self {
                time_ms: reader.array().map(u64::from_be_bytes)?,
                class: reader.u8()?,
                commitment: Hash(reader.array()?),
                row: Hash(reader.array()?),
            };
            Some((version, head))
        })();
        match head {
            Some((VERSION, head)) if reader.is_empty() && head.time_ms % MINUTE_MS == 0 => Ok(head),
            Some((VERSION, _)) => Err(LedgerError::Entry("wrong length or time")),
            Some(_) => Err(LedgerError::Entry("unknown version")),
            None => Err(LedgerError::Entry("cut off")),
        }
    }
}

/// Microseconds since 1970 as the entry tells them: milliseconds, rounded down to the minute.
/// Times before 1970 count as 1970.
pub(crate) fn minute_of(time_us: i64) -> u64 {
    let ms = u64::try_from(time_us).unwrap_or(0) / 1000;
    ms - ms % MINUTE_MS
}

/// The columns of a stored log row, all but the entry itself.
#[derive(Clone, Copy)]
pub struct RowColumns<'a> {
    /// Index in the log.
    pub index: u64,
    /// When, in microseconds since 1970.
    pub time_us: i64,
    /// Whom it concerns: an internal number, or nobody.
    pub subject: Option<u64>,
    /// Who acted: an internal number.
    pub actor: u64,
    /// The event's own id.
    pub eid: &'a [u8],
    /// What sort of event.
    pub class: u8,
    /// The sealed body.
    pub sealed: &'a [u8],
}

impl std::fmt::Debug for RowColumns<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Who and whom stay out of program logs.
        f.debug_struct("RowColumns").field("index", &self.index).finish_non_exhaustive()
    }
}

/// Binds a stored row to the tree so that it can be checked without any key:
/// SHA-256("tacebo/row/v1" ‖ columns, each behind its 64-bit length).
pub fn row_hash(columns: &RowColumns<'_>) -> Hash {
    let fixed = [columns.index.to_be_bytes(), columns.time_us.to_be_bytes(), columns.actor.to_be_bytes()];
    let subject = columns.subject.map(u64::to_be_bytes);
    let class = [columns.class];
    let [index, time, actor] = &fixed;
    let parts: [&[u8]; 7] = [
        index,
        time,
        // Nobody (no bytes) differs from number 0 (eight bytes).
        subject.as_ref().map_or(&[], <[u8; 8]>::as_slice),
        actor,
        columns.eid,
        &class,
        columns.sealed,
    ];
    // One call on one buffer: a context and its updates cost more than the copy.
    let mut all = Vec::with_capacity(13 + parts.iter().map(|part| 8 + part.len()).sum::<usize>());
    all.extend_from_slice(b"tacebo/row/v1");
    for part in parts {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    }
    Hash::of(&all)
}
