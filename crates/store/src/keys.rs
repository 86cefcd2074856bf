//! Reading persons, wrapped keys and named values.

use rusqlite::{OptionalExtension, Row};

use crate::{
    BucketRow, Category, Counts, IdTerm, KeyRow, PartNo, Store, StoreError, SubjectNo, documents::sql_limit, sql,
};

fn key_row(row: &Row<'_>) -> rusqlite::Result<KeyRow> {
    Ok(KeyRow {
        subject: SubjectNo(row.get::<_, i64>(0)?.cast_unsigned()),
        category: Category(row.get(1)?),
        generation: row.get(2)?,
        wrapped: row.get(3)?,
    })
}

impl Store {
    /// The internal number of a person, by blind name.
    pub fn subject_of(&self, part: PartNo, id: &IdTerm) -> Result<Option<SubjectNo>, StoreError> {
        self.read(|conn| {
            let no: Option<i64> =
                conn.prepare_cached(sql::SUBJECT_OF)?.query_row((part.sql(), id.0), |r| r.get(0)).optional()?;
            Ok(no.map(|n| SubjectNo(n.cast_unsigned())))
        })
    }

    /// The blind name of a person, by internal number.
    pub fn subject_term(&self, part: PartNo, subject: SubjectNo) -> Result<Option<IdTerm>, StoreError> {
        self.read(|conn| {
            let params = (part.sql(), subject.0.cast_signed());
            let term = conn.prepare_cached(sql::SUBJECT_TERM)?.query_row(params, |r| r.get(0)).optional()?;
            Ok(term.map(IdTerm))
        })
    }

    /// Persons in the order of their blind names: a page of those after `after`.
    pub fn subjects(
        &self,
        part: PartNo,
        after: Option<IdTerm>,
        limit: usize,
    ) -> Result<Vec<(IdTerm, SubjectNo)>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::SUBJECTS)?;
            let after = after.map_or_else(Vec::new, |t| t.0.to_vec());
            let rows = statement.query_map((part.sql(), after, sql_limit(limit)), |r| {
                Ok((IdTerm(r.get(1)?), SubjectNo(r.get::<_, i64>(0)?.cast_unsigned())))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// All wrapped keys of a person.
    pub fn keys_of(&self, part: PartNo, subject: SubjectNo) -> Result<Vec<KeyRow>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::KEYS)?;
            let rows = statement.query_map((part.sql(), subject.bucket(), subject.0.cast_signed()), key_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The wrapped key that new writes of a category use: the one of the highest generation.
    pub fn key_of(&self, part: PartNo, subject: SubjectNo, category: Category) -> Result<Option<KeyRow>, StoreError> {
        self.read(|conn| {
            let params = (part.sql(), subject.bucket(), subject.0.cast_signed(), category.0);
            Ok(conn.prepare_cached(sql::KEY_LATEST)?.query_row(params, key_row).optional()?)
        })
    }

    /// All wrapped keys under a bucket key: who must be re-wrapped when the bucket is re-keyed.
    pub fn keys_in_bucket(&self, part: PartNo, bucket: u16) -> Result<Vec<KeyRow>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::KEYS_IN_BUCKET)?;
            let rows = statement.query_map((part.sql(), bucket), key_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The bucket keys of an institution, in order.
    pub fn buckets(&self, part: PartNo) -> Result<Vec<BucketRow>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::BUCKETS)?;
            let rows = statement.query_map([part.sql()], |r| {
                Ok(BucketRow { bucket: r.get(0)?, epoch: r.get(1)?, wrapped: r.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// A named value of the institution.
    pub fn meta(&self, part: PartNo, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|conn| Ok(conn.prepare_cached(sql::META)?.query_row((part.sql(), name), |r| r.get(0)).optional()?))
    }

    /// Named values whose names begin with `prefix`, in order.
    pub fn metas(&self, part: PartNo, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::METAS)?;
            let end = format!("{prefix}\u{10ffff}");
            let rows = statement.query_map((part.sql(), prefix, end), |r| Ok((r.get(0)?, r.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The parts that have a log, in order.
    pub fn parts(&self) -> Result<Vec<PartNo>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::PARTS)?;
            let rows = statement.query_map([], |r| r.get(0).map(PartNo))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// How many rows a part has. Persons and keys are counted one by one: for reports, not for every request.
    pub fn counts(&self, part: PartNo) -> Result<Counts, StoreError> {
        let entries = self.log_head(part)?.map_or(0, |h| h.size);
        self.snapshot(|conn| {
            let versions: Option<i64> =
                conn.prepare_cached(sql::HEAD)?.query_row([part.sql()], |r| r.get(0)).optional()?;
            let subjects: i64 = conn.prepare_cached(sql::COUNT_SUBJECTS)?.query_row([part.sql()], |r| r.get(0))?;
            let keys: i64 = conn.prepare_cached(sql::COUNT_KEYS)?.query_row([part.sql()], |r| r.get(0))?;
            Ok(Counts {
                versions: versions.unwrap_or(0).cast_unsigned(),
                entries,
                subjects: subjects.cast_unsigned(),
                keys: keys.cast_unsigned(),
            })
        })
    }
}
