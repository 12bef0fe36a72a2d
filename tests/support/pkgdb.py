# SPDX-License-Identifier: Apache-2.0
"""Databases of FreeBSD's pkg, as far as limpid reads them: with the columns of pkg 2.8, and of before it had all of them."""
import os
import shutil
import sqlite3

COLUMNS = """id INTEGER PRIMARY KEY, origin TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, comment TEXT NOT NULL,
    desc TEXT NOT NULL, mtree_id INTEGER, message TEXT, arch TEXT NOT NULL, maintainer TEXT NOT NULL, www TEXT, prefix TEXT NOT NULL,
    flatsize INTEGER NOT NULL, automatic INTEGER NOT NULL, locked INTEGER NOT NULL DEFAULT 0, licenselogic INTEGER NOT NULL,
    time INTEGER, manifestdigest TEXT NULL, pkg_format_version INTEGER, dep_formula TEXT NULL"""
OLD = """CREATE TABLE packages (%s);
CREATE TABLE files (path TEXT PRIMARY KEY, sha256 TEXT, package_id INTEGER REFERENCES packages(id));""" % COLUMNS
NEW = """CREATE TABLE packages (%s, vital INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX packages_unique ON packages(name);
CREATE TABLE files (path TEXT PRIMARY KEY, sha256 TEXT, uname TEXT, gname TEXT, perm INTEGER, fflags INTEGER, mtime INTEGER,
    symlink_target TEXT, package_id INTEGER REFERENCES packages(id) ON DELETE CASCADE);
CREATE TABLE directories (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);""" % COLUMNS


class Database:
    def __init__(self, root, schema=NEW, path="var/db/pkg/local.sqlite"):
        self.path = os.path.join(root, path)
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.executescript(schema)

    def add(self, name, version, arch="FreeBSD:14:amd64", origin=None, files=(), desc="a"):
        at = self.db.execute(
            "INSERT INTO packages (origin, name, version, comment, desc, arch, maintainer, prefix, flatsize, automatic, licenselogic)"
            " VALUES (?, ?, ?, 'a', ?, ?, 'ports@FreeBSD.org', '/usr/local', 1, 0, 1)",
            (origin or "misc/x", name, version, desc, arch)).lastrowid
        self.db.executemany("INSERT INTO files (path, sha256, package_id) VALUES (?, '1$00', ?)", [(f, at) for f in files])
        return at

    def close(self):
        self.db.close()

    def keep_log(self):
        """As they lie on disk while pkg has them open: the database, and what is only in its log."""
        kept = [(p, open(p, "rb").read()) for p in (self.path, self.path + "-wal")]
        self.db.close()
        shutil.rmtree(os.path.dirname(self.path))
        os.makedirs(os.path.dirname(self.path))
        for p, content in kept:
            with open(p, "wb") as f:
                f.write(content)
