//! Reading the log's entries and checkpoints.

use crate::{
    CheckpointRow, EntryQuery, EntryRow, Hash, LogHead, PartNo, Store, StoreError, SubjectNo,
    conn::{Conn, Row, Value},
    documents::sql_limit,
    log::filed,
    sql::{self, Sql},
};

/// Entries that are looked through at once where no list answers the whole question.
const PIECE: usize = 256;

pub(crate) fn entry_row(part: PartNo, row: &Row<'_>) -> Result<EntryRow, StoreError> {
    Ok(EntryRow {
        index: part.index_at(row.int(0)?),
        eid: row.array(1)?,
        time_us: row.int(2)?,
        subject: row.opt_int(3)?.map(|n| SubjectNo(n.cast_unsigned())),
        actor: row.unsigned(4)?,
        class: row.small(5)?,
        entry: row.bytes(6)?,
        sealed: row.bytes(7)?,
    })
}

pub(crate) fn checkpoint_row(row: &Row<'_>) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow { seq: row.unsigned(0)?, size: row.unsigned(1)?, note: row.text(2)? })
}

pub(crate) fn log_head(conn: Conn<'_>, part: PartNo) -> Result<Option<LogHead>, StoreError> {
    conn.first(&sql::STATE, &[part.into()], |r| {
        Ok(LogHead { origin: r.text(0)?, size: r.unsigned(1)?, root: Hash(r.array(2)?), checkpoint: r.unsigned(3)? })
    })
}

/// The first index whose entry is not older than `time_us`. Times never decrease along the log, so halving finds it
/// without an index on time.
fn first_at(conn: Conn<'_>, part: PartNo, size: u64, time_us: i64) -> Result<u64, StoreError> {
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let time = conn.first(&sql::LEAF_TIME, &[part.into(), part.place(middle).into()], |r| r.int(0))?;
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
            let (mut out, in_lists) = (Vec::new(), filed(size));
            let (list, whose) = match (query.subject, query.actor) {
                (Some(subject), _) => (&sql::ENTRIES_SUBJECT, subject.0),
                (None, Some(actor)) => (&sql::ENTRIES_ACTOR, actor),
                (None, None) => {
                    let whole = Range { list: None, from, before };
                    whole.collect(conn, part, query, &mut out)?;
                    return Ok(out);
                }
            };
            Range { list: None, from: from.max(in_lists), before }.collect(conn, part, query, &mut out)?;
            let before = before.min(in_lists);
            Range { list: Some((list, whose.cast_signed())), from, before }.collect(conn, part, query, &mut out)?;
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
        let values = [part.into(), part.place(from).into(), part.place(to).into()];
        self.read(|conn| conn.all(&sql::LEAF_ENTRIES, &values, |r| r.bytes(0)))
    }

    /// The checkpoint kept last.
    pub fn last_checkpoint(&self, part: PartNo) -> Result<Option<CheckpointRow>, StoreError> {
        self.read(|conn| conn.first(&sql::CHECKPOINT_LAST, &[part.into()], checkpoint_row))
    }

    /// The first kept checkpoint whose tree holds the entry at `index`.
    pub fn checkpoint_covering(&self, part: PartNo, index: u64) -> Result<Option<CheckpointRow>, StoreError> {
        let values = [part.into(), index.cast_signed().into()];
        self.read(|conn| conn.first(&sql::CHECKPOINT_COVERING, &values, checkpoint_row))
    }

    /// Kept checkpoints in order: a page of those after number `after`.
    pub fn checkpoints(&self, part: PartNo, after: u64, limit: usize) -> Result<Vec<CheckpointRow>, StoreError> {
        let values = [part.into(), after.cast_signed().into(), sql_limit(limit).into()];
        self.read(|conn| conn.all(&sql::CHECKPOINTS, &values, checkpoint_row))
    }
}

/// A stretch of the log, read backwards: of everybody, or as a list holds it.
struct Range<'a> {
    /// A list of log places and whose it is.
    list: Option<(&'a Sql, i64)>,
    from: u64,
    before: u64,
}

impl Range<'_> {
    /// Reads piece by piece until the page is full or the stretch is at its end; what no list answers is filtered here.
    fn collect(
        self,
        conn: Conn<'_>,
        part: PartNo,
        query: &EntryQuery,
        out: &mut Vec<EntryRow>,
    ) -> Result<(), StoreError> {
        let subject = query.subject.map(|s| s.0.cast_signed());
        let actor = query.actor.map(u64::cast_signed);
        let listed = usize::from(self.list.is_some());
        let asked = usize::from(subject.is_some()) + usize::from(actor.is_some()) + usize::from(query.class.is_some());
        let mut before = self.before;
        while out.len() < query.limit && before > self.from {
            let wanted = query.limit - out.len();
            let piece = if asked > listed { wanted.max(PIECE) } else { wanted };
            let (mut seen, mut last) = (0, self.from);
            let mut take = |row: &Row<'_>| {
                seen += 1;
                last = part.index_at(row.int(0)?);
                let fits = out.len() < query.limit
                    && (subject.is_none() || subject == row.opt_int(3)?)
                    && (actor.is_none() || actor == row.opt_int(4)?)
                    && (query.class.is_none() || query.class == Some(row.small(5)?));
                if fits {
                    out.push(entry_row(part, row)?);
                }
                Ok(())
            };
            let limit = sql_limit(piece).into();
            if let Some((list, whose)) = self.list {
                let (upper, lower) = (before.cast_signed().into(), self.from.cast_signed().into());
                let values: [Value<'_>; 6] = [part.into(), upper, lower, limit, part.place(0).into(), whose.into()];
                conn.each(list, &values, &mut take)?;
            } else {
                let values = [part.into(), part.place(before).into(), part.place(self.from).into(), limit];
                conn.each(&sql::ENTRIES, &values, &mut take)?;
            }
            if seen < piece {
                break;
            }
            before = last;
        }
        Ok(())
    }
}
