-- The shape at rest. Every key and index begins with `part`; bodies live in rowid tables, narrow index tables are
-- WITHOUT ROWID (the other way round costs four to five times as much).

-- How far a part has come: one row, for every commit writes it.
CREATE TABLE part_state (
    part       INTEGER NOT NULL PRIMARY KEY,
    origin     TEXT    NOT NULL,      -- name of its log
    size       INTEGER NOT NULL,      -- entries of its log
    root       BLOB    NOT NULL,      -- over them
    checkpoint INTEGER NOT NULL,      -- number of the last kept one
    rid        INTEGER NOT NULL,      -- the last one given
    time       INTEGER NOT NULL       -- of the last commit, microseconds since 1970
) STRICT;

CREATE TABLE kind (
    part INTEGER NOT NULL,
    no   INTEGER NOT NULL,
    name TEXT    NOT NULL,
    PRIMARY KEY (part, no),
    UNIQUE (part, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    part         INTEGER NOT NULL,
    rid          INTEGER NOT NULL,    -- commit order, dense per part
    kind         INTEGER NOT NULL,
    id           BLOB    NOT NULL,    -- blind name
    subject      INTEGER,             -- internal number of the person, null for the house
    category     INTEGER NOT NULL,    -- which data key
    version      INTEGER NOT NULL,
    until        INTEGER NOT NULL,    -- rid of the version that superseded it, 2^63-1 while current
    deleted      INTEGER NOT NULL,
    time         INTEGER NOT NULL,
    index_sealed BLOB    NOT NULL,
    body_sealed  BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX document_rid     ON document (part, rid);
CREATE UNIQUE INDEX document_version ON document (part, kind, id, version);
CREATE INDEX        document_subject ON document (part, subject, until, kind, rid) WHERE subject IS NOT NULL;
CREATE INDEX        document_kind    ON document (part, kind, until, rid);

-- Bodies that are too big for a row lie as objects; `body_sealed` holds what leads there.
CREATE TABLE blob (
    part INTEGER NOT NULL,
    rid  INTEGER NOT NULL,            -- the version that names it
    name BLOB    NOT NULL,            -- random
    size INTEGER NOT NULL,
    hash BLOB    NOT NULL,            -- SHA-256 of the sealed bytes
    PRIMARY KEY (part, rid)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX blob_name ON blob (part, name);

-- Objects to be removed: their versions are gone.
CREATE TABLE blob_gone (
    part INTEGER NOT NULL,
    name BLOB    NOT NULL,
    PRIMARY KEY (part, name)
) STRICT, WITHOUT ROWID;

-- Only current versions have terms; history is never searched.
CREATE TABLE term (
    part INTEGER NOT NULL,
    term BLOB    NOT NULL,
    rid  INTEGER NOT NULL,
    PRIMARY KEY (part, term, rid)
) STRICT, WITHOUT ROWID;
CREATE INDEX term_rid ON term (part, rid);

CREATE TABLE guard (
    part INTEGER NOT NULL,
    term BLOB    NOT NULL,
    rid  INTEGER NOT NULL,            -- the commit that touched it last
    PRIMARY KEY (part, term)
) STRICT, WITHOUT ROWID;

CREATE TABLE subject (
    part    INTEGER NOT NULL,
    id_term BLOB    NOT NULL,
    no      INTEGER NOT NULL,
    PRIMARY KEY (part, id_term),
    UNIQUE (part, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE subject_key (
    part       INTEGER NOT NULL,
    bucket     INTEGER NOT NULL,      -- follows from the subject; a bucket is re-keyed as a whole
    subject    INTEGER NOT NULL,
    category   INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    wrapped    BLOB    NOT NULL,
    PRIMARY KEY (part, bucket, subject, category, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE bucket_key (
    part    INTEGER NOT NULL,
    bucket  INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    wrapped BLOB    NOT NULL,
    PRIMARY KEY (part, bucket)
) STRICT, WITHOUT ROWID;

-- The place is the key: entries are appended and read in order, and an index on their order would be written for each.
CREATE TABLE log_leaf (
    part    INTEGER NOT NULL GENERATED ALWAYS AS (place >> 51) VIRTUAL,
    place   INTEGER NOT NULL PRIMARY KEY, -- part × 2^51 + place in the part's tree, dense from 0
    idx     INTEGER NOT NULL GENERATED ALWAYS AS (place & 2251799813685247) VIRTUAL,
    eid     BLOB    NOT NULL,
    time    INTEGER NOT NULL,
    subject INTEGER,
    actor   INTEGER NOT NULL,
    class   INTEGER NOT NULL,
    entry   BLOB    NOT NULL,         -- the bytes that the tree holds
    sealed  BLOB    NOT NULL
) STRICT;

-- Whose entry is where, filed 1,024 entries at a time; those after the last full lot are looked through. An index would
-- write a page for every entry of another person; filed by the lot, the entries of one person share it.
CREATE TABLE log_subject (
    part    INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    idx     INTEGER NOT NULL,
    PRIMARY KEY (part, subject, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_actor (
    part  INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    PRIMARY KEY (part, actor, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_tile (
    part   INTEGER NOT NULL,
    level  INTEGER NOT NULL,
    idx    INTEGER NOT NULL,
    hashes BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX log_tile_place ON log_tile (part, level, idx);

CREATE TABLE checkpoint (
    part INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    size INTEGER NOT NULL,
    note TEXT    NOT NULL,
    PRIMARY KEY (part, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX checkpoint_size ON checkpoint (part, size, seq);

-- Versions that were sealed anew or taken out, by the time of that commit: what an archive of before has to be told of.
CREATE TABLE reworked (
    part INTEGER NOT NULL,
    time INTEGER NOT NULL,
    rid  INTEGER NOT NULL,
    PRIMARY KEY (part, time, rid)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    part  INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    value BLOB    NOT NULL,
    PRIMARY KEY (part, name)
) STRICT, WITHOUT ROWID;
