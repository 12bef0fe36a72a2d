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
    node     INTEGER NOT NULL, -- who has it; 0: nobody, or one without a number
    body     BLOB NOT NULL     -- packed
) STRICT;
CREATE INDEX notice_due ON notice (due) WHERE deleted = 0;
CREATE INDEX notice_deleted ON notice (deleted) WHERE deleted <> 0;
CREATE INDEX notice_created ON notice (created);
CREATE INDEX notice_node ON notice (node) WHERE node <> 0;
-- Who has a notification at the moment: leases of a node that has died need not run out.
ALTER TABLE notification ADD COLUMN node INTEGER NOT NULL DEFAULT 0;
CREATE INDEX notification_node ON notification (node) WHERE node <> 0;
