//! The wish to be the only program over a database: a row with a term that is renewed, since a lock of a session would end
//! behind a pooler, and would not end when a network breaks.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio_postgres::{Row, types::Type};

use super::{
    columns::{Column, Put},
    link::Link,
    server::Server,
    sql,
    value::Int,
};
use crate::{Alone, StoreError};

/// Random name of an open store.
pub(super) type Node = [u8; 16];

/// How often somebody who waits for a lease looks.
const LOOK: Duration = Duration::from_millis(200);

/// A lease that is kept up as long as this value lives.
pub(super) struct Lease(tokio::task::JoinHandle<()>);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes the lease, after its end if nobody renews it; refuses as soon as somebody does.
pub(super) fn take(server: &Server, link: &Link, alone: &Alone, node: &Node) -> Result<(), StoreError> {
    let until = Instant::now() + alone.term * 3;
    let mut first_seen = None;
    loop {
        let columns = [Column::Byte(node), Column::Text(&alone.name), Column::Int(milliseconds(alone.term))];
        if !ask(server, link, &Put::new(sql::LEASE_TAKE, columns))?.is_empty() {
            return Ok(());
        }
        if let Some(row) = ask(server, link, &Put::new(sql::LEASE_HOLDER, []))?.first() {
            let (holder, ends): (String, i64) = (row.try_get(0)?, row.try_get::<_, Int>(1)?.0);
            if *first_seen.get_or_insert(ends) != ends || Instant::now() > until {
                return Err(StoreError::Leased(holder));
            }
        }
        thread::park_timeout(LOOK);
    }
}

/// Renews the lease until the value is dropped. `lost` is told when somebody else has it.
pub(super) fn keep(server: &Arc<Server>, alone: &Alone, node: Node, lost: impl Fn() + Send + 'static) -> Lease {
    let (connect, term) = (server.connecting(), alone.term);
    Lease(server.spawn(async move {
        let mut client = None;
        loop {
            tokio::time::sleep(term / 5).await;
            let Some(live) = (match client.take() {
                Some(live) => Some(live),
                None => connect().await.ok(),
            }) else {
                continue;
            };
            let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
                [(&&node[..], Type::BYTEA), (&milliseconds(term), Type::INT8)];
            match tokio::time::timeout(term, live.query_typed(sql::LEASE_KEEP, &params)).await {
                Ok(Ok(kept)) if kept.is_empty() => return lost(),
                Ok(Ok(_)) => client = Some(live),
                // Tried again over another connection; the writer looks at the lease in every transaction.
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }))
}

/// Gives the lease up, so that the next program need not wait for its end.
pub(super) fn leave(node: &Node) -> Put<'_> {
    Put::new(sql::LEASE_LEAVE, [Column::Byte(node)])
}

fn ask(server: &Server, link: &Link, put: &Put<'_>) -> Result<Vec<Row>, StoreError> {
    Ok(link.run(&[put.step()], server.longest())?.pop().unwrap_or_default())
}

fn milliseconds(term: Duration) -> i64 {
    i64::try_from(term.as_millis()).unwrap_or(i64::MAX)
}
