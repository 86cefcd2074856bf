//! Finding documents across persons by blind terms.

use rusqlite::{Connection, OptionalExtension};

use crate::{PartNo, Rid, Store, StoreError, Term, sql};

/// How far the weight of a term is counted before it passes for heavy.
const WEIGHT_CAP: i64 = 1000;

impl Store {
    /// Current documents that have *all* these terms, newest first. Candidates only: terms are short, so the caller
    /// opens and compares each. No terms, no answer.
    pub fn term_rids(&self, part: PartNo, terms: &[Term], limit: usize) -> Result<Vec<Rid>, StoreError> {
        self.snapshot(|conn| {
            // The rarest term leads, the others are looked up for each of its rids.
            let mut weighed = Vec::with_capacity(terms.len());
            for term in terms {
                let n = if terms.len() == 1 { 0 } else { weigh(conn, part, term, WEIGHT_CAP)? };
                weighed.push((n, term));
            }
            weighed.sort_unstable_by_key(|(n, _)| *n);
            let mut out = Vec::new();
            let Some(((_, lead), others)) = weighed.split_first() else {
                return Ok(out);
            };
            let mut rids = conn.prepare_cached(sql::TERM_RIDS)?;
            let mut has = conn.prepare_cached(sql::TERM_HAS)?;
            let mut rids = rids.query((part.sql(), lead.0, Rid::MAX, i64::MAX))?;
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
                out.push(rid);
            }
            Ok(out)
        })
    }
}

fn weigh(conn: &Connection, part: PartNo, term: &Term, cap: i64) -> Result<i64, StoreError> {
    Ok(conn.prepare_cached(sql::TERM_WEIGHT)?.query_row((part.sql(), term.0, cap), |r| r.get(0))?)
}
