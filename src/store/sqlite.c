/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.c - the embedded state store: opening, migrations, and what its parts share. */
#include "store/sqlite_impl.h"

#include "io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SET_UP_TICK_MS 10u

extern const char *const store_schema[]; /* one script per version, ended by NULL; made from schema/ */

enum status sqlite_failed(struct store *s, struct err *err, const char *what)
{
	int rc = sqlite3_extended_errcode(s->db), primary = rc & 0xff;
	/* "disk I/O error" alone helps nobody. Of other errors the number is an older one. */
	int os = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? sqlite3_system_errno(s->db) : 0;
	enum status st = STATUS_IO;

	if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
		st = STATUS_CONFLICT;
	else if (primary == SQLITE_NOMEM)
		st = STATUS_NOMEM;
	else if (primary == SQLITE_TOOBIG)
		st = STATUS_LIMIT;
	else if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
		return err_set(err, STATUS_MALFORMED, "%s is damaged (%s): move it away; limpid update makes a new one",
			       s->path, sqlite3_errmsg(s->db));
	return err_set(err, st, "%s: %s: %s%s%s", s->path, what, sqlite3_errmsg(s->db), os != 0 ? ": " : "",
		       os != 0 ? strerror(os) : "");
}

enum status sqlite_exec(struct store *s, const char *sql, struct err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? STATUS_OK : sqlite_failed(s, err, "statement");
}

enum status sqlite_prepare(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err)
{
	if (sqlite3_prepare_v2(s->db, sql, -1, out, NULL) != SQLITE_OK)
		return sqlite_failed(s, err, "statement");
	return STATUS_OK;
}

void sqlite_finalize(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

static enum status user_version(struct store *s, int *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "PRAGMA user_version", &q, err));
	if (sqlite3_step(q) != SQLITE_ROW)
		return sqlite_failed(s, err, "its version cannot be read");
	*out = sqlite3_column_int(q, 0);
	return STATUS_OK;
}

static enum status set_durable(struct store *s, bool durable, struct err *err)
{
	if (s->durable != durable)
		TRY(sqlite_exec(s, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", err));
	s->durable = durable;
	return STATUS_OK;
}

enum status sqlite_durable(struct store *s, struct err *err)
{
	return set_durable(s, true, err);
}

enum status sqlite_begin(struct store *s, struct err *err)
{
	TRY(set_durable(s, false, err));
	return sqlite_exec(s, "BEGIN IMMEDIATE", err);
}

enum status sqlite_begin_durable(struct store *s, struct err *err)
{
	TRY(set_durable(s, true, err));
	return sqlite_exec(s, "BEGIN IMMEDIATE", err);
}

enum status sqlite_commit(struct store *s, struct err *err)
{
	return sqlite_exec(s, "COMMIT", err);
}

void sqlite_rollback(struct store *s)
{
	/* SQLite may have done it itself. */
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

enum status sqlite_end(struct store *s, enum status st, struct err *err)
{
	if (st == STATUS_OK)
		st = sqlite_commit(s, err);
	if (st != STATUS_OK)
		sqlite_rollback(s);
	return st;
}

static enum status apply_schema(struct store *s, int newest, struct err *err)
{
	int version = 0;

	/* Another process may have been faster. */
	TRY(user_version(s, &version, err));
	for (; version < newest; version++) {
		char pragma[64];

		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version + 1);
		TRY(sqlite_exec(s, store_schema[version], err));
		TRY(sqlite_exec(s, pragma, err));
	}
	return sqlite_commit(s, err);
}

/* STATUS_OK: *out is not above what is known here; a file that cannot be brought up to it is refused. */
static enum status check_version(struct store *s, int *out, int *out_newest, struct err *err)
{
	int version = 0, newest = 0;

	while (store_schema[newest])
		newest++;
	TRY(user_version(s, &version, err));
	if (version < 0)
		return err_set(err, STATUS_MALFORMED,
			       "%s is damaged (schema %d): move it away; limpid update makes a new one", s->path,
			       version);
	if (version > newest)
		return err_set(err, STATUS_UNSUPPORTED,
			       "%s was written by a newer limpid (schema %d, this one knows %d)", s->path, version,
			       newest);
	if (s->read_only && version == 0)
		return err_set(err, STATUS_NOTFOUND, "%s has not been set up yet", s->path);
	if (s->read_only && version < newest)
		return err_set(err, STATUS_UNSUPPORTED,
			       "%s was written by an older limpid (schema %d): run limpid update once as a user who "
			       "may write there",
			       s->path, version);
	*out = version;
	*out_newest = newest;
	return STATUS_OK;
}

static enum status open_as(struct store *s, const char *name, int flags, struct err *err)
{
	if (sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL) != SQLITE_OK)
		return s->db ? sqlite_failed(s, err, "cannot open") : err_nomem(err, "store");
	sqlite3_busy_timeout(s->db, (int)s->busy_ms);
	return STATUS_OK;
}

/* The change to a log needs the file alone and does not wait for others that set it up at the same time. */
static enum status set_up(struct store *s, struct err *err)
{
	for (unsigned waited_ms = 0;; waited_ms += SET_UP_TICK_MS) {
		enum status st = sqlite_exec(s, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;", err);

		if (st == STATUS_OK || sqlite3_errcode(s->db) != SQLITE_BUSY || waited_ms >= s->busy_ms)
			return st;
		usleep(SET_UP_TICK_MS * 1000);
	}
}

static enum status open_writable(struct store *s, struct err *err)
{
	int version, newest;
	enum status st;

