-- What a service keeps: manifests with their reports, who has which package, what is not finished yet.
-- Digests are the number of the algorithm and the bytes. Lists of numbers are packed as src/store/pack.c says.

CREATE TABLE manifest (
    id            INTEGER PRIMARY KEY,
    put           INTEGER NOT NULL UNIQUE, -- grows with every put: the order of pages
    digest        BLOB NOT NULL UNIQUE,
    success       INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL,
    state         TEXT NOT NULL,
    indexer_state TEXT NOT NULL,
    error         TEXT NOT NULL,
    groups        BLOB NOT NULL, -- numbers of its groups
    layers        BLOB NOT NULL  -- digests
) STRICT;
-- Apart, so that the rows above lie close together.
CREATE TABLE manifest_report (
    manifest INTEGER PRIMARY KEY,
    value    BLOB NOT NULL
) STRICT;

-- A package is a row for each version and place that any manifest has, whatever the number of manifests.
CREATE TABLE package (
    id             INTEGER PRIMARY KEY,
    key            BLOB NOT NULL UNIQUE, -- of all that follows
    type           TEXT NOT NULL,
    name           TEXT NOT NULL,
    version        TEXT NOT NULL,
    source_name    TEXT NOT NULL,
    source_version TEXT NOT NULL,
    arch           TEXT NOT NULL,
    module         TEXT NOT NULL,
    scope          TEXT NOT NULL
) STRICT;
CREATE INDEX package_name ON package (name);
CREATE INDEX package_source_name ON package (source_name) WHERE source_name <> '' AND source_name <> name;

-- A group is what one layer brought and is still there: the same one in every image of one base.
CREATE TABLE package_group (
    id       INTEGER PRIMARY KEY,
    key      BLOB NOT NULL UNIQUE, -- of the packages
    packages BLOB NOT NULL         -- their numbers
) STRICT;
-- From a package to its groups, from a group to its manifests; the way back is in the rows of group and manifest.
CREATE TABLE group_of_package (
    package INTEGER NOT NULL,
    grp     INTEGER NOT NULL,
    PRIMARY KEY (package, grp)
) WITHOUT ROWID, STRICT;
CREATE TABLE manifest_of_group (
    grp      INTEGER NOT NULL,
    manifest INTEGER NOT NULL,
    PRIMARY KEY (grp, manifest)
) WITHOUT ROWID, STRICT;

-- Index runs that were accepted and are not finished: the body as it was posted.
CREATE TABLE pending (
    id       INTEGER PRIMARY KEY,
    manifest BLOB NOT NULL UNIQUE,
    since    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;

-- Work to be done later.
CREATE TABLE queue (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    queue    TEXT NOT NULL,
    due      INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;
CREATE INDEX queue_due ON queue (queue, due, id);

-- Grows when something of the topic changed.
CREATE TABLE change (
    topic INTEGER PRIMARY KEY,
    n     INTEGER NOT NULL
) STRICT;

-- 0: vulnerabilities, 1: what enriches them.
ALTER TABLE source ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE update_operation ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
