//! The store: one writer, many readers, one file.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::{
    mpsc::{self, error::SendTimeoutError},
    oneshot,
};

use crate::{
    Change, CommitError, Committed, Held, Options, PartNo, StoreError,
    kinds::Kinds,
    pool::Pool,
    schema,
    writer::{Job, Writer},
};

/// The documents, keys and logs of a data folder. Cheap to clone; the last clone to go closes the file.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) kinds: Kinds,
    /// Set by the first commit that failed at the disk, never cleared.
    pub(crate) poisoned: AtomicBool,
}

struct Inner {
    shared: Arc<Shared>,
    dir: PathBuf,
    pool: Pool,
    queue: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    options: Options,
    _lock: File,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store of a data folder, makes it if the folder has none, and brings its schema up to date.
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir)?;
        let lock = schema::lock(dir)?;
        let path = schema::file_in(dir);
        let conn = schema::open_writer(&path, (options.clock)())?;
        let pool = Pool::new(path, options.readers)?;
        let shared = Arc::new(Shared { kinds: Kinds::default(), poisoned: AtomicBool::new(false) });
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let writer = Writer::new(conn, options.clone(), Arc::clone(&shared))?;
        let writer = thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run(jobs))?;
        let dir = dir.to_owned();
        let inner = Inner { shared, dir, pool, queue: Some(queue), writer: Some(writer), options, _lock: lock };
        Ok(Self { inner: Arc::new(inner) })
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
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job::Commit(Box::new(change), held, reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// The same for a thread without an async runtime (a command-line tool). Never call it from async code.
    pub fn commit_blocking(&self, change: Change) -> Result<Committed, CommitError> {
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

    /// True after a commit failed at the disk: nothing works any more until the process has restarted.
    pub fn is_poisoned(&self) -> bool {
        self.inner.shared.poisoned.load(Ordering::Acquire)
    }

    /// Lets the database check itself (minutes on a large file). An empty list means that it is whole.
    pub fn integrity_check(&self) -> Result<Vec<String>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare("PRAGMA integrity_check")?;
            let lines = statement.query_map([], |r| r.get::<_, String>(0))?;
            let lines = lines.collect::<Result<Vec<_>, _>>()?;
            Ok(lines.into_iter().filter(|l| l != "ok").collect())
        })
    }

    /// Runs a read on a lent connection.
    pub(crate) fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        self.inner.pool.read(f)
    }

    /// Runs a read whose statements see one state.
    pub(crate) fn snapshot<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        self.inner.pool.snapshot(f)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.inner.dir
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
        // Readers close first, so that the writer is the last one and tidies the write-ahead log away.
        self.pool.close();
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
