//! Who follows a PostgreSQL server.

use super::lent::Lent;
use crate::{Standby, StoreError, postgres::link::Step};

/// Without the right to see more (`pg_read_all_stats`) a role is told that somebody follows, and nothing of how.
const STANDBYS: &str = "SELECT COALESCE(application_name, ''), COALESCE(state, ''), COALESCE(sync_state, ''), \
    COALESCE(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), -1)::bigint \
    FROM pg_stat_replication ORDER BY 1, pid";

/// The standbys that are connected now.
pub(crate) fn standbys(lent: &Lent) -> Result<Vec<Standby>, StoreError> {
    let rows = lent.run(&[Step::Ask(STANDBYS, Vec::new())])?.pop().unwrap_or_default();
    rows.iter()
        .map(|row| {
            let (state, sync): (String, String) = (row.try_get(1)?, row.try_get(2)?);
            Ok(Standby {
                name: row.try_get(0)?,
                streaming: (!state.is_empty()).then(|| state == "streaming"),
                synchronous: matches!(&*sync, "sync" | "quorum"),
                behind_bytes: u64::try_from(row.try_get::<_, i64>(3)?).ok(),
            })
        })
        .collect()
}
