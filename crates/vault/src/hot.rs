//! Versions that were opened lately, so that the next ask does not open them again.
//!
//! A version never changes, so what is kept here is never stale: which version is the current one is asked of the store
//! every time. Plain data lies here as data keys lie in [`crate::keys`]: within bounds, wiped when it goes, and only
//! for asks that policy still decides one by one.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tacebo_seal::{Part, Plain, SubjectNo};
use tacebo_store::{IndexRow, Rid};

use crate::disclosed::VaultFault;
use crate::document::IndexRecord;
use crate::pack::stamp_time;
use crate::vault::Inner;

/// Bytes of opened index records kept at most.
const RECORD_BYTES: u64 = 24 << 20;
/// Bytes of opened bodies kept at most.
const BODY_BYTES: u64 = 24 << 20;
/// What a version costs beyond the bytes it was sealed in: its strings lie one by one.
const OVERHEAD: u64 = 512;
/// Sealed bytes of a version above which it is not worth its place.
const LARGEST: usize = 256 << 10;

/// One version with its index record opened.
pub(crate) struct Opened {
    /// The row; its sealed index is left out.
    pub row: IndexRow,
    /// What was sealed in it.
    pub record: IndexRecord,
    sealed: usize,
}

/// A body as it was packed: JSON text.
pub(crate) type Text = Arc<Plain>;

pub(crate) struct Hot {
    records: Cache<Rid, Arc<Opened>, Weight>,
    bodies: Cache<Rid, Text, Weight>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Rid, Arc<Opened>> for Weight {
    fn weight(&self, _: &Rid, one: &Arc<Opened>) -> u64 {
        2 * one.sealed as u64 + OVERHEAD
    }
}

impl Weighter<Rid, Text> for Weight {
    fn weight(&self, _: &Rid, text: &Text) -> u64 {
        text.len() as u64 + OVERHEAD
    }
}

impl Hot {
    pub(crate) fn new() -> Self {
        let usual = |bytes: u64| usize::try_from(bytes / 2048).unwrap_or(usize::MAX);
        Self {
            records: Cache::with_weighter(usual(RECORD_BYTES), RECORD_BYTES, Weight),
            bodies: Cache::with_weighter(usual(BODY_BYTES), BODY_BYTES, Weight),
        }
    }
}

impl Hot {
    /// Forgets everything that was opened.
    pub(crate) fn clear(&self) {
        self.records.clear();
        self.bodies.clear();
    }
}

impl Inner {
    /// These versions, opened, in the order asked.
    pub(crate) fn opened(&self, rids: &[Rid]) -> Result<Vec<Arc<Opened>>, VaultFault> {
        let mut found: Vec<Option<Arc<Opened>>> = rids.iter().map(|rid| self.hot.records.get(rid)).collect();
        let missing: Vec<Rid> = rids.iter().zip(&found).filter(|(_, one)| one.is_none()).map(|(rid, _)| *rid).collect();
        if !missing.is_empty() {
            let mut rows = self.store.rows(self.part, &missing)?.into_iter();
            for one in found.iter_mut().filter(|one| one.is_none()) {
                let row = rows.next().ok_or(VaultFault::Decode("a version without a row"))?;
                *one = Some(self.open_row(row)?);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// One version, opened.
    pub(crate) fn opened_one(&self, rid: Rid) -> Result<Arc<Opened>, VaultFault> {
        self.opened(&[rid])?.pop().ok_or(VaultFault::Decode("a version without a row"))
    }

    /// Opens the index record of a row that was read.
    pub(crate) fn open_row(&self, row: IndexRow) -> Result<Arc<Opened>, VaultFault> {
        let opened = Arc::new(self.open_cold(row)?);
        if opened.sealed <= LARGEST {
            self.hot.records.insert(opened.row.rid, Arc::clone(&opened));
        }
        Ok(opened)
    }

    /// The same for one that nobody asked for and that is not worth keeping.
    pub(crate) fn open_cold(&self, mut row: IndexRow) -> Result<Opened, VaultFault> {
        self.follow_to(row.rid)?;
        let key = self.key(row.subject.unwrap_or(SubjectNo::HOUSE), row.category)?;
        let place = self.place(row.subject, row.category, &row.kind, &row.id.0, row.version, Part::Index);
        let record = IndexRecord::decode(&key.open(&place, &row.index)?)?;
        let sealed = std::mem::take(&mut row.index).len();
        Ok(Opened { row, record, sealed })
    }

    /// The bodies of these versions, in the order given.
    pub(crate) fn texts(&self, versions: &[&Opened]) -> Result<Vec<Text>, VaultFault> {
        let mut found: Vec<Option<Text>> = versions.iter().map(|one| self.hot.bodies.get(&one.row.rid)).collect();
        let missing: Vec<Rid> =
            versions.iter().zip(&found).filter(|(_, text)| text.is_none()).map(|(one, _)| one.row.rid).collect();
        if !missing.is_empty() {
            let mut sealed = self.store.bodies(self.part, &missing)?.into_iter();
            for (one, text) in versions.iter().zip(&mut found).filter(|(_, text)| text.is_none()) {
                let sealed = sealed.next().ok_or(VaultFault::Decode("a version without a body"))?;
                *text = Some(self.open_body(one, &sealed)?);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    fn open_body(&self, one: &Opened, sealed: &[u8]) -> Result<Text, VaultFault> {
        let row = &one.row;
        if row.deleted {
            return Ok(Arc::default());
        }
        let key = self.key(row.subject.unwrap_or(SubjectNo::HOUSE), row.category)?;
        let place = |part| self.place(row.subject, row.category, &row.kind, &row.id.0, row.version, part);
        let (packed, length) = self.unseal_body(&key, place, sealed)?;
        let mut text = self.packer.unpack(&packed)?;
        stamp_time(&mut text, &row.kind, &one.record.id, row.version, row.time_us)?;
        let text = Arc::new(text);
        if length <= LARGEST {
            self.hot.bodies.insert(row.rid, Arc::clone(&text));
        }
        Ok(text)
    }
}
