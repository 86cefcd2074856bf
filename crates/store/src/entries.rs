//! Reading the log's entries and checkpoints.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::{
    CheckpointRow, EntryQuery, EntryRow, Hash, LogHead, PartNo, Store, StoreError, SubjectNo, documents::sql_limit, sql,
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
            let mut from = query.from_index.unwrap_or(0);
            let mut before = query.before_index.unwrap_or(size).min(size);
            if let Some(time) = query.from_us {
                from = from.max(first_at(conn, part, size, time)?);
            }
            if let Some(time) = query.before_us {
                before = before.min(first_at(conn, part, size, time)?);
            }
            let end = part.place(before);
            match (query.subject, query.actor) {
                (Some(subject), _) => {
                    collect(conn, sql::ENTRIES_SUBJECT, (end, part.sql(), subject.0.cast_signed()), from, query)
                }
                (None, Some(actor)) => {
                    collect(conn, sql::ENTRIES_ACTOR, (end, part.sql(), actor.cast_signed()), from, query)
                }
                (None, None) => collect(conn, sql::ENTRIES, [end, part.place(from)], from, query),
            }
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

    /// How many entries concern a person.
    pub fn count_entries_of(&self, part: PartNo, subject: SubjectNo) -> Result<u64, StoreError> {
        self.count_entries(sql::ENTRY_COUNT_SUBJECT, part, subject.0)
    }

    /// How many entries an actor caused.
    pub fn count_entries_by(&self, part: PartNo, actor: u64) -> Result<u64, StoreError> {
        self.count_entries(sql::ENTRY_COUNT_ACTOR, part, actor)
    }

    fn count_entries(&self, sql: &str, part: PartNo, no: u64) -> Result<u64, StoreError> {
        self.read(|conn| {
            let n: i64 = conn.prepare_cached(sql)?.query_row((part.sql(), no.cast_signed()), |r| r.get(0))?;
            Ok(n.cast_unsigned())
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

/// Reads until the page is full or the place `from` is passed; what no index answers is filtered here.
fn collect(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    from: u64,
    query: &EntryQuery,
) -> Result<Vec<EntryRow>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut out = Vec::new();
    while out.len() < query.limit
        && let Some(row) = rows.next()?
    {
        let entry = entry_row(row)?;
        if entry.index < from {
            break;
        }
        if query.actor.is_none_or(|a| a == entry.actor) && query.class.is_none_or(|c| c == entry.class) {
            out.push(entry);
        }
    }
    Ok(out)
}
