//! The one thread that writes to a server: a group of changes is decided in memory under the part's lock, and written by
//! one statement for each table.

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tacebo_ledger::{Sequencer, Staged};

use super::{
    columns::{Column, Put},
    failure::{Failure, is_damage},
    lent::Lent,
    link::Link,
    nodes::{self, Beating, Node},
    schema,
    server::Server,
    settle::Settled,
    sql,
};
use crate::{
    CommitError, Options, PartNo, StoreError,
    conn::Conn,
    edge::{Edge, PartState},
    entries::log_head,
    log::ConnTiles,
    queue::{Member, Writer, answer, poison},
    store::Shared,
};

/// The first and the longest wait before another try.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// Marks of nodes that were not seen for so long are swept at the start, in microseconds: 30 days.
const OLD_MARK_US: i64 = 30 * 24 * 3600 * 1_000_000;

pub(super) type Token = [u8; 16];

/// Writes to a server.
pub(crate) struct ServerWriter {
    pub(super) server: Arc<Server>,
    link: Option<Arc<Link>>,
    pub(super) options: Options,
    pub(super) shared: Arc<Shared>,
    pub(super) node: Node,
    pub(super) parts: BTreeMap<i32, PartState>,
    /// When old news was last taken away.
    pub(super) swept: Option<Instant>,
    beating: Option<Beating>,
}

/// What a transaction came to, for whoever waits, and for this node's picture of the parts.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) verdicts: Vec<Result<Taken, CommitError>>,
    pub(super) parts: Vec<After>,
}

/// A change that went in.
pub(super) struct Taken {
    pub(super) part: PartNo,
    pub(super) first_rid: i64,
    pub(super) time_us: i64,
    pub(super) entries: usize,
}

/// A part after the transaction.
pub(super) struct After {
    pub(super) part: PartNo,
    pub(super) edge: Edge,
    pub(super) staged: Option<Staged>,
    pub(super) kinds: Vec<(i64, String)>,
}

/// Why a transaction was not acknowledged.
pub(super) enum Broken {
    /// Nothing is stored; another try may do.
    Again(String),
    /// Nothing is stored, and nothing will be.
    Refused(String),
    /// The store cannot go on.
    Fatal(String),
    /// The answer to the commit was lost.
    Unknown(Outcome, String),
}

impl ServerWriter {
    /// Connects, brings the tables up to date, and takes up every part as a node of it.
    pub(crate) fn new(server: &Arc<Server>, options: Options, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let (server, node, parts) = (Arc::clone(server), server.own.node, BTreeMap::new());
        let mut writer = Self { server, link: None, options, shared, node, parts, swept: None, beating: None };
        let link = writer.link()?;
        let now_us = (writer.options.clock)();
        schema::bring_up(&writer.server, &link, now_us)?;
        let parts = writer.server.snapshot(|conn| conn.all(&crate::sql::PARTS, &[], |r| r.small(0).map(PartNo)))?;
        for part in parts {
            nodes::join(&writer.server, &link, part)?;
            // In one state for each: another node may be writing.
            if let Some(state) = writer.server.snapshot(|conn| PartState::load(conn, part))? {
                writer.parts.insert(part.0, state);
            }
            let old = [Column::Int(part.sql()), Column::Int(now_us.saturating_sub(OLD_MARK_US))];
            link.run(&[Put::new(sql::DROP_OLD_MARKS, old).step()], writer.server.longest())?;
        }
        writer.beating = nodes::beat(&writer.server);
        Ok(writer)
    }

    /// The connection that writes, made anew if it was lost.
    pub(super) fn link(&mut self) -> Result<Arc<Link>, Failure> {
        if let Some(link) = &self.link
            && !link.is_lost()
        {
            return Ok(Arc::clone(link));
        }
        let link = self.server.connect().map_err(|e| match e {
            StoreError::Postgres(e) => Failure::Refused(e),
            e => Failure::Lost(e.to_string()),
        })?;
        schema::check_fitness(&link, self.server.longest())?;
        self.link = Some(Arc::clone(&link));
        Ok(link)
    }

