/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.c - the embedded state store: opening, migrations, and what its parts share. */
#include "store/sqlite_impl.h"

#include "io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const char *const store_schema[]; /* one script per version, ended by NULL; made from schema/ */

enum status store_failed(struct store *s, struct err *err, const char *what)
{
	int rc = sqlite3_extended_errcode(s->db), primary = rc & 0xff;
	enum status st = STATUS_IO;

	if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
		st = STATUS_CONFLICT;
	else if (primary == SQLITE_NOMEM)
		st = STATUS_NOMEM;
	else if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
		return err_set(err, STATUS_MALFORMED,
			       "%s is damaged (%s): move it away; limpid update makes a new one", s->path,
			       sqlite3_errmsg(s->db));
	return err_set(err, st, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
}

enum status store_exec(struct store *s, const char *sql, struct err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? STATUS_OK : store_failed(s, err, "statement");
}

enum status store_prepare(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err)
{
	if (sqlite3_prepare_v2(s->db, sql, -1, out, NULL) != SQLITE_OK)
		return store_failed(s, err, "statement");
	return STATUS_OK;
}

void store_finalize(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

static enum status user_version(struct store *s, int *out, struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;

	TRY(store_prepare(s, "PRAGMA user_version", &q, err));
	if (sqlite3_step(q) != SQLITE_ROW)
		return store_failed(s, err, "version");
	*out = sqlite3_column_int(q, 0);
	return STATUS_OK;
}

static enum status migrate(struct store *s, struct err *err)
{
	int version = 0, newest = 0;
	enum status st;

	while (store_schema[newest])
		newest++;
	TRY(user_version(s, &version, err));
	if (version > newest)
		return err_set(err, STATUS_UNSUPPORTED,
			       "%s was written by a newer limpid (schema %d, this one knows %d)", s->path, version,
			       newest);
	if (version == newest)
		return STATUS_OK;
	if (s->read_only)
		return err_set(err, STATUS_NOTFOUND, "%s has not been set up yet", s->path);
	TRY(store_exec(s, "BEGIN IMMEDIATE", err));
	/* Another process may have been faster. */
	st = user_version(s, &version, err);
	for (; st == STATUS_OK && version < newest; version++) {
		char pragma[64];

		st = store_exec(s, store_schema[version], err);
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version + 1);
		if (st == STATUS_OK)
			st = store_exec(s, pragma, err);
	}
	if (st == STATUS_OK)
		return store_exec(s, "COMMIT", err);
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return st;
}

static enum status open_file(struct store *s, struct err *err)
{
	int flags = s->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

	if (s->read_only && access(s->path, R_OK) != 0)
		return err_errno(err, "cannot open %s", s->path);
	if (sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL) != SQLITE_OK)
		return s->db ? store_failed(s, err, "cannot open") : err_nomem(err, "store");
	sqlite3_busy_timeout(s->db, (int)s->busy_ms);
	if (!s->read_only)
		TRY(store_exec(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", err));
	return migrate(s, err);
}

enum status store_open(const char *dir, const struct store_options *options, struct store **out, struct err *err)
{
	struct store *s;
	enum status st;

	if (!options->read_only)
		TRY(file_mkdirs(dir, err));
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err, "store");
	s->read_only = options->read_only;
	s->busy_ms = options->busy_ms;
	s->cache_bytes = options->cache_bytes;
	s->dir = strdup(dir);
	if (!s->dir || asprintf(&s->path, "%s/state.db", dir) < 0) {
		s->path = NULL;
		store_close(s);
		return err_nomem(err, "store");
	}
	st = open_file(s, err);
	/* On a read-only file system WAL cannot be opened the usual way: read it as a file that nobody changes. */
	if (st != STATUS_OK && s->read_only && (st == STATUS_IO || st == STATUS_CONFLICT) && access(dir, W_OK) != 0) {
		char *uri = NULL;

		sqlite3_close(s->db);
		s->db = NULL;
		if (asprintf(&uri, "file:%s?immutable=1", s->path) >= 0 &&
		    sqlite3_open_v2(uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) ==
			    SQLITE_OK)
			st = migrate(s, err);
		free(uri);
	}
	if (st == STATUS_OK)
		*out = s;
	else
		store_close(s);
	return st;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STORE_LOCKS; i++)
		if (s->locks[i].fd > 0)
			close(s->locks[i].fd);
	sqlite3_close(s->db);
	free(s->path);
	free(s->dir);
	free(s);
}
