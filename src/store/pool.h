/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - stores for a program of many threads: opened where the configuration says, handed out one per thread.
 *
 * Only programs that serve link this, and libpq with it (docs/internals/store.md).
 */
#ifndef LIMPID_STORE_POOL_H
#define LIMPID_STORE_POOL_H

#include "store/store.h"

/*
 * where: a data folder (SQLite), or what Clair takes as a connstring (PostgreSQL): "postgres://...",
 * "postgresql://..." or "key=value ...". "postgres://" alone goes by the PG* variables. Keys of pgx's pool are
 * accepted.
 */
enum status store_open_url(const char *where, const struct store_options *options, struct store **out,
			   struct err *err) NODISCARD;
/* True if store_open_url() would ask PostgreSQL. */
bool store_is_remote(const char *where);
/*
 * Bring the schema up to what this program knows, under a lock, so that nodes that start later find it done.
 * STATUS_UNSUPPORTED: a newer program was there.
 */
enum status store_migrate(const char *where, const struct store_options *options, struct err *err) NODISCARD;

struct store_pool;

struct store_pool_options {
	struct store_options store;
	unsigned max; /* handles at most; 0: pool_max_conns of the connstring, else max(4, processors) */
	unsigned min; /* kept open; 0: pool_min_conns of the connstring, else 0 */
};
/* Opens one handle, so that what is wrong is known at once. where is copied. */
enum status store_pool_open(const char *where, const struct store_pool_options *options, struct store_pool **out,
			    struct err *err) NODISCARD;
/* Every handle has been given back and every lock was let go. NULL is fine. */
void store_pool_close(struct store_pool *p);
/* From any thread. STATUS_TIMEOUT: none was free within wait_ms. */
enum status store_pool_take(struct store_pool *p, unsigned wait_ms, struct store **out, struct err *err) NODISCARD;
/* NULL is fine. Locks that the handle still holds are let go. */
void store_pool_give(struct store_pool *p, struct store *s);

/*
 * Locks that outlive a call: all of a pool's lie on one handle of its own, so that a long run does not keep one away
 * from requests. Waits up to wait_ms for who holds it, in this process or elsewhere, then STATUS_CONFLICT.
 * wake_fd as in store_wait().
 */
struct store_pool_lock;
enum status store_pool_lock(struct store_pool *p, struct slice name, unsigned wait_ms, int wake_fd,
			    struct store_pool_lock **out, struct err *err) NODISCARD;
/* Is it still held? STATUS_CONFLICT: it was lost with the connection; what it guards must not be written any more. */
enum status store_pool_lock_check(struct store_pool_lock *l, struct err *err) NODISCARD;
void store_pool_unlock(struct store_pool_lock *l); /* NULL is fine */

struct store_pool_stats {
	unsigned max, open, taken;
	uint64_t takes, waits, timeouts, connects; /* since the pool was opened */
	uint64_t waited_ns;			   /* in store_pool_take(), all together */
};
void store_pool_stats(struct store_pool *p, struct store_pool_stats *out);

#endif
