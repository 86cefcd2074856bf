//! Every SQL text that both engines read with, in one place (`?n` becomes `$n` on PostgreSQL), and what SQLite writes with;
//! what PostgreSQL writes with is set-based and stands in `postgres/sql.rs`. Tests prepare and explain each of them on the
//! engines that use it.
//!
//! Every condition begins with `part`. A version that nothing has superseded has `until = 9223372036854775807`,
//! written out as [`crate::CURRENT`] through a parameter.

/// A statement in the words of both engines.
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// The text with `$n` in place of `?n`.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which stops at a wrong index")]
pub(crate) const fn dollars<const N: usize>(text: &str) -> [u8; N] {
    let (text, mut out, mut i) = (text.as_bytes(), [0; N], 0);
    while i < N {
        out[i] = if text[i] == b'?' { b'$' } else { text[i] };
        i += 1;
    }
    out
}

/// Names a constant and adds it to the list that the tests walk.
macro_rules! statements {
    ($list:ident: $($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: Sql = {
            const SQLITE: &str = $text;
            const POSTGRES: [u8; SQLITE.len()] = dollars(SQLITE);
            let postgres = match std::str::from_utf8(&POSTGRES) {
                Ok(text) => text,
                Err(_) => "",
            };
            Sql { sqlite: SQLITE, postgres }
        };)*
        #[cfg(test)]
        pub(crate) const $list: &[(&str, Sql)] = &[$((stringify!($name), $name)),*];
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
    /// The lower 51 bits of a place are the index.
    FILE_SUBJECTS = "INSERT INTO log_subject (part, subject, idx) SELECT part, subject, place & 2251799813685247 \
        FROM log_leaf WHERE part = ?1 AND place >= ?2 AND place < ?3 AND subject IS NOT NULL ORDER BY subject, place";
    FILE_ACTORS = "INSERT INTO log_actor (part, actor, idx) SELECT part, actor, place & 2251799813685247 \
        FROM log_leaf WHERE part = ?1 AND place >= ?2 AND place < ?3 ORDER BY actor, place";
    TILE_PUT = "INSERT INTO log_tile (part, level, idx, hashes) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (part, level, idx) DO UPDATE SET hashes = excluded.hashes";
    CHECKPOINT_PUT = "INSERT INTO checkpoint (part, seq, size, note) VALUES (?1, ?2, ?3, ?4)";
    BLOB_PUT = "INSERT INTO blob (part, rid, name, size, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
    /// Remembers the blob of a version that goes, until its object is gone too.
    BLOB_GONE = "INSERT INTO blob_gone (part, name) SELECT part, name FROM blob WHERE part = ?1 AND rid = ?2";
    BLOB_DROP = "DELETE FROM blob WHERE part = ?1 AND rid = ?2";
    BLOB_FORGET = "DELETE FROM blob_gone WHERE part = ?1 AND name = ?2";
    REWORKED_PUT = "INSERT INTO reworked (part, time, rid) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
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
        "SELECT l.place, l.eid, l.time, l.subject, l.actor, l.class, l.entry, l.sealed FROM log_leaf l "
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
    RID_PAGE = concat!(index_columns!(), "FROM document WHERE part = ?1 AND rid > ?2 ORDER BY rid LIMIT ?3");
    BODY = "SELECT rid, body_sealed FROM document WHERE part = ?1 AND rid = ?2";
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
    TERM_WEIGHT = "SELECT count(*) FROM (SELECT 1 FROM term WHERE part = ?1 AND term = ?2 LIMIT ?3) AS few";
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
    LEAF_ENTRIES = "SELECT entry FROM log_leaf WHERE part = ?1 AND place >= ?2 AND place < ?3 ORDER BY place";
    LEAF_TIME = "SELECT time FROM log_leaf WHERE part = ?1 AND place = ?2";
    /// Newest first.
    ENTRIES = concat!(entry_columns!(), "WHERE l.part = ?1 AND l.place < ?2 AND l.place >= ?3 \
        ORDER BY l.place DESC LIMIT ?4");
    /// Of a person or an actor, as far as they are filed; `?5` is the place of the part's first entry.
    ENTRIES_SUBJECT = concat!(entry_columns!(), "JOIN log_subject f ON l.part = f.part AND l.place = f.idx + ?5 \
        WHERE f.part = ?1 AND f.subject = ?6 AND f.idx < ?2 AND f.idx >= ?3 ORDER BY f.idx DESC LIMIT ?4");
    ENTRIES_ACTOR = concat!(entry_columns!(), "JOIN log_actor f ON l.part = f.part AND l.place = f.idx + ?5 \
        WHERE f.part = ?1 AND f.actor = ?6 AND f.idx < ?2 AND f.idx >= ?3 ORDER BY f.idx DESC LIMIT ?4");
    ENTRIES_UP = concat!(entry_columns!(), "WHERE l.part = ?1 AND l.place BETWEEN ?2 AND ?3 \
        ORDER BY l.place LIMIT ?4");
    /// After a place, so that a long list is read in pieces.
    TILE_PLACES = "SELECT level, idx FROM log_tile WHERE part = ?1 AND (level, idx) > (?2, ?3) \
        ORDER BY level, idx LIMIT ?4";
    CHECKPOINT_LAST = "SELECT seq, size, note FROM checkpoint WHERE part = ?1 ORDER BY seq DESC LIMIT 1";
    CHECKPOINT_COVERING = "SELECT seq, size, note FROM checkpoint WHERE part = ?1 AND size > ?2 \
        ORDER BY size, seq LIMIT 1";
    CHECKPOINTS = "SELECT seq, size, note FROM checkpoint WHERE part = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    META = "SELECT value FROM meta WHERE part = ?1 AND name = ?2";
    METAS = "SELECT name, value FROM meta WHERE part = ?1 AND name >= ?2 AND name < ?3 ORDER BY name";
    BLOB_OF = "SELECT rid, name, size, hash FROM blob WHERE part = ?1 AND rid = ?2";
    BLOB_PAGE = "SELECT rid, name, size, hash FROM blob WHERE part = ?1 AND rid > ?2 ORDER BY rid LIMIT ?3";
    BLOB_NAMED = "SELECT rid FROM blob WHERE part = ?1 AND name = ?2";
    BLOBS_GONE = "SELECT name FROM blob_gone WHERE part = ?1 ORDER BY name LIMIT ?2";
    COUNT_BLOBS = "SELECT count(*), CAST(coalesce(sum(size), 0) AS bigint) FROM blob WHERE part = ?1";
    EDGE = "SELECT origin, size, root, checkpoint, rid, time FROM part_state WHERE part = ?1";
    /// What the next versions weigh: a page of them is cut by their bytes.
    WEIGHTS = "SELECT rid, length(index_sealed) + length(body_sealed) FROM document \
        WHERE part = ?1 AND rid > ?2 AND rid <= ?3 ORDER BY rid LIMIT ?4";
    WHOLE_PAGE = concat!(index_columns!(), ", body_sealed FROM document \
        WHERE part = ?1 AND rid > ?2 AND rid <= ?3 ORDER BY rid");
    REWORKED = "SELECT time, rid FROM reworked WHERE part = ?1 AND (time, rid) > (?2, ?3) \
        ORDER BY time, rid LIMIT ?4";
    BLOBS_PAGE = "SELECT rid, name, size, hash FROM blob WHERE part = ?1 AND rid > ?2 AND rid <= ?3 ORDER BY rid";
    COUNT_SUBJECTS = "SELECT count(*) FROM subject WHERE part = ?1";
    COUNT_KEYS = "SELECT count(*) FROM subject_key WHERE part = ?1";
}

/// Statements of the offline check, which walks whole tables by its nature.
macro_rules! stray {
    ($table:literal) => {
        concat!(
            "SELECT 1 FROM ",
            $table,
            " WHERE (part < ?1 OR part > ?1) AND part NOT IN (SELECT part FROM part_state) LIMIT 1"
        )
    };
}
/// `?2` and `?3` are the places of the first entry and of the first that is not filed.
macro_rules! unfiled {
    ($list:literal, $whose:literal) => {
        concat!(
            "SELECT l.place - ?2 FROM log_leaf l WHERE l.part = ?1 AND l.place >= ?2 AND l.place < ?3 AND l.",
            $whose,
            " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ",
            $list,
            " f WHERE f.part = ?1 AND f.",
            $whose,
            " = l.",
            $whose,
            " AND f.idx = l.place - ?2) ORDER BY l.place LIMIT 1"
        )
    };
}
macro_rules! misfiled {
    ($list:literal, $whose:literal) => {
        concat!(
            "SELECT f.idx FROM ",
            $list,
            " f LEFT JOIN log_leaf l ON l.part = f.part AND l.place = f.idx + ?2 AND l.",
            $whose,
            " = f.",
            $whose,
            " WHERE f.part = ?1 AND (f.idx < 0 OR f.idx + ?2 >= ?3 OR l.place IS NULL) LIMIT 1"
        )
    };
}

statements! { CHECKS:
    STRAY_LEAF = stray!("log_leaf");
    STRAY_TILE = stray!("log_tile");
    STRAY_SUBJECT = stray!("log_subject");
    STRAY_ACTOR = stray!("log_actor");
    STRAY_CHECKPOINT = stray!("checkpoint");
    UNFILED_SUBJECT = unfiled!("log_subject", "subject");
    UNFILED_ACTOR = unfiled!("log_actor", "actor");
    MISFILED_SUBJECT = misfiled!("log_subject", "subject");
    MISFILED_ACTOR = misfiled!("log_actor", "actor");
    COUNT_VERSIONS = "SELECT count(*) FROM document WHERE part = ?1";
    /// At the end of a restore: which version superseded which follows from their numbers.
    SUPERSEDE_ALL = "UPDATE document SET until = q.next FROM (SELECT rid AS old, \
        lead(rid) OVER (PARTITION BY kind, id ORDER BY version) AS next FROM document WHERE part = ?1) AS q \
        WHERE part = ?1 AND rid = q.old AND q.next IS NOT NULL";
}

/// The tables of the log, each with the question whether it has a row of no log.
pub(crate) const STRAYS: [(&str, &Sql); 5] = [
    ("log_leaf", &STRAY_LEAF),
    ("log_tile", &STRAY_TILE),
    ("log_subject", &STRAY_SUBJECT),
    ("log_actor", &STRAY_ACTOR),
    ("checkpoint", &STRAY_CHECKPOINT),
];
