-- The shape at rest on PostgreSQL. Every key and index begins with `part`, so that the tables can be distributed by it;
-- no triggers, sequences or extensions. Wide columns come first in a row: they lie without gaps then. Sealed bytes do not
-- compress: they are stored as they are. Text is compared byte by byte.

-- How far a part has come: one row, for every commit writes it. Who holds its lock writes the part.
CREATE TABLE part_state (
    part       integer NOT NULL PRIMARY KEY,
    size       bigint  NOT NULL,      -- entries of its log
    checkpoint bigint  NOT NULL,      -- number of the last kept one
    rid        bigint  NOT NULL,      -- the last one given
    time       bigint  NOT NULL,      -- of the last commit, microseconds since 1970
    news       bigint  NOT NULL,      -- number of the last one, of those that changed more than the log
    origin     text    COLLATE "C" NOT NULL, -- name of its log
    root       bytea   NOT NULL       -- over its entries
) WITH (fillfactor = 50);

-- What a node committed last: how it finds out what became of a commit whose answer was lost.
CREATE TABLE node_mark (
    part  integer NOT NULL,
    node  bytea   NOT NULL,
    time  bigint  NOT NULL,
    token bytea   NOT NULL,
    PRIMARY KEY (part, node)
) WITH (fillfactor = 50);

CREATE TABLE kind (
    part integer NOT NULL,
    no   integer NOT NULL,
    name text    COLLATE "C" NOT NULL,
    PRIMARY KEY (part, no),
    UNIQUE (part, name)
);

CREATE TABLE document (
    rid          bigint   NOT NULL,   -- commit order, dense per part
    subject      bigint,              -- internal number of the person, null for the house
    version      bigint   NOT NULL,
    until        bigint   NOT NULL,   -- rid of the version that superseded it, 2^63-1 while current
    time         bigint   NOT NULL,
    part         integer  NOT NULL,
    kind         integer  NOT NULL,
    category     smallint NOT NULL,   -- which data key
    deleted      smallint NOT NULL,
    id           bytea    NOT NULL,   -- blind name
    index_sealed bytea    NOT NULL,
    body_sealed  bytea    NOT NULL,
    PRIMARY KEY (part, rid),
    UNIQUE (part, kind, id, version)
);
ALTER TABLE document ALTER index_sealed SET STORAGE EXTERNAL, ALTER body_sealed SET STORAGE EXTERNAL;
CREATE INDEX document_subject ON document (part, subject, until, kind, rid) WHERE subject IS NOT NULL;
CREATE INDEX document_kind ON document (part, kind, until, rid);

-- Bodies that are too big for a row lie as objects; `body_sealed` holds what leads there.
CREATE TABLE blob (
    rid  bigint  NOT NULL,            -- the version that names it
    size bigint  NOT NULL,
    part integer NOT NULL,
    name bytea   NOT NULL,            -- random
    hash bytea   NOT NULL,            -- SHA-256 of the sealed bytes
    PRIMARY KEY (part, rid),
    UNIQUE (part, name)
);

-- Objects to be removed: their versions are gone.
CREATE TABLE blob_gone (
    part integer NOT NULL,
    name bytea   NOT NULL,
    PRIMARY KEY (part, name)
);

-- Only current versions have terms; history is never searched.
CREATE TABLE term (
    rid  bigint  NOT NULL,
    part integer NOT NULL,
    term bytea   NOT NULL,
    PRIMARY KEY (part, term, rid)
);
CREATE INDEX term_rid ON term (part, rid);

CREATE TABLE guard (
    rid  bigint  NOT NULL,            -- the commit that touched it last
    part integer NOT NULL,
    term bytea   NOT NULL,
    PRIMARY KEY (part, term)
);

CREATE TABLE subject (
    no      bigint  NOT NULL,
    part    integer NOT NULL,
    id_term bytea   NOT NULL,
    PRIMARY KEY (part, id_term),
    UNIQUE (part, no)
);

CREATE TABLE subject_key (
    subject    bigint   NOT NULL,
    generation bigint   NOT NULL,
    part       integer  NOT NULL,
    bucket     integer  NOT NULL,     -- follows from the subject; a bucket is re-keyed as a whole
    category   smallint NOT NULL,
    wrapped    bytea    NOT NULL,
    PRIMARY KEY (part, bucket, subject, category, generation)
);

