/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_impl.h - what the files of the PostgreSQL engine share. Private to store/. */
#ifndef LIMPID_STORE_POSTGRES_IMPL_H
#define LIMPID_STORE_POSTGRES_IMPL_H

#include "store/store_ops.h"

#include "base/map.h"

#include <libpq-fe.h>

struct pg_lock {
	uint64_t key;
	bool lost; /* with the connection */
};

struct store {
	struct store_base base;
	PGconn *conn;			 /* owned; NULL while there is none */
	const char **keywords, **values; /* owned, as are the texts; ended by NULL */
	char *where;			 /* owned; host and database, for messages */
	bool read_only, no_migrate;
	unsigned statement_ms;
	uint64_t cache_bytes;
	int64_t (*now)(void);
	struct map prepared;   /* texts of the statements that this connection knows */
	uint64_t tried_ns;     /* when that was tried last, and failed */
	uint64_t retry_ns;     /* do not connect before, unless another handle has connected since */
	_Atomic uint64_t *reached_ns; /* by any handle of the pool; NULL: this one is alone */
	unsigned failures;     /* to connect, one after the other */
	struct err failure;    /* of the last one */
	unsigned epoch;	       /* part of the names of prepared statements */
	bool connecting;       /* inside connect(): what fails is not tried again */
	bool in_transaction;   /* begun by pg_begin(): then no other connection will do */
	bool listening;	       /* to every topic */
	struct pg_lock *locks; /* owned */
	size_t n_locks;
	uint64_t cache_known, cache_puts; /* bytes in the cache at the last look and since; puts since */
};

/* ---- postgres_open.c: the connection ---- */

/* There is a connection that was alive a moment ago, or a new one. STATUS_REMOTE. */
enum status pg_ready(struct store *s, struct err *err) NODISCARD;
/* The same before something is written: not read-only, and no lock was lost. */
enum status pg_ready_to_write(struct store *s, struct err *err) NODISCARD;
/* Give the connection up, and with it its locks. */
void pg_drop(struct store *s);

/* ---- postgres_call.c: statements ---- */

#define PG_ARGS 16

/* Arguments of one statement, in their order; all binary. What is borrowed lives until the statement was run. */
struct pg_args {
	int n;
	Oid types[PG_ARGS];
	const char *values[PG_ARGS];
	int lengths[PG_ARGS];
	int formats[PG_ARGS];
	uint8_t numbers[PG_ARGS][8];
	bool failed; /* one was too large */
};
#define PG_NO_ARGS                                                                                                     \
	{                                                                                                              \
		.n = 0                                                                                                 \
	}
void pg_bytes(struct pg_args *a, struct slice s); /* bytea */
void pg_number(struct pg_args *a, int64_t v);	  /* bigint */
void pg_time(struct pg_args *a, int64_t unix_s);  /* bigint; NULL for DATE_NONE */
/* packed: room for it, kept by the caller. */
void pg_digest(struct pg_args *a, const struct digest *d, uint8_t packed[STORE_DIGEST_BYTES]);

/* An array of bytea or bigint as one argument. */
struct pg_array {
	struct buf bytes;
	uint32_t n;
};
#define PG_ARRAY_INIT                                                                                                  \
	{                                                                                                              \
		BUF_INIT((size_t)1 << 29), 0                                                                           \
	}
void pg_array_fini(struct pg_array *a);
void pg_array_bytes(struct pg_array *a, struct slice s);
void pg_array_number(struct pg_array *a, uint64_t v);
enum pg_element { PG_BYTEA = 17, PG_BIGINT = 20 };
void pg_array_arg(struct pg_args *to, struct pg_array *a, enum pg_element type);

/*
 * Statements that go to the server together and are one transaction: all of them or none. Begin, add, run; run ends it
 * in any case, and gives a result per statement, to be cleared by the caller.
 */
