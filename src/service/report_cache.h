/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_cache.h - finished answers in memory, by key: made once however many ask, least recently used ones go first.
 *
 * Bodies are shared by reference: one that is being sent lives on when it was evicted. Everything here may be called
 * from any thread.
 */
#ifndef LIMPID_SERVICE_REPORT_CACHE_H
#define LIMPID_SERVICE_REPORT_CACHE_H

#include "base/buf.h"

#include <stdatomic.h>

struct report_key {
	uint8_t bytes[32];
};

/* An answer. Immutable but for the count. */
struct report_body {
	atomic_uint references;
	struct slice bytes; /* owned */
	bool incomplete;    /* something could not be looked up: coverage says what */
};

/* Takes over the bytes of buf, which is empty afterwards. One reference; NULL when memory is short. */
struct report_body *report_body_new(struct buf *buf, bool incomplete) NODISCARD;
struct report_body *report_body_ref(struct report_body *b);
void report_body_unref(struct report_body *b); /* NULL is fine */

struct report_cache;

/* max_bytes: of all bodies with what each costs beside; 0 keeps nothing, and still makes each once at a time. */
struct report_cache *report_cache_new(uint64_t max_bytes) NODISCARD;
/* Nobody uses it any more. NULL is fine. */
void report_cache_free(struct report_cache *c);

/*
 * Find a body. If there is none, the first who asks has to make it: *out is NULL, and he ends it with
 * report_cache_put() or report_cache_failed(). Others wait for him at most wait_ms, then make their own: *out is NULL,
 * too, and they end it in the same way. STATUS_NOMEM only. *out is the caller's reference.
 */
enum status report_cache_get(struct report_cache *c, const struct report_key *key, unsigned wait_ms,
			     struct report_body **out, struct err *err) NODISCARD;
/* The body is kept (the cache takes a reference of its own), unless it is larger than the whole cache. */
void report_cache_put(struct report_cache *c, const struct report_key *key, struct report_body *body);
/* The next one who waits makes it. */
void report_cache_failed(struct report_cache *c, const struct report_key *key);

struct report_cache_stats {
	uint64_t entries, bytes, hits, misses, evicted;
};
void report_cache_stats(struct report_cache *c, struct report_cache_stats *out);

#endif