CREATE TABLE bucket_key (
    epoch   bigint  NOT NULL,
    part    integer NOT NULL,
    bucket  integer NOT NULL,
    wrapped bytea   NOT NULL,
    PRIMARY KEY (part, bucket)
);

CREATE TABLE log_leaf (
    place   bigint   NOT NULL,        -- part × 2^51 + place in the part's tree, dense from 0
    time    bigint   NOT NULL,
    subject bigint,
    actor   bigint   NOT NULL,
    part    integer  NOT NULL CHECK (part = place >> 51),
    class   smallint NOT NULL,
    eid     bytea    NOT NULL,
    entry   bytea    NOT NULL,        -- the bytes that the tree holds
    sealed  bytea    NOT NULL,
    PRIMARY KEY (part, place)
);
ALTER TABLE log_leaf ALTER sealed SET STORAGE EXTERNAL;

-- Whose entry is where, filed 1,024 entries at a time; those after the last full lot are looked through.
CREATE TABLE log_subject (
    subject bigint  NOT NULL,
    idx     bigint  NOT NULL,
    part    integer NOT NULL,
    PRIMARY KEY (part, subject, idx)
);
CREATE TABLE log_actor (
    actor bigint  NOT NULL,
    idx   bigint  NOT NULL,
    part  integer NOT NULL,
    PRIMARY KEY (part, actor, idx)
);

CREATE TABLE log_tile (
    idx    bigint   NOT NULL,
    part   integer  NOT NULL,
    level  smallint NOT NULL,
    hashes bytea    NOT NULL,
    PRIMARY KEY (part, level, idx)
) WITH (fillfactor = 80);
ALTER TABLE log_tile ALTER hashes SET STORAGE EXTERNAL;

CREATE TABLE checkpoint (
    seq  bigint  NOT NULL,
    size bigint  NOT NULL,
    part integer NOT NULL,
    note text    COLLATE "C" NOT NULL,
    PRIMARY KEY (part, seq)
);
CREATE INDEX checkpoint_size ON checkpoint (part, size, seq);

-- Versions that were sealed anew or taken out, by the time of that commit: what an archive of before has to be told of.
CREATE TABLE reworked (
    time bigint  NOT NULL,
    rid  bigint  NOT NULL,
    part integer NOT NULL,
    PRIMARY KEY (part, time, rid)
);

CREATE TABLE meta (
    part  integer NOT NULL,
    name  text    COLLATE "C" NOT NULL,
    value bytea   NOT NULL,
    PRIMARY KEY (part, name)
);

-- What nodes tell each other of their commits, in the order of the commits: numbers and blind names. Kept for some minutes.
CREATE TABLE news (
    seq     bigint      NOT NULL,     -- as part_state counts it
    at      timestamptz NOT NULL,
    part    integer     NOT NULL,
    node    bytea       NOT NULL,     -- who tells
    touched bytea       NOT NULL,     -- of what (store/src/news.rs)
    PRIMARY KEY (part, seq)
);
ALTER TABLE news ALTER touched SET STORAGE EXTERNAL;

-- The programs that serve a part. A row that was not touched for its term is that of a program that has forgotten all keys.
CREATE TABLE node (
    seen    bigint      NOT NULL,     -- the last news it has done with
    term    bigint      NOT NULL,     -- milliseconds
    started timestamptz NOT NULL,
    beat    timestamptz NOT NULL,
    part    integer     NOT NULL,
    alone   smallint    NOT NULL,     -- whether no other may be there
    node    bytea       NOT NULL,
    name    text        COLLATE "C" NOT NULL,
    PRIMARY KEY (part, node)
) WITH (fillfactor = 50);

-- Which node does something for all of them.
CREATE TABLE claim (
    until timestamptz NOT NULL,
    part  integer     NOT NULL,
    name  text        COLLATE "C" NOT NULL,
    node  bytea       NOT NULL,
    PRIMARY KEY (part, name)
) WITH (fillfactor = 50);
