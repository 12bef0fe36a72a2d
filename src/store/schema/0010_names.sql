-- Names of packages are kept once each, and so is what most packages share; a package is found by its name and version, and has
-- no key of its own any more. A NULL as source_version: the package's own version.
CREATE TABLE name (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE package_kind (
    id     INTEGER PRIMARY KEY,
    type   TEXT NOT NULL,
    arch   TEXT NOT NULL,
    module TEXT NOT NULL,
    scope  TEXT NOT NULL,
    UNIQUE (scope, type, arch, module)
) STRICT;
INSERT INTO name (text) SELECT name FROM package UNION SELECT source_name FROM package WHERE source_name <> '';
INSERT INTO package_kind (type, arch, module, scope) SELECT DISTINCT type, arch, module, scope FROM package;
CREATE TABLE package_new (
    id             INTEGER PRIMARY KEY,
    name           INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    source         INTEGER NOT NULL, -- a name; 0: there is none
    version        TEXT NOT NULL,
    source_version TEXT
) STRICT;
INSERT INTO package_new (id, name, kind, source, version, source_version)
    SELECT p.id, n.id, k.id, coalesce(s.id, 0), p.version,
           CASE WHEN p.source_version = p.version THEN NULL ELSE p.source_version END
    FROM package AS p JOIN name AS n ON n.text = p.name
    JOIN package_kind AS k ON k.scope = p.scope AND k.type = p.type AND k.arch = p.arch AND k.module = p.module
    LEFT JOIN name AS s ON s.text = p.source_name AND p.source_name <> ''
    ORDER BY p.id;
DROP TABLE package;
ALTER TABLE package_new RENAME TO package;
CREATE INDEX package_name ON package (name, version);
CREATE INDEX package_source ON package (source) WHERE source <> 0 AND source <> name;
CREATE VIEW package_text AS
    SELECT p.id, k.type, n.text AS name, p.version, coalesce(s.text, '') AS source_name,
           coalesce(p.source_version, p.version) AS source_version, k.arch, k.module, k.scope
    FROM package AS p JOIN name AS n ON n.id = p.name JOIN package_kind AS k ON k.id = p.kind
    LEFT JOIN name AS s ON s.id = p.source;
