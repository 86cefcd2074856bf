//! Filling an empty store from an archive.

use std::collections::BTreeSet;

use tacebo_ledger::Hash;
use tacebo_objects::Objects;
use tacebo_store::{ArchiveSource, At, CheckpointRow, EntryRow, KeyBatch, Loader, PartNo, Rid, WholeRow};

use crate::{
    ArchiveError, Chain, Class, Manifest, Object, Ran, Tally, Tell, backup::data_name, hash::sha256, segment::Row,
};

/// A restore.
pub struct Restore<'a> {
    /// The archive.
    pub chain: &'a Chain,
    /// Which run; the newest, unless somebody chose.
    pub run: u64,
    /// An archive with the keys of now, where they are not taken from the newest run that has some.
    pub keys: Option<&'a Chain>,
    /// An empty folder or database.
    pub at: &'a At,
    /// Where its large documents go.
    pub blobs: &'a Objects,
    /// Now, microseconds since 1970.
    pub now_us: i64,
    /// Whether it should stop where it is.
    pub stop: &'a dyn Fn() -> bool,
}

/// What was filled in. The store still bears its mark.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The run.
    pub ran: Ran,
    /// The institution's partition.
    pub part: PartNo,
    /// Number and end of the run whose keys were taken, where it is another one: keys of then and rows of now, or the other
    /// way round.
    pub other_keys: Option<(u64, i64)>,
    /// What was archived, and what the store reads back.
    pub tally: Tally,
}

impl std::fmt::Debug for Restore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restore").field("run", &self.run).finish_non_exhaustive()
    }
}

