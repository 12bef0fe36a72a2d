-- Reports of layers (kind 1) and of images (2) and what is known of files (3) lie in one table, so that the least recently
-- used goes first whatever it is. What was cached is dropped; layers are read again.
DROP TABLE layer_report;
CREATE TABLE kept (
    id        INTEGER PRIMARY KEY,
    kind      INTEGER NOT NULL,
    key       BLOB NOT NULL,
    last_used INTEGER NOT NULL,
    packed    INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    sum       INTEGER NOT NULL,
    value     BLOB NOT NULL,
    UNIQUE (key, kind)
) STRICT;
CREATE INDEX kept_age ON kept (last_used, packed);
