//! What goes into a commit and what comes back: the nouns of the store.

use std::sync::Arc;

use tacebo_ledger::{EntryHead, RowColumns};
pub use tacebo_ledger::{Hash, Receipt};
pub use tacebo_seal::{BucketRow, Category, IdTerm, SubjectNo, Term};

use crate::{CommitError, Rests, fmt::opaque_debug};

/// The number of an institution's partition, 0..=4095. Every row and every key begins with it, so one
/// institution is one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNo(pub i32);

impl PartNo {
    /// The highest partition number.
    pub const MAX: Self = Self(4095);

    /// The number as it is stored.
    pub(crate) const fn sql(self) -> i64 {
        self.0 as i64
    }

    /// Whether it is one of ours.
    pub(crate) fn is_possible(self) -> bool {
        (0..=Self::MAX.0).contains(&self.0)
    }

    /// The key of a log entry: the part in front, so that parts lie apart, then its place in the part's tree.
    pub(crate) fn place(self, index: u64) -> i64 {
        (self.sql() << PLACE_BITS) | index.min(LAST_PLACE).cast_signed()
    }

    /// The index behind such a key; one beyond every tree if the key is another part's.
    pub(crate) fn index_at(self, place: i64) -> u64 {
        place.wrapping_sub(self.place(0)).cast_unsigned()
    }
}

/// The largest value that is kept: far above any document, and far from what a message to a server can hold.
const MAX_VALUE: usize = 256 << 20;

/// The largest sealed entry that is kept: many times what the longest one says. Whoever looks at the log reads them whole.
const MAX_ENTRY: usize = 1 << 20;

/// Bits of a place in a tree; what is left of 63 holds [`PartNo::MAX`].
const PLACE_BITS: u32 = 51;
const LAST_PLACE: u64 = (1 << PLACE_BITS) - 1;

/// Commit order of document versions: 1, 2, 3 … without gaps in each part.
pub type Rid = i64;

/// `until` of a version that nothing has superseded.
pub const CURRENT: Rid = i64::MAX;

/// One new version of one document.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentWrite {
    /// What it is, for example `Observation`. Interned to a small number at rest.
    pub kind: String,
    /// Blind form of the document's own name.
    pub id: IdTerm,
    /// The person it speaks of; `None` for the house's own documents.
    pub subject: Option<SubjectNo>,
    /// Which data key of the person seals it.
    pub category: Category,
    /// Must be the stored version plus one (1 for the first), else [`crate::CommitError::VersionMismatch`].
    pub version: u64,
    /// A tombstone: the version says that the document is gone.
    pub deleted: bool,
    /// Sealed index record (what search inside one person reads).
    pub index: Vec<u8>,
    /// Sealed body.
    pub body: Vec<u8>,
    /// Blind terms under which the *current* version is found across persons.
    pub terms: Vec<Term>,
}
opaque_debug!(DocumentWrite);

/// The name of a blob: random, so that it tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName(pub [u8; 16]);

impl BlobName {
    /// The name in hex, as its object has it.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Sealed bytes that lie as an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub name: BlobName,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of them.
    pub hash: Hash,
}

/// The blob of a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobWrite {
    /// Which of the change's documents it belongs to.
    pub document: usize,
    /// The blob. Its object was put before ([`crate::Store::put_blobs`]).
    pub blob: Blob,
}

/// One new log entry. The store adds the time, the index and the leaf.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryWrite {
    /// Random name of the entry, made by the caller (it is part of what the sealed body is bound to).
    pub eid: [u8; 16],
    /// The person concerned; `None` for the house.
    pub subject: Option<SubjectNo>,
    /// Number of the actor (a person of the staff, a patient, a client, a job).
    pub actor: u64,
    /// What sort of event it is; the meaning belongs to the caller.
    pub class: u8,
    /// Salted commitment to the fields of the entry.
    pub commitment: Hash,
    /// The sealed fields and their salts.
    pub sealed: Vec<u8>,
}
opaque_debug!(EntryWrite);

impl EntryWrite {
    /// The bytes that the tree holds for it, at this place and time.
    pub(crate) fn logged(&self, index: u64, time_us: i64) -> Vec<u8> {
        let columns = RowColumns {
            index,
            time_us,
            subject: self.subject.map(|s| s.0),
            actor: self.actor,
            eid: &self.eid,
            class: self.class,
            sealed: &self.sealed,
        };
        EntryHead::new(&columns, self.commitment).encode()
    }
}

