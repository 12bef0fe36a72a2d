/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_impl.h - what the files of the SQLite engine share. Private to store/. */
#ifndef LIMPID_STORE_SQLITE_IMPL_H
#define LIMPID_STORE_SQLITE_IMPL_H

#include "store/store_ops.h"

#include <sqlite3.h>


struct store {
	struct store_base base;
	sqlite3 *db;	  /* owned */
	char *dir, *path; /* owned */
	bool read_only;
	bool durable; /* PRAGMA synchronous is FULL */
	unsigned busy_ms;
	uint64_t cache_bytes;
	int64_t (*now)(void);
	struct sqlite_lock {
		int fd;
		uint64_t name; /* hash */
	} *locks; /* owned */
	size_t n_locks;
};

/* The failure of the last call on the connection, as a status and a message with the path. */
enum status sqlite_failed(struct store *s, struct err *err, const char *what);
enum status sqlite_exec(struct store *s, const char *sql, struct err *err) NODISCARD;
enum status sqlite_prepare(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err) NODISCARD;
void sqlite_finalize(sqlite3_stmt **st);
/* Statements until sqlite_commit() are one. Whoever fails in between calls sqlite_rollback(). */
enum status sqlite_begin(struct store *s, struct err *err) NODISCARD;
enum status sqlite_commit(struct store *s, struct err *err) NODISCARD;
void sqlite_rollback(struct store *s);
/* Commit if all went well so far, else roll back and give st. */
enum status sqlite_end(struct store *s, enum status st, struct err *err) NODISCARD;
/*
 * What is committed from now on is on the disk when the call returns. Without, a crash of the machine (not of the
 * process) may lose the last of it: good enough for a cache.
 */
enum status sqlite_durable(struct store *s, struct err *err) NODISCARD;
enum status sqlite_begin_durable(struct store *s, struct err *err) NODISCARD;

void sqlite_close(struct store *s);
void sqlite_unlock(struct store *s, struct slice name);
void sqlite_unlock_all(struct store *s);
#define OP(name, parameters, arguments) enum status sqlite_##name parameters;
#include "store/store_ops.def"
#undef OP

/* Run a statement to its end, once; it may be bound and run again. */
enum status sqlite_done(struct store *s, sqlite3_stmt *q, const char *what, struct err *err) NODISCARD;
/* One statement with one number in it. */
enum status sqlite_run_number(struct store *s, const char *sql, int64_t number, struct err *err) NODISCARD;
/* A digest as a key of a table. */
void sqlite_bind_key(sqlite3_stmt *q, int at, const struct digest *d);
/* Inside a transaction: something of the topic has changed. */
enum status sqlite_changed(struct store *s, enum store_topic topic, struct err *err) NODISCARD;
/* Inside a transaction: numbers of the groups, packed, made where they are missing. */
enum status sqlite_groups_intern(struct store *s, const struct store_keyed_groups *groups, struct buf *out,
				 struct err *err) NODISCARD;
/* Inside a transaction: the packages of these groups, in the arena, each as often as groups have it. */
enum status sqlite_texts(struct store *s, struct slice groups, struct arena *arena, struct store_text **out,
			 size_t *out_n, struct err *err) NODISCARD;
/* Inside a transaction: the manifest had these groups and has those now. What nobody has any more is dropped. */
enum status sqlite_groups_attach(struct store *s, int64_t manifest, struct slice before, struct slice now,
				 struct err *err) NODISCARD;

static inline void bind_text(sqlite3_stmt *q, int at, struct slice s)
{
	/* An empty text must not become NULL. */
	sqlite3_bind_text(q, at, s.len ? (const char *)s.ptr : "", (int)s.len, SQLITE_TRANSIENT);
}

static inline void bind_blob(sqlite3_stmt *q, int at, struct slice s)
{
	/* The caller's bytes are there until the statement was run. */
	sqlite3_bind_blob64(q, at, s.len ? (const char *)s.ptr : "", s.len, SQLITE_STATIC);
}

static inline struct slice column_slice(sqlite3_stmt *q, int at)
{
	const void *p = sqlite3_column_blob(q, at);

	return slice_make(p, p ? (size_t)sqlite3_column_bytes(q, at) : 0);
}

#endif
