-- Notifications of Clair v2's API: one for each vulnerability that changed for a posted layer.
CREATE TABLE notice (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid     TEXT NOT NULL UNIQUE,
    created  INTEGER NOT NULL,
    notified INTEGER NOT NULL, -- the receiver took it last; 0: never
    deleted  INTEGER NOT NULL, -- the receiver has dealt with it; 0: not yet
    due      INTEGER NOT NULL, -- to be sent from then on: end of the lease, of a pause, of the time to deal with it
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL, -- attempts since it was taken last
    body     BLOB NOT NULL     -- packed
) STRICT;
CREATE INDEX notice_due ON notice (due) WHERE deleted = 0;
CREATE INDEX notice_deleted ON notice (deleted) WHERE deleted <> 0;
CREATE INDEX notice_created ON notice (created);
