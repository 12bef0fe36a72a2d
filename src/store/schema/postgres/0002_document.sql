-- Small documents of a kind that are asked for by name, and listed by what they belong to.
CREATE TABLE document (
    kind    bigint NOT NULL,
    name    bytea NOT NULL,
    owner   bytea NOT NULL, -- empty where they belong to nothing
    changed bigint NOT NULL,
    body    bytea NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX document_owner ON document (kind, owner, name);
