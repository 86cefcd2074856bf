//! The one thread that writes to a server: a group of changes is decided in memory under the part's lock, and written by
//! one statement for each table.

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tacebo_ledger::{Receipt, Sequencer, Staged};
use tokio_postgres::Row;

use super::{
    columns::{Column, Put},
    draft::Draft,
    failure::{Failure, is_damage},
    lease::{self, Lease, Node},
    lent::Lent,
    link::{Link, Step},
    rows, schema,
    server::Server,
    settle::Settled,
    sql,
    value::Int,
    wanted::{Known, Wanted},
};
use crate::{
    CommitError, Committed, Hash, Options, PartNo, StoreError,
    conn::Conn,
    edge::{Edge, PartState},
    entries::log_head,
    log::{ConnTiles, filed},
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
    options: Options,
    shared: Arc<Shared>,
    pub(super) node: Node,
    parts: BTreeMap<i32, PartState>,
    lease: Option<Lease>,
}

/// What a transaction came to, for whoever waits, and for this node's picture of the parts.
#[derive(Default)]
pub(super) struct Outcome {
    verdicts: Vec<Result<Taken, CommitError>>,
    pub(super) parts: Vec<After>,
}

/// A change that went in.
struct Taken {
    part: PartNo,
    first_rid: i64,
    time_us: i64,
    entries: usize,
}

/// A part after the transaction.
pub(super) struct After {
    pub(super) part: PartNo,
    edge: Edge,
    staged: Option<Staged>,
    kinds: Vec<(i64, String)>,
}

