//! A run: what came since the one before, while the store goes on.
//!
//! Nothing is held for long. The run looks where the store is (one row), carries what is at or below that in pages, and then
//! looks at all keys in one state, together with the question whether anything was sealed anew or taken out meanwhile. If so
//! it carries that, and what came since, and looks again: so no key is newer than what it should open, and the log tells of
//! everything that is not there.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant, SystemTime},
};

use tacebo_ledger::root_at;
use tacebo_objects::{Name, ObjectError, Objects};
use tacebo_store::{ArchiveSource, PartEdge, PartNo, Rid, StoreError, WholeRow};

use crate::{
    ArchiveError, Carried, Chain, Class, Manifest, Object, Ran, Tell,
    chain::run_name,
    hash::sha256_hex,
    manifest::FORMAT,
    segment::{FULL, Row, Segment},
};

/// Rows of the log that are read at once.
const ENTRIES: usize = 1024;
/// Rows of the smaller lists that are read at once.
const PAGE: usize = 4096;
/// Objects that no manifest names are removed when they are older: a run that is under way may still name them.
const STRAY_AFTER: Duration = Duration::from_hours(24 * 3);
const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// How a run goes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Bytes that are written in a second at most.
    pub rate: Option<u64>,
    /// Days for which the keys of a run are kept.
    pub keep_keys_days: u32,
}

/// A run.
pub struct Backup<'a> {
    /// What is archived.
    pub source: &'a ArchiveSource,
    /// Whose.
    pub part: PartNo,
    /// Where to.
    pub objects: &'a Objects,
    /// The log's public key, as text.
    pub vkey: &'a str,
    /// How.
    pub plan: Plan,
    /// The clock, microseconds since 1970.
    pub now_us: &'a dyn Fn() -> i64,
    /// Whether it should stop where it is.
    pub stop: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Backup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backup").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// What a run has done so far.
struct Going<'a> {
    run: &'a Backup<'a>,
    number: u64,
    objects: Vec<Object>,
    carried: Carried,
    rid: Rid,
    log_size: u64,
    checkpoint: u64,
    reworked: (i64, Rid),
    /// Versions whose object was gone when it was to be read: they must have been taken out or sealed anew.
    unread: BTreeSet<Rid>,
    written: u64,
    began: Instant,
}

