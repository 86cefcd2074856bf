//! The store: one writer, many readers, over one of two engines.

use std::{
    fmt,
    fs::File,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use tacebo_objects::Objects;
use tokio::sync::{
    mpsc::{self, error::SendTimeoutError},
    oneshot,
};

use crate::{
    Applied, At, Change, CommitError, Committed, Held, Options, PartNo, Pending, Standbys, StoreError,
    blobs::Underway,
    conn::Conn,
    kinds::Kinds,
    postgres,
    queue::{self, Job},
    sqlite::{self, schema},
};

/// The documents, keys and logs of a house. Cheap to clone; the last clone to go closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) kinds: Kinds,
    /// Set when the store cannot go on, by a commit that failed at the disk say; never cleared.
    pub(crate) poisoned: AtomicBool,
}

/// Where the blobs of a file are when nothing else is said.
const BLOBS: &str = "blobs";

struct Inner {
    shared: Arc<Shared>,
    engine: Engine,
    queue: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    options: Options,
    objects: Option<Objects>,
    underway: Arc<Underway>,
}

/// What readers need.
pub(crate) enum Engine {
    Folder { dir: PathBuf, pool: sqlite::Pool, _lock: File },
    Postgres(Arc<postgres::Server>),
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a store, makes it if there is none, and brings its schema up to date.
    pub fn open(at: &At, options: Options) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared { kinds: Kinds::default(), poisoned: AtomicBool::new(false) });
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let thread = thread::Builder::new().name("store-writer".to_owned());
        let (for_writer, for_queue) = (Arc::clone(&shared), options.clone());
        let (engine, writer) = match at {
            At::Folder(dir) => {
                std::fs::create_dir_all(dir)?;
                let lock = schema::lock(dir)?;
                let path = schema::file_in(dir);
                let conn = schema::open_writer(&path, (options.clock)())?;
                let pool = sqlite::Pool::new(path, options.readers)?;
                let writer = sqlite::FileWriter::new(conn, options.clone(), Arc::clone(&shared))?;
                let writer = thread.spawn(move || queue::run(writer, jobs, &for_queue, &for_writer))?;
                (Engine::Folder { dir: dir.clone(), pool, _lock: lock }, writer)
            }
            At::Postgres(at) => {
                let server = postgres::Server::new(at)?;
                let writer = postgres::ServerWriter::new(&server, options.clone(), Arc::clone(&shared))?;
                let writer = thread.spawn(move || queue::run(writer, jobs, &for_queue, &for_writer))?;
                (Engine::Postgres(server), writer)
            }
        };
        let objects = match (&options.objects, at) {
            (Some(objects), _) => Some(objects.clone()),
            (None, At::Folder(dir)) => Some(Objects::open(&tacebo_objects::At::Folder(dir.join(BLOBS)))?),
            (None, At::Postgres(_)) => None,
        };
        let underway = Arc::default();
        let inner = Inner { shared, engine, queue: Some(queue), writer: Some(writer), options, objects, underway };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What [`Store::open`] would do to the tables. Changes nothing.
    pub fn pending(at: &At) -> Result<Pending, StoreError> {
        match at {
            At::Folder(dir) => schema::pending(dir),
            At::Postgres(at) => postgres::pending(&postgres::Server::new(at)?),
        }
    }

    /// Brings the tables up to date as [`Store::open`] does, or tries whether that goes through, and tells what was missing.
    /// No program may have a folder open meanwhile; over a database none may run if [`Pending::stops`].
    ///
    /// # Errors
    /// There is no store, it is one of a newer program, or a step failed: then none was applied.
    pub fn bring_up(at: &At, now_us: i64, applied: Applied) -> Result<Pending, StoreError> {
        match at {
            At::Folder(dir) => schema::bring_up(dir, now_us, applied),
            At::Postgres(at) => postgres::bring_up_by_hand(&postgres::Server::new(at)?, now_us, applied),
        }
    }

    /// Makes all of a change durable, or nothing of it. When this returns `Ok`, it survives a power cut.
    ///
    /// Concurrent changes share one durable transaction; one that fails, fails alone.
    pub async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
        self.commit_holding(change, Box::new(())).await
    }

    /// The same, with something that is dropped when the change is durable or has failed, and before anybody is told
    /// so, even if the caller has gone away meanwhile.
    pub async fn commit_holding(&self, change: Change, held: Held) -> Result<Committed, CommitError> {
        self.check(&change)?;
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job::Commit(Box::new(change), held, reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// The same for a thread without an async runtime (a command-line tool). Never call it from async code.
    pub fn commit_blocking(&self, change: Change) -> Result<Committed, CommitError> {
        self.check(&change)?;
        let (reply, answer) = oneshot::channel();
        self.alive()?;
        let queue = self.inner.queue.as_ref().ok_or(CommitError::Closed)?;
        queue.blocking_send(Job::Commit(Box::new(change), Box::new(()), reply)).map_err(|_| self.gone())?;
        answer.blocking_recv().unwrap_or_else(|_| Err(self.gone()))
    }

    /// Starts the log of a part under its immutable origin. Does nothing if it is there already.
    pub async fn create_part(&self, part: PartNo, origin: &str) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.enqueue(Job::CreatePart(part, origin.to_owned(), reply)).await;
        match sent {
            Ok(()) => answer.await.unwrap_or(Err(StoreError::Poisoned)),
            Err(_) => Err(StoreError::Poisoned),
        }
    }

    /// [`Store::create_part`] for a thread without an async runtime.
    pub fn create_part_blocking(&self, part: PartNo, origin: &str) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.inner.queue.as_ref().ok_or(StoreError::Poisoned)?;
        queue.blocking_send(Job::CreatePart(part, origin.to_owned(), reply)).map_err(|_| StoreError::Poisoned)?;
        answer.blocking_recv().unwrap_or(Err(StoreError::Poisoned))
    }

    /// True after a commit failed at the disk, or what became of it cannot be told: nothing works any more until the process
    /// has restarted.
    pub fn is_poisoned(&self) -> bool {
        self.inner.shared.poisoned.load(Ordering::Acquire)
    }

    /// Who follows the server that is written to; `None` for a folder, which nobody follows.
    pub fn standbys(&self) -> Result<Option<Standbys>, StoreError> {
        match &self.inner.engine {
            Engine::Folder { .. } => Ok(None),
            Engine::Postgres(server) => Ok(Some(Standbys {
                expected: server.has_several(),
                found: server.read(|conn| match conn {
                    Conn::Postgres(lent) => postgres::standbys(lent),
                    Conn::Sqlite(_) => Ok(Vec::new()),
                })?,
            })),
        }
    }

    /// Runs a read on a lent connection.
    pub(crate) fn read<T>(&self, f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &self.inner.engine {
            _ if self.is_poisoned() => Err(StoreError::Poisoned),
            Engine::Folder { pool, .. } => pool.read(f),
            Engine::Postgres(server) => server.read(f),
        }
    }

    /// Runs a read whose statements see one state.
    pub(crate) fn snapshot<T>(&self, f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &self.inner.engine {
            _ if self.is_poisoned() => Err(StoreError::Poisoned),
            Engine::Folder { pool, .. } => pool.snapshot(f),
            Engine::Postgres(server) => server.snapshot(f),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    fn check(&self, change: &Change) -> Result<(), CommitError> {
        change.check()?;
        self.inner.underway.name(change)
    }

    pub(crate) fn objects(&self) -> Result<&Objects, StoreError> {
        self.inner.objects.as_ref().ok_or(StoreError::NoObjects)
    }

    pub(crate) fn underway(&self) -> &Arc<Underway> {
        &self.inner.underway
    }

    pub(crate) fn kinds(&self) -> &Kinds {
        &self.inner.shared.kinds
    }

    async fn enqueue(&self, job: Job) -> Result<(), CommitError> {
        self.alive()?;
        let queue = self.inner.queue.as_ref().ok_or(CommitError::Closed)?;
        queue.send_timeout(job, self.inner.options.busy_after).await.map_err(|e| match e {
            SendTimeoutError::Timeout(_) => CommitError::Busy,
            SendTimeoutError::Closed(_) => self.gone(),
        })
    }

    fn alive(&self) -> Result<(), CommitError> {
        if self.is_poisoned() { Err(CommitError::Fatal) } else { Ok(()) }
    }

    /// Why the writer does not answer.
    fn gone(&self) -> CommitError {
        if self.is_poisoned() { CommitError::Fatal } else { CommitError::Closed }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Readers close first, so that the writer is the last one: SQLite tidies the write-ahead log away then.
        match &self.engine {
            Engine::Folder { pool, .. } => pool.close(),
            Engine::Postgres(server) => server.close(),
        }
        // Closing the queue lets the writer finish what is waiting; the lock goes only after it is done.
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != thread::current().id()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}
