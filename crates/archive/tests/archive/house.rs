//! A small store with a log that is signed, and what is written into it.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicI64, Ordering},
};

use tacebo_archive::{Backup, Chain, Plan, Ran, Restore, Restored, Tally};
use tacebo_ledger::{Checkpoint, LogKey};
use tacebo_objects::Objects;
use tacebo_store::{
    ArchiveSource, At, BlobWrite, BucketRow, Category, Change, CheckpointWrite, DocumentWrite, EntryWrite, Hash,
    IdTerm, KeyRow, NewBlob, Options, PartNo, PostgresAt, PostgresHost, Reseal, Rid, Store, SubjectNo, Term,
};
use tacebo_testbed::Postgres;
use tempfile::TempDir;

pub(crate) const PART: PartNo = PartNo(7);
pub(crate) const ORIGIN: &str = "log.example/seven";

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// An empty place.
pub(crate) struct Home {
    pub(crate) at: At,
    _dir: Option<TempDir>,
}

impl Home {
    pub(crate) fn folder() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { at: At::Folder(dir.path().join("house")), _dir: Some(dir) }
    }

    pub(crate) fn postgres() -> Self {
        let host = PostgresHost::Unix(SERVER.socket().to_owned(), SERVER.port());
        let at = PostgresAt::new(vec![host], &SERVER.database(), "postgres");
        Self { at: At::Postgres(Box::new(at)), _dir: None }
    }
}

/// A store that is written.
pub(crate) struct House {
    pub(crate) home: Home,
    pub(crate) store: Store,
    pub(crate) key: LogKey,
    pub(crate) next: u8,
}

pub(crate) fn open(at: &At) -> Store {
    static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
    let clock = Arc::new(|| NOW.fetch_add(1_000, Ordering::SeqCst));
    let options = Options::new(clock, Arc::new(|why: &str| panic!("{why}")));
    Store::open(at, Options { objects: Some(beside(at)), ..options }).unwrap()
}

/// Where the large documents of a place lie: in a folder of their own, whichever engine has the rows.
pub(crate) fn beside(at: &At) -> Objects {
    static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let name = match at {
        At::Folder(dir) => dir.join("blobs"),
        At::Postgres(at) => FOLDER.path().join(&at.database),
    };
    Objects::open(&tacebo_objects::At::Folder(name)).unwrap()
}

impl House {
    pub(crate) fn found(home: Home) -> Self {
        let store = open(&home.at);
        store.create_part_blocking(PART, ORIGIN).unwrap();
        let mut change = Change::new(PART);
        change.buckets.push(BucketRow { bucket: 4096, epoch: 1, wrapped: vec![9; 61] });
        change.meta.push(("institution".to_owned(), b"seven".to_vec()));
        store.commit_blocking(change).unwrap();
        Self { home, store, key: LogKey::generate(ORIGIN).unwrap(), next: 0 }
    }

    /// Writes a version of each of these documents, with entries, one commit for each.
    pub(crate) fn write(&mut self, documents: impl IntoIterator<Item = (u8, u64)>) {
        for (id, version) in documents {
            self.next = self.next.wrapping_add(1);
            let subject = SubjectNo(u64::from(id % 5) + 1);
            let mut change = Change::new(PART);
            if version == 1 && self.store.subject_of(PART, &IdTerm([id % 5; 16])).unwrap().is_none() {
                change.subjects.push((IdTerm([id % 5; 16]), subject));
                let wrapped = vec![id % 5; 61];
                change.keys.push(KeyRow { subject, category: Category(2), generation: 1, wrapped });
            }
            change.documents.push(DocumentWrite {
                kind: ["Patient", "Observation", "Encounter"][usize::from(id % 3)].to_owned(),
                id: IdTerm([id; 16]),
                subject: Some(subject),
                category: Category(2),
                version,
                deleted: version == 3,
                index: vec![self.next; 40],
                body: vec![self.next; 700],
                terms: vec![Term([id; 12])],
            });
            change.entries.push(entry(self.next, Some(subject)));
            // Every fourth is a large one.
            let blob = (id % 4 == 0).then(|| NewBlob::new(vec![self.next; 90_000]).unwrap());
            change.blobs.extend(blob.iter().map(|blob| BlobWrite { document: 0, blob: blob.blob() }));
            let hold = self.store.put_blobs(PART, blob.into_iter().collect()).unwrap();
            self.store.commit_blocking(change).unwrap();
            drop(hold);
        }
        self.sign();
    }

    pub(crate) fn sign(&self) {
        let head = self.store.log_head(PART).unwrap().unwrap();
        let checkpoint = Checkpoint { origin: head.origin, size: head.size, root: head.root };
        let mut change = Change::new(PART);
        change.checkpoint = Some(CheckpointWrite { size: head.size, note: self.key.sign(&checkpoint).unwrap() });
        self.store.commit_blocking(change).unwrap();
    }

    /// Seals versions anew and takes others out.
    pub(crate) fn rework(&self, anew: &[Rid], out: &[Rid]) {
        let (mut change, mut holds) = (Change::new(PART), Vec::new());
        for rid in anew {
            let blob = NewBlob::new(vec![0xcc; 80_000 + anew.len()]).unwrap();
            let anew = Reseal { rid: *rid, index: vec![0xaa; 41], body: vec![0xbb; 701], blob: Some(blob.blob()) };
            change.reseal.push(anew);
            holds.push(self.store.put_blobs(PART, vec![blob]).unwrap());
        }
        change.erase = out.to_vec();
        change.entries.push(entry(200, None));
        self.store.commit_blocking(change).unwrap();
        drop(holds);
        // The objects of what went go too.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.store.clear_gone_blobs(PART)).unwrap();
        self.sign();
    }

    pub(crate) fn tally(&self) -> Tally {
        tally(&self.home.at)
    }

    pub(crate) fn backup(&self, into: &Objects) -> Ran {
        self.backup_while(into, &|| false).unwrap()
    }

    /// Stops when told to, or does something at each look.
    pub(crate) fn backup_while(
        &self,
        into: &Objects,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ran, tacebo_archive::ArchiveError> {
        let run = Backup {
            source: &ArchiveSource::open(&self.home.at).unwrap().with_objects(beside(&self.home.at)),
            part: PART,
            objects: into,
            vkey: &self.key.verifier().unwrap().to_string(),
            plan: Plan { rate: None, keep_keys_days: 14 },
            now_us: &|| 1_900_000_000_000_000,
            stop,
        };
        run.run(&mut |_, _| {})
    }
}

fn entry(n: u8, subject: Option<SubjectNo>) -> EntryWrite {
    EntryWrite { eid: [n; 16], subject, actor: 3, class: 2, commitment: Hash([n; 32]), sealed: vec![n; 90] }
}

pub(crate) fn tally(at: &At) -> Tally {
    Tally::of(&ArchiveSource::open(at).unwrap(), PART).unwrap()
}

/// An archive in a folder.
pub(crate) fn archive() -> (TempDir, Objects) {
    let dir = tempfile::tempdir().unwrap();
    let objects = Objects::open(&tacebo_objects::At::Folder(dir.path().to_owned())).unwrap();
    (dir, objects)
}

pub(crate) fn restore(from: &Objects, to: &At) -> Result<Restored, tacebo_archive::ArchiveError> {
    let chain = Chain::read(from)?;
    let run = chain.runs.len() as u64;
    Restore {
        chain: &chain,
        run,
        keys: None,
        at: to,
        blobs: &beside(to),
        now_us: 1_900_000_000_000_001,
        stop: &|| false,
    }
    .fill(&mut |_, _| {})
}