impl Backup<'_> {
    /// Carries what came since the last run. Gives what it wrote, once that is durable.
    pub fn run(&self, tell: Tell<'_>) -> Result<Ran, ArchiveError> {
        let begun_us = (self.now_us)();
        let chain = Chain::read(self.objects)?;
        let first = self.edge()?;
        let mut going = self.take_up(&chain, &first)?;
        let mut edge = first;
        let (keys, epoch) = loop {
            going.versions(edge.rid, tell)?;
            going.log(&edge)?;
            going.again(&edge)?;
            if let Some(keys) = going.keys((edge.time_us, Rid::MAX))? {
                break keys;
            }
            edge = self.edge()?;
        };
        if !going.unread.is_empty() {
            return Err(StoreError::BlobMissing.into());
        }
        let mut subjects = BTreeSet::new();
        for segment in keys {
            for row in &segment.1 {
                if let Row::Key(key) = row {
                    going.carried.keys += 1;
                    subjects.insert(key.subject);
                }
            }
            going.put(segment.0)?;
        }
        going.carried.subjects = subjects.len() as u64;
        let ended_us = (self.now_us)();
        let manifest = Manifest {
            format: FORMAT,
            run: going.number,
            before: chain.last().map(|ran| ran.sha256.clone()),
            origin: edge.origin.clone(),
            vkey: self.vkey.trim().to_owned(),
            part: self.part.0,
            begun_us,
            ended_us,
            rid: edge.rid,
            time_us: edge.time_us,
            log_size: edge.size,
            log_root: edge.root.to_base64(),
            checkpoint: going.checkpoint,
            reworked: going.reworked,
            epoch,
            keys_until_us: ended_us.saturating_add(i64::from(self.plan.keep_keys_days) * DAY_US),
            carried: going.carried,
            objects: going.objects,
        };
        let bytes = serde_json::to_vec_pretty(&manifest)
            .map_err(|_| ArchiveError::Damaged { object: "manifest".to_owned(), why: "it cannot be written" })?;
        let sha256 = sha256_hex(&bytes);
        match self.objects.put(&run_name(manifest.run)?, bytes) {
            Ok(()) => {}
            Err(ObjectError::Taken) => return Err(ArchiveError::Overtaken),
            Err(e) => return Err(e.into()),
        }
        let ran = Ran { manifest, sha256 };
        self.tidy(&chain, &ran, ended_us)?;
        Ok(ran)
    }

    fn edge(&self) -> Result<PartEdge, ArchiveError> {
        Ok(self.source.edge(self.part)?.ok_or(StoreError::NoPart(self.part.0))?)
    }

    /// Where the last run ended; refuses records that do not continue it.
    fn take_up<'s>(&'s self, chain: &Chain, first: &PartEdge) -> Result<Going<'s>, ArchiveError> {
        let mut going = Going {
            run: self,
            number: chain.runs.len() as u64 + 1,
            objects: Vec::new(),
            carried: Carried::default(),
            rid: 0,
            log_size: 0,
            checkpoint: 0,
            // What was reworked before is read as it is now.
            reworked: (first.time_us, Rid::MAX),
            unread: BTreeSet::new(),
            written: 0,
            began: Instant::now(),
        };
        let Some(last) = chain.last().map(|ran| &ran.manifest) else { return Ok(going) };
        if (&last.origin, last.part) != (&first.origin, self.part.0) {
            return Err(ArchiveError::OtherHouse(last.origin.clone()));
        }
        if first.size < last.log_size || first.rid < last.rid {
            return Err(ArchiveError::Behind { archived: last.log_size, here: first.size });
        }
        let forked = || ArchiveError::Forked(last.log_size);
        if root_at(&self.source.tiles(self.part), last.log_size).map_err(|_| forked())?.to_base64() != last.log_root {
            return Err(forked());
        }
        (going.rid, going.log_size, going.checkpoint) = (last.rid, last.log_size, last.checkpoint);
        going.reworked = last.reworked;
        Ok(going)
    }

    /// Removes keys whose days are over, or that were wrapped under another root epoch than this run's: they open nothing any
    /// more. And objects that no manifest names.
    fn tidy(&self, chain: &Chain, newest: &Ran, now_us: i64) -> Result<(), ArchiveError> {
        for ran in &chain.runs {
            if ran.manifest.keys_until_us <= now_us || ran.manifest.epoch != newest.manifest.epoch {
                for object in ran.manifest.of(Class::Keys) {
                    self.objects.delete(&object.name.parse()?)?;
                }
            }
        }
        let all = chain.runs.iter().chain([newest]);
        let named: BTreeSet<&str> = all.flat_map(|ran| ran.manifest.objects.iter().map(|one| &*one.name)).collect();
        let Some(before) = SystemTime::now().checked_sub(STRAY_AFTER) else { return Ok(()) };
        for under in ["data", "keys"] {
            for listed in self.objects.list(under) {
                let listed = listed?;
                if listed.made < before && !named.contains(listed.name.as_str()) {
                    tracing::info!(name = %listed.name, "an object that no backup names is removed");
                    self.objects.delete(&listed.name)?;
                }
            }
        }
        self.objects.sweep_halves(before)?;
        Ok(())
    }
}

/// What an object of the data class is called.
pub(crate) fn data_name(sha256: &str) -> String {
    format!("data/{}/{sha256}", sha256.get(..2).unwrap_or_default())
}

type Keys = Vec<(Segment, Vec<Row>)>;