/// "Nobody has touched this term since I looked": the race guard of conditional creates and of unique names.
///
/// A commit touches a term when it names it in a guard or writes a document under it. The guard fails with
/// [`crate::CommitError::Conflict`] when another commit did so after `seen`; otherwise it stamps the term itself.
/// A guard is stamped with the rid of the change's last document, so a change with guards must write one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The term that was searched.
    pub term: Term,
    /// [`crate::Store::head`] from *before* the search.
    pub seen: Rid,
}

/// A wrapped data key of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Whose key.
    pub subject: SubjectNo,
    /// For which sort of data.
    pub category: Category,
    /// Counts up when a key is replaced for new writes.
    pub generation: u32,
    /// The key, wrapped by its bucket key ([`SubjectNo::bucket`]).
    pub wrapped: Vec<u8>,
}
opaque_debug!(KeyRow);

/// Destroys wrapped keys, and takes the person's current documents of that category out of the term index, unless the same
/// change puts a new key in the place: then they are sealed anew and still found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyDrop {
    /// Whose keys.
    pub subject: SubjectNo,
    /// Only this sort of data; `None` for all.
    pub category: Option<Category>,
}

/// A stored version sealed anew: the same content under another key. Everything else about it stays as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Reseal {
    /// Which version.
    pub rid: Rid,
    /// Its index record, sealed anew.
    pub index: Vec<u8>,
    /// Its body, sealed anew.
    pub body: Vec<u8>,
    /// Its blob, sealed anew; the one of before goes in any case.
    pub blob: Option<Blob>,
}
opaque_debug!(Reseal);

/// A document is found under these terms instead, as long as this version is its newest.
#[derive(Clone, PartialEq, Eq)]
pub struct Reterm {
    /// Which version.
    pub rid: Rid,
    /// Its terms.
    pub terms: Vec<Term>,
}
opaque_debug!(Reterm);

/// A server that follows the one that is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standby {
    /// What it calls itself.
    pub name: String,
    /// Whether it is up with what comes; `None` where this program may not know (PostgreSQL: `pg_read_all_stats`).
    pub streaming: Option<bool>,
    /// Whether a commit waits for it.
    pub synchronous: bool,
    /// Bytes of write-ahead log that it has not applied; `None` where unknown.
    pub behind_bytes: Option<u64>,
}

/// Who else has what is kept, at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standbys {
    /// Whether there should be some: the store was told of several servers.
    pub expected: bool,
    /// Those that are connected.
    pub found: Vec<Standby>,
}

/// A signed checkpoint to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointWrite {
    /// The tree size it speaks of: at most the committed size, at least that of the checkpoint before.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// Everything that must become durable together, or not at all.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The partition; a change never spans two.
    pub part: PartNo,
    /// New document versions, in order. Two versions of one document are allowed (1, then 2).
    pub documents: Vec<DocumentWrite>,
    /// Blobs of these documents, one for each at most.
    pub blobs: Vec<BlobWrite>,
    /// Blobs whose objects were removed and need not be remembered any more.
    pub forget_blobs: Vec<BlobName>,
    /// New log entries, in order.
    pub entries: Vec<EntryWrite>,
    /// Wrapped data keys, new or re-wrapped. Applied after `drop_keys`.
    pub keys: Vec<KeyRow>,
    /// Keys to destroy.
    pub drop_keys: Vec<KeyDrop>,
    /// Versions to take out for good, with their terms and the race guards on those. Whoever erases the newest version of a
    /// document erases all of them, else an older one would be the newest.
    pub erase: Vec<Rid>,
    /// Versions sealed anew.
    pub reseal: Vec<Reseal>,
    /// Versions found under other terms.
    pub reterm: Vec<Reterm>,
    /// Whether every race guard is forgotten: they stand on terms that nobody asks for any more.
    pub drop_guards: bool,
    /// Persons whose blind names are forgotten.
    pub drop_subjects: Vec<SubjectNo>,
    /// New persons: blind name to internal number.
    pub subjects: Vec<(IdTerm, SubjectNo)>,
    /// Bucket keys, new or replaced.
    pub buckets: Vec<BucketRow>,
    /// Race guards, checked before anything is written.
    pub guards: Vec<Guard>,
    /// A signed checkpoint to keep.
    pub checkpoint: Option<CheckpointWrite>,
    /// Named values of the institution, set or replaced.
    pub meta: Vec<(String, Vec<u8>)>,
    /// Persons of whom other nodes have to ask anew, beside those whom documents and entries name.
    pub touches: Vec<SubjectNo>,
    /// What it rests on that another node may have touched. Only where there can be another node.
    pub rests: Option<Rests>,
    /// A claim ([`crate::Store::claim`]) that must be this node's when it is committed.
    pub claim: Option<&'static str>,
}
opaque_debug!(Change);

