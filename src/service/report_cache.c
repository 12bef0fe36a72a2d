/* SPDX-License-Identifier: Apache-2.0 */
/* report_cache.c - a hash table of lists, one list by use, one lock; nothing is made with the lock held. */
#include "service/report_cache.h"

#include "base/date.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define BUCKETS 4096u

struct entry {
	struct entry *next;	     /* in its bucket */
	struct entry *newer, *older; /* by use; only with a body */
	struct report_key key;
	struct report_body *body; /* NULL: somebody makes it */
};

struct report_cache {
	pthread_mutex_t lock;
	pthread_cond_t made;
	uint64_t max, bytes;
	struct entry *bucket[BUCKETS];
	struct entry *newest, *oldest;
	struct report_cache_stats stats;
};

struct report_body *report_body_new(struct buf *buf, bool incomplete)
{
	struct report_body *b = calloc(1, sizeof(*b));
	uint8_t *exact;

	if (!b)
		return NULL;
	/* The buffer grew by doubling: what was not needed goes back. */
	exact = buf->len > 0 ? realloc(buf->ptr, buf->len) : buf->ptr;
	if (exact)
		buf->ptr = exact;
	atomic_init(&b->references, 1);
	b->bytes = buf_slice(buf);
	b->incomplete = incomplete;
	buf->ptr = NULL;
	buf->len = buf->alloc = 0;
	return b;
}

struct report_body *report_body_ref(struct report_body *b)
{
	atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
	return b;
}

void report_body_unref(struct report_body *b)
{
	if (!b || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
		return;
	free((void *)(uintptr_t)b->bytes.ptr);
	free(b);
}

struct report_cache *report_cache_new(uint64_t max_bytes)
{
	struct report_cache *c = calloc(1, sizeof(*c));
	pthread_condattr_t monotonic;

	if (!c)
		return NULL;
	c->max = max_bytes;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->made, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return c;
}

void report_cache_free(struct report_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct entry *e = c->bucket[i], *next; e; e = next) {
			next = e->next;
			report_body_unref(e->body);
			free(e);
		}
	}
	pthread_cond_destroy(&c->made);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Keys are digests: any bytes of them are as good as a hash. */
static struct entry **bucket_of(struct report_cache *c, const struct report_key *key)
{
	return &c->bucket[(key->bytes[0] | (unsigned)key->bytes[1] << 8) % BUCKETS];
}

static struct entry **find(struct report_cache *c, const struct report_key *key)
{
	struct entry **at = bucket_of(c, key);

	while (*at && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
		at = &(*at)->next;
	return at;
}

static uint64_t cost(const struct entry *e)
{
	return e->body->bytes.len + sizeof(*e) + sizeof(*e->body);
}

/* ---- the list by use ---- */

static void unlink_use(struct report_cache *c, struct entry *e)
{
	*(e->newer ? &e->newer->older : &c->newest) = e->older;
	*(e->older ? &e->older->newer : &c->oldest) = e->newer;
	e->newer = e->older = NULL;
}

static void link_newest(struct report_cache *c, struct entry *e)
{
	e->older = c->newest;
	e->newer = NULL;
	*(c->newest ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void drop(struct report_cache *c, struct entry *e)
{
	struct entry **at = find(c, &e->key);

	*at = e->next;
	if (e->body) {
		c->bytes -= cost(e);
		c->stats.entries--;
		unlink_use(c, e);
		report_body_unref(e->body);
	}
	free(e);
}

/* ---- finding and making ---- */

static struct timespec deadline(unsigned wait_ms)
{
	uint64_t until = date_monotonic_ns() + (uint64_t)wait_ms * 1000000;

	return (struct timespec){ .tv_sec = (time_t)(until / 1000000000), .tv_nsec = (long)(until % 1000000000) };
}

/* With the lock held: the entry if it has a body; NULL if the caller has to make it. */
static enum status get_locked(struct report_cache *c, const struct report_key *key, unsigned wait_ms,
			      struct report_body **out, struct err *err)
{
	struct timespec until = deadline(wait_ms);
	struct entry *e;

	while ((e = *find(c, key)) != NULL && !e->body)
		if (pthread_cond_timedwait(&c->made, &c->lock, &until) == ETIMEDOUT)
			break;
	if (e && e->body) {
		c->stats.hits++;
		unlink_use(c, e);
		link_newest(c, e);
		*out = report_body_ref(e->body);
		return STATUS_OK;
	}
	c->stats.misses++;
	if (e)
		return STATUS_OK; /* he who was waited for takes too long */
	e = calloc(1, sizeof(*e));
	if (!e)
		return err_nomem(err, "cache of reports");
	e->key = *key;
	e->next = *bucket_of(c, key);
	*bucket_of(c, key) = e;
	return STATUS_OK;
}

enum status report_cache_get(struct report_cache *c, const struct report_key *key, unsigned wait_ms,
			     struct report_body **out, struct err *err)
{
	enum status st;

	*out = NULL;
	pthread_mutex_lock(&c->lock);
	st = get_locked(c, key, wait_ms, out, err);
	pthread_mutex_unlock(&c->lock);
	return st;
}

void report_cache_put(struct report_cache *c, const struct report_key *key, struct report_body *body)
{
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	e = *find(c, key);
	/* Two may have made it; the first one counts. */
	if (e && !e->body) {
		e->body = report_body_ref(body);
		if (cost(e) > c->max) {
			report_body_unref(e->body);
			e->body = NULL;
			drop(c, e);
		} else {
			c->bytes += cost(e);
			c->stats.entries++;
			link_newest(c, e);
			while (c->bytes > c->max) {
				c->stats.evicted++;
				drop(c, c->oldest);
			}
		}
	}
	pthread_cond_broadcast(&c->made);
	pthread_mutex_unlock(&c->lock);
}

void report_cache_failed(struct report_cache *c, const struct report_key *key)
{
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	e = *find(c, key);
	if (e && !e->body)
		drop(c, e);
	pthread_cond_broadcast(&c->made);
	pthread_mutex_unlock(&c->lock);
}

void report_cache_stats(struct report_cache *c, struct report_cache_stats *out)
{
	pthread_mutex_lock(&c->lock);
	*out = c->stats;
	out->bytes = c->bytes;
	pthread_mutex_unlock(&c->lock);
}
