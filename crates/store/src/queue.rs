//! What waits for the writer, and how it is gathered into groups: the same on both engines.

use std::sync::{Arc, atomic::Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::{Change, CommitError, Committed, Held, Options, PartNo, StoreError, store::Shared};

/// What a change costs beyond its bytes, roughly: tiles, index pages.
const CHANGE_OVERHEAD: usize = 4096;

pub(crate) type Reply = oneshot::Sender<Result<Committed, CommitError>>;

/// A change, what is held for it, and who waits for it.
pub(crate) type Member = (Box<Change>, Held, Reply);

pub(crate) enum Job {
    Commit(Box<Change>, Held, Reply),
    CreatePart(PartNo, String, oneshot::Sender<Result<(), StoreError>>),
}

/// The one writer of an open store.
pub(crate) trait Writer {
    /// Makes a group durable in one transaction and answers each of its members. A store that is poisoned is not asked.
    fn group(&mut self, members: Vec<Member>, bytes: usize);

    /// What nobody waits for: called when everybody is answered.
    fn tidy(&mut self) {}

    /// Starts the log of a part. The number is possible, and the store is not poisoned.
    fn create_part(&mut self, part: PartNo, origin: &str) -> Result<(), StoreError>;
}

/// Changes for one transaction.
struct Group {
    members: Vec<Member>,
    bytes: usize,
}

impl Group {
    /// Takes in what is waiting, as far as it fits; gives back what comes after it and is no change.
    fn gather(&mut self, jobs: &mut mpsc::Receiver<Job>, options: &Options) -> Option<Job> {
        while self.members.len() < options.group_changes && self.bytes < options.group_bytes {
            match jobs.try_recv().ok()? {
                Job::Commit(change, held, reply) => {
                    self.bytes += weight(&change);
                    self.members.push((change, held, reply));
                }
                other @ Job::CreatePart(..) => return Some(other),
            }
        }
        None
    }
}

/// Works until the last [`crate::Store`] is gone.
pub(crate) fn run(mut writer: impl Writer, mut jobs: mpsc::Receiver<Job>, options: &Options, shared: &Arc<Shared>) {
    let _bell = Bell { shared, options };
    let mut next = None;
    while let Some(job) = next.take().or_else(|| jobs.blocking_recv()) {
        let poisoned = shared.poisoned.load(Ordering::Acquire);
        match job {
            Job::Commit(_, held, reply) if poisoned => {
                drop(held);
                answer(reply, Err(CommitError::Fatal));
            }
            Job::Commit(change, held, reply) => {
                let mut group = Group { bytes: weight(&change), members: vec![(change, held, reply)] };
                next = group.gather(&mut jobs, options);
                writer.group(group.members, group.bytes);
            }
            Job::CreatePart(part, origin, reply) => {
                let answer = match part.is_possible() {
                    _ if poisoned => Err(StoreError::Poisoned),
                    false => Err(StoreError::Part(part.0)),
                    true => writer.create_part(part, &origin),
                };
                if reply.send(answer).is_err() {
                    tracing::debug!("nobody waited for a new part");
                }
            }
        }
        if !shared.poisoned.load(Ordering::Acquire) {
            writer.tidy();
        }
    }
}

/// The store takes no more calls until the process has restarted.
pub(crate) fn poison(shared: &Shared, options: &Options, why: &str) {
    if !shared.poisoned.swap(true, Ordering::AcqRel) {
        tracing::error!(%why, "the store takes no more calls");
        (options.on_fatal)(why);
    }
}

pub(crate) fn answer(reply: Reply, with: Result<Committed, CommitError>) {
    // A caller that went away is no fault: its change is as durable as it would have been.
    if reply.send(with).is_err() {
        tracing::debug!("nobody waited for a commit");
    }
}

fn weight(change: &Change) -> usize {
    let documents: usize =
        change.documents.iter().map(|d| d.index.len() + d.body.len() + 64 * d.terms.len() + 128).sum();
    let entries: usize = change.entries.iter().map(|e| e.sealed.len() + 256).sum();
    let keys = (change.keys.len() + change.buckets.len()) * 256;
    documents + entries + keys + CHANGE_OVERHEAD
}

/// Poisons the store if the writer's thread ends by a panic.
struct Bell<'a> {
    shared: &'a Arc<Shared>,
    options: &'a Options,
}

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            poison(self.shared, self.options, "the writer panicked");
        }
    }
}