    /// Commits changes that may share a transaction.
    fn commit(&mut self, members: Vec<Member>) {
        let until = Instant::now() + self.server.at.patience;
        let mut wait = BACK_OFF.0;
        let failed = loop {
            let mut token = Token::default();
            if fill(&mut token).is_err() {
                break Broken::Refused("no randomness".to_owned());
            }
            let why = match self.attempt(&members, &token) {
                Ok(outcome) => return self.finish(members, outcome),
                Err(Broken::Unknown(outcome, why)) => match self.settle(&outcome, &token) {
                    Settled::Committed => return self.finish(members, outcome),
                    Settled::NotCommitted => why,
                    Settled::Never(why) => break Broken::Fatal(why),
                },
                Err(Broken::Again(why)) => why,
                Err(failed) => break failed,
            };
            if Instant::now() > until {
                break Broken::Refused(why);
            }
            tracing::debug!(%why, "a group of changes is tried again");
            thread::park_timeout(wait);
            wait = (wait * 2).min(BACK_OFF.1);
        };
        let error = match failed {
            Broken::Fatal(why) => {
                poison(&self.shared, &self.options, &why);
                CommitError::Fatal
            }
            Broken::Refused(why) | Broken::Again(why) | Broken::Unknown(_, why) => {
                tracing::warn!(%why, "a group of changes was refused by the database");
                CommitError::Storage(why)
            }
        };
        for (_, held, reply) in members {
            drop(held);
            answer(reply, Err(error.clone()));
        }
    }

    /// One try. Nobody is told anything before the transaction is durable: a change that failed because of one before it
    /// in the group would have been told a lie if the group came to nothing.
    fn attempt(&mut self, members: &[Member], token: &Token) -> Result<Outcome, Broken> {
        let link = self.link()?;
        let done = self.decide(&link, members).and_then(|(outcome, puts)| {
            if self.options.commit_fault.as_ref().is_some_and(|fault| fault()) {
                return Err(Broken::Fatal("injected".to_owned()));
            }
            if outcome.parts.is_empty() {
                // Nothing went in: what failed, failed by what is durable.
                link.send_only("ROLLBACK");
                return Ok(outcome);
            }
            self.write(&link, outcome, puts, token)
        });
        if matches!(done, Err(Broken::Again(_) | Broken::Refused(_) | Broken::Fatal(_))) && !link.is_lost() {
            link.send_only("ROLLBACK");
        }
        done
    }
}

impl Writer for ServerWriter {
    fn group(&mut self, members: Vec<Member>, _bytes: usize) {
        let mut together = Vec::with_capacity(members.len());
        for member in members {
            // What takes rows away that are not looked up is not decided beside others.
            if !member.0.stands_alone() {
                together.push(member);
                continue;
            }
            if !together.is_empty() {
                self.commit(std::mem::take(&mut together));
            }
            self.commit(vec![member]);
        }
        if !together.is_empty() {
            self.commit(together);
        }
    }

    fn create_part(&mut self, part: PartNo, origin: &str) -> Result<(), StoreError> {
        let link = self.link()?;
        let lent = Lent::writer(&self.server, &link);
        let conn = Conn::Postgres(&lent);
        let log = Sequencer::load(origin, 0, &ConnTiles { conn, part }).map_err(|e| StoreError::Log(e.to_string()))?;
        let root = log.root();
        let row = [Column::Int(part.sql()), Column::Text(origin), Column::Byte(&root.0)];
        link.run(&[Put::new(sql::CREATE_STATE, row).step()], self.server.longest())?;
        let stored = log_head(conn, part)?.ok_or(StoreError::NoPart(part.0))?;
        if stored.origin != origin {
            return Err(StoreError::Origin(part.0));
        }
        nodes::join(&self.server, &link, part)
    }
}

impl Drop for ServerWriter {
    fn drop(&mut self) {
        self.beating = None;
        let Some(link) = self.link.take().filter(|link| !link.is_lost()) else {
            return;
        };
        let mark = |part: &i32| Put::new(sql::DROP_MARK, [Column::Int((*part).into()), Column::Byte(&self.node)]);
        let mut puts: Vec<_> = self.parts.keys().map(mark).collect();
        nodes::leave_all(&self.server, &mut puts);
        let steps: Vec<_> = puts.iter().map(Put::step).collect();
        if let Err(e) = link.run(&steps, self.server.longest()) {
            tracing::debug!(why = e.words(), "the marks of this node are left to be swept");
        }
    }
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(e) if is_damage(&e) => Self::Fatal(Failure::Refused(e).words()),
            Failure::Lost(_) | Failure::Again(_) => Self::Again(failure.words()),
            Failure::Refused(_) | Failure::Unfit(_) => Self::Refused(failure.words()),
        }
    }
}

impl From<StoreError> for Broken {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Postgres(e) => Failure::from(e).into(),
            StoreError::Unreachable(why) => Self::Again(why),
            e => Self::Refused(e.to_string()),
        }
    }
}

fn fill(bytes: &mut [u8]) -> Result<(), StoreError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| StoreError::Log("no randomness".to_owned()))
}