#define PG_BATCH 64
struct pg_batch {
	struct store *s;
	size_t n, n_sent;
	bool is_prepare[2 * PG_BATCH];
	enum status failed;
};
enum status pg_batch_begin(struct store *s, struct pg_batch *b, struct err *err) NODISCARD;
void pg_batch_add(struct pg_batch *b, const char *sql, const struct pg_args *args, struct err *err);
enum status pg_batch_run(struct pg_batch *b, PGresult **out, struct err *err) NODISCARD;
void pg_clear(PGresult **results, size_t n);

/* One statement in a transaction of its own, or in the one that is open. out may be NULL. */
enum status pg_call(struct store *s, const char *sql, const struct pg_args *args, PGresult **out,
		    struct err *err) NODISCARD;
/* The same of one that changes nothing: if the connection is lost meanwhile, it is asked once more, of a new one. */
enum status pg_read(struct store *s, const char *sql, const struct pg_args *args, PGresult **out,
		    struct err *err) NODISCARD;
/* Statements as text, without arguments; results are dropped. */
enum status pg_script(struct store *s, const char *sql, unsigned timeout_ms, struct err *err) NODISCARD;
/* A transaction over several calls: begin, and commit or roll back. A connection that is lost on the way ends it. */
enum status pg_begin(struct store *s, struct err *err) NODISCARD;
enum status pg_commit(struct store *s, struct err *err) NODISCARD;
void pg_rollback(struct store *s);
/* COPY ... FROM STDIN (FORMAT binary), already begun: more of its bytes; and its end. */
enum status pg_copy_put(struct store *s, struct slice bytes, struct err *err) NODISCARD;
enum status pg_copy_end(struct store *s, struct err *err) NODISCARD;
enum status pg_copy_begin(struct store *s, const char *sql, struct err *err) NODISCARD;
/* Wait for bytes of the server or for wake_fd (-1: none). STATUS_TIMEOUT, STATUS_CANCELLED, STATUS_REMOTE. */
enum status pg_wait_input(struct store *s, uint64_t until_ns, int wake_fd, struct err *err) NODISCARD;

void pg_result_free(PGresult **r); /* for AUTO() */
struct slice pg_slice(const PGresult *r, int row, int column);
int64_t pg_int(const PGresult *r, int row, int column);
int64_t pg_unix(const PGresult *r, int row, int column); /* NULL is DATE_NONE */
bool pg_copy_text(struct arena *arena, const PGresult *r, int row, int column, struct slice *out) NODISCARD;
/* Number of rows that the statement changed. */
uint64_t pg_changed(const PGresult *r);
/* The elements of a bigint[]: *rest begins as the value. False at the end. */
bool pg_array_next(struct slice *rest, uint64_t *out) NODISCARD;

/* ---- the rest ---- */

/* postgres_lock.c */
void postgres_unlock(struct store *s, struct slice name);
void postgres_unlock_all(struct store *s);
void pg_locks_lost(struct store *s);
bool pg_any_lock_lost(const struct store *s);
/* A key of the server's advisory locks: a hash of both. */
enum status pg_lock_key(const char *prefix, struct slice name, uint64_t *out, struct err *err) NODISCARD;
/* postgres_work.c: in a batch: something of the topic has changed. */
void pg_changed_topic(struct pg_batch *b, enum store_topic topic, struct err *err);
/* postgres_inverse.c: puts hold this shared, who deletes groups and packages holds it alone. */
#define PG_INDEX_LOCK INT64_C(0x6c696d7069640001)
#define PG_MIGRATE_LOCK INT64_C(0x6c696d7069640002)
/* Delete those of the groups that no manifest has, and their packages that no group has. */
enum status pg_collect_groups(struct store *s, const uint64_t *groups, size_t n, struct store_collected *out,
			      struct err *err) NODISCARD;

void postgres_close(struct store *s);
#define OP(name, parameters, arguments) enum status postgres_##name parameters;
#include "store/store_ops.def"
#undef OP

#endif
