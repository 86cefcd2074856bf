//! Finding versions by their rids alone: what a caller has opened already need not be read again.

use crate::{
    CURRENT, IdTerm, IndexRow, PartNo, Rid, Store, StoreError, SubjectNo,
    conn::{Conn, Value},
    documents::{RowReader, sql_limit},
    postgres::sql as set,
    sql::{self, Sql},
};

impl Store {
    /// The newest version of a document (it may be a tombstone), `None` if there never was one.
    pub fn current_rid(&self, part: PartNo, kind: &str, id: &IdTerm) -> Result<Option<Rid>, StoreError> {
        self.of_kind(part, kind, |conn, kind| {
            conn.first(&sql::LATEST, &[part.into(), kind.into(), (&id.0).into()], |r| r.int(0))
        })
    }

    /// [`Store::current_rid`] of many documents, in the order asked, in one look at the store.
    pub fn current_rids(&self, part: PartNo, names: &[(&str, IdTerm)]) -> Result<Vec<Option<Rid>>, StoreError> {
        self.snapshot(|conn| {
            let mut many = Vec::with_capacity(names.len());
            for (kind, id) in names {
                // No document is of a kind that is not there, nor of this number.
                let kind = self.kinds().number(conn, part, kind)?.unwrap_or(-1);
                many.push([part.into(), kind.into(), (&id.0).into()]);
            }
            let mut out = Vec::with_capacity(names.len());
            conn.firsts(&sql::LATEST, &many, |row| {
                out.push(row.map(|row| row.int(0)).transpose()?);
                Ok(())
            })?;
            Ok(out)
        })
    }

    /// One version of a document.
    pub fn version_rid(&self, part: PartNo, kind: &str, id: &IdTerm, no: u64) -> Result<Option<Rid>, StoreError> {
        self.of_kind(part, kind, |conn, kind| {
            let values = [part.into(), kind.into(), (&id.0).into(), no.cast_signed().into()];
            conn.first(&sql::VERSION_RID, &values, |r| r.int(0))
        })
    }

    /// Current versions of one person's documents, newest first, tombstones among them. `kinds` empty means all kinds;
    /// `as_of` gives the state after that rid.
    pub fn subject_rids(
        &self,
        part: PartNo,
        subject: SubjectNo,
        kinds: &[&str],
        as_of: Option<Rid>,
    ) -> Result<Vec<Rid>, StoreError> {
        let of = [part.into(), subject.0.cast_signed().into(), CURRENT.into(), as_of.unwrap_or(CURRENT).into()];
        let mut out = Vec::new();
        self.snapshot(|conn| {
            if kinds.is_empty() {
                extend(conn, &sql::SUBJECT_RIDS, &of, &mut out)?;
                if as_of.is_some() {
                    extend(conn, &sql::SUBJECT_RIDS_SUPERSEDED, &of, &mut out)?;
                }
            }
            let [part_value, subject, current, at] = of;
            for kind in kinds {
                let Some(kind) = self.kinds().number(conn, part, kind)? else {
                    continue;
                };
                let of = [part_value, subject, current, at, kind.into()];
                extend(conn, &sql::SUBJECT_KIND_RIDS, &of, &mut out)?;
                if as_of.is_some() {
                    extend(conn, &sql::SUBJECT_KIND_RIDS_SUPERSEDED, &of, &mut out)?;
                }
            }
            Ok(())
        })?;
        out.sort_unstable_by_key(|rid| std::cmp::Reverse(*rid));
        Ok(out)
    }

    /// Current versions of the documents of a kind in commit order, tombstones among them.
    pub fn kind_rids(&self, part: PartNo, kind: &str, limit: usize) -> Result<Vec<Rid>, StoreError> {
        self.of_kind(part, kind, |conn, kind| {
            let mut out = Vec::new();
            let values = [part.into(), kind.into(), CURRENT.into(), sql_limit(limit).into()];
            extend(conn, &sql::KIND_RIDS, &values, &mut out)?;
            Ok(out)
        })
    }

    /// Versions by their rids, in the order asked; a rid that is not there is an error, since rids come from here.
    pub fn rows(&self, part: PartNo, rids: &[Rid]) -> Result<Vec<IndexRow>, StoreError> {
        self.read(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::with_capacity(rids.len());
            conn.of_rids(&sql::BY_RID, set::BY_RIDS, part, rids, |row| {
                out.push(reader.index_row(row.ok_or(StoreError::Damaged("document"))?)?);
                Ok(())
            })?;
            Ok(out)
        })
    }
}

fn extend(conn: Conn<'_>, sql: &Sql, values: &[Value<'_>], out: &mut Vec<Rid>) -> Result<(), StoreError> {
    conn.each(sql, values, |row| {
        out.push(row.int(0)?);
        Ok(())
    })
}
