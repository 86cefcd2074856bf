//! The floor under ingest: the very rows that a run left, written to bare SQLite with the same schema and durability.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

use crate::bench::figures::real;

/// The tables that a resource costs rows in, with their column of order.
const TABLES: [(&str, &str); 3] = [("document", "rid"), ("term", "rid"), ("log_leaf", "place")];

/// Where a store stood before a run.
pub(crate) struct Mark(pub [i64; 3]);

/// The rows of a run, by table.
pub(crate) struct Rows {
    /// The store that they are from, and where it stood before: the bare engine begins with the same rows.
    data: PathBuf,
    mark: [i64; 3],
    schema: Vec<String>,
    /// Of each table, the columns that are stored, comma separated.
    columns: [String; 3],
    tables: [Vec<Vec<Value>>; 3],
}

fn open(data: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(data.join("store.db"), flags)?)
}

/// Where a store stands.
pub(crate) fn mark(data: &Path) -> Result<Mark> {
    let conn = open(data)?;
    let mut mark = [0; 3];
    for (at, (table, column)) in mark.iter_mut().zip(TABLES) {
        *at = conn.query_row(&format!("SELECT coalesce(max({column}), -1) FROM {table}"), [], |row| row.get(0))?;
    }
    Ok(Mark(mark))
}

impl Rows {
    /// Everything after a mark.
    pub(crate) fn since(data: &Path, mark: &Mark) -> Result<Self> {
        let conn = open(data)?;
        let mut schema = Vec::new();
        let mut columns: [String; 3] = Default::default();
        let mut tables: [Vec<Vec<Value>>; 3] = Default::default();
        for ((((table, column), from), names), rows) in TABLES.iter().zip(mark.0).zip(&mut columns).zip(&mut tables) {
            let mut made = conn
                .prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC")?;
            for sql in made.query_map([table], |row| row.get::<_, String>(0))? {
                schema.push(sql?);
            }
            // `table_info` leaves out what is computed.
            let stored = "SELECT group_concat(name, ', ') FROM pragma_table_info(?1)";
            *names = conn.query_row(stored, [table], |row| row.get(0))?;
            let mut all =
                conn.prepare(&format!("SELECT {names} FROM {table} WHERE {column} > ?1 ORDER BY {column}"))?;
            let width = all.column_count();
            let found = all.query_map([from], |row| (0..width).map(|at| row.get(at)).collect())?;
            *rows = found.collect::<Result<_, _>>()?;
        }
        Ok(Self { data: data.to_owned(), mark: mark.0, schema, columns, tables })
    }

    pub(crate) fn documents(&self) -> usize {
        self.tables[0].len()
    }

    pub(crate) fn terms(&self) -> usize {
        self.tables[1].len()
    }

    pub(crate) fn leaves(&self) -> usize {
        self.tables[2].len()
    }

    /// Bytes of all values.
    pub(crate) fn bytes(&self) -> usize {
        let size = |value: &Value| match value {
            Value::Null => 0,
            Value::Integer(_) | Value::Real(_) => 8,
            Value::Text(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
        };
        self.tables.iter().flatten().flatten().map(size).sum()
    }

    /// Writes them in so many durable transactions; documents a second.
    pub(crate) fn write(&self, folder: &Path, commits: usize) -> Result<f64> {
        let place = tempfile::tempdir_in(folder)?;
        let mut conn = Connection::open(place.path().join("bare.db"))?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "cache_size", -65_536)?;
        // As the store does: otherwise the floor would copy pages back four times as often.
        conn.pragma_update(None, "wal_autocheckpoint", 16 << 10)?;
        for sql in &self.schema {
            conn.execute_batch(sql)?;
        }
        self.begin_like_the_store(&conn)?;
        let begin = Instant::now();
        for commit in 0..commits {
            let tx = conn.transaction()?;
            for (((table, _), names), rows) in TABLES.iter().zip(&self.columns).zip(&self.tables) {
                let share = |n: usize| rows.len() * n / commits;
                let share = rows.get(share(commit)..share(commit + 1)).unwrap_or_default();
                let Some(width) = share.first().map(Vec::len) else {
                    continue;
                };
                let places = vec!["?"; width].join(", ");
                let mut insert = tx.prepare_cached(&format!("INSERT INTO {table} ({names}) VALUES ({places})"))?;
                for row in share {
                    insert.execute(rusqlite::params_from_iter(row)).context("bare SQLite refused a row")?;
                }
            }
            tx.commit()?;
        }
        Ok(real(self.documents()) / begin.elapsed().as_secs_f64())
    }
    /// Puts in what was there before, untimed.
    fn begin_like_the_store(&self, conn: &Connection) -> Result<()> {
        let house = self.data.join("store.db").display().to_string();
        conn.execute("ATTACH ?1 AS house", [house])?;
        for (((table, column), names), from) in TABLES.iter().zip(&self.columns).zip(self.mark) {
            let copy = format!("INSERT INTO {table} ({names}) SELECT {names} FROM house.{table} WHERE {column} <= ?1");
            conn.execute(&copy, [from])?;
        }
        conn.execute_batch("DETACH house")?;
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        Ok(())
    }
}
