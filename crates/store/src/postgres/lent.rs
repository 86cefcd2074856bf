//! A connection lent to a reader.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
    time::Duration,
};

use tokio_postgres::Row;

use super::{
    columns::{Column, Put},
    failure::Failure,
    link::{Link, Step},
    server::Server,
};
use crate::{PartNo, Rid, StoreError, conn::Value, sql::Sql};

/// Questions that are sent together at most.
const PIECE: usize = 256;

/// Rows that one set-based question asks for at most.
const SET: usize = 4096;

/// The longest that a check waits for one answer.
const PATIENT: Duration = Duration::from_hours(12);

/// A connection as a reader has it. Given back when it is dropped.
pub(crate) struct Lent {
    server: Arc<Server>,
    link: RefCell<Arc<Link>>,
    mode: Mode,
    /// Whether anything was answered over it yet: a snapshot that has begun cannot go on over another connection.
    begun: Cell<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Others use it too; each statement is a transaction of its own.
    Shared,
    /// All statements see one state; `calm` for a check, which takes its time.
    Snapshot { calm: bool },
    /// Inside the writer's transaction.
    Writer,
}

impl Lent {
    pub(super) fn shared(server: &Arc<Server>) -> Result<Self, StoreError> {
        Ok(Self::new(server, server.shared_link()?, Mode::Shared))
    }

    pub(super) fn snapshot(server: &Arc<Server>) -> Result<Self, StoreError> {
        Ok(Self::new(server, server.own_link()?, Mode::Snapshot { calm: false }))
    }

    /// A snapshot that is held as long as a check takes, over a connection that no reader waits for.
    pub(crate) fn calm(server: &Arc<Server>) -> Result<Self, StoreError> {
        let lent = Self::new(server, server.connect()?, Mode::Snapshot { calm: true });
        // One state from now on, and not from the first question on.
        lent.run(&[Step::Ask("SELECT 1", Vec::new())])?;
        Ok(lent)
    }

    pub(super) fn writer(server: &Arc<Server>, link: &Arc<Link>) -> Self {
        Self::new(server, Arc::clone(link), Mode::Writer)
    }

    fn new(server: &Arc<Server>, link: Arc<Link>, mode: Mode) -> Self {
        Self { server: Arc::clone(server), link: RefCell::new(link), mode, begun: Cell::new(false) }
    }

    /// All rows of a statement.
    pub(crate) fn rows(&self, sql: &Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        Ok(self.run(&[Step::ask(sql.postgres, values)])?.pop().unwrap_or_default())
    }

    /// The first row for each set of values, in order.
    pub(crate) fn firsts<const N: usize>(
        &self,
        sql: &Sql,
        many: &[[Value<'_>; N]],
        mut read: impl FnMut(Option<&Row>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for piece in many.chunks(PIECE) {
            let steps: Vec<_> = piece.iter().map(|values| Step::ask(sql.postgres, values)).collect();
            for rows in self.run(&steps)? {
                read(rows.first())?;
            }
        }
        Ok(())
    }

    /// The row of each rid, in the order asked.
    pub(crate) fn of_rids(
        &self,
        set: &'static str,
        part: PartNo,
        rids: &[Rid],
        mut read: impl FnMut(Option<&Row>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for piece in rids.chunks(SET) {
            let put = Put::new(set, [Column::Int(part.sql()), Column::Ints(piece.to_vec())]);
            let rows = self.run(&[put.step()])?.pop().unwrap_or_default();
            let mut found = BTreeMap::new();
            for row in &rows {
                found.insert(row.try_get::<_, i64>(0)?, row);
            }
            piece.iter().try_for_each(|rid| read(found.get(rid).copied()))?;
        }
        Ok(())
    }

    /// Sends questions together. Where nothing was answered yet, a lost connection is replaced once: a server that was
    /// restarted closes the connections that lay idle.
    pub(crate) fn run(&self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        let longest = match self.mode {
            Mode::Snapshot { calm: true } => PATIENT,
            _ => self.server.longest(),
        };
        let mut again = !self.begun.get() && self.mode != Mode::Writer;
        loop {
            let link = Arc::clone(&self.link.borrow());
            if let Mode::Snapshot { calm } = self.mode
                && !self.begun.get()
            {
                link.send_only(&self.server.begin("REPEATABLE READ READ ONLY", calm));
            }
            match link.run(steps, longest) {
                Err(Failure::Lost(_)) if again => {
                    again = false;
                    let fresh = match self.mode {
                        Mode::Shared => self.server.shared_link()?,
                        _ => self.server.connect()?,
                    };
                    *self.link.borrow_mut() = fresh;
                }
                Ok(rows) => {
                    self.begun.set(self.mode != Mode::Shared);
                    return Ok(rows);
                }
                Err(failure) => {
                    self.begun.set(self.mode != Mode::Shared);
                    return Err(failure.into());
                }
            }
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Mode::Snapshot { calm: false } = self.mode {
            let link = Arc::clone(&self.link.borrow());
            if self.begun.get() && !link.is_lost() {
                link.send_only("COMMIT");
            }
            self.server.give_back(Some(link));
        }
    }
}
