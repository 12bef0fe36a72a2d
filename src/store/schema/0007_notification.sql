-- What changed for manifests: one notification for each update operation that a notifier has seen.
CREATE TABLE notification (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid      TEXT NOT NULL UNIQUE,
    operation TEXT NOT NULL UNIQUE, -- the update operation that it is of
    previous  TEXT NOT NULL,        -- the one before; '' if there is none
    source    TEXT NOT NULL,
    state     INTEGER NOT NULL,     -- enum store_notification_state
    seq       INTEGER NOT NULL,     -- order of delivery; 0 before it was made
    blocked   INTEGER NOT NULL,     -- the notification that must go first; 0: none is known
    created   INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    due       INTEGER NOT NULL,     -- to be taken from then on: end of the lease, or of a pause
    attempts  INTEGER NOT NULL,     -- to make it, then to deliver it
    entries   INTEGER NOT NULL,
    error     TEXT NOT NULL
) STRICT;
CREATE INDEX notification_due ON notification (state, due);
CREATE INDEX notification_source ON notification (source, id);

-- A change is told once, however many manifests have it.
CREATE TABLE notification_change (
    notification INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    reason       INTEGER NOT NULL,
    summary      BLOB NOT NULL, -- packed
    PRIMARY KEY (notification, number)
) WITHOUT ROWID, STRICT;
CREATE TABLE notification_entry (
    notification INTEGER NOT NULL,
    id           BLOB NOT NULL,    -- 16 bytes: the order of pages
    manifest     BLOB NOT NULL,
    change       INTEGER NOT NULL,
    rank         INTEGER NOT NULL, -- the higher one stays
    PRIMARY KEY (notification, id)
) WITHOUT ROWID, STRICT;
