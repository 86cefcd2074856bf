//! What a run says of itself. Written last.

use serde::{Deserialize, Serialize};

/// The form of everything in an archive.
pub(crate) const FORMAT: u32 = 1;

/// What an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// New versions of documents.
    Versions,
    /// Versions that earlier runs carried and that were sealed anew since, or taken out.
    Again,
    /// A large document, sealed: what a version leads to.
    Blob,
    /// Entries of the log.
    Entries,
    /// Signed checkpoints of the log.
    Checkpoints,
    /// Wrapped keys, names and named values: kept for some days only.
    Keys,
}

impl Class {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Versions => 1,
            Self::Again => 2,
            Self::Entries => 3,
            Self::Checkpoints => 4,
            Self::Keys => 5,
            Self::Blob => 6,
        }
    }
}

/// An object of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Object {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub class: Class,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it, hex.
    pub sha256: String,
    /// Rows in it.
    pub rows: u64,
}

/// What a run carried, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Carried {
    /// New versions.
    pub versions: u64,
    /// Versions sealed anew.
    pub again: u64,
    /// Versions taken out.
    pub gone: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Persons with keys.
    pub subjects: u64,
    /// Data keys.
    pub keys: u64,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The form of the archive.
    pub format: u32,
    /// Counts up from 1.
    pub run: u64,
    /// SHA-256 of the manifest before, hex.
    pub before: Option<String>,
    /// Name of the log.
    pub origin: String,
    /// The log's public key, as text.
    pub vkey: String,
    /// The institution's partition.
    pub part: i32,
    /// When the run began, microseconds since 1970.
    pub begun_us: i64,
    /// When it ended.
    pub ended_us: i64,
    /// The last version that is in the archive.
    pub rid: i64,
    /// Time of the last commit that is in the archive.
    pub time_us: i64,
    /// Entries of the log that are in the archive.
    pub log_size: u64,
    /// Root over them, base64.
    pub log_root: String,
    /// Number of the last checkpoint that is in the archive.
    pub checkpoint: u64,
    /// Up to where versions that were sealed anew or taken out are told of: time, rid.
    pub reworked: (i64, i64),
    /// The root epoch that the keys were wrapped under.
    pub epoch: u32,
    /// Until when the keys are kept, microseconds since 1970.
    pub keys_until_us: i64,
    /// What was carried.
    pub carried: Carried,
    /// The objects, in the order in which they are read.
    pub objects: Vec<Object>,
}

impl Manifest {
    /// Up to when every commit is in the archive, microseconds since 1970.
    pub fn reaches_us(&self) -> i64 {
        self.begun_us.max(self.time_us)
    }

    /// Bytes of all its objects.
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.bytes).sum()
    }

    pub(crate) fn of(&self, class: Class) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.class == class)
    }
}
