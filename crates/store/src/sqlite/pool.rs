//! Read connections, lent for the length of one call.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use rusqlite::Connection;

use super::schema;
use crate::{StoreError, conn::Conn};

/// Idle read connections. A call that finds none opens its own, so readers never wait for each other and a call
/// inside a call cannot lock up; what exceeds the usual number is closed afterwards.
pub(crate) struct Pool {
    path: PathBuf,
    keep: usize,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) fn new(path: PathBuf, keep: usize) -> Result<Self, StoreError> {
        let first = schema::open_reader(&path)?;
        Ok(Self { path, keep: keep.max(1), idle: Mutex::new(vec![first]) })
    }

    /// Runs a read. Reads are short (microseconds), so async code calls this inline.
    pub(crate) fn read<T>(&self, f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.lend(|conn| f(Conn::Sqlite(conn)))
    }

    fn lend<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lent = self.idle().pop();
        let conn = match lent {
            Some(conn) => conn,
            None => schema::open_reader(&self.path)?,
        };
        let answer = f(&conn);
        let mut idle = self.idle();
        if idle.len() < self.keep && conn.is_autocommit() {
            idle.push(conn);
        }
        answer
    }

    /// Runs a read of several statements that must see the same state.
    pub(crate) fn snapshot<T>(&self, f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.lend(|conn| {
            let tx = conn.unchecked_transaction()?;
            let answer = f(Conn::Sqlite(&tx));
            tx.finish()?;
            answer
        })
    }

    /// Closes the idle connections.
    pub(crate) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