	TRY(open_as(s, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err));
	/* SQLite makes do with reading where it may not write. */
	if (sqlite3_db_readonly(s->db, "main") == 1)
		return err_set(err, STATUS_IO, "%s cannot be written", s->path);
	TRY(check_version(s, &version, &newest, err));
	/* Both stay with the file. auto_vacuum counts in a file without tables only. */
	if (version == 0)
		TRY(set_up(s, err));
	TRY(sqlite_exec(s, "PRAGMA synchronous=NORMAL;", err));
	if (version == newest)
		return STATUS_OK;
	TRY(sqlite_begin(s, err));
	st = apply_schema(s, newest, err);
	if (st != STATUS_OK)
		sqlite_rollback(s);
	return st;
}

/* The path as an URI: '?' and '#' would end it. NULL when memory is short. */
static char *unchanging_uri(const char *path)
{
	struct buf uri = BUF_INIT(16384);

	buf_add_cstr(&uri, "file:");
	for (const char *p = path; *p; p++) {
		if (strchr("%?#", *p))
			buf_printf(&uri, "%%%02X", (unsigned)*p);
		else
			buf_add_byte(&uri, (uint8_t)*p);
	}
	buf_add_cstr(&uri, "?immutable=1");
	buf_add_byte(&uri, '\0');
	if (uri.failed != STATUS_OK)
		buf_fini(&uri);
	return (char *)uri.ptr;
}

/*
 * Where nothing can be written, on a full disk also, a file in WAL mode that nobody has open cannot be opened the usual
 * way, which makes two files beside it: then it is read as one that nobody changes. A log that somebody left behind
 * would be passed over.
 */
static enum status open_unchanging(struct store *s, struct err *err)
{
	char *text = NULL;
	struct stat log;
	int version, newest;
	bool left;
	enum status st;

	if (asprintf(&text, "%s-wal", s->path) < 0)
		return err_nomem(err, "store");
	left = stat(text, &log) == 0 && log.st_size > 0;
	free(text);
	if (left)
		return err_set(
			err, STATUS_IO,
			"%s has changes in its log that are not in place yet: run limpid update once as a user "
			"who may write there",
			s->path);
	text = unchanging_uri(s->path);
	if (!text)
		return err_nomem(err, "store");
	st = open_as(s, text, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
	free(text);
	return st == STATUS_OK ? check_version(s, &version, &newest, err) : st;
}

/* Asked after a failure: could it be that the two files beside the state cannot be made? */
static bool may_make_files(const struct store *s)
{
	int why = s->db ? sqlite3_system_errno(s->db) : 0;

	return access(s->dir, W_OK) == 0 && why != ENOSPC && why != EDQUOT;
}

static enum status open_read_only(struct store *s, struct err *err)
{
	int version, newest;
	enum status st;

	if (access(s->path, R_OK) != 0)
		return err_errno(err, "cannot open %s", s->path);
	st = open_as(s, s->path, SQLITE_OPEN_READONLY, err);
	if (st == STATUS_OK)
		st = check_version(s, &version, &newest, err);
	if ((st != STATUS_IO && st != STATUS_CONFLICT) || may_make_files(s))
		return st;
	sqlite3_close(s->db);
	s->db = NULL;
	return open_unchanging(s, err);
}

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.unlock = sqlite_unlock,
	.unlock_all = sqlite_unlock_all,
#define OP(name, parameters, arguments) .name = sqlite_##name,
#include "store/store_ops.def"
#undef OP
};

/* Opening a pipe would wait for its other end, and what SQLite makes of a device is nobody's business. */
static enum status check_kind(const struct store *s, struct err *err)
{
	struct stat st;

	if (stat(s->path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, STATUS_MALFORMED, "%s is not a file: move it away; limpid update makes a new one",
			       s->path);
	return STATUS_OK;
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
	s->base.ops = &sqlite_ops;
	s->read_only = options->read_only;
	s->busy_ms = options->busy_ms;
	s->cache_bytes = options->cache_bytes;
	s->now = options->now ? options->now : date_now;
	s->dir = strdup(dir);
	if (!s->dir || asprintf(&s->path, "%s/state.db", dir) < 0) {
		s->path = NULL;
		sqlite_close(s);
		return err_nomem(err, "store");
	}
	st = check_kind(s, err);
	if (st == STATUS_OK)
		st = s->read_only ? open_read_only(s, err) : open_writable(s, err);
	if (st == STATUS_OK)
		*out = s;
	else
		sqlite_close(s);
	return st;
}

void sqlite_close(struct store *s)
{
	if (!s)
		return;
	sqlite_unlock_all(s);
	free(s->locks);
	sqlite3_close(s->db);
	free(s->path);
	free(s->dir);
	free(s);
}
