//! Checking an archive without keys: every object is the one that its manifest names, the log is whole up to the newest run
//! and agrees with every signed checkpoint, and every version belongs where it is.

use std::collections::{BTreeMap, BTreeSet};

use tacebo_ledger::{EntryHead, LogVerifier, MemoryTiles, RowColumns, Sequencer};
use tacebo_store::{Blob, EntryRow};

use crate::{ArchiveError, Chain, Class, Manifest, Tell, backup::data_name, segment::Row};

/// An archive without fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Runs.
    pub runs: u64,
    /// Bytes of all objects that were checked.
    pub bytes: u64,
    /// Versions that a restore would bring back.
    pub versions: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Signed checkpoints that the log agrees with.
    pub checkpoints: u64,
    /// Runs whose keys are there.
    pub with_keys: Vec<u64>,
}

/// Checks everything. `key` is the log's public key from elsewhere; without one the archive's own word is taken for it.
pub fn verify(chain: &Chain, key: Option<&LogVerifier>, tell: Tell<'_>) -> Result<Verified, ArchiveError> {
    let newest = chain.last().ok_or(ArchiveError::None)?;
    let own: LogVerifier = match key {
        Some(key) => key.clone(),
        None => newest
            .manifest
            .vkey
            .parse()
            .map_err(|_| ArchiveError::Log { run: newest.manifest.run, why: "its public key is none".to_owned() })?,
    };
    if own.origin() != newest.manifest.origin {
        return Err(ArchiveError::OtherHouse(newest.manifest.origin.clone()));
    }
    let total: u64 = chain.runs.iter().map(|ran| ran.manifest.bytes()).sum();
    let log = Sequencer::load(&newest.manifest.origin, 0, &MemoryTiles::default()).map_err(|e| wrong(1, &e))?;
    let mut walk =
        Walk { chain, key: own, log, there: BTreeMap::new(), blobs: BTreeSet::new(), checkpoints: 0, bytes: 0, total };
    let mut with_keys = Vec::new();
    let mut from = 0;
    for (place, ran) in chain.runs.iter().enumerate() {
        let run = &ran.manifest;
        walk.versions(run, from, tell)?;
        walk.log(run, chain.runs.get(place + 1).map(|next| &next.manifest), tell)?;
        if chain.has_keys(ran)? {
            for object in run.of(Class::Keys) {
                chain.rows(object)?;
                walk.seen(object.bytes, tell);
            }
            with_keys.push(run.run);
        }
        from = run.rid;
    }
    for blob in walk.there.values().flatten() {
        let sha256 = hex::encode(blob.hash.0);
        if !walk.blobs.contains(&(sha256.clone(), blob.size)) {
            return Err(ArchiveError::Missing(data_name(&sha256)));
        }
    }
    if !with_keys.contains(&newest.manifest.run) {
        let missing = newest.manifest.of(Class::Keys).next().map(|object| object.name.clone());
        return Err(ArchiveError::Missing(missing.unwrap_or_default()));
    }
    Ok(Verified {
        runs: chain.runs.len() as u64,
        bytes: walk.bytes,
        versions: walk.there.len() as u64,
        entries: walk.log.size(),
        checkpoints: walk.checkpoints,
        with_keys,
    })
}

struct Walk<'a> {
    chain: &'a Chain,
    key: LogVerifier,
    log: Sequencer,
    /// Versions that are there, each with the object it leads to.
    there: BTreeMap<i64, Option<Blob>>,
    /// Objects of large documents: SHA-256 and length.
    blobs: BTreeSet<(String, u64)>,
    checkpoints: u64,
    bytes: u64,
    total: u64,
}