/// Something that its giver wants held as long as a change is on its way.
pub type Held = Box<dyn std::any::Any + Send>;

impl Change {
    /// An empty change of a partition.
    #[must_use]
    pub const fn new(part: PartNo) -> Self {
        Self {
            part,
            documents: Vec::new(),
            blobs: Vec::new(),
            forget_blobs: Vec::new(),
            entries: Vec::new(),
            keys: Vec::new(),
            drop_keys: Vec::new(),
            erase: Vec::new(),
            reseal: Vec::new(),
            reterm: Vec::new(),
            drop_guards: false,
            drop_subjects: Vec::new(),
            subjects: Vec::new(),
            buckets: Vec::new(),
            guards: Vec::new(),
            checkpoint: None,
            meta: Vec::new(),
            touches: Vec::new(),
            rests: None,
            claim: None,
        }
    }

    /// Refuses what one of the engines could not keep, so that both refuse it.
    pub(crate) fn check(&self) -> Result<(), CommitError> {
        let texts = self.documents.iter().map(|d| &*d.kind).chain(self.meta.iter().map(|(name, _)| &**name));
        let notes = self.checkpoint.iter().map(|checkpoint| &*checkpoint.note);
        if texts.chain(notes).any(|text| text.contains('\0')) {
            return Err(CommitError::Malformed("text with a zero byte"));
        }
        let anew = self.reseal.iter().flat_map(|r| [r.index.len(), r.body.len()]);
        let documents = self.documents.iter().flat_map(|d| [d.index.len(), d.body.len()]).chain(anew);
        if self.entries.iter().any(|entry| entry.sealed.len() > MAX_ENTRY) {
            return Err(CommitError::Malformed("an entry is too long"));
        }
        let named = self.meta.iter().map(|(_, value)| value.len());
        if documents.chain(named).any(|length| length > MAX_VALUE) {
            return Err(CommitError::Malformed("a value is too big"));
        }
        let mut with_blob: Vec<usize> = self.blobs.iter().map(|blob| blob.document).collect();
        with_blob.sort_unstable();
        let twice = with_blob.windows(2).any(|pair| pair.first() == pair.last());
        if twice || with_blob.last().is_some_and(|last| *last >= self.documents.len()) {
            return Err(CommitError::Malformed("a blob of no document, or two of one"));
        }
        Ok(())
    }

    /// The blobs that it names.
    pub(crate) fn blob_names(&self) -> impl Iterator<Item = BlobName> {
        let anew = self.reseal.iter().filter_map(|one| one.blob);
        self.blobs.iter().map(|one| one.blob).chain(anew).map(|blob| blob.name)
    }

    /// Whether it takes away or replaces what others may name, so that looking up each row's neighbours would be needed to
    /// decide it beside others.
    pub(crate) fn stands_alone(&self) -> bool {
        let Self { drop_keys, erase, reseal, reterm, drop_guards, drop_subjects, .. } = self;
        let none = drop_keys.is_empty() && erase.is_empty() && reseal.is_empty() && reterm.is_empty();
        !none || *drop_guards || !drop_subjects.is_empty()
    }

    /// Versions that are there already and will be others, or none: an archive that has them must be told.
    pub(crate) fn reworked(&self) -> impl Iterator<Item = Rid> + '_ {
        self.erase.iter().copied().chain(self.reseal.iter().map(|one| one.rid))
    }

    /// Whether a key that it destroys has a new one put in its place.
    pub(crate) fn renews(&self, gone: &KeyDrop) -> bool {
        self.keys.iter().any(|key| key.subject == gone.subject && Some(key.category) == gone.category)
    }

    /// Whether what it deletes or replaces is overwritten in the file too. Commits of every day are not: it costs pages.
    pub(crate) fn overwrites(&self) -> bool {
        let Self { erase, drop_keys, drop_subjects, reterm, drop_guards, meta, .. } = self;
        let rows = erase.is_empty() && drop_keys.is_empty() && drop_subjects.is_empty() && reterm.is_empty();
        !rows || *drop_guards || !meta.is_empty()
    }

    /// Whether this is one log entry and nothing else, as of every read.
    pub(crate) fn is_one_entry(&self) -> bool {
        self.entries.len() == 1 && self.checkpoint.is_none() && self.is_only_log()
    }

    /// Whether it changes nothing but the log: nobody remembers anything of that.
    pub(crate) fn is_only_log(&self) -> bool {
        let Self {
            part: _,
            documents,
            blobs,
            forget_blobs,
            entries: _,
            keys,
            drop_keys,
            erase,
            reseal,
            reterm,
            drop_guards,
            drop_subjects,
            subjects,
            buckets,
            guards,
            checkpoint: _,
            meta,
            touches: _,
            rests: _,
            claim: _,
        } = self;
        documents.is_empty()
            && blobs.is_empty()
            && forget_blobs.is_empty()
            && keys.is_empty()
            && drop_keys.is_empty()
            && erase.is_empty()
            && reseal.is_empty()
            && reterm.is_empty()
            && !drop_guards
            && drop_subjects.is_empty()
            && subjects.is_empty()
            && buckets.is_empty()
            && guards.is_empty()
            && meta.is_empty()
    }
}

