//! Sealed commits, straight into the store: documents sealed, blinded and logged, at several sizes of commit and numbers
//! of clients, beside the very rows written to the bare engine with the same durability.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use tacebo_ledger::{Salt, commit};
use tacebo_seal::{Blinder, Category, DataKey, Effort, Keyring, Part, PassphraseFile, Place, Realm, SubjectNo, Suite};
use tacebo_store::{At, Change, CommitFault, DocumentWrite, EntryWrite, KeyRow, Options, PartNo, Store};

use crate::bench::bare::{self, Rows};
use crate::bench::figures::{Figures, real};

const REALM: Realm = Realm(1);
const PART: PartNo = PartNo(1);
const SUITE: Suite = Suite::International;
const KIND: &str = "Observation";
/// Clients at once, and documents in a commit.
const SIZES: [usize; 3] = [1, 16, 256];
/// As large as an observation is after packing, and its index record.
const BODY: usize = 1024;
const INDEX: usize = 160;
const ENTRY: usize = 300;
const TERMS: usize = 4;

/// What seals, shared by all clients: one person's key, as of a ward round, and the blinder.
struct Sealer {
    key: DataKey,
    blinder: Blinder,
    subject: SubjectNo,
    next: AtomicU64,
    body: Vec<u8>,
}

impl Sealer {
    fn change(&self, batch: usize) -> Result<Change> {
        let mut change = Change::new(PART);
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

/// One combination, in a store of its own.
struct Run {
    commits: usize,
    transactions: usize,
    took: Duration,
}

async fn run_one(dir: &Path, clients: usize, batch: usize, measure: Duration) -> Result<Run> {
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
    let store =
        Store::open(&At::Folder(dir.to_owned()), Options { commit_fault: Some(count), ..Options::new(clock, fatal) })?;
    store.create_part(PART, "log.bench.example").await?;
    let keys = vec![KeyRow { subject, category: Category(1), generation: 1, wrapped: wrapped.0 }];
    store.commit(Change { keys, buckets: rows, ..Change::new(PART) }).await?;

    let body = (0_u32..).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(BODY).collect();
    let sealer = Arc::new(Sealer { key, blinder: ring.blinder()?, subject, next: AtomicU64::new(1), body });
    transactions.store(0, Ordering::Relaxed);
    let begin = Instant::now();
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (store, sealer) = (store.clone(), Arc::clone(&sealer));
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
    Ok(Run { commits, transactions: transactions.load(Ordering::Relaxed), took: begin.elapsed() })
}

/// Every combination of clients and documents in a commit.
pub(crate) async fn run(folder: &Path, measure: Duration, figures: &mut Figures) -> Result<()> {
    for clients in SIZES {
        for batch in SIZES {
            let dir = tempfile::tempdir_in(folder)?;
            let nothing = bare::Mark::nothing();
            let done = run_one(dir.path(), clients, batch, measure).await?;
            let rows = Rows::since(dir.path(), &nothing)?;
            if rows.documents() != done.commits * batch {
                return Err(anyhow!("{} documents of {} are there", rows.documents(), done.commits * batch));
            }
            let rate = real(rows.documents()) / done.took.as_secs_f64();
            let name = |what: &str| format!("{clients} clients x {batch} documents, {what}");
            figures.number(&name("sealed"), rate, "documents/s");
            // Each commit durable by itself, as each was promised; and as few transactions as the store made of them.
            let each = rows.write(dir.path(), done.commits)?;
            let grouped = rows.write(dir.path(), done.transactions)?;
            figures.number(&name("bare, a commit each"), each, "documents/s");
            figures.number(&name("bare, grouped as the store did"), grouped, "documents/s");
            figures.number(&name("ratio"), rate / each, "");
            figures.number(&name("ratio to grouped"), rate / grouped, "");
            figures.number(&name("syncs a commit"), real(done.transactions) / real(done.commits.max(1)), "");
        }
    }
    Ok(())
}
