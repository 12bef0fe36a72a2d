-- Small documents of a kind that are asked for by name, and listed by what they belong to.
CREATE TABLE document (
    kind    INTEGER NOT NULL,
    name    BLOB NOT NULL,
    owner   BLOB NOT NULL, -- "" where they belong to nothing
    changed INTEGER NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID, STRICT;
CREATE INDEX document_owner ON document (kind, owner, name);
