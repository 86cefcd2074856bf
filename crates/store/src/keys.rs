//! Reading persons, wrapped keys and named values.

use crate::{
    BucketRow, Category, Counts, IdTerm, KeyRow, PartNo, Store, StoreError, SubjectNo,
    conn::{Row, Value},
    documents::sql_limit,
    load::RESTORING,
    sql,
};

pub(crate) fn key_row(row: &Row<'_>) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        subject: SubjectNo(row.unsigned(0)?),
        category: Category(row.small(1)?),
        generation: row.small(2)?,
        wrapped: row.bytes(3)?,
    })
}

pub(crate) fn bucket_row(row: &Row<'_>) -> Result<BucketRow, StoreError> {
    Ok(BucketRow { bucket: row.small(0)?, epoch: row.small(1)?, wrapped: row.bytes(2)? })
}

/// A person's blind name and internal number.
pub(crate) fn subject_row(row: &Row<'_>) -> Result<(IdTerm, SubjectNo), StoreError> {
    Ok((IdTerm(row.array(1)?), subject_no(row)?))
}

fn subject_no(row: &Row<'_>) -> Result<SubjectNo, StoreError> {
    row.unsigned(0).map(SubjectNo)
}

impl Store {
    /// The internal number of a person, by blind name.
    pub fn subject_of(&self, part: PartNo, id: &IdTerm) -> Result<Option<SubjectNo>, StoreError> {
        self.read(|conn| conn.first(&sql::SUBJECT_OF, &[part.into(), (&id.0).into()], subject_no))
    }

    /// The blind name of a person, by internal number.
    pub fn subject_term(&self, part: PartNo, subject: SubjectNo) -> Result<Option<IdTerm>, StoreError> {
        let values = [part.into(), subject.0.cast_signed().into()];
        self.read(|conn| conn.first(&sql::SUBJECT_TERM, &values, |r| r.array(0).map(IdTerm)))
    }

    /// Persons in the order of their blind names: a page of those after `after`.
    pub fn subjects(
        &self,
        part: PartNo,
        after: Option<IdTerm>,
        limit: usize,
    ) -> Result<Vec<(IdTerm, SubjectNo)>, StoreError> {
        let after = after.map_or_else(Vec::new, |t| t.0.to_vec());
        let values = [part.into(), Value::Bytes(&after), sql_limit(limit).into()];
        self.read(|conn| conn.all(&sql::SUBJECTS, &values, subject_row))
    }

    /// All wrapped keys of a person.
    pub fn keys_of(&self, part: PartNo, subject: SubjectNo) -> Result<Vec<KeyRow>, StoreError> {
        let values = [part.into(), i64::from(subject.bucket()).into(), subject.0.cast_signed().into()];
        self.read(|conn| conn.all(&sql::KEYS, &values, key_row))
    }

    /// The wrapped key that new writes of a category use: the one of the highest generation.
    pub fn key_of(&self, part: PartNo, subject: SubjectNo, category: Category) -> Result<Option<KeyRow>, StoreError> {
        let (bucket, no) = (i64::from(subject.bucket()), subject.0.cast_signed());
        let values = [part.into(), bucket.into(), no.into(), i64::from(category.0).into()];
        self.read(|conn| conn.first(&sql::KEY_LATEST, &values, key_row))
    }

    /// All wrapped keys under a bucket key: who must be re-wrapped when the bucket is re-keyed.
    pub fn keys_in_bucket(&self, part: PartNo, bucket: u16) -> Result<Vec<KeyRow>, StoreError> {
        self.read(|conn| conn.all(&sql::KEYS_IN_BUCKET, &[part.into(), i64::from(bucket).into()], key_row))
    }

    /// The bucket keys of an institution, in order.
    pub fn buckets(&self, part: PartNo) -> Result<Vec<BucketRow>, StoreError> {
        self.read(|conn| conn.all(&sql::BUCKETS, &[part.into()], bucket_row))
    }

    /// A named value of the institution.
    pub fn meta(&self, part: PartNo, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|conn| conn.first(&sql::META, &[part.into(), name.into()], |r| r.bytes(0)))
    }

    /// Named values whose names begin with `prefix`, in order.
    pub fn metas(&self, part: PartNo, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let end = format!("{prefix}\u{10ffff}");
        let values = [part.into(), prefix.into(), end.as_str().into()];
        self.read(|conn| conn.all(&sql::METAS, &values, |r| Ok((r.text(0)?, r.bytes(1)?))))
    }

    /// Whether a restore into this store was not finished: nobody may be served from it.
    pub fn is_half_restored(&self, part: PartNo) -> Result<bool, StoreError> {
        Ok(self.meta(part, RESTORING)?.is_some_and(|mark| !mark.is_empty()))
    }

    /// The named value that says that a restore is finished.
    pub fn restored() -> (String, Vec<u8>) {
        (RESTORING.to_owned(), Vec::new())
    }

    /// The parts that have a log, in order.
    pub fn parts(&self) -> Result<Vec<PartNo>, StoreError> {
        self.read(|conn| conn.all(&sql::PARTS, &[], |r| r.small(0).map(PartNo)))
    }

    /// How many rows a part has. Persons and keys are counted one by one: for reports, not for every request.
    pub fn counts(&self, part: PartNo) -> Result<Counts, StoreError> {
        let entries = self.log_head(part)?.map_or(0, |h| h.size);
        self.snapshot(|conn| {
            let count = |sql| Ok::<_, StoreError>(conn.first(sql, &[part.into()], |r| r.unsigned(0))?.unwrap_or(0));
            Ok(Counts {
                versions: count(&sql::HEAD)?,
                entries,
                subjects: count(&sql::COUNT_SUBJECTS)?,
                keys: count(&sql::COUNT_KEYS)?,
            })
        })
    }
}
