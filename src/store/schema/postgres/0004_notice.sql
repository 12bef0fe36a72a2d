-- Notifications of Clair v2's API: one for each vulnerability that changed for a posted layer.
CREATE TABLE notice (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid     bytea NOT NULL UNIQUE,
    created  bigint NOT NULL,
    notified bigint NOT NULL, -- the receiver took it last; 0: never
    deleted  bigint NOT NULL, -- the receiver has dealt with it; 0: not yet
    due      bigint NOT NULL, -- to be sent from then on: end of the lease, of a pause, of the time to deal with it
    attempts bigint NOT NULL,
    failures bigint NOT NULL, -- attempts since it was taken last
    node     bigint NOT NULL, -- who has it; 0: nobody, or one without a number
    body     bytea NOT NULL   -- packed
);
CREATE INDEX notice_due ON notice (due) WHERE deleted = 0;
CREATE INDEX notice_deleted ON notice (deleted) WHERE deleted <> 0;
CREATE INDEX notice_created ON notice (created);
CREATE INDEX notice_node ON notice (node) WHERE node <> 0;
-- Who has a notification at the moment: leases of a node that has died need not run out.
ALTER TABLE notification ADD COLUMN node bigint NOT NULL DEFAULT 0;
CREATE INDEX notification_node ON notification (node) WHERE node <> 0;
