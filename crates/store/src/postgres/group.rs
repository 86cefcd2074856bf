//! One transaction over a group of changes: lock, look up, decide, write.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tacebo_ledger::{Receipt, Sequencer};
use tokio_postgres::Row;

use super::{
    columns::{Column, Put},
    draft::Draft,
    failure::Failure,
    fence::Asked,
    lent::Lent,
    link::{Link, Step},
    rows, sql,
    value::Int,
    wanted::{Known, Wanted},
    writer::{After, Broken, Outcome, ServerWriter, Taken, Token},
};
use crate::{
    CommitError, Committed, Hash, PartNo, StoreError,
    conn::Conn,
    edge::{Edge, PartState},
    log::filed,
    queue::{Member, answer, poison},
};

/// How often a node takes old news away.
const SWEEP: Duration = Duration::from_mins(1);

impl ServerWriter {
    /// Takes the locks, looks up what the group needs, and decides its changes in order.
    pub(super) fn decide<'g>(
        &mut self,
        link: &Arc<Link>,
        members: &'g [Member],
    ) -> Result<(Outcome, Vec<Put<'g>>), Broken> {
        let shared = Arc::clone(&self.shared);
        let mut wanted: BTreeMap<i32, Wanted<'g>> = BTreeMap::new();
        for (change, ..) in members {
            wanted.entry(change.part.0).or_default().add(change, &shared.kinds);
        }
        let begin = self.server.begin("READ COMMITTED READ WRITE", false);
        let mut puts = vec![Put::new(sql::LOCK, [Column::Ints(wanted.keys().map(|part| (*part).into()).collect())])];
        let node = self.node;
        let asked = Asked::of(members);
        asked.ask(&node, &mut puts);
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
        let fences = asked.learn(&mut answers)?;
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
                let news = row.map(|row| row.try_get::<_, i64>(6)).transpose().map_err(StoreError::from)?;
                drafts.insert(*part, Draft::new(PartNo(*part), edge, of_part, news.unwrap_or(0)));
            }
        }
        let mut outcome = Outcome::default();
        for (change, ..) in members {
            let verdict = match (drafts.get_mut(&change.part.0), self.parts.get(&change.part.0)) {
                (Some(draft), Some(state)) => fences
                    .check(change)
                    .and_then(|()| draft.take(change, &state.log, &shared.kinds, (self.options.clock)()))
                    .map(|edge| Taken {
                        part: change.part,
                        first_rid: edge.rid - i64::try_from(change.documents.len()).unwrap_or(0) + 1,
                        time_us: edge.time_us,
                        entries: change.entries.len(),
                    }),
                _ => Err(CommitError::NoPart),
            };
            outcome.verdicts.push(verdict);
        }
        let sweep = self.swept.is_none_or(|swept| swept.elapsed() > SWEEP);
        let mut puts = Vec::new();
        for (_, draft) in drafts.into_iter().filter(|(_, draft)| draft.touched) {
            if sweep && draft.tells.is_some() {
                puts.push(Put::new(sql::DROP_OLD_NEWS, [Column::Int(draft.part.sql())]));
                self.swept = Some(Instant::now());
            }
            outcome.parts.push(self.draw_up(draft, &mut puts));
        }
        Ok((outcome, puts))
    }

    /// The statements of a part, and what is remembered of it once they are durable.
    fn draw_up<'g>(&self, draft: Draft<'g>, puts: &mut Vec<Put<'g>>) -> After {
        let Draft { part, edge, staged, known, rows, news, tells, touched: _ } = draft;
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
        state.push(Column::Int(news));
        puts.push(Put::new(sql::PUT_STATE, state));
        if let Some(tells) = tells {
            let (teller, told) = (Column::Fixed(self.node.to_vec()), Column::Fixed(tells.encode()));
            puts.push(Put::new(sql::PUT_NEWS, [Column::Int(part.sql()), Column::Int(news), teller, told]));
        }
        let kinds = known.new_kinds.into_iter().map(|(no, name)| (no, name.to_owned())).collect();
        After { part, edge, staged, kinds }
    }

    /// Sends the rows and the commit in one go.
    pub(super) fn write(
        &self,
        link: &Link,
        outcome: Outcome,
        mut puts: Vec<Put<'_>>,
        token: &Token,
    ) -> Result<Outcome, Broken> {
        for after in &outcome.parts {
            let (part, time) = (Column::Int(after.part.sql()), Column::Int(after.edge.time_us));
            let mark = [part, Column::Fixed(self.node.to_vec()), time, Column::Fixed(token.to_vec())];
            puts.push(Put::new(sql::PUT_MARK, mark));
        }
        let mut steps: Vec<_> = puts.iter().map(Put::step).collect();
        // A commit that waits for a standby must not be cut short: the server would acknowledge it without the standby.
        steps.push(Step::Plain("SET LOCAL statement_timeout = 0"));
        steps.push(Step::Plain("COMMIT"));
        match link.run_to_end(&steps, self.server.at.patience.max(self.server.longest())) {
            Ok(_) => Ok(outcome),
            // A statement failed, and the server said so: the commit behind it was none.
            Err((n, failure @ (Failure::Again(_) | Failure::Refused(_)))) if n + 1 < steps.len() => Err(failure.into()),
            Err((_, failure)) => Err(Broken::Unknown(outcome, failure.words())),
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

    fn run(&self, link: &Link, begin: Option<&str>, puts: &[Put<'_>]) -> Result<Vec<Vec<Row>>, Broken> {
        let steps: Vec<_> = begin.map(Step::Plain).into_iter().chain(puts.iter().map(Put::step)).collect();
        let mut answers = link.run(&steps, self.server.longest())?;
        if begin.is_some() && !answers.is_empty() {
            answers.remove(0);
        }
        Ok(answers)
    }

    /// The transaction is durable: moves the edges on, makes the receipts, answers.
    pub(super) fn finish(&mut self, members: Vec<Member>, outcome: Outcome) {
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