/// Why a transaction was not acknowledged.
enum Broken {
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
    /// Connects, brings the tables up to date, takes the lease if one is asked for, and takes up every part.
    pub(crate) fn new(server: &Arc<Server>, options: Options, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let mut node = Node::default();
        fill(&mut node)?;
        let server = Arc::clone(server);
        let mut writer = Self { server, link: None, options, shared, node, parts: BTreeMap::new(), lease: None };
        let link = writer.link()?;
        let now_us = (writer.options.clock)();
        schema::bring_up(&writer.server, &link, now_us)?;
        if let Some(alone) = writer.server.at.alone.clone() {
            lease::take(&writer.server, &link, &alone, &node)?;
            let (shared, options) = (Arc::clone(&writer.shared), writer.options.clone());
            let lost = move || poison(&shared, &options, "another program has taken the database over");
            writer.lease = Some(lease::keep(&writer.server, &alone, node, lost));
        }
        let parts = writer.server.snapshot(|conn| conn.all(&crate::sql::PARTS, &[], |r| r.small(0).map(PartNo)))?;
        for part in parts {
            // In one state for each: another node may be writing.
            if let Some(state) = writer.server.snapshot(|conn| PartState::load(conn, part))? {
                writer.parts.insert(part.0, state);
            }
            let old = [Column::Int(part.sql()), Column::Int(now_us.saturating_sub(OLD_MARK_US))];
            link.run(&[Put::new(sql::DROP_OLD_MARKS, old).step()], writer.server.longest())?;
        }
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

    /// Takes the locks, looks up what the group needs, and decides its changes in order.
    fn decide<'g>(&mut self, link: &Arc<Link>, members: &'g [Member]) -> Result<(Outcome, Vec<Put<'g>>), Broken> {
        let shared = Arc::clone(&self.shared);
        let mut wanted: BTreeMap<i32, Wanted<'g>> = BTreeMap::new();
        for (change, ..) in members {
            wanted.entry(change.part.0).or_default().add(change, &shared.kinds);
        }
        let begin = self.server.begin("READ COMMITTED READ WRITE", false);
        let mut puts = vec![Put::new(sql::LOCK, [Column::Ints(wanted.keys().map(|part| (*part).into()).collect())])];
        let alone = self.server.at.alone.is_some();
        if alone {
            puts.push(Put::new(sql::LEASE_CHECK, []));
        }
        for (part, wanted) in &wanted {
            wanted.ask_kinds(PartNo(*part), &mut puts);
        }
        // With all kinds known, one round trip does; the statements behind the lock see what was committed before it.
        let known_kinds = wanted.values().all(|wanted| wanted.kinds.is_empty());
        let number = |part: i32, known: &BTreeMap<i32, Known<'_>>, kind: &str| {
            let own = known.get(&part).and_then(|known| known.kinds.get(kind)).copied();
            shared.kinds.cached(PartNo(part), kind).or(own)
        };
        let mut known: BTreeMap<i32, Known<'g>> = wanted.keys().map(|part| (*part, Known::default())).collect();
        let ask = |known: &BTreeMap<i32, Known<'_>>, puts: &mut Vec<Put<'g>>| {
            for (part, wanted) in &wanted {
                wanted.ask(PartNo(*part), |kind| number(*part, known, kind), puts);
            }
        };
        if known_kinds {
            ask(&known, &mut puts);
        }
        let mut answers = self.run(link, Some(&begin), &puts)?.into_iter();
        let locked = answers.next().unwrap_or_default();
        if alone {
            self.check_lease(&answers.next().unwrap_or_default())?;
        }
        for (part, wanted) in &wanted {
            wanted.learn_kinds(PartNo(*part), &shared.kinds, &mut answers, known.entry(*part).or_default())?;
        }
        if !known_kinds {
            let mut puts = Vec::new();
            ask(&known, &mut puts);
            answers = self.run(link, None, &puts)?.into_iter();
        }
        let mut drafts: BTreeMap<i32, Draft<'g>> = BTreeMap::new();
        for (part, wanted) in &wanted {
            let mut of_part = known.remove(part).unwrap_or_default();
            let kinds = of_part.kinds.clone();
            let number = |kind: &str| shared.kinds.cached(PartNo(*part), kind).or_else(|| kinds.get(kind).copied());
            wanted.learn(number, &mut answers, &mut of_part)?;
            let row = locked.iter().find(|row| row.try_get::<_, Int>(0).is_ok_and(|no| no.0 == i64::from(*part)));
            if let Some(edge) = self.take_up(link, PartNo(*part), row)? {
                drafts.insert(*part, Draft::new(PartNo(*part), edge, of_part));
            }
        }
        let mut outcome = Outcome::default();
        for (change, ..) in members {
            let verdict = match (drafts.get_mut(&change.part.0), self.parts.get(&change.part.0)) {
                (Some(draft), Some(state)) => {
                    draft.take(change, &state.log, &shared.kinds, (self.options.clock)()).map(|edge| Taken {
                        part: change.part,
                        first_rid: edge.rid - i64::try_from(change.documents.len()).unwrap_or(0) + 1,
                        time_us: edge.time_us,
                        entries: change.entries.len(),
                    })
                }
                _ => Err(CommitError::NoPart),
            };
            outcome.verdicts.push(verdict);
        }
        let mut puts = Vec::new();
        for (_, draft) in drafts.into_iter().filter(|(_, draft)| draft.touched) {
            outcome.parts.push(self.draw_up(draft, &mut puts));
        }
        Ok((outcome, puts))
    }

    /// The statements of a part, and what is remembered of it once they are durable.
    fn draw_up<'g>(&self, draft: Draft<'g>, puts: &mut Vec<Put<'g>>) -> After {
        let Draft { part, edge, staged, known, rows, touched: _ } = draft;
        rows.puts(part, &known.new_kinds, puts);
        let log = self.parts.get(&part.0).map(|state| &state.log);
        let before = log.map_or(0, Sequencer::size);
        let (mut size, mut root) = (before, log.map_or(Hash([0; 32]), Sequencer::root));
        if let Some(staged) = &staged {
            (size, root) = (staged.size(), staged.root());
            puts.push(rows::tiles(part, staged));
        }
        let (from, to) = (filed(before), filed(size));
        if from < to {
            for list in [&crate::sql::FILE_SUBJECTS, &crate::sql::FILE_ACTORS] {
                let range = [part.sql(), part.place(from), part.place(to)];
                puts.push(Put::new(list.postgres, range.map(Column::Int)));
            }
        }
        let numbers = [edge.checkpoint.0.cast_signed(), edge.rid, edge.time_us].map(Column::Int);
        let mut state = vec![Column::Int(part.sql()), Column::Int(size.cast_signed()), Column::Fixed(root.0.to_vec())];
        state.extend(numbers);
        puts.push(Put::new(sql::PUT_STATE, state));
        let kinds = known.new_kinds.into_iter().map(|(no, name)| (no, name.to_owned())).collect();
        After { part, edge, staged, kinds }
    }

    /// Sends the rows and the commit in one go.
    fn write(&self, link: &Link, outcome: Outcome, mut puts: Vec<Put<'_>>, token: &Token) -> Result<Outcome, Broken> {
        for after in &outcome.parts {
            let (part, time) = (Column::Int(after.part.sql()), Column::Int(after.edge.time_us));
            let mark = [part, Column::Fixed(self.node.to_vec()), time, Column::Fixed(token.to_vec())];
            puts.push(Put::new(sql::PUT_MARK, mark));
        }
        let mut steps: Vec<_> = puts.iter().map(Put::step).collect();
        // A commit that waits for a standby must not be cut short: the server would acknowledge it without the standby.
        steps.push(Step::Plain("SET LOCAL statement_timeout = 0"));
        steps.push(Step::Plain("COMMIT"));
        match link.run(&steps, self.server.at.patience.max(self.server.longest())) {
            Ok(_) => Ok(outcome),
            Err(Failure::Lost(why)) => Err(Broken::Unknown(outcome, why)),
            // Told by a statement or by the commit itself: the server has rolled back.
            Err(failure) => Err(failure.into()),
        }
    }

    /// Brings this node's picture of a part up to what is locked: another node may have committed since.
    fn take_up(&mut self, link: &Arc<Link>, part: PartNo, row: Option<&Row>) -> Result<Option<Edge>, Broken> {
        let Some(row) = row else {
            return Ok(None);
        };
        let int = |column| -> Result<i64, StoreError> { Ok(row.try_get::<_, Int>(column)?.0) };
        let (size, rid, time_us) = (int(1)?.cast_unsigned(), int(3)?, int(4)?);
        let (root, checkpoint) = (row.try_get::<_, &[u8]>(2).map_err(StoreError::from)?, int(5)?.cast_unsigned());
        if let Some(PartState { edge, log }) = self.parts.get(&part.0) {
            let same_log = size == log.size() && root == log.root().0;
            if rid < edge.rid || size < log.size() || (size == log.size() && !same_log) {
                return Err(Broken::Fatal("the database has lost what it had acknowledged".to_owned()));
            }
            if same_log && (rid, time_us, checkpoint) == (edge.rid, edge.time_us, edge.checkpoint.0) {
                return Ok(Some(*edge));
            }
        }
        let lent = Lent::writer(&self.server, link);
        let loaded = PartState::load(Conn::Postgres(&lent), part)?;
        let edge = loaded.as_ref().map(|state| state.edge);
        self.parts.extend(loaded.map(|state| (part.0, state)));
        Ok(edge)
    }

    fn check_lease(&self, rows: &[Row]) -> Result<(), Broken> {
        let ours = rows.first().is_some_and(|row| row.try_get::<_, &[u8]>(0).is_ok_and(|node| node == self.node));
        if ours { Ok(()) } else { Err(Broken::Fatal("another program has taken the database over".to_owned())) }
    }

    fn run(&self, link: &Link, begin: Option<&str>, puts: &[Put<'_>]) -> Result<Vec<Vec<Row>>, Broken> {
        let steps: Vec<_> = begin.map(Step::Plain).into_iter().chain(puts.iter().map(Put::step)).collect();
        let mut answers = link.run(&steps, self.server.longest())?;
        if begin.is_some() && !answers.is_empty() {
            answers.remove(0);
        }
        Ok(answers)
    }

    /// The transaction is durable: moves the edges on, makes the receipts, answers.
    fn finish(&mut self, members: Vec<Member>, outcome: Outcome) {
        let mut receipts: BTreeMap<i32, std::vec::IntoIter<Receipt>> = BTreeMap::new();
        for after in outcome.parts {
            for (no, name) in after.kinds {
                self.shared.kinds.learn(after.part, &name, no);
            }
            let Some(state) = self.parts.get_mut(&after.part.0) else {
                continue;
            };
            state.edge = after.edge;
            if let Some(staged) = after.staged {
                match state.log.committed(staged) {
                    Ok(made) => drop(receipts.insert(after.part.0, made.into_iter())),
                    Err(e) => poison(&self.shared, &self.options, &e.to_string()),
                }
            }
            state.edge.log_size = state.log.size();
        }
        for ((_, held, reply), verdict) in members.into_iter().zip(outcome.verdicts) {
            let told = verdict.map(|taken| {
                let mine = receipts.get_mut(&taken.part.0);
                let receipts = mine.map_or_else(Vec::new, |all| all.by_ref().take(taken.entries).collect());
                Committed { first_rid: taken.first_rid, time_us: taken.time_us, receipts }
            });
            drop(held);
            answer(reply, told);
        }
    }
}

impl Writer for ServerWriter {
    fn group(&mut self, members: Vec<Member>, _bytes: usize) {
        let mut together = Vec::with_capacity(members.len());
        for member in members {
            // Dropping keys takes terms of documents that are not looked up: such a change stands alone.
            if member.0.drop_keys.is_empty() {
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
        if stored.origin == origin { Ok(()) } else { Err(StoreError::Origin(part.0)) }
    }
}

impl Drop for ServerWriter {
    fn drop(&mut self) {
        self.lease = None;
        let Some(link) = self.link.take().filter(|link| !link.is_lost()) else {
            return;
        };
        let mark = |part: &i32| Put::new(sql::DROP_MARK, [Column::Int((*part).into()), Column::Byte(&self.node)]);
        let mut puts: Vec<_> = self.parts.keys().map(mark).collect();
        if self.server.at.alone.is_some() {
            puts.push(lease::leave(&self.node));
        }
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
