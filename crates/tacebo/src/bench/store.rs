//! Sealed commits, straight into the store: documents sealed, blinded and logged, at several sizes of commit and numbers
//! of clients, beside the very rows written to the bare engine, a file or a database, with the same durability.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use tacebo_ledger::{Salt, commit};
use tacebo_seal::{Blinder, Category, DataKey, Effort, Keyring, Part, PassphraseFile, Place, Realm, SubjectNo, Suite};
use tacebo_store::{At, Change, CommitFault, DocumentWrite, EntryWrite, KeyRow, Options, PartNo, PostgresAt, Store};

use crate::bench::bare::{self, Rows};
use crate::bench::bare_postgres;
use crate::bench::figures::{Figures, real};

const REALM: Realm = Realm(1);
const SUITE: Suite = Suite::International;
const KIND: &str = "Observation";
/// Clients at once, and documents in a commit.
const SIZES: [usize; 3] = [1, 16, 256];
/// Before it is measured.
const WARM: Duration = Duration::from_secs(2);
/// As large as an observation is after packing, and its index record.
const BODY: usize = 1024;
const INDEX: usize = 160;
const ENTRY: usize = 300;
const TERMS: usize = 4;

/// What seals, shared by all clients: one person's key, as of a ward round, and the blinder.
struct Sealer {
    part: PartNo,
    key: DataKey,
    blinder: Blinder,
    subject: SubjectNo,
    next: AtomicU64,
    body: Vec<u8>,
}

impl Sealer {
    fn change(&self, batch: usize) -> Result<Change> {
        let mut change = Change::new(self.part);
        for _ in 0..batch {
            change.documents.push(self.document(self.next.fetch_add(1, Ordering::Relaxed))?);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut eid = [0; 16];
        if let Some(place) = eid.last_chunk_mut() {
            *place = number.to_be_bytes();
        }
        let salt = Salt::from_bytes([7; 32]);
        let detail = number.to_string();
        let commitment = commit(&salt, &[("actor", b"bench"), ("action", b"create"), ("detail", detail.as_bytes())])?;
        let sealed = self.seal(&eid, 0, Part::Entry, ENTRY)?;
        change.entries.push(EntryWrite { eid, subject: Some(self.subject), actor: 1, class: 2, commitment, sealed });
        Ok(change)
    }

    fn document(&self, number: u64) -> Result<DocumentWrite> {
        let name = number.to_string();
        let id = self.blinder.id(KIND, &name);
        Ok(DocumentWrite {
            kind: KIND.to_owned(),
            id,
            subject: Some(self.subject),
            category: Category(1),
            version: 1,
            deleted: false,
            index: self.seal(&id.0, 1, Part::Index, INDEX)?,
            body: self.seal(&id.0, 1, Part::Body, BODY)?,
            terms: (0..TERMS).map(|term| self.blinder.term("bench", &format!("{term} {name}"))).collect(),
        })
    }

    fn seal(&self, id: &[u8], version: u64, part: Part, length: usize) -> Result<Vec<u8>> {
        let place = Place { realm: REALM, subject: self.subject, category: Category(1), kind: KIND, id, version, part };
        let plain = self.body.get(..length).unwrap_or_default();
        Ok(self.key.seal(&place, plain)?.into_bytes())
    }
}

/// What one combination came to.
struct Run {
    /// Where the tables stood before.
    mark: bare::Mark,
    commits: usize,
    transactions: usize,
    took: Duration,
}

/// One combination, in a part of its own.
async fn run_one(at: &At, part: PartNo, dir: &Path, clients: usize, batch: usize, measure: Duration) -> Result<Run> {
    let custodian = PassphraseFile::create(&dir.join("root.json"), "of this measurement only", Effort::LEAST, SUITE)?;
    let (ring, rows) = Keyring::create(&custodian, REALM, SUITE)?;
    let subject = SubjectNo::random()?;
    let (key, wrapped) = ring.new_data_key(subject, Category(1))?;
    let transactions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&transactions);
    let count: CommitFault = Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    });
    let clock = Arc::new(|| jiff::Timestamp::now().as_microsecond());
    let fatal = Arc::new(|why: &str| tracing::error!(%why, "the disk failed"));
    let store = Store::open(at, Options { commit_fault: Some(count), ..Options::new(clock, fatal) })?;
    store.create_part(part, "log.bench.example").await?;
    let keys = vec![KeyRow { subject, category: Category(1), generation: 1, wrapped: wrapped.0 }];
    store.commit(Change { keys, buckets: rows, ..Change::new(part) }).await?;

    let body = (0_u32..).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(BODY).collect();
    let sealer = Arc::new(Sealer { part, key, blinder: ring.blinder()?, subject, next: AtomicU64::new(1), body });
    // Until the write-ahead log has its size for good, each commit makes the file longer.
    let _ = load(&store, &sealer, clients, batch, WARM).await?;
    let mark = mark(at, part, dir).await?;
    transactions.store(0, Ordering::Relaxed);
    let begin = Instant::now();
    let commits = load(&store, &sealer, clients, batch, measure).await?;
    Ok(Run { mark, commits, transactions: transactions.load(Ordering::Relaxed), took: begin.elapsed() })
}

