/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_impl.h - what the files of the SQLite engine share. Private to store/. */
#ifndef LIMPID_STORE_SQLITE_IMPL_H
#define LIMPID_STORE_SQLITE_IMPL_H

#include "store/store.h"

#include <sqlite3.h>

#define STORE_LOCKS 16

struct store {
	sqlite3 *db;	  /* owned */
	char *dir, *path; /* owned */
	bool read_only;
	unsigned busy_ms;
	uint64_t cache_bytes;
	int64_t (*now)(void);
	struct {
		int fd;	       /* 0 = free */
		uint64_t name; /* hash */
	} locks[STORE_LOCKS];
};

/* The failure of the last call on the connection, as a status and a message with the path. */
enum status store_failed(struct store *s, struct err *err, const char *what);
enum status store_exec(struct store *s, const char *sql, struct err *err) NODISCARD;
enum status store_prepare(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err) NODISCARD;
void store_finalize(sqlite3_stmt **st);
/* Statements until store_commit() are one. Whoever fails in between calls store_rollback(). */
enum status store_begin(struct store *s, struct err *err) NODISCARD;
enum status store_commit(struct store *s, struct err *err) NODISCARD;
void store_rollback(struct store *s);

static inline void bind_text(sqlite3_stmt *q, int at, struct slice s)
{
	/* An empty text must not become NULL. */
	sqlite3_bind_text(q, at, s.len ? (const char *)s.ptr : "", (int)s.len, SQLITE_TRANSIENT);
}

static inline struct slice column_slice(sqlite3_stmt *q, int at)
{
	const void *p = sqlite3_column_blob(q, at);

	return slice_make(p, p ? (size_t)sqlite3_column_bytes(q, at) : 0);
}

#endif
