//! The tables: forward migrations under a lock row, and what the server must be like.

use std::{sync::Arc, thread, time::Duration};

use tokio_postgres::{Row, error::SqlState};

use super::{
    failure::Failure,
    link::{Link, Step},
    server::Server,
};
use crate::{Applied, Migration, Pending, StoreError, conn::Value};

/// The steps from an empty database to the present schema.
pub(super) const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, sql: include_str!("../../migrations/postgres/0001.sql"), stops: true }];

/// Highest schema that this program knows.
#[cfg(test)]
pub(crate) const KNOWN: u32 = crate::migrations::known(MIGRATIONS);

/// The row of version 0 is the lock: whoever migrates holds it.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, applied bigint NOT NULL)";
const LOCK_ROW: &str = "INSERT INTO schema_version (version, applied) VALUES (0, $1) ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT version FROM schema_version WHERE version = 0 FOR UPDATE";
const FOUND: &str = "SELECT coalesce(max(version), 0) FROM schema_version";
const DONE: &str = "INSERT INTO schema_version (version, applied) VALUES ($1, $2)";
const IS_THERE: &str = "SELECT to_regclass('schema_version') IS NOT NULL, \
    (SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v'))";
const FITNESS: &str = "SELECT name, setting FROM pg_settings \
    WHERE name IN ('synchronous_commit', 'fsync', 'server_encoding')";

/// How often a migration is tried that another node began at the same moment.
const TRIES: u32 = 20;

/// Refuses a server that acknowledges what it may lose, or that changes text.
pub(super) fn check_fitness(link: &Link, longest: Duration) -> Result<(), Failure> {
    for row in ask(link, longest, FITNESS, &[])? {
        let (name, setting): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let fits = if name == "server_encoding" { setting == "UTF8" } else { setting != "off" };
        if !fits {
            return Err(Failure::Unfit(format!("{name} = {setting}")));
        }
    }
    Ok(())
}

/// Schema of the database; 0 for an empty one.
fn version(link: &Link, longest: Duration) -> Result<u32, StoreError> {
    let there = ask(link, longest, IS_THERE, &[])?;
    let Some(row) = there.first() else {
        return Ok(0);
    };
    let (ours, tables): (bool, i64) = (row.try_get(0)?, row.try_get(1)?);
    match (ours, tables) {
        (true, _) => found(link, longest),
        (false, 0) => Ok(0),
        (false, _) => Err(StoreError::Foreign),
    }
}

fn found(link: &Link, longest: Duration) -> Result<u32, StoreError> {
    let rows = ask(link, longest, FOUND, &[])?;
    let number: i32 = rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    u32::try_from(number).map_err(|_| StoreError::Damaged("schema_version"))
}

/// Refuses a database without a store, and one of a newer program.
pub(crate) fn present(server: &Arc<Server>) -> Result<(), StoreError> {
    let link = server.connect()?;
    match version(&link, server.longest())? {
        0 => Err(StoreError::Missing),
        found => Pending::of(MIGRATIONS, found).map(drop),
    }
}

/// What opening the database would apply.
pub(crate) fn pending(server: &Arc<Server>) -> Result<Pending, StoreError> {
    let link = server.connect()?;
    Pending::of(MIGRATIONS, version(&link, server.longest())?)
}

/// Brings a database up to date by hand, and tells what was missing.
pub(crate) fn bring_up_by_hand(server: &Arc<Server>, now_us: i64, applied: Applied) -> Result<Pending, StoreError> {
    let link = server.connect()?;
    if version(&link, server.longest())? == 0 {
        return Err(StoreError::Missing);
    }
    bring_up_to(MIGRATIONS, server, &link, now_us, applied)
}

/// Brings the database up to the present schema when a store is opened over it. Steps that others cannot go on beside wait
/// for somebody who has stopped them.
pub(super) fn bring_up(server: &Server, link: &Link, now_us: i64) -> Result<(), StoreError> {
    let pending = Pending::of(MIGRATIONS, version(link, server.longest())?)?;
    if pending.stops() {
        return Err(StoreError::OlderSchema { found: pending.found, known: pending.known });
    }
    bring_up_to(MIGRATIONS, server, link, now_us, Applied::ForGood).map(drop)
}

/// A role that may not make tables can use a database that is up to date.
fn bring_up_to(
    all: &[Migration],
    server: &Server,
    link: &Link,
    now_us: i64,
    applied: Applied,
) -> Result<Pending, StoreError> {
    let pending = Pending::of(all, version(link, server.longest())?)?;
    if pending.steps.is_empty() {
        return Ok(pending);
    }
    for attempt in 1.. {
        let done = migrate(all, server, link, now_us, applied);
        let Err(e) = done else { break };
        link.send_only("ROLLBACK");
        let passing = matches!(&e, StoreError::Postgres(e) if e.code().is_some_and(is_race));
        if !passing || attempt >= TRIES {
            return Err(e);
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    Ok(pending)
}

/// All that is missing in one transaction, under the lock of whoever migrates.
fn migrate(all: &[Migration], server: &Server, link: &Link, now_us: i64, applied: Applied) -> Result<(), StoreError> {
    let longest = server.longest();
    let at = [Value::Int(now_us)];
    let begin = server.begin("READ COMMITTED READ WRITE", false);
    link.run(&[Step::Plain(&begin), Step::Plain(TABLE)], longest)?;
    link.run(&[Step::ask(LOCK_ROW, &at), Step::Ask(LOCK, Vec::new())], longest)?;
    for step in Pending::of(all, found(link, longest)?)?.steps {
        let row = [Value::Int(step.number.into()), Value::Int(now_us)];
        link.run(&[Step::Plain(step.sql), Step::ask(DONE, &row)], longest)?;
    }
    link.run(&[Step::Plain(applied.command())], longest)?;
    Ok(())
}

/// Two who make the same table at once: one of them is told so.
fn is_race(code: &SqlState) -> bool {
    [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::LOCK_NOT_AVAILABLE,
    ]
    .contains(code)
}

fn ask(link: &Link, longest: Duration, text: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
    Ok(link.run(&[Step::ask(text, values)], longest)?.pop().unwrap_or_default())
}

#[cfg(test)]
mod tests;
