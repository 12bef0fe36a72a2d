-- What changed for manifests: one notification for each update operation that a notifier has seen.
CREATE TABLE notification (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid      bytea NOT NULL UNIQUE,
    operation bytea NOT NULL UNIQUE, -- the update operation that it is of
    previous  bytea NOT NULL,        -- the one before; empty if there is none
    source    bytea NOT NULL,
    state     bigint NOT NULL,       -- enum store_notification_state
    seq       bigint NOT NULL,       -- order of delivery; 0 before it was made
    blocked   bigint NOT NULL,       -- the notification that must go first; 0: none is known
    created   bigint NOT NULL,
    changed   bigint NOT NULL,
    due       bigint NOT NULL,       -- to be taken from then on: end of the lease, or of a pause
    attempts  bigint NOT NULL,       -- to make it, then to deliver it
    entries   bigint NOT NULL,
    error     bytea NOT NULL
);
CREATE INDEX notification_due ON notification (state, due);
CREATE INDEX notification_source ON notification (source, id);
CREATE SEQUENCE notification_seq;

-- A change is told once, however many manifests have it.
CREATE TABLE notification_change (
    notification bigint NOT NULL,
    number       bigint NOT NULL,
    reason       bigint NOT NULL,
    summary      bytea NOT NULL, -- packed
    PRIMARY KEY (notification, number)
);
CREATE TABLE notification_entry (
    notification bigint NOT NULL,
    change       bigint NOT NULL,
    rank         bigint NOT NULL, -- the higher one stays
    id           bytea NOT NULL,  -- 16 bytes: the order of pages
    manifest     bytea NOT NULL,
    PRIMARY KEY (notification, id)
);
