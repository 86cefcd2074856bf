//! The nodes over one database: a row for each that it touches again and again, what they tell each other, and claims.
//!
//! All terms are by the server's clock: a lock of a session would end behind a pooler, and would not end when a network breaks.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio_postgres::{Client, Row, types::ToSql, types::Type};

use super::{
    columns::{Column, Put},
    lent::Lent,
    link::{Link, Step},
    server::Server,
    sql,
    value::Int,
};
use crate::{News, NodeAt, NodeRow, PartNo, StoreError, Touched};

/// Random name of an open store.
pub(super) type Node = [u8; 16];

/// Beats within a term.
const BEATS: u32 = 6;
/// The longest between two of them.
const SLOWEST: Duration = Duration::from_secs(2);
/// How often a node that may not be there together with another looks.
const LOOK: Duration = Duration::from_millis(200);
/// How long after its term a node may still be forgetting.
const GRACE: Duration = Duration::from_secs(1);

/// How this store is known to the others.
pub(crate) struct Own {
    pub(super) node: Node,
    at: Option<NodeAt>,
    seen: AtomicU64,
    /// When the last beat was sent that arrived.
    beat: Mutex<Instant>,
    parts: Mutex<Vec<PartNo>>,
}

impl Own {
    pub(super) fn new(node: Node, at: Option<NodeAt>) -> Self {
        let (beat, parts) = (Mutex::new(Instant::now()), Mutex::default());
        Self { node, at, seen: AtomicU64::new(0), beat, parts }
    }

    pub(crate) fn acknowledge(&self, seq: u64) {
        self.seen.fetch_max(seq, Ordering::AcqRel);
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        let last = *self.beat.lock().unwrap_or_else(PoisonError::into_inner);
        self.at.as_ref().is_some_and(|at| last.elapsed() >= at.term)
    }

    fn has_beaten(&self, sent: Instant) {
        *self.beat.lock().unwrap_or_else(PoisonError::into_inner) = sent;
    }

    fn parts(&self) -> Vec<PartNo> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Beats that go on as long as this value lives.
pub(super) struct Beating(tokio::task::JoinHandle<()>);

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Makes this node known to a part. Who cannot be there together with another is refused as soon as that one is seen to live,
/// and follows one that crashed at the end of its term.
pub(super) fn join(server: &Server, link: &Link, part: PartNo) -> Result<(), StoreError> {
    let Some(at) = &server.own.at else { return Ok(()) };
    let until = Instant::now() + at.term * 3;
    let mut first_seen = None;
    loop {
        let Some((name, beat)) = try_to_join(server, link, part, at)? else { return Ok(()) };
        if *first_seen.get_or_insert(beat) != beat || Instant::now() > until {
            return Err(StoreError::NotAlone(name));
        }
        thread::park_timeout(LOOK);
    }
}

/// One try, under the part's lock; who is in the way, and when that one was heard of.
fn try_to_join(server: &Server, link: &Link, part: PartNo, at: &NodeAt) -> Result<Option<(String, i64)>, StoreError> {
    let sent = Instant::now();
    let lock = Put::new(sql::LOCK, [Column::Ints(vec![part.sql()])]);
    let old = Put::new(sql::DROP_OLD_NODES, [Column::Int(part.sql())]);
    let me = Put::new(sql::JOIN, joining(part, &server.own.node, at));
    let alone = Column::Int(at.alone.into());
    let other = Put::new(sql::IN_THE_WAY, [Column::Int(part.sql()), Column::Byte(&server.own.node), alone]);
    let begin = server.begin("READ COMMITTED READ WRITE", false);
    let steps = [Step::Plain(&begin), lock.step(), old.step(), me.step(), other.step(), Step::Plain("COMMIT")];
    let answers = link.run(&steps, server.longest()).inspect_err(|_| link.send_only("ROLLBACK"))?;
    if answers.get(3).is_none_or(Vec::is_empty) {
        // None, if its term was over between the two questions.
        let Some(row) = answers.get(4).and_then(|rows| rows.first()) else { return Ok(Some((String::new(), 0))) };
        return Ok(Some((row.try_get(0)?, row.try_get::<_, Int>(1)?.0)));
    }
    server.own.has_beaten(sent);
    let mut parts = server.own.parts.lock().unwrap_or_else(PoisonError::into_inner);
    if !parts.contains(&part) {
        parts.push(part);
    }
    Ok(None)
}

fn joining<'a>(part: PartNo, node: &'a Node, at: &'a NodeAt) -> [Column<'a>; 5] {
    let term = Column::Int(milliseconds(at.term));
    [Column::Int(part.sql()), Column::Byte(node), Column::Text(&at.name), term, Column::Int(at.alone.into())]
}

/// Beats until the value is dropped.
pub(super) fn beat(server: &Arc<Server>) -> Option<Beating> {
    let at = server.own.at.clone()?;
    let (connect, own) = (server.connecting(), Arc::clone(&server.own));
    let every = (at.term / BEATS).min(SLOWEST);
    Some(Beating(server.spawn(async move {
        let mut client = None;
        loop {
            tokio::time::sleep(every).await;
            let Some(live) = (match client.take() {
                Some(live) => Some(live),
                None => connect().await.ok(),
            }) else {
                continue;
            };
            let sent = Instant::now();
            // What does not answer is tried again over another connection.
            if let Ok(Ok(known)) = tokio::time::timeout(every * 2, beat_once(&live, &own, &at)).await {
                client = Some(live);
                if known {
                    own.has_beaten(sent);
                }
            }
        }
    })))
}

