//! The embedded engine: one file, one connection that writes, read connections that are called inline.

mod apply;
mod group;
mod load;
#[cfg(test)]
mod plans;
mod pool;
pub(crate) mod schema;
mod writer;

use crate::Migration;
pub(crate) use load::FileLoader;
pub(crate) use pool::Pool;
pub(crate) use writer::FileWriter;

/// The steps from an empty file to the present schema.
pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, sql: include_str!("../migrations/sqlite/0001.sql"), stops: true }];

const SCHEMA_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, applied INTEGER NOT NULL)";
const SCHEMA_READ: &str = "SELECT coalesce(max(version), 0) FROM schema_version";
const SCHEMA_DONE: &str = "INSERT INTO schema_version (version, applied) VALUES (?1, ?2)";
