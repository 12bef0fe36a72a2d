# SPDX-License-Identifier: Apache-2.0
"""dnf's history, as far as it says where packages are from: tables of dnf 4 and of dnf 5."""
import os
import sqlite3

FOUR = """CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT NOT NULL /* , of (it) */);
CREATE TABLE trans_item (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, item_id INTEGER REFERENCES item(id),
    repo_id INTEGER, -- who, where
    action INTEGER NOT NULL, reason INTEGER NOT NULL, state INTEGER NOT NULL);
CREATE TABLE rpm (item_id INTEGER UNIQUE NOT NULL, name TEXT NOT NULL, epoch INTEGER NOT NULL, version TEXT NOT NULL,
    release TEXT NOT NULL, arch TEXT NOT NULL, CONSTRAINT one UNIQUE (name, epoch, version, release, arch));
CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL);"""
FIVE = """CREATE TABLE "repo" ("id" INTEGER, "repoid" TEXT NOT NULL, PRIMARY KEY("id"));
CREATE TABLE "trans_item_action" ("id" INTEGER, "name" TEXT, PRIMARY KEY("id"));
CREATE TABLE "pkg_name" ("id" INTEGER, "name" TEXT NOT NULL UNIQUE, PRIMARY KEY("id"));
CREATE TABLE "arch" ("id" INTEGER, "name" TEXT NOT NULL UNIQUE, PRIMARY KEY("id"));
CREATE TABLE "trans_item" ("id" INTEGER, "trans_id" INTEGER, "item_id" INTEGER, "repo_id" INTEGER,
    "action_id" INTEGER NOT NULL, "reason_id" INTEGER NOT NULL, "state_id" INTEGER NOT NULL,
    PRIMARY KEY("id" AUTOINCREMENT), FOREIGN KEY("item_id") REFERENCES "item"("id"));
CREATE TABLE "rpm" ("item_id" INTEGER NOT NULL UNIQUE, "name_id" INTEGER NOT NULL, "epoch" INTEGER NOT NULL,
    "version" TEXT NOT NULL, "release" TEXT NOT NULL, "arch_id" INTEGER NOT NULL);
CREATE TABLE "config" ("key" TEXT, "value" TEXT NOT NULL, PRIMARY KEY("key"));"""
ACTIONS = ["Install", "Upgrade", "Downgrade", "Reinstall", "Remove", "Replaced", "Reason Change"]


class History:
    """rows: (name, version, action, repository), in their order."""

    def __init__(self, path, schema=FOUR):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(schema)
        self.five = schema == FIVE
        if self.five:
            self.db.executemany("INSERT INTO trans_item_action (name) VALUES (?)", [(a,) for a in ACTIONS])

    def id_of(self, table, column, text):
        row = self.db.execute("SELECT id FROM %s WHERE %s = ?" % (table, column), (text,)).fetchone()
        return row[0] if row else self.db.execute(
            "INSERT INTO %s (%s) VALUES (?)" % (table, column), (text,)).lastrowid

    def item(self, name, version, epoch=0, release="1.el9", arch="x86_64"):
        values = (self.id_of("pkg_name", "name", name), epoch, version, release, self.id_of("arch", "name", arch)
                  ) if self.five else (name, epoch, version, release, arch)
        columns = ("name_id", "epoch", "version", "release", "arch_id") if self.five else (
            "name", "epoch", "version", "release", "arch")
        row = self.db.execute("SELECT item_id FROM rpm WHERE " + " AND ".join(c + " = ?" for c in columns), values).fetchone()
        if row:
            return row[0]
        number = self.db.execute("SELECT count(*) FROM rpm").fetchone()[0] + 100
        self.db.execute("INSERT INTO rpm VALUES (?, ?, ?, ?, ?, ?)", (number,) + values)
        return number

    def add(self, action, repository, *what, **more):
        if self.five:
            action = ACTIONS.index(action) + 1
        return self.db.execute("INSERT INTO trans_item VALUES (NULL, 1, ?, ?, ?, 1, 1)",
                               (self.item(*what, **more), self.id_of("repo", "repoid", repository), action)).lastrowid
