//! Reading the log's entries and checkpoints.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::{
    CheckpointRow, EntryQuery, EntryRow, Hash, LogHead, PartNo, Store, StoreError, SubjectNo, documents::sql_limit,
    log::filed, sql,
};

pub(crate) fn entry_row(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow {
        index: row.get::<_, i64>(0)?.cast_unsigned(),
        eid: row.get(1)?,
        time_us: row.get(2)?,
        subject: row.get::<_, Option<i64>>(3)?.map(|n| SubjectNo(n.cast_unsigned())),
        actor: row.get::<_, i64>(4)?.cast_unsigned(),
        class: row.get(5)?,
        entry: row.get(6)?,
        sealed: row.get(7)?,
    })
}

pub(crate) fn checkpoint_row(row: &Row<'_>) -> rusqlite::Result<CheckpointRow> {
    Ok(CheckpointRow {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        size: row.get::<_, i64>(1)?.cast_unsigned(),
        note: row.get(2)?,
    })
}

pub(crate) fn log_head(conn: &Connection, part: PartNo) -> Result<Option<LogHead>, StoreError> {
    let head = conn.prepare_cached(sql::STATE)?.query_row([part.sql()], |r| {
        Ok(LogHead {
            origin: r.get(0)?,
            size: r.get::<_, i64>(1)?.cast_unsigned(),
            root: Hash(r.get(2)?),
            checkpoint: r.get::<_, i64>(3)?.cast_unsigned(),
        })
    });
    Ok(head.optional()?)
}

/// The first index whose entry is not older than `time_us`. Times never decrease along the log, so halving finds it
/// without an index on time.
fn first_at(conn: &Connection, part: PartNo, size: u64, time_us: i64) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(sql::LEAF_TIME)?;
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let time: Option<i64> = statement.query_row([part.place(middle)], |r| r.get(0)).optional()?;
        if time.ok_or(StoreError::Damaged("log_leaf"))? < time_us {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

impl Store {
    /// The durable end of a part's log, `None` if the part has no log.
    pub fn log_head(&self, part: PartNo) -> Result<Option<LogHead>, StoreError> {
        self.read(|conn| log_head(conn, part))
    }

    /// Log entries that meet all conditions, newest first.
    pub fn entries(&self, part: PartNo, query: &EntryQuery) -> Result<Vec<EntryRow>, StoreError> {
        self.snapshot(|conn| {
            let size = log_head(conn, part)?.map_or(0, |h| h.size);
            let mut from = query.from_index.unwrap_or(0).min(size);
            let mut before = query.before_index.unwrap_or(size).min(size);
            if let Some(time) = query.from_us {
                from = from.max(first_at(conn, part, size, time)?);
            }
            if let Some(time) = query.before_us {
                before = before.min(first_at(conn, part, size, time)?);
            }
            let (list, whose) = match (query.subject, query.actor) {
                (Some(subject), _) => (sql::ENTRIES_SUBJECT, subject.0),
                (None, Some(actor)) => (sql::ENTRIES_ACTOR, actor),
                (None, None) => {
                    let mut out = Vec::new();
                    collect(conn, sql::ENTRIES, [part.place(before), part.place(from)], query, &mut out)?;
                    return Ok(out);
                }
            };
            let (mut out, in_lists) = (Vec::new(), filed(size));
            let unfiled = [part.place(before), part.place(from.max(in_lists))];
            collect(conn, sql::ENTRIES, unfiled, query, &mut out)?;
            let before = before.min(in_lists).cast_signed();
            let row = (part.sql(), whose.cast_signed(), before, from.cast_signed(), part.place(0));
            collect(conn, list, row, query, &mut out)?;
            Ok(out)
        })
    }

    /// One entry by its place.
    pub fn entry(&self, part: PartNo, index: u64) -> Result<Option<EntryRow>, StoreError> {
        let query = EntryQuery {
            from_index: Some(index),
            before_index: Some(index.saturating_add(1)),
            limit: 1,
            ..EntryQuery::default()
        };
        Ok(self.entries(part, &query)?.pop())
    }

    /// The logged bytes of the entries from `from` to before `to`, in order: what an entry bundle is made of.
    pub fn logged(&self, part: PartNo, from: u64, to: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::LEAF_ENTRIES)?;
            let rows = statement.query_map([part.place(from), part.place(to)], |r| r.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The checkpoint kept last.
    pub fn last_checkpoint(&self, part: PartNo) -> Result<Option<CheckpointRow>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::CHECKPOINT_LAST)?;
            Ok(statement.query_row([part.sql()], checkpoint_row).optional()?)
        })
    }

    /// The first kept checkpoint whose tree holds the entry at `index`.
    pub fn checkpoint_covering(&self, part: PartNo, index: u64) -> Result<Option<CheckpointRow>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::CHECKPOINT_COVERING)?;
            Ok(statement.query_row((part.sql(), index.cast_signed()), checkpoint_row).optional()?)
        })
    }

    /// Kept checkpoints in order: a page of those after number `after`.
    pub fn checkpoints(&self, part: PartNo, after: u64, limit: usize) -> Result<Vec<CheckpointRow>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::CHECKPOINTS)?;
            let params = (part.sql(), after.cast_signed(), sql_limit(limit));
            let rows = statement.query_map(params, checkpoint_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Reads until the page is full; what no list answers is filtered here.
fn collect(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    query: &EntryQuery,
    out: &mut Vec<EntryRow>,
) -> Result<(), StoreError> {
    let subject = query.subject.map(|s| s.0.cast_signed());
    let actor = query.actor.map(u64::cast_signed);
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    while out.len() < query.limit
        && let Some(row) = rows.next()?
    {
        let fits = (subject.is_none() || subject == row.get(3)?)
            && (actor.is_none() || actor == row.get(4)?)
            && (query.class.is_none() || query.class == row.get(5)?);
        if fits {
            out.push(entry_row(row)?);
        }
    }
    Ok(())
}