impl Restore<'_> {
    /// Fills the store. Nothing of it may be used before its owner has looked at it and taken its mark away.
    pub fn fill(&self, tell: Tell<'_>) -> Result<Restored, ArchiveError> {
        let ran = self.chain.run(self.run)?;
        let newest = &ran.manifest;
        let (keyed, keys) = self.keys_of(ran)?;
        let part = PartNo(newest.part);
        let runs: Vec<&Manifest> =
            self.chain.runs.iter().map(|ran| &ran.manifest).take_while(|run| run.run <= self.run).collect();
        let total = runs.iter().map(|run| run.bytes()).sum();
        let mut progress = Progress { tell, done: 0, total };
        // Which restore this is: another one that is begun into the same place takes it over.
        let mark = sha256(format!("{} {} {}", ran.sha256, self.now_us, std::process::id()).as_bytes());
        let mut loader =
            Loader::begin(self.at, self.blobs, self.now_us, part, &newest.origin, hex::encode(mark).as_bytes())?;
        let tally = self.versions(&runs, &mut loader, &mut progress)?;
        self.log(&runs, &mut loader, &mut progress)?;
        for object in keys.of(Class::Keys) {
            self.go_on()?;
            loader.keys(&batch(keyed.rows(object)?))?;
        }
        loader.finish(newest.rid, newest.time_us)?;
        let other_keys = (keys != newest).then_some((keys.run, keys.ended_us));
        if Tally::of(&ArchiveSource::open(self.at)?, part)? != tally {
            return Err(ArchiveError::ReadBack);
        }
        Ok(Restored { ran: ran.clone(), part, other_keys, tally })
    }

    /// Whose keys are taken.
    fn keys_of<'s>(&'s self, ran: &'s Ran) -> Result<(&'s Chain, &'s Manifest), ArchiveError> {
        let chain = self.keys.unwrap_or(self.chain);
        for one in chain.runs.iter().rev() {
            let run = &one.manifest;
            if (&run.origin, run.part) != (&ran.manifest.origin, ran.manifest.part) {
                return Err(ArchiveError::OtherHouse(run.origin.clone()));
            }
            if chain.has_keys(one)? {
                return Ok((chain, run));
            }
        }
        Err(ArchiveError::NoKeys(self.run))
    }

    /// Every version as the newest run carries it; what was taken out since it was archived is never written.
    fn versions(
        &self,
        runs: &[&Manifest],
        loader: &mut Loader,
        progress: &mut Progress<'_>,
    ) -> Result<Tally, ArchiveError> {
        let mut reworked = BTreeSet::new();
        for object in runs.iter().flat_map(|run| run.of(Class::Again)) {
            reworked.extend(self.chain.rows(object)?.iter().filter_map(rid_of));
        }
        let mut tally = Tally::default();
        for object in runs.iter().flat_map(|run| run.of(Class::Versions)) {
            self.go_on()?;
            let rows = wholes(self.chain.rows(object)?, |rid| !reworked.contains(&rid));
            for whole in &rows {
                tally.add(whole);
            }
            self.objects(&rows, loader, progress)?;
            loader.versions(&rows)?;
            progress.add(object.bytes);
        }
        for object in runs.iter().rev().flat_map(|run| run.of(Class::Again).collect::<Vec<_>>().into_iter().rev()) {
            self.go_on()?;
            let rows = self.chain.rows(object)?;
            let rids: Vec<Rid> = rows.iter().filter_map(rid_of).collect();
            // The last word on a version counts.
            let rows = wholes(rows, |rid| reworked.contains(&rid));
            for rid in &rids {
                reworked.remove(rid);
            }
            for whole in &rows {
                tally.add(whole);
            }
            self.objects(&rows, loader, progress)?;
            loader.versions(&rows)?;
            progress.add(object.bytes);
        }
        Ok(tally)
    }

    /// The objects that versions lead to, before the rows that name them.
    fn objects(&self, rows: &[WholeRow], loader: &Loader, progress: &mut Progress<'_>) -> Result<(), ArchiveError> {
        for blob in rows.iter().filter_map(|whole| whole.blob.as_ref()) {
            self.go_on()?;
            let sha256 = hex::encode(blob.hash.0);
            let object = Object { name: data_name(&sha256), class: Class::Blob, bytes: blob.size, sha256, rows: 1 };
            loader.blob(self.blobs, blob, self.chain.bytes(&object)?)?;
            progress.add(blob.size);
        }
        Ok(())
    }

    fn log(&self, runs: &[&Manifest], loader: &mut Loader, progress: &mut Progress<'_>) -> Result<(), ArchiveError> {
        for run in runs {
            for object in run.of(Class::Entries) {
                self.go_on()?;
                let rows = self.chain.rows(object)?.into_iter();
                let rows: Vec<EntryRow> =
                    rows.filter_map(|row| if let Row::Entry(row) = row { Some(row) } else { None }).collect();
                loader.entries(&rows)?;
                progress.add(object.bytes);
            }
            let head = loader.log_head();
            if head.size != run.log_size || Hash::from_base64(&run.log_root) != Some(head.root) {
                let why = "its entries are not those that its manifest speaks of".to_owned();
                return Err(ArchiveError::Log { run: run.run, why });
            }
            for object in run.of(Class::Checkpoints) {
                let rows = self.chain.rows(object)?.into_iter();
                let rows: Vec<CheckpointRow> =
                    rows.filter_map(|row| if let Row::Checkpoint(row) = row { Some(row) } else { None }).collect();
                loader.checkpoints(&rows)?;
                progress.add(object.bytes);
            }
        }
        Ok(())
    }

    fn go_on(&self) -> Result<(), ArchiveError> {
        if (self.stop)() { Err(ArchiveError::Stopped) } else { Ok(()) }
    }
}

struct Progress<'a> {
    tell: Tell<'a>,
    done: u64,
    total: u64,
}

impl Progress<'_> {
    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        (self.tell)(self.done.min(self.total), self.total);
    }
}

const fn rid_of(row: &Row) -> Option<Rid> {
    match row {
        Row::Version(whole) => Some(whole.row.rid),
        Row::Gone(rid) => Some(*rid),
        _ => None,
    }
}

fn wholes(rows: Vec<Row>, keep: impl Fn(Rid) -> bool) -> Vec<WholeRow> {
    let whole = |row| if let Row::Version(whole) = row { Some(whole) } else { None };
    rows.into_iter().filter_map(whole).filter(|whole| keep(whole.row.rid)).collect()
}

fn batch(rows: Vec<Row>) -> KeyBatch {
    let mut batch = KeyBatch::default();
    for row in rows {
        match row {
            Row::Bucket(row) => batch.buckets.push(row),
            Row::Key(row) => batch.keys.push(row),
            Row::Subject(id, no) => batch.subjects.push((id, no)),
            Row::Named(name, value) => batch.metas.push((name, value)),
            _ => {}
        }
    }
    batch
}