impl Going<'_> {
    /// Versions up to this one.
    fn versions(&mut self, last: Rid, tell: Tell<'_>) -> Result<(), ArchiveError> {
        let from = self.rid;
        let mut segment = Segment::new(Class::Versions);
        while self.rid < last {
            self.go_on()?;
            let page = self.run.source.versions(self.run.part, self.rid, last, FULL as u64)?;
            self.rid = page.last().map_or(last, |whole| whole.row.rid);
            for whole in page {
                self.carried.versions += 1;
                self.blob(&whole)?;
                segment.push(&Row::Version(whole));
                segment = self.full(segment)?;
            }
            tell(self.rid.abs_diff(from), last.abs_diff(from));
        }
        self.put(segment)
    }

    /// Entries and checkpoints up to this edge.
    fn log(&mut self, edge: &PartEdge) -> Result<(), ArchiveError> {
        let mut segment = Segment::new(Class::Entries);
        while self.log_size < edge.size {
            self.go_on()?;
            let page = self.run.source.entries(self.run.part, self.log_size, edge.size, ENTRIES)?;
            if page.is_empty() {
                return Err(StoreError::Damaged("log_leaf").into());
            }
            for row in page {
                self.log_size = row.index + 1;
                self.carried.entries += 1;
                segment.push(&Row::Entry(row));
                segment = self.full(segment)?;
            }
        }
        self.put(segment)?;
        let mut segment = Segment::new(Class::Checkpoints);
        while self.checkpoint < edge.checkpoint {
            let left = usize::try_from(edge.checkpoint - self.checkpoint).unwrap_or(PAGE).min(PAGE);
            let page = self.run.source.checkpoints(self.run.part, self.checkpoint, left)?;
            if page.is_empty() {
                return Err(StoreError::Damaged("checkpoint").into());
            }
            for row in page {
                self.checkpoint = row.seq;
                segment.push(&Row::Checkpoint(row));
                segment = self.full(segment)?;
            }
        }
        self.put(segment)
    }

    /// What was sealed anew or taken out up to this edge, of what is in the archive.
    fn again(&mut self, edge: &PartEdge) -> Result<(), ArchiveError> {
        let mut rids = BTreeSet::new();
        loop {
            let page = self.run.source.reworked(self.run.part, self.reworked, PAGE)?;
            let now: Vec<_> = page.iter().copied().filter(|(time, _)| *time <= edge.time_us).collect();
            rids.extend(now.iter().map(|(_, rid)| *rid));
            let Some(last) = now.last() else { break };
            self.reworked = *last;
            if now.len() < page.len() {
                break;
            }
        }
        let mut segment = Segment::new(Class::Again);
        for rid in rids {
            self.go_on()?;
            self.unread.remove(&rid);
            let row = if let Some(whole) = self.run.source.version(self.run.part, rid)? {
                self.carried.again += 1;
                self.blob(&whole)?;
                Row::Version(whole)
            } else {
                self.carried.gone += 1;
                Row::Gone(rid)
            };
            segment.push(&row);
            segment = self.full(segment)?;
        }
        self.put(segment)
    }

    /// All keys, and the root epoch that they are wrapped under, if nothing was reworked since.
    fn keys(&mut self, since: (i64, Rid)) -> Result<Option<(Keys, u32)>, ArchiveError> {
        self.go_on()?;
        let (mut segments, mut epoch): (Keys, u32) = (vec![(Segment::new(Class::Keys), Vec::new())], 0);
        let whole = self.run.source.keys(self.run.part, since, &mut |visit| {
            for row in Row::of_keys(visit) {
                match &row {
                    Row::Bucket(bucket) => epoch = epoch.max(bucket.epoch),
                    Row::Named(name, _) if name == "restoring" => continue,
                    _ => {}
                }
                if segments.last().is_none_or(|(segment, _)| segment.is_full()) {
                    segments.push((Segment::new(Class::Keys), Vec::new()));
                }
                if let Some((segment, rows)) = segments.last_mut() {
                    segment.push(&row);
                    if matches!(row, Row::Key(_)) {
                        rows.push(row);
                    }
                }
            }
        })?;
        Ok(whole.then_some((segments, epoch)))
    }

    /// Writes a segment that is full, and gives the one to go on with.
    fn full(&mut self, segment: Segment) -> Result<Segment, ArchiveError> {
        if !segment.is_full() {
            return Ok(segment);
        }
        let class = segment.class;
        self.put(segment)?;
        Ok(Segment::new(class))
    }

    /// Writes a segment that has rows. Objects are called by what is in them, so a run that was cut off is taken up: what is
    /// there already is the same.
    fn put(&mut self, segment: Segment) -> Result<(), ArchiveError> {
        if segment.rows == 0 {
            return Ok(());
        }
        let (class, rows) = (segment.class, segment.rows);
        self.put_bytes(class, rows, segment.into_bytes())
    }

    /// Carries the object that a version leads to.
    fn blob(&mut self, whole: &WholeRow) -> Result<(), ArchiveError> {
        let Some(blob) = &whole.blob else { return Ok(()) };
        if let Some(bytes) = self.run.source.blob(self.run.part, blob)? {
            return self.put_bytes(Class::Blob, 1, bytes);
        }
        self.unread.insert(whole.row.rid);
        Ok(())
    }

    fn put_bytes(&mut self, class: Class, rows: u64, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.go_on()?;
        let (length, sha256) = (bytes.len() as u64, sha256_hex(&bytes));
        let name = match class {
            Class::Keys => format!("keys/{:010}-{sha256}", self.number),
            _ => data_name(&sha256),
        };
        let object = Object { name, class, bytes: length, sha256, rows };
        let named: Name = object.name.parse()?;
        match self.run.objects.put(&named, bytes) {
            Ok(()) => {
                self.written += length;
                self.slow_down();
            }
            Err(ObjectError::Taken) => {
                if self.run.objects.head(&named)?.length != length {
                    return Err(ArchiveError::Altered(object.name));
                }
            }
            Err(e) => return Err(e.into()),
        }
        self.objects.push(object);
        Ok(())
    }

    fn go_on(&self) -> Result<(), ArchiveError> {
        if (self.run.stop)() { Err(ArchiveError::Stopped) } else { Ok(()) }
    }

    /// Waits until what was written is within the rate.
    fn slow_down(&self) {
        let Some(rate) = self.run.plan.rate.filter(|rate| *rate > 0) else { return };
        let due = Duration::from_millis(self.written.saturating_mul(1000) / rate);
        while let Some(wait) = due.checked_sub(self.began.elapsed()).filter(|wait| !wait.is_zero()) {
            if (self.run.stop)() {
                return;
            }
            thread::sleep(wait.min(Duration::from_millis(100)));
        }
    }
}