/// Whether every part knows this node, after this.
async fn beat_once(client: &Client, own: &Own, at: &NodeAt) -> Result<bool, tokio_postgres::Error> {
    let mut known = true;
    for part in own.parts() {
        let (no, node, seen) = (part.sql(), &own.node[..], own.seen.load(Ordering::Acquire).cast_signed());
        let params: [(&(dyn ToSql + Sync), Type); 3] = [(&no, Type::INT8), (&node, Type::BYTEA), (&seen, Type::INT8)];
        if !client.query_typed(sql::BEAT, &params).await?.is_empty() {
            continue;
        }
        // Its term was over: it asks to be let in again.
        let (term, alone) = (milliseconds(at.term), i64::from(at.alone));
        let params: [(&(dyn ToSql + Sync), Type); 5] = [
            (&no, Type::INT8),
            (&node, Type::BYTEA),
            (&at.name, Type::TEXT),
            (&term, Type::INT8),
            (&alone, Type::INT8),
        ];
        if own.parts().contains(&part) {
            known &= !client.query_typed(sql::JOIN, &params).await?.is_empty();
        }
    }
    Ok(known)
}

/// What takes this node's rows out of a part, so that nobody waits for it.
fn leaving(server: &Server, part: PartNo) -> [Put<'_>; 2] {
    [sql::LEAVE, sql::RELEASE_ALL].map(|text| Put::new(text, [Column::Int(part.sql()), Column::Byte(&server.own.node)]))
}

/// The same for all parts.
pub(super) fn leave_all<'a>(server: &'a Server, puts: &mut Vec<Put<'a>>) {
    puts.extend(server.own.parts().into_iter().flat_map(|part| leaving(server, part)));
}

/// Leaves a part, and beats for it no longer.
pub(crate) fn leave(server: &Arc<Server>, part: PartNo) -> Result<(), StoreError> {
    server.own.parts.lock().unwrap_or_else(PoisonError::into_inner).retain(|own| *own != part);
    leaving(server, part).iter().try_for_each(|put| ask(server, put).map(drop))
}

/// News after one, of other nodes.
pub(super) fn since<'g>(part: PartNo, after: u64, node: &Node) -> Put<'g> {
    Put::new(sql::NEWS, [Column::Int(part.sql()), Column::Int(after.cast_signed()), Column::Fixed(node.to_vec())])
}

/// The answer to that.
pub(super) fn told(rows: &[Row], after: u64) -> Result<News, StoreError> {
    let Some(first) = rows.first() else { return Ok(News::default()) };
    let seq = first.try_get::<_, i64>(0)?.cast_unsigned();
    let oldest = first.try_get::<_, Option<i64>>(1)?.map(i64::cast_unsigned);
    let mut news = News { seq, head: first.try_get(2)?, time_us: first.try_get(5)?, ..News::default() };
    news.behind = seq != after && oldest.is_none_or(|oldest| oldest > after.saturating_add(1));
    for row in rows {
        if let Some(touched) = row.try_get::<_, Option<&[u8]>>(3)? {
            news.heard.push((row.try_get::<_, i64>(4)?.cast_unsigned(), Touched::decode(touched)?));
        }
    }
    Ok(news)
}

/// What other nodes did after news `after`.
pub(crate) fn news(server: &Arc<Server>, part: PartNo, after: u64) -> Result<News, StoreError> {
    told(&ask(server, &since(part, after, &server.own.node))?, after)
}

/// Every node that the database knows of.
pub(crate) fn nodes(server: &Arc<Server>, part: PartNo) -> Result<Vec<NodeRow>, StoreError> {
    let rows = ask(server, &Put::new(sql::NODES, [Column::Int(part.sql())]))?;
    let time = |row: &Row, column: usize| -> Result<Duration, StoreError> {
        Ok(Duration::from_millis(row.try_get::<_, Int>(column)?.0.max(0).cast_unsigned()))
    };
    let read = |row: &Row| {
        let silent = time(row, 3)?;
        Ok(NodeRow {
            own: row.try_get::<_, &[u8]>(0)? == server.own.node,
            name: row.try_get(1)?,
            age: time(row, 2)?,
            silent,
            lives: silent < time(row, 4)? + GRACE,
            seen: row.try_get::<_, Int>(5)?.0.cast_unsigned(),
        })
    };
    rows.iter().map(read).collect()
}

/// Takes or renews a claim.
pub(crate) fn claim(server: &Arc<Server>, part: PartNo, name: &str, term: Duration) -> Result<bool, StoreError> {
    let columns =
        [Column::Int(part.sql()), Column::Text(name), Column::Byte(&server.own.node), Column::Int(milliseconds(term))];
    Ok(!ask(server, &Put::new(sql::CLAIM, columns))?.is_empty())
}

/// Gives one back.
pub(crate) fn release(server: &Arc<Server>, part: PartNo, name: &str) -> Result<(), StoreError> {
    let columns = [Column::Int(part.sql()), Column::Text(name), Column::Byte(&server.own.node)];
    ask(server, &Put::new(sql::RELEASE, columns)).map(drop)
}

fn ask(server: &Arc<Server>, put: &Put<'_>) -> Result<Vec<Row>, StoreError> {
    Ok(Lent::shared(server)?.run(&[put.step()])?.pop().unwrap_or_default())
}

fn milliseconds(term: Duration) -> i64 {
    i64::try_from(term.as_millis()).unwrap_or(i64::MAX)
}
