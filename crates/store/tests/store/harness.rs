//! What the suites share: a store in a temporary folder with a clock that the test sets.

use std::{
    path::Path,
    sync::{
        Arc, Condvar, LazyLock, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use tacebo_objects::{Objects, S3At};
use tacebo_store::{
    At, Category, Change, DocumentWrite, EntryWrite, Guard, Hash, IdTerm, KeyRow, Options, PartNo, PostgresAt,
    PostgresHost, Prepared, Store, SubjectNo, Term,
};
use tacebo_testbed::{Pgbouncer, Postgres, Seaweed};

pub(crate) const PART: PartNo = PartNo(7);
pub(crate) const ORIGIN: &str = "log.example/seven";

/// One server for all tests of this process.
pub(crate) static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);
static POOLER: LazyLock<Pgbouncer> = LazyLock::new(|| Pgbouncer::start(&SERVER));

/// An empty place for one store.
pub(crate) struct Home {
    at: At,
    objects: Option<Objects>,
    dirs: Vec<tempfile::TempDir>,
}

/// One S3 server for all tests of this process.
pub(crate) static BUCKETS: LazyLock<Seaweed> = LazyLock::new(Seaweed::start);

/// A new bucket.
pub(crate) fn bucket(endpoint: &str) -> S3At {
    S3At::new(endpoint, &BUCKETS.bucket(), BUCKETS.access_key(), BUCKETS.secret_key())
}

impl Home {
    pub(crate) fn folder() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { at: At::Folder(dir.path().to_owned()), objects: None, dirs: vec![dir] }
    }

    pub(crate) fn postgres() -> Self {
        Self::of(Self::database(&SERVER))
    }

    /// Over loopback, where the server is reached through its socket: both ways are walked.
    pub(crate) fn pgbouncer() -> Self {
        let host = PostgresHost::Tcp("127.0.0.1".to_owned(), POOLER.port());
        let mut at = PostgresAt::new(vec![host], &SERVER.database(), "postgres");
        at.prepared = Prepared::Unnamed;
        Self::of(at)
    }

    /// A new database on a server.
    pub(crate) fn database(server: &Postgres) -> PostgresAt {
        let host = PostgresHost::Unix(server.socket().to_owned(), server.port());
        PostgresAt::new(vec![host], &server.database(), "postgres")
    }

    pub(crate) fn of(at: PostgresAt) -> Self {
        Self { at: At::Postgres(Box::new(at)), objects: None, dirs: Vec::new() }
    }

    /// The same with blobs in a folder of their own.
    pub(crate) fn with_folder(mut self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        self.objects = Some(Objects::open(&tacebo_objects::At::Folder(dir.path().to_owned())).unwrap());
        self.dirs.push(dir);
        self
    }

    /// The same with blobs in a bucket.
    pub(crate) fn with_bucket(self) -> Self {
        let at = bucket(&BUCKETS.endpoint());
        self.with_objects(&Objects::open(&tacebo_objects::At::S3(Box::new(at))).unwrap())
    }

    pub(crate) fn with_objects(mut self, objects: &Objects) -> Self {
        self.objects = Some(objects.clone());
        self
    }

    /// Where its blobs lie, to meddle with them.
    pub(crate) fn objects(&self) -> &Objects {
        self.objects.as_ref().unwrap()
    }

    pub(crate) fn at(&self) -> &At {
        &self.at
    }

    /// Takes the database away again, where a test makes hundreds of them.
    pub(crate) fn remove(self) {
        if let At::Postgres(at) = &self.at {
            SERVER.run("postgres", &format!("DROP DATABASE {} WITH (FORCE)", at.database));
        }
    }
}

/// The outside of a store: what the tests turn and read.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) now: Arc<AtomicI64>,
    /// Durable transactions that were tried.
    pub(crate) transactions: Arc<AtomicUsize>,
    pub(crate) fail_commits: Arc<AtomicBool>,
    pub(crate) fatal: Arc<Mutex<Vec<String>>>,
    /// While shut, the writer waits at the clock.
    gate: Arc<(Mutex<bool>, Condvar)>,
    waiting: Arc<AtomicBool>,
}

impl World {
    pub(crate) fn shut(&self) {
        *self.gate.0.lock().unwrap() = true;
    }

    pub(crate) fn open_gate(&self) {
        *self.gate.0.lock().unwrap() = false;
        self.gate.1.notify_all();
    }

    /// Whether the writer has come to the shut gate.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    pub(crate) fn options(&self) -> Options {
        let (now, gate, waiting) = (Arc::clone(&self.now), Arc::clone(&self.gate), Arc::clone(&self.waiting));
        let clock = Arc::new(move || {
            let shut = gate.0.lock().unwrap();
            waiting.store(*shut, Ordering::SeqCst);
            drop(gate.1.wait_while(shut, |shut| *shut).unwrap());
            waiting.store(false, Ordering::SeqCst);
            now.load(Ordering::SeqCst)
        });
        let fatal = Arc::clone(&self.fatal);
        let mut options = Options::new(clock, Arc::new(move |why| fatal.lock().unwrap().push(why.to_owned())));
        let (transactions, fail) = (Arc::clone(&self.transactions), Arc::clone(&self.fail_commits));
        options.commit_fault = Some(Arc::new(move || {
            transactions.fetch_add(1, Ordering::SeqCst);
            fail.load(Ordering::SeqCst)
        }));
        options
    }

    pub(crate) async fn store(&self, home: &Home) -> Store {
        let store = Store::open(home.at(), Options { objects: home.objects.clone(), ..self.options() }).unwrap();
        store.create_part(PART, ORIGIN).await.unwrap();
        store
    }

    /// The same in a folder of the caller's.
    pub(crate) async fn store_in(&self, dir: &Path) -> Store {
        self.store(&Home { at: At::Folder(dir.to_owned()), objects: None, dirs: Vec::new() }).await
    }
}

pub(crate) fn id(n: u64) -> IdTerm {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    IdTerm(id)
}

pub(crate) fn term(n: u64) -> Term {
    let mut term = [0; 12];
    term[4..].copy_from_slice(&n.to_be_bytes());
    Term(term)
}

pub(crate) fn document(kind: &str, no: u64, version: u64) -> DocumentWrite {
    DocumentWrite {
        kind: kind.to_owned(),
        id: id(no),
        subject: None,
        category: Category(1),
        version,
        deleted: false,
        index: format!("index {kind} {no} {version}").into_bytes(),
        body: format!("body {kind} {no} {version}").into_bytes(),
        terms: Vec::new(),
    }
}

pub(crate) fn entry(n: u64) -> EntryWrite {
    let mut eid = [0; 16];
    eid[..8].copy_from_slice(&n.to_be_bytes());
    EntryWrite {
        eid,
        subject: (!n.is_multiple_of(3)).then_some(SubjectNo(n % 5)),
        actor: n % 4,
        class: u8::try_from(n % 3).unwrap(),
        commitment: Hash([u8::try_from(n % 251).unwrap(); 32]),
        sealed: format!("sealed {n}").into_bytes(),
    }
}

pub(crate) fn key(subject: u64, category: u8, generation: u32) -> KeyRow {
    KeyRow {
        subject: SubjectNo(subject),
        category: Category(category),
        generation,
        wrapped: format!("key {subject} {category} {generation}").into_bytes(),
    }
}

pub(crate) fn guard(n: u64, seen: i64) -> Guard {
    Guard { term: term(n), seen }
}

pub(crate) fn change() -> Change {
    Change::new(PART)
}

pub(crate) fn of(documents: Vec<DocumentWrite>) -> Change {
    Change { documents, ..change() }
}
