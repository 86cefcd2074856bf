//! Finding documents across persons by blind terms.

use crate::{PartNo, Rid, Store, StoreError, Term, conn::Conn, documents::sql_limit, sql};

/// How far the weight of a term is counted before it passes for heavy.
const WEIGHT_CAP: i64 = 1000;

/// Rids of the leading term that are compared with the other terms at once.
const PIECE: usize = 256;

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
            let mut before = Rid::MAX;
            while out.len() < limit {
                let piece = if others.is_empty() { limit - out.len() } else { PIECE };
                let values = [part.into(), (&lead.0).into(), before.into(), sql_limit(piece).into()];
                let mut rids = conn.all(&sql::TERM_RIDS, &values, |r| r.int(0))?;
                let at_end = rids.len() < piece;
                before = rids.last().copied().unwrap_or(0);
                for (_, term) in others {
                    retain_with(conn, part, term, &mut rids)?;
                }
                rids.truncate(limit - out.len());
                out.extend(rids);
                if at_end {
                    break;
                }
            }
            Ok(out)
        })
    }
}

/// Keeps the rids that have a term too.
fn retain_with(conn: Conn<'_>, part: PartNo, term: &Term, rids: &mut Vec<Rid>) -> Result<(), StoreError> {
    let many: Vec<_> = rids.iter().map(|rid| [part.into(), (&term.0).into(), (*rid).into()]).collect();
    let mut there = Vec::with_capacity(many.len());
    conn.firsts(&sql::TERM_HAS, &many, |row| {
        there.push(row.is_some());
        Ok(())
    })?;
    let mut there = there.into_iter();
    rids.retain(|_| there.next().unwrap_or(false));
    Ok(())
}

fn weigh(conn: Conn<'_>, part: PartNo, term: &Term, cap: i64) -> Result<i64, StoreError> {
    let weight = conn.first(&sql::TERM_WEIGHT, &[part.into(), (&term.0).into(), cap.into()], |r| r.int(0))?;
    Ok(weight.unwrap_or(0))
}
