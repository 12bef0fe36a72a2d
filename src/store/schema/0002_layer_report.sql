-- The value comes last and its packed size is a column of its own: what evicts reads the small columns alone.
-- What was cached is dropped; layers are read again.
DROP TABLE layer_report;
CREATE TABLE layer_report (
    id        INTEGER PRIMARY KEY,
    key       BLOB NOT NULL UNIQUE,
    last_used INTEGER NOT NULL,
    packed    INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    sum       INTEGER NOT NULL,
    value     BLOB NOT NULL
) STRICT;
CREATE INDEX layer_report_age ON layer_report (last_used, packed);