/// The answer to a change that is durable.
#[derive(Debug)]
pub struct Committed {
    /// Rid of the first document of the change; the others follow without a gap. With no documents: the rid
    /// that the next document of the part will get.
    pub first_rid: Rid,
    /// Time of the commit, microseconds since 1970, later than that of every commit before in the part, whatever
    /// the clock says.
    pub time_us: i64,
    /// One receipt per entry, in order.
    pub receipts: Vec<Receipt>,
}

/// A document version without its body, as search reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// Commit order.
    pub rid: Rid,
    /// What it is.
    pub kind: Arc<str>,
    /// Blind name.
    pub id: IdTerm,
    /// The person it speaks of.
    pub subject: Option<SubjectNo>,
    /// Which data key seals it.
    pub category: Category,
    /// Version number.
    pub version: u64,
    /// Rid of the version that superseded it, [`CURRENT`] while none did.
    pub until: Rid,
    /// A tombstone.
    pub deleted: bool,
    /// When it was committed, microseconds since 1970.
    pub time_us: i64,
    /// Sealed index record.
    pub index: Vec<u8>,
}
opaque_debug!(IndexRow);

/// A document version with its body, as an archive carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct WholeRow {
    /// All but the body.
    pub row: IndexRow,
    /// Sealed body.
    pub body: Vec<u8>,
    /// The object that it leads to, if it is too big for a row.
    pub blob: Option<Blob>,
}
opaque_debug!(WholeRow);

/// How far a part has come, of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartEdge {
    /// Name of the log.
    pub origin: String,
    /// Entries of the log.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// Number of the checkpoint kept last.
    pub checkpoint: u64,
    /// The rid given last.
    pub rid: Rid,
    /// Time of the last commit, microseconds.
    pub time_us: i64,
}

/// A log entry at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Place in the log, from 0.
    pub index: u64,
    /// Random name.
    pub eid: [u8; 16],
    /// Time of the commit, microseconds since 1970.
    pub time_us: i64,
    /// The person concerned.
    pub subject: Option<SubjectNo>,
    /// Number of the actor.
    pub actor: u64,
    /// Sort of event.
    pub class: u8,
    /// The bytes that the tree holds (an encoded `EntryHead`).
    pub entry: Vec<u8>,
    /// The sealed fields.
    pub sealed: Vec<u8>,
}
opaque_debug!(EntryRow);

/// Which log entries; all conditions hold together, newest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EntryQuery {
    /// Only of this person.
    pub subject: Option<SubjectNo>,
    /// Only by this actor.
    pub actor: Option<u64>,
    /// Only this sort of event.
    pub class: Option<u8>,
    /// From this index on.
    pub from_index: Option<u64>,
    /// Before this index (pass the last index of a page to get the next page).
    pub before_index: Option<u64>,
    /// From this time on, microseconds.
    pub from_us: Option<i64>,
    /// Before this time, microseconds.
    pub before_us: Option<i64>,
    /// At most so many; 0 gives none.
    pub limit: usize,
}

/// A kept checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Counts up from 1.
    pub seq: u64,
    /// Tree size.
    pub size: u64,
    /// Signed note.
    pub note: String,
}

/// The durable end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Name of the log as its checkpoints carry it.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root hash of the tree.
    pub root: Hash,
    /// Number of the last kept checkpoint; 0 when none.
    pub checkpoint: u64,
}

/// How many rows a part has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Document versions, history included.
    pub versions: u64,
    /// Log entries.
    pub entries: u64,
    /// Persons.
    pub subjects: u64,
    /// Wrapped data keys.
    pub keys: u64,
}