/// Commits by so many clients for so long; how many.
async fn load(store: &Store, sealer: &Arc<Sealer>, clients: usize, batch: usize, measure: Duration) -> Result<usize> {
    let begin = Instant::now();
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (store, sealer) = (store.clone(), Arc::clone(sealer));
        working.spawn(async move {
            let mut commits = 0;
            while begin.elapsed() < measure {
                store.commit(sealer.change(batch)?).await?;
                commits += 1;
            }
            anyhow::Ok(commits)
        });
    }
    let mut commits: usize = 0;
    while let Some(done) = working.join_next().await {
        commits += done??;
    }
    Ok(commits)
}

/// Where the tables stand.
async fn mark(at: &At, part: PartNo, dir: &Path) -> Result<bare::Mark> {
    match at {
        At::Folder(_) => bare::mark(dir),
        At::Postgres(at) => bare_postgres::mark(at, part).await,
    }
}

/// Documents a second of the bare engine.
struct Floor {
    documents: usize,
    /// Each commit durable by itself, as each was promised.
    each: f64,
    /// In as few transactions as the store made of them.
    grouped: f64,
}

fn in_file(dir: &Path, done: &Run) -> Result<Floor> {
    let rows = Rows::since(dir, &done.mark)?;
    let (each, grouped) = (rows.write(dir, done.commits)?, rows.write(dir, done.transactions)?);
    Ok(Floor { documents: rows.documents(), each, grouped })
}

async fn in_database(at: &PostgresAt, part: PartNo, clients: usize, done: &Run) -> Result<Floor> {
    let rows = bare_postgres::Rows::since(at, part, &done.mark).await?;
    let (each, grouped) = (rows.write(done.commits, clients).await?, rows.write(done.transactions, 1).await?);
    Ok(Floor { documents: rows.documents(), each, grouped })
}

/// Every combination of clients and documents in a commit: in a file of its own each, or in a part of its own each of an
/// empty database.
pub(crate) async fn run(
    folder: &Path,
    database: Option<&PostgresAt>,
    measure: Duration,
    figures: &mut Figures,
) -> Result<()> {
    if let Some(at) = database {
        empty(at).await?;
    }
    let sizes = SIZES.iter().flat_map(|clients| SIZES.map(|batch| (*clients, batch)));
    for (number, (clients, batch)) in (1..).zip(sizes) {
        let dir = tempfile::tempdir_in(folder)?;
        let part = PartNo(number);
        let at = match database {
            Some(at) => At::Postgres(Box::new(at.clone())),
            None => At::Folder(dir.path().to_owned()),
        };
        let done = run_one(&at, part, dir.path(), clients, batch, measure).await?;
        let floor = match database {
            Some(at) => in_database(at, part, clients, &done).await?,
            None => in_file(dir.path(), &done)?,
        };
        if floor.documents != done.commits * batch {
            return Err(anyhow!("{} documents of {} are there", floor.documents, done.commits * batch));
        }
        let rate = real(floor.documents) / done.took.as_secs_f64();
        let name = |what: &str| format!("{clients} clients x {batch} documents, {what}");
        figures.number(&name("sealed"), rate, "documents/s");
        figures.number(&name("bare, a commit each"), floor.each, "documents/s");
        figures.number(&name("bare, grouped as the store did"), floor.grouped, "documents/s");
        figures.number(&name("ratio"), rate / floor.each, "");
        figures.number(&name("ratio to grouped"), rate / floor.grouped, "");
        figures.number(&name("syncs a commit"), real(done.transactions) / real(done.commits.max(1)), "");
    }
    Ok(())
}

/// Refuses a database that holds anything: it is filled, and left as it is afterwards.
async fn empty(at: &PostgresAt) -> Result<()> {
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    let found: i64 = bare_postgres::connect(at).await?.query_one(tables, &[]).await?.try_get(0)?;
    if found > 0 {
        return Err(anyhow!(
            "the database {} is not empty: make one for the measurement, and drop it afterwards",
            at.database
        ));
    }
    Ok(())
}
