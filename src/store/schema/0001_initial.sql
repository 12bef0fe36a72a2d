-- Layer reports by key (digest, detector set, aliases); value is zstd, sum is a check sum of the unpacked bytes.
CREATE TABLE layer_report (
    key       BLOB PRIMARY KEY,
    value     BLOB NOT NULL,
    size      INTEGER NOT NULL,
    sum       INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX layer_report_age ON layer_report (last_used, size);

-- One document of one feed, and how its last run went. Times are Unix seconds, NULL = never.
CREATE TABLE source (
    name           TEXT PRIMARY KEY,
    feed           TEXT NOT NULL,
    url            TEXT NOT NULL,
    segment        TEXT NOT NULL,
    etag           TEXT NOT NULL,
    last_modified  TEXT NOT NULL,
    document       TEXT NOT NULL,
    format_version TEXT NOT NULL,
    last_attempt   INTEGER,
    last_success   INTEGER,
    last_change    INTEGER,
    records        INTEGER NOT NULL,
    error          TEXT NOT NULL,
    held_back      TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- An update operation: from then on this segment was the source's.
CREATE TABLE update_operation (
    id          INTEGER PRIMARY KEY,
    ref         TEXT NOT NULL UNIQUE,
    source      TEXT NOT NULL,
    segment     TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    date        INTEGER NOT NULL
) STRICT;
CREATE INDEX update_operation_source ON update_operation (source, id);
