//! Finding documents across persons by blind terms.

use rusqlite::OptionalExtension;

use crate::{
    IndexRow, PartNo, Rid, Store, StoreError, Term,
    documents::{RowReader, sql_limit},
    sql,
};

/// How far the weight of a term is counted before it passes for heavy.
const WEIGHT_CAP: i64 = 1000;

impl Store {
    /// Current documents that have *all* these terms, newest first: those with a rid below `before`. Candidates only:
    /// terms are short, so the caller opens and compares each. No terms, no answer.
    pub fn by_terms(
        &self,
        part: PartNo,
        terms: &[Term],
        before: Option<Rid>,
        limit: usize,
    ) -> Result<Vec<IndexRow>, StoreError> {
        self.snapshot(|conn| {
            // The rarest term leads, the others are looked up for each of its rids.
            let mut weight = conn.prepare_cached(sql::TERM_WEIGHT)?;
            let mut weighed = Vec::with_capacity(terms.len());
            for term in terms {
                let n: i64 = weight.query_row((part.sql(), term.0, WEIGHT_CAP), |r| r.get(0))?;
                weighed.push((n, term));
            }
            weighed.sort_unstable_by_key(|(n, _)| *n);
            let mut out = Vec::new();
            let Some(((_, lead), others)) = weighed.split_first() else {
                return Ok(out);
            };

            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut rids = conn.prepare_cached(sql::TERM_RIDS)?;
            let mut has = conn.prepare_cached(sql::TERM_HAS)?;
            let mut rids = rids.query((part.sql(), lead.0, before.unwrap_or(Rid::MAX), i64::MAX))?;
            'lead: while out.len() < limit
                && let Some(row) = rids.next()?
            {
                let rid: Rid = row.get(0)?;
                for (_, term) in others {
                    let there: Option<i64> = has.query_row((part.sql(), term.0, rid), |r| r.get(0)).optional()?;
                    if there.is_none() {
                        continue 'lead;
                    }
                }
                reader.rows(conn.prepare_cached(sql::BY_RID)?, (part.sql(), rid), &mut out)?;
            }
            Ok(out)
        })
    }

    /// How many current documents have a term, counted up to `cap`.
    pub fn weigh_term(&self, part: PartNo, term: &Term, cap: usize) -> Result<u64, StoreError> {
        self.read(|conn| {
            let params = (part.sql(), term.0, sql_limit(cap));
            let n: i64 = conn.prepare_cached(sql::TERM_WEIGHT)?.query_row(params, |r| r.get(0))?;
            Ok(n.cast_unsigned())
        })
    }
}