impl Walk<'_> {
    fn seen(&mut self, bytes: u64, tell: Tell<'_>) {
        self.bytes += bytes;
        tell(self.bytes, self.total);
    }

    fn versions(&mut self, run: &Manifest, mut after: i64, tell: Tell<'_>) -> Result<(), ArchiveError> {
        for object in run.of(Class::Blob) {
            self.chain.bytes(object)?;
            self.blobs.insert((object.sha256.clone(), object.bytes));
            self.seen(object.bytes, tell);
        }
        for object in run.of(Class::Versions) {
            for row in self.chain.rows(object)? {
                let Row::Version(whole) = row else { continue };
                let rid = whole.row.rid;
                if rid <= after || rid > run.rid {
                    return Err(ArchiveError::Damaged { object: object.name.clone(), why: "versions out of order" });
                }
                after = rid;
                self.there.insert(rid, whole.blob);
            }
            self.seen(object.bytes, tell);
        }
        for object in run.of(Class::Again) {
            for row in self.chain.rows(object)? {
                match row {
                    Row::Version(whole) => {
                        self.there.insert(whole.row.rid, whole.blob);
                    }
                    Row::Gone(rid) => {
                        self.there.remove(&rid);
                    }
                    _ => {}
                }
            }
            self.seen(object.bytes, tell);
        }
        Ok(())
    }

    /// The entries of a run against its checkpoints and those that were kept later for a size that it reached.
    fn log(&mut self, run: &Manifest, next: Option<&Manifest>, tell: Tell<'_>) -> Result<(), ArchiveError> {
        let begun = self.log.size();
        let mut marks = self.marks(run, begun)?;
        self.checkpoints += run.of(Class::Checkpoints).map(|object| object.rows).sum::<u64>();
        if let Some(next) = next {
            marks.extend(self.marks(next, begun)?.into_iter().filter(|(size, _)| *size <= run.log_size));
        }
        marks.push((run.log_size, run.log_root.clone()));
        marks.sort();
        let mut marks = marks.into_iter().peekable();
        // Kept after the run before had looked, and for what that carried.
        while let Some((_, root)) = marks.next_if(|(size, _)| *size == self.log.size()) {
            self.agrees(run.run, &root)?;
        }
        for object in run.of(Class::Entries) {
            for row in self.chain.rows(object)? {
                let Row::Entry(row) = row else { continue };
                self.entry(run.run, &row)?;
                while let Some((_, root)) = marks.next_if(|(size, _)| *size == self.log.size()) {
                    self.agrees(run.run, &root)?;
                }
            }
            self.seen(object.bytes, tell);
        }
        for object in run.of(Class::Checkpoints) {
            self.seen(object.bytes, tell);
        }
        match marks.next() {
            Some(_) => Err(ArchiveError::Log { run: run.run, why: "entries are missing".to_owned() }),
            None => Ok(()),
        }
    }

    fn agrees(&self, run: u64, root: &str) -> Result<(), ArchiveError> {
        if self.log.root().to_base64() == root {
            return Ok(());
        }
        let why = format!("its entries up to {} are not those that were signed", self.log.size());
        Err(ArchiveError::Log { run, why })
    }

    fn entry(&mut self, run: u64, row: &EntryRow) -> Result<(), ArchiveError> {
        let index = self.log.size();
        let columns = RowColumns {
            index,
            time_us: row.time_us,
            subject: row.subject.map(|s| s.0),
            actor: row.actor,
            eid: &row.eid,
            class: row.class,
            sealed: &row.sealed,
        };
        let head = EntryHead::decode(&row.entry).map_err(|e| wrong(run, &e))?;
        if row.index != index || EntryHead::new(&columns, head.commitment).encode() != row.entry {
            return Err(ArchiveError::Log { run, why: format!("entry {index} was changed") });
        }
        let staged = self.log.stage(row.time_us, &[&row.entry]).map_err(|e| wrong(run, &e))?;
        self.log.committed(staged).map_err(|e| wrong(run, &e))?;
        Ok(())
    }

    /// Sizes above `after` (or at it) and the roots that were signed for them. Smaller ones were told with the run before.
    fn marks(&self, run: &Manifest, after: u64) -> Result<Vec<(u64, String)>, ArchiveError> {
        let mut marks = Vec::new();
        for object in run.of(Class::Checkpoints) {
            for row in self.chain.rows(object)? {
                let Row::Checkpoint(row) = row else { continue };
                let signed = self.key.open(row.note.as_bytes()).map_err(|e| wrong(run.run, &e))?;
                if signed.size != row.size {
                    let why = format!("checkpoint {} is kept for another size", row.seq);
                    return Err(ArchiveError::Log { run: run.run, why });
                }
                if row.size >= after {
                    marks.push((row.size, signed.root.to_base64()));
                }
            }
        }
        Ok(marks)
    }
}

fn wrong(run: u64, why: &dyn std::fmt::Display) -> ArchiveError {
    ArchiveError::Log { run, why: why.to_string() }
}
