//! What is asked of PostgreSQL beside the statements that both engines share: set-based, one statement for each table of a
//! group. `$1` is the part wherever there is one, so that each statement goes to one shard where the tables are distributed.
//! Many values are joined and not given to `= ANY`: of that the server thinks, before it has counted a table, that looking
//! through all rows of the part is cheaper.

/// Names a constant and adds it to the list that the tests walk.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

statements! {
    /// What `BY_RID` and `BODY` give, for many at once and in any order.
    BY_RIDS = "SELECT rid, kind, id, subject, category, version, until, deleted, time, index_sealed \
        FROM unnest($2::bigint[]) AS q (wanted) JOIN document ON part = $1 AND rid = wanted";
    BODIES = "SELECT rid, body_sealed FROM unnest($2::bigint[]) AS q (wanted) JOIN document ON part = $1 AND rid = wanted";
    BLOBS_OF = "SELECT rid, name, size, hash FROM unnest($2::bigint[]) AS q (wanted) JOIN blob ON part = $1 AND rid = wanted";

    /// The lock of a part: who holds it writes its log. In one order, so that two nodes never wait for each other.
    LOCK = "SELECT part, size, root, rid, time, checkpoint, news FROM part_state WHERE part = ANY($1::bigint[]) \
        ORDER BY part FOR UPDATE";
    KINDS = "SELECT name, no FROM unnest($2::text[]) AS q (wanted) JOIN kind ON part = $1 AND name = wanted";
    LATEST = "SELECT q.n, d.rid, d.version \
        FROM unnest($2::bigint[], $3::bytea[]) WITH ORDINALITY AS q (kind, id, n) CROSS JOIN LATERAL \
        (SELECT rid, version FROM document WHERE part = $1 AND kind = q.kind AND id = q.id \
        ORDER BY version DESC LIMIT 1) d";
    GUARDS = "SELECT term, rid FROM unnest($2::bytea[]) AS q (wanted) JOIN guard ON part = $1 AND term = wanted";
    /// Documents that were written under a term after somebody looked.
    TOUCHED = "SELECT t.term, t.rid FROM unnest($2::bytea[], $3::bigint[]) AS q (term, seen) \
        JOIN term t ON t.part = $1 AND t.term = q.term AND t.rid > q.seen";
    /// Versions that are to be sealed anew.
    THERE = "SELECT rid FROM unnest($2::bigint[]) AS q (wanted) JOIN document ON part = $1 AND rid = wanted";
    NAMES = "SELECT id_term, no FROM unnest($2::bytea[]) AS q (wanted) JOIN subject ON part = $1 AND id_term = wanted";
    NUMBERS = "SELECT id_term, no FROM unnest($2::bigint[]) AS q (wanted) JOIN subject ON part = $1 AND no = wanted";

    DROP_GUARDS_OF = "DELETE FROM guard WHERE part = $1 AND term IN \
        (SELECT t.term FROM unnest($2::bigint[]) AS q (rid) JOIN term t ON t.part = $1 AND t.rid = q.rid)";
    DROP_GUARDS = "DELETE FROM guard WHERE part = $1";
    DROP_DOCUMENTS = "DELETE FROM document d USING unnest($2::bigint[]) AS q (rid) WHERE d.part = $1 AND d.rid = q.rid";
    /// Blobs of versions that go are remembered until their objects are gone too.
    DROP_BLOBS = "WITH gone AS (DELETE FROM blob b USING unnest($2::bigint[]) AS q (rid) \
        WHERE b.part = $1 AND b.rid = q.rid RETURNING b.name) \
        INSERT INTO blob_gone (part, name) SELECT $1, name FROM gone";
    PUT_BLOBS = "INSERT INTO blob (part, rid, name, size, hash) \
        SELECT $1, q.* FROM unnest($2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[]) AS q";
    FORGET_BLOBS = "DELETE FROM blob_gone b USING unnest($2::bytea[]) AS q (name) WHERE b.part = $1 AND b.name = q.name";
    DROP_SUBJECTS = "DELETE FROM subject s USING unnest($2::bigint[]) AS q (no) WHERE s.part = $1 AND s.no = q.no";
    /// Only where the version is still the newest: history is never searched.
    PUT_TERMS_OF_CURRENT = "INSERT INTO term (part, term, rid) \
        SELECT d.part, q.term, d.rid FROM unnest($2::bytea[], $3::bigint[]) AS q (term, rid) \
        JOIN document d ON d.part = $1 AND d.rid = q.rid WHERE d.until = 9223372036854775807 ON CONFLICT DO NOTHING";
    RESEAL = "UPDATE document d SET index_sealed = q.index, body_sealed = q.body \
        FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS q (rid, index, body) \
        WHERE d.part = $1 AND d.rid = q.rid";

    PUT_KINDS = "INSERT INTO kind (part, no, name) \
        SELECT $1, q.no, q.name FROM unnest($2::bigint[], $3::text[]) AS q (no, name)";
    SUPERSEDE = "UPDATE document d SET until = q.until FROM unnest($2::bigint[], $3::bigint[]) AS q (rid, until) \
        WHERE d.part = $1 AND d.rid = q.rid";
    DROP_TERMS = "DELETE FROM term t USING unnest($2::bigint[]) AS q (rid) WHERE t.part = $1 AND t.rid = q.rid";
    PUT_DOCUMENTS = "INSERT INTO document \
        (part, rid, kind, id, subject, category, version, until, deleted, time, index_sealed, body_sealed) \
        SELECT $1, q.* FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], \
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[]) AS q";
    PUT_TERMS = "INSERT INTO term (part, term, rid) SELECT $1, q.* FROM unnest($2::bytea[], $3::bigint[]) AS q \
        ON CONFLICT DO NOTHING";
    PUT_GUARDS = "INSERT INTO guard (part, term, rid) SELECT $1, q.* FROM unnest($2::bytea[], $3::bigint[]) AS q \
        ON CONFLICT (part, term) DO UPDATE SET rid = excluded.rid";
    PUT_SUBJECTS = "INSERT INTO subject (part, id_term, no) SELECT $1, q.* FROM unnest($2::bytea[], $3::bigint[]) AS q";
    DROP_KEYS = "DELETE FROM subject_key WHERE part = $1 AND bucket = $2 AND subject = $3";
    DROP_KEYS_OF_CATEGORY = "DELETE FROM subject_key WHERE part = $1 AND bucket = $2 AND subject = $3 AND category = $4";
    DROP_TERMS_OF_SUBJECT = "DELETE FROM term WHERE part = $1 AND rid IN \
        (SELECT rid FROM document WHERE part = $1 AND subject = $2)";
    DROP_TERMS_OF_CATEGORY = "DELETE FROM term WHERE part = $1 AND rid IN \
        (SELECT rid FROM document WHERE part = $1 AND subject = $2 AND category = $3)";
    PUT_KEYS = "INSERT INTO subject_key (part, bucket, subject, category, generation, wrapped) \
        SELECT $1, q.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[]) AS q \
        ON CONFLICT (part, bucket, subject, category, generation) DO UPDATE SET wrapped = excluded.wrapped";
    PUT_BUCKETS = "INSERT INTO bucket_key (part, bucket, epoch, wrapped) \
        SELECT $1, q.* FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS q \
        ON CONFLICT (part, bucket) DO UPDATE SET epoch = excluded.epoch, wrapped = excluded.wrapped";
    PUT_LEAVES = "INSERT INTO log_leaf (part, place, eid, time, subject, actor, class, entry, sealed) \
        SELECT $1, q.* FROM unnest($2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
        $8::bytea[], $9::bytea[]) AS q";
    PUT_TILES = "INSERT INTO log_tile (part, level, idx, hashes) \
        SELECT $1, q.* FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS q \
        ON CONFLICT (part, level, idx) DO UPDATE SET hashes = excluded.hashes";
    PUT_CHECKPOINTS = "INSERT INTO checkpoint (part, seq, size, note) \
        SELECT $1, q.* FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS q";
    PUT_META = "INSERT INTO meta (part, name, value) SELECT $1, q.* FROM unnest($2::text[], $3::bytea[]) AS q \
        ON CONFLICT (part, name) DO UPDATE SET value = excluded.value";
    PUT_REWORKED = "INSERT INTO reworked (part, time, rid) \
        SELECT $1, $2, q.rid FROM unnest($3::bigint[]) AS q (rid) ON CONFLICT DO NOTHING";
    PUT_STATE = "UPDATE part_state SET size = $2, root = $3, checkpoint = $4, rid = $5, time = $6, news = $7 WHERE part = $1";
    CREATE_STATE = "INSERT INTO part_state (part, origin, size, root, checkpoint, rid, time, news) \
        VALUES ($1, $2, 0, $3, 0, 0, 0, 0) ON CONFLICT DO NOTHING";

    PUT_MARK = "INSERT INTO node_mark (part, node, time, token) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (part, node) DO UPDATE SET time = excluded.time, token = excluded.token";
    MARK = "SELECT token FROM node_mark WHERE part = $1 AND node = $2";
    DROP_MARK = "DELETE FROM node_mark WHERE part = $1 AND node = $2";
    DROP_OLD_MARKS = "DELETE FROM node_mark WHERE part = $1 AND time < $2";

    EMPTY_STATE = "DELETE FROM part_state WHERE part = $1";
    EMPTY_KIND = "DELETE FROM kind WHERE part = $1";
    EMPTY_DOCUMENT = "DELETE FROM document WHERE part = $1";
    EMPTY_TERM = "DELETE FROM term WHERE part = $1";
    EMPTY_SUBJECT = "DELETE FROM subject WHERE part = $1";
    EMPTY_SUBJECT_KEY = "DELETE FROM subject_key WHERE part = $1";
    EMPTY_BUCKET_KEY = "DELETE FROM bucket_key WHERE part = $1";
    EMPTY_LOG_LEAF = "DELETE FROM log_leaf WHERE part = $1";
    EMPTY_LOG_SUBJECT = "DELETE FROM log_subject WHERE part = $1";
    EMPTY_LOG_ACTOR = "DELETE FROM log_actor WHERE part = $1";
    EMPTY_LOG_TILE = "DELETE FROM log_tile WHERE part = $1";
    EMPTY_CHECKPOINT = "DELETE FROM checkpoint WHERE part = $1";
    EMPTY_BLOB = "DELETE FROM blob WHERE part = $1";
    EMPTY_BLOB_GONE = "DELETE FROM blob_gone WHERE part = $1";
    EMPTY_REWORKED = "DELETE FROM reworked WHERE part = $1";
    EMPTY_META = "DELETE FROM meta WHERE part = $1";
    EMPTY_NEWS = "DELETE FROM news WHERE part = $1";
    EMPTY_NODE = "DELETE FROM node WHERE part = $1";
    EMPTY_CLAIM = "DELETE FROM claim WHERE part = $1";

    /// How many news there are, which is the oldest that is kept, and those of others after one.
    NEWS = "SELECT s.news, (SELECT min(o.seq) FROM news o WHERE o.part = $1), s.rid, n.touched, n.seq, s.time \
        FROM part_state s LEFT JOIN news n ON n.part = $1 AND n.seq > $2 AND n.node <> $3 \
        WHERE s.part = $1 ORDER BY n.seq";
    PUT_NEWS = "INSERT INTO news (part, seq, at, node, touched) VALUES ($1, $2, clock_timestamp(), $3, $4)";
    /// Those in front, up to the first that is young enough.
    DROP_OLD_NEWS = "DELETE FROM news WHERE part = $1 AND seq < coalesce((SELECT min(n.seq) FROM news n WHERE n.part = $1 \
        AND n.at > clock_timestamp() - interval '10 minutes'), 9223372036854775807)";

    /// Makes known a node that begins with what is told up to now, unless one is there that may not be with it.
    JOIN = "INSERT INTO node (part, node, name, term, alone, started, beat, seen) \
        SELECT $1, $2, $3, $4, $5::bigint, clock_timestamp(), clock_timestamp(), s.news FROM part_state s WHERE s.part = $1 \
        AND NOT EXISTS (SELECT FROM node o WHERE o.part = $1 AND o.node <> $2 AND (o.alone = 1 OR $5::bigint = 1) AND \
        o.beat > clock_timestamp() - o.term::double precision * interval '1 millisecond') \
        ON CONFLICT (part, node) DO UPDATE SET beat = excluded.beat RETURNING node";
    IN_THE_WAY = "SELECT name, (extract(epoch FROM beat) * 1000)::bigint FROM node WHERE part = $1 AND node <> $2 AND (alone = 1 OR $3::bigint = 1) AND \
        beat > clock_timestamp() - term::double precision * interval '1 millisecond' ORDER BY node LIMIT 1";
    BEAT = "UPDATE node SET beat = clock_timestamp(), seen = greatest(seen, $3) WHERE part = $1 AND node = $2 \
        AND beat > clock_timestamp() - term::double precision * interval '1 millisecond' RETURNING part";
    LEAVE = "DELETE FROM node WHERE part = $1 AND node = $2";
    /// Those of which nothing was heard for a day are told of no more.
    DROP_OLD_NODES = "DELETE FROM node WHERE part = $1 AND beat < clock_timestamp() - interval '1 day'";
    NODES = "SELECT node, name, (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint, \
        (extract(epoch FROM clock_timestamp() - beat) * 1000)::bigint, term, seen FROM node WHERE part = $1 ORDER BY started";

    /// Takes or renews a claim, if it is free or its term is over by the server's clock.
    CLAIM = "INSERT INTO claim (part, name, node, until) \
        VALUES ($1, $2, $3, clock_timestamp() + $4::bigint::double precision * interval '1 millisecond') \
        ON CONFLICT (part, name) DO UPDATE SET node = excluded.node, until = excluded.until \
        WHERE claim.until < clock_timestamp() OR claim.node = excluded.node RETURNING name";
    /// Held over the writer's transaction, so that nobody takes the claim between this look and the commit.
    CLAIMED = "SELECT name FROM claim WHERE part = $1 AND node = $2 AND until > clock_timestamp() FOR SHARE";
    RELEASE = "DELETE FROM claim WHERE part = $1 AND name = $2 AND node = $3";
    RELEASE_ALL = "DELETE FROM claim WHERE part = $1 AND node = $2";
}

/// What a restore that was not finished left of a part.
pub(super) const EMPTY: [&str; 20] = [
    EMPTY_STATE,
    EMPTY_KIND,
    EMPTY_DOCUMENT,
    EMPTY_TERM,
    DROP_GUARDS,
    EMPTY_SUBJECT,
    EMPTY_SUBJECT_KEY,
    EMPTY_BUCKET_KEY,
    EMPTY_LOG_LEAF,
    EMPTY_LOG_SUBJECT,
    EMPTY_LOG_ACTOR,
    EMPTY_LOG_TILE,
    EMPTY_CHECKPOINT,
    EMPTY_BLOB,
    EMPTY_BLOB_GONE,
    EMPTY_REWORKED,
    EMPTY_META,
    EMPTY_NEWS,
    EMPTY_NODE,
    EMPTY_CLAIM,
];
