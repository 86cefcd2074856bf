//! What PostgreSQL can say of its own files.

use super::lent::Lent;
use crate::{Integrity, StoreError, Unchecked, conn::Value, postgres::link::Step};

const IS_THERE: &str = "SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'";
const MAY_ASK: &str = "SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_proc p \
    WHERE p.proname = 'bt_index_check' AND p.pronargs = 2";
const INDEXES: &str = "SELECT i.indexrelid::bigint FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
    WHERE c.relnamespace = current_schema()::regnamespace AND i.indisvalid ORDER BY c.relname";
/// Each index by itself, and that every row of its table is in it: this reads the tables whole.
const CHECK: &str = "SELECT bt_index_check($1::bigint::oid::regclass, true)";

/// Lets the extension `amcheck` look at every index and its table. Without it, or the right to call it, nothing is said.
pub(crate) fn integrity(lent: &Lent) -> Result<Integrity, StoreError> {
    let number = |text| -> Result<i64, StoreError> {
        let rows = lent.run(&[Step::Ask(text, Vec::new())])?.pop().unwrap_or_default();
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
    };
    if number(IS_THERE)? == 0 {
        return Ok(Integrity::Unchecked(Unchecked::NoExtension));
    }
    let may = lent.run(&[Step::Ask(MAY_ASK, Vec::new())])?.pop().unwrap_or_default();
    if !may.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
        return Ok(Integrity::Unchecked(Unchecked::NoRight));
    }
    for row in lent.run(&[Step::Ask(INDEXES, Vec::new())])?.pop().unwrap_or_default() {
        let index = [Value::Int(row.try_get(0)?)];
        match lent.run(&[Step::ask(CHECK, &index)]) {
            Ok(_) => {}
            Err(StoreError::Postgres(e)) if super::is_damage(&e) => {
                return Ok(Integrity::Damaged(vec![super::failure::words(&e)]));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(Integrity::Whole)
}
