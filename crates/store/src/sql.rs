//! Every SQL text of the store, in one place, so that a second engine can take the same statements (`?n` becomes
//! `$n`) and a test can prepare and explain each of them.
//!
//! Every condition begins with `part`. A version that nothing has superseded has `until = 9223372036854775807`,
//! written out as [`crate::CURRENT`] through a parameter.

/// The numbered steps from an empty file to the present schema. A step is never edited once released.
pub(crate) const MIGRATIONS: &[(u32, &str)] = &[(1, include_str!("../migrations/0001.sql"))];

pub(crate) const SCHEMA_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, applied INTEGER NOT NULL)";
pub(crate) const SCHEMA_READ: &str = "SELECT coalesce(max(version), 0) FROM schema_version";
pub(crate) const SCHEMA_DONE: &str = "INSERT INTO schema_version (version, applied) VALUES (?1, ?2)";

/// Names a constant and adds it to the list that the tests walk.
macro_rules! statements {
    ($list:ident: $($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*
        #[cfg(test)]
        pub(crate) const $list: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

statements! { WRITES:
    STATE_PUT = "INSERT INTO part_state (part, origin, size, root, checkpoint, rid, time) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (part) DO UPDATE SET size = excluded.size, \
        root = excluded.root, checkpoint = excluded.checkpoint, rid = excluded.rid, time = excluded.time";
    KIND_PUT = "INSERT INTO kind (part, no, name) VALUES (?1, ?2, ?3)";
    DOCUMENT_PUT = "INSERT INTO document \
        (part, rid, kind, id, subject, category, version, until, deleted, time, index_sealed, body_sealed) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    DOCUMENT_SUPERSEDE = "UPDATE document SET until = ?3 WHERE part = ?1 AND rid = ?2";
    TERM_PUT = "INSERT INTO term (part, term, rid) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    TERM_DROP = "DELETE FROM term WHERE part = ?1 AND rid = ?2";
    TERM_DROP_SUBJECT = "DELETE FROM term WHERE part = ?1 AND rid IN \
        (SELECT rid FROM document WHERE part = ?1 AND subject = ?2)";
    TERM_DROP_CATEGORY = "DELETE FROM term WHERE part = ?1 AND rid IN \
        (SELECT rid FROM document WHERE part = ?1 AND subject = ?2 AND category = ?3)";
    GUARD_PUT = "INSERT INTO guard (part, term, rid) VALUES (?1, ?2, ?3) \
        ON CONFLICT (part, term) DO UPDATE SET rid = excluded.rid";
    GUARD_DROP = "DELETE FROM guard WHERE part = ?1 AND term IN (SELECT term FROM term WHERE part = ?1 AND rid = ?2)";
    DOCUMENT_DROP = "DELETE FROM document WHERE part = ?1 AND rid = ?2";
    /// Only where the version is still the newest: history is never searched.
    TERM_PUT_CURRENT = "INSERT INTO term (part, term, rid) SELECT ?1, ?2, ?3 WHERE EXISTS \
        (SELECT 1 FROM document WHERE part = ?1 AND rid = ?3 AND until = ?4) ON CONFLICT DO NOTHING";
    GUARDS_DROP = "DELETE FROM guard WHERE part = ?1";
    DOCUMENT_RESEAL = "UPDATE document SET index_sealed = ?3, body_sealed = ?4 WHERE part = ?1 AND rid = ?2";
    SUBJECT_DROP = "DELETE FROM subject WHERE part = ?1 AND no = ?2";
    SUBJECT_PUT = "INSERT INTO subject (part, id_term, no) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    KEY_PUT = "INSERT INTO subject_key (part, bucket, subject, category, generation, wrapped) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (part, bucket, subject, category, generation) \
        DO UPDATE SET wrapped = excluded.wrapped";
    KEY_DROP_SUBJECT = "DELETE FROM subject_key WHERE part = ?1 AND bucket = ?2 AND subject = ?3";
    KEY_DROP_CATEGORY = "DELETE FROM subject_key WHERE part = ?1 AND bucket = ?2 AND subject = ?3 AND category = ?4";
    BUCKET_PUT = "INSERT INTO bucket_key (part, bucket, epoch, wrapped) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (part, bucket) DO UPDATE SET epoch = excluded.epoch, wrapped = excluded.wrapped";
    LEAF_PUT = "INSERT INTO log_leaf (place, eid, time, subject, actor, class, entry, sealed) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    FILE_SUBJECTS = "INSERT INTO log_subject (part, subject, idx) SELECT part, subject, idx FROM log_leaf \
        WHERE place >= ?1 AND place < ?2 AND subject IS NOT NULL ORDER BY subject, place";
    FILE_ACTORS = "INSERT INTO log_actor (part, actor, idx) SELECT part, actor, idx FROM log_leaf \
        WHERE place >= ?1 AND place < ?2 ORDER BY actor, place";
    TILE_PUT = "INSERT INTO log_tile (part, level, idx, hashes) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (part, level, idx) DO UPDATE SET hashes = excluded.hashes";
    CHECKPOINT_PUT = "INSERT INTO checkpoint (part, seq, size, note) VALUES (?1, ?2, ?3, ?4)";
    META_PUT = "INSERT INTO meta (part, name, value) VALUES (?1, ?2, ?3) \
        ON CONFLICT (part, name) DO UPDATE SET value = excluded.value";
}

/// Columns of an index row, in the order that the row reader expects.
macro_rules! index_columns {
    () => {
        "SELECT rid, kind, id, subject, category, version, until, deleted, time, index_sealed "
    };
}
/// Columns of a log entry.
macro_rules! entry_columns {
    () => {
        "SELECT l.idx, l.eid, l.time, l.subject, l.actor, l.class, l.entry, l.sealed FROM log_leaf l "
    };
}

statements! { READS:
    PARTS = "SELECT part FROM part_state ORDER BY part";
    HEAD = "SELECT rid, time FROM part_state WHERE part = ?1";
    KIND_NO = "SELECT no FROM kind WHERE part = ?1 AND name = ?2";
    KIND_NAME = "SELECT name FROM kind WHERE part = ?1 AND no = ?2";
    KIND_LAST = "SELECT coalesce(max(no), 0) FROM kind WHERE part = ?1";
    /// The writer's look before it adds a version.
    LATEST = "SELECT rid, version FROM document WHERE part = ?1 AND kind = ?2 AND id = ?3 \
        ORDER BY version DESC LIMIT 1";
    VERSION_RID = "SELECT rid FROM document WHERE part = ?1 AND kind = ?2 AND id = ?3 AND version = ?4";
    HISTORY = concat!(index_columns!(),
        "FROM document WHERE part = ?1 AND kind = ?2 AND id = ?3 AND rid <= ?4 AND version < ?5 \
        ORDER BY version DESC LIMIT ?6");
    BY_RID = concat!(index_columns!(), "FROM document WHERE part = ?1 AND rid = ?2");
    BODY = "SELECT body_sealed FROM document WHERE part = ?1 AND rid = ?2";
    /// Answered by the index alone; tombstones are among them. `+rid` keeps the planner from the index on rid, which
    /// would walk the rows of everybody.
    SUBJECT_RIDS = "SELECT rid FROM document WHERE part = ?1 AND subject = ?2 AND until = ?3 AND +rid <= ?4";
    /// Every version, superseded ones too.
    SUBJECT_VERSIONS = "SELECT rid FROM document WHERE part = ?1 AND subject = ?2";
    SUBJECT_KIND_RIDS = "SELECT rid FROM document WHERE part = ?1 AND subject = ?2 AND until = ?3 AND kind = ?5 \
        AND rid <= ?4";
    /// What was current at a rid and is no longer: superseded after it.
    SUBJECT_RIDS_SUPERSEDED = "SELECT rid FROM document WHERE part = ?1 AND subject = ?2 AND until > ?4 AND until < ?3 \
        AND +rid <= ?4";
    SUBJECT_KIND_RIDS_SUPERSEDED = "SELECT rid FROM document WHERE part = ?1 AND subject = ?2 AND until > ?4 \
        AND until < ?3 AND kind = ?5 AND +rid <= ?4";
    KIND_PAGE = concat!(index_columns!(),
        "FROM document WHERE part = ?1 AND kind = ?2 AND until = ?3 AND rid > ?4 AND rid <= ?5 AND deleted = 0 \
        ORDER BY rid LIMIT ?6");
    /// Superseded after the rid that a page is pinned to: few, so sorting them is cheap.
    KIND_PAGE_SUPERSEDED = concat!(index_columns!(),
        "FROM document WHERE part = ?1 AND kind = ?2 AND until > ?5 AND until < ?3 AND +rid > ?4 AND +rid <= ?5 \
        AND deleted = 0 ORDER BY +rid LIMIT ?6");
    KIND_RIDS = "SELECT rid FROM document WHERE part = ?1 AND kind = ?2 AND until = ?3 ORDER BY rid LIMIT ?4";
    /// How many rids a term has, counted up to a cap.
    TERM_WEIGHT = "SELECT count(*) FROM (SELECT 1 FROM term WHERE part = ?1 AND term = ?2 LIMIT ?3)";
    TERM_RIDS = "SELECT rid FROM term WHERE part = ?1 AND term = ?2 AND rid < ?3 ORDER BY rid DESC LIMIT ?4";
    TERM_HAS = "SELECT 1 FROM term WHERE part = ?1 AND term = ?2 AND rid = ?3";
    /// Documents that have terms, in commit order.
    TERM_HOLDERS = "SELECT DISTINCT rid FROM term WHERE part = ?1 AND rid > ?2 AND rid <= ?3 ORDER BY rid LIMIT ?4";
    TERM_LAST = "SELECT rid FROM term WHERE part = ?1 AND term = ?2 ORDER BY rid DESC LIMIT 1";
    GUARD_GET = "SELECT rid FROM guard WHERE part = ?1 AND term = ?2";
    SUBJECT_OF = "SELECT no FROM subject WHERE part = ?1 AND id_term = ?2";
    SUBJECT_TERM = "SELECT id_term FROM subject WHERE part = ?1 AND no = ?2";
    SUBJECTS = "SELECT no, id_term FROM subject WHERE part = ?1 AND id_term > ?2 ORDER BY id_term LIMIT ?3";
    KEYS = "SELECT subject, category, generation, wrapped FROM subject_key \
        WHERE part = ?1 AND bucket = ?2 AND subject = ?3 ORDER BY category, generation";
    KEY_LATEST = "SELECT subject, category, generation, wrapped FROM subject_key \
        WHERE part = ?1 AND bucket = ?2 AND subject = ?3 AND category = ?4 ORDER BY generation DESC LIMIT 1";
    KEYS_IN_BUCKET = "SELECT subject, category, generation, wrapped FROM subject_key \
        WHERE part = ?1 AND bucket = ?2";
    BUCKETS = "SELECT bucket, epoch, wrapped FROM bucket_key WHERE part = ?1 ORDER BY bucket";
    STATE = "SELECT origin, size, root, checkpoint FROM part_state WHERE part = ?1";
    TILE = "SELECT hashes FROM log_tile WHERE part = ?1 AND level = ?2 AND idx = ?3";
    LEAF_ENTRIES = "SELECT entry FROM log_leaf WHERE place >= ?1 AND place < ?2 ORDER BY place";
    LEAF_TIME = "SELECT time FROM log_leaf WHERE place = ?1";
    /// Newest first.
    ENTRIES = concat!(entry_columns!(), "WHERE l.place < ?1 AND l.place >= ?2 ORDER BY l.place DESC");
    /// Of a person or an actor, as far as they are filed; `?5` is the place of the part's first entry.
    ENTRIES_SUBJECT = concat!(entry_columns!(), "JOIN log_subject f ON l.place = f.idx + ?5 \
        WHERE f.part = ?1 AND f.subject = ?2 AND f.idx < ?3 AND f.idx >= ?4 ORDER BY f.idx DESC");
    ENTRIES_ACTOR = concat!(entry_columns!(), "JOIN log_actor f ON l.place = f.idx + ?5 \
        WHERE f.part = ?1 AND f.actor = ?2 AND f.idx < ?3 AND f.idx >= ?4 ORDER BY f.idx DESC");
    ENTRIES_UP = concat!(entry_columns!(), "WHERE l.place BETWEEN ?1 AND ?2 ORDER BY l.place");
    TILE_PLACES = "SELECT level, idx FROM log_tile WHERE part = ?1 ORDER BY level, idx";
    CHECKPOINTS_UP = "SELECT seq, size, note FROM checkpoint WHERE part = ?1 ORDER BY seq";
    CHECKPOINT_LAST = "SELECT seq, size, note FROM checkpoint WHERE part = ?1 ORDER BY seq DESC LIMIT 1";
    CHECKPOINT_COVERING = "SELECT seq, size, note FROM checkpoint WHERE part = ?1 AND size > ?2 \
        ORDER BY size, seq LIMIT 1";
    CHECKPOINTS = "SELECT seq, size, note FROM checkpoint WHERE part = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    META = "SELECT value FROM meta WHERE part = ?1 AND name = ?2";
    METAS = "SELECT name, value FROM meta WHERE part = ?1 AND name >= ?2 AND name < ?3 ORDER BY name";
    COUNT_SUBJECTS = "SELECT count(*) FROM subject WHERE part = ?1";
    COUNT_KEYS = "SELECT count(*) FROM subject_key WHERE part = ?1";
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::schema;

    fn database() -> (tempfile::TempDir, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let conn = schema::open_writer(&schema::file_in(dir.path()), 1).unwrap();
        (dir, conn)
    }

    fn plan(conn: &Connection, text: &str) -> Vec<String> {
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        let parameters = vec![rusqlite::types::Null; statement.parameter_count()];
        let rows = statement.query_map(rusqlite::params_from_iter(parameters), |r| r.get(3)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn no_statement_walks_a_whole_table() {
        let (_dir, conn) = database();
        for (name, text) in READS.iter().chain(WRITES) {
            // The parts themselves: one row per institution.
            let small = *name == "PARTS";
            for step in plan(&conn, text) {
                let walks = step.starts_with("SCAN") && !step.starts_with("SCAN (subquery");
                assert!(small || !walks, "{name}: {step}");
                let by_part = step.contains("(part=") || step.contains("(rowid"); // `part` is the key, or its front
                assert!(!step.starts_with("SEARCH") || by_part, "{name}: {step}");
            }
        }
    }

    #[test]
    fn pages_are_read_in_order_and_not_sorted() {
        let (_dir, conn) = database();
        let sorted = ["KIND_PAGE_SUPERSEDED"]; // few rows, by its nature
        for (name, text) in READS {
            let sorts = plan(&conn, text).iter().any(|step| step.contains("TEMP B-TREE"));
            assert_eq!(sorts, sorted.contains(name), "{name}: {:?}", plan(&conn, text));
        }
    }

    #[test]
    fn each_read_takes_the_index_that_was_made_for_it() {
        let (_dir, conn) = database();
        let made = [
            ("VERSION_RID", "document_version"),
            ("HISTORY", "document_version"),
            ("LATEST", "document_version"),
            ("SUBJECT_RIDS", "document_subject"),
            ("SUBJECT_KIND_RIDS", "document_subject"),
            ("KIND_PAGE", "document_kind"),
            ("KIND_RIDS", "document_kind"),
            ("BY_RID", "document_rid"),
            ("BODY", "document_rid"),
            ("CHECKPOINT_COVERING", "checkpoint_size"),
            ("DOCUMENT_SUPERSEDE", "document_rid"),
            ("TERM_DROP", "term_rid"),
        ];
        for (begins, index) in made {
            let named = READS.iter().chain(WRITES).filter(|(name, _)| name.starts_with(begins));
            assert!(named.clone().count() > 0, "{begins}");
            for (name, text) in named {
                let plan = plan(&conn, text).join("; ");
                assert!(plan.contains(&format!("INDEX {index} ")), "{name}: {plan}");
            }
        }
        // In the order of the primary key.
        for (named, key) in [
            ("KEYS_IN_BUCKET", "(part=? AND bucket=?)"),
            ("ENTRIES_SUBJECT", "f USING PRIMARY KEY (part=? AND subject=? AND idx>? AND idx<?)"),
            ("ENTRIES_ACTOR", "f USING PRIMARY KEY (part=? AND actor=? AND idx>? AND idx<?)"),
        ] {
            let (_, text) = READS.iter().find(|(name, _)| *name == named).unwrap();
            let plan = plan(&conn, text);
            assert!(plan.first().is_some_and(|step| step.contains(key)), "{named}: {plan:?}");
        }
    }

    #[test]
    fn every_table_and_index_begins_with_the_part() {
        let (_dir, conn) = database();
        let mut tables =
            conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version'").unwrap();
        let tables: Vec<String> = tables.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(tables.len() >= 13, "{tables:?}");
        for table in tables {
            let first: String = conn
                .query_row("SELECT name FROM pragma_table_xinfo(?1) WHERE cid = 0", [&table], |r| r.get(0))
                .unwrap();
            assert_eq!(first, "part", "{table}");
            let mut indexes = conn
                .prepare(
                    "SELECT l.name, i.name FROM pragma_index_list(?1) l, pragma_index_info(l.name) i WHERE i.seqno = 0",
                )
                .unwrap();
            let indexes = indexes.query_map([&table], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
            for (index, first) in indexes.map(|pair: rusqlite::Result<(String, String)>| pair.unwrap()) {
                assert_eq!(first, "part", "{table}.{index}");
            }
        }
    }

    #[test]
    fn steps_are_numbered_without_a_gap() {
        assert!(MIGRATIONS.iter().map(|(n, _)| *n).eq(1..=schema::KNOWN));
    }
}
