/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - handles of one store for many threads, and the handle on which the locks of all of them lie. */
#include "store/pool.h"

#include "store/store_ops.h"
#include "store/url.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define HANDLES_MAX 1000u
#define HANDLES_LEAST 4u
/* How often somebody else's lock is tried, at first and in the end. */
#define TRY_FIRST_MS 10u
#define TRY_LAST_MS 500u

/* On the list of the pool from when it is held until it is let go. */
struct store_pool_lock {
	struct store_pool *pool;
	struct store_pool_lock *next;
	char *name; /* owned */
};

struct store_pool {
	char *where; /* owned */
	struct store_pool_options options;
	struct store_url_pool pgx;
	unsigned max, min;
	_Atomic uint64_t reached_ns; /* of all handles (store.h) */

	pthread_mutex_t lock; /* of what follows, up to locks_lock */
	pthread_cond_t given, ending;
	struct store **free; /* owned, and what is in it; the one used last is the last */
	unsigned n_free, n_open;
	bool ended;
	struct store_pool_stats stats;
	pthread_t tender; /* closes what was idle for too long */
	bool has_tender;

	pthread_mutex_t locks_lock; /* of the handle of locks and of the list */
	struct store *lock_handle;  /* owned; NULL until the first lock */
	struct store_pool_lock *locks;
};

static uint64_t age_of(uint64_t since_ns)
{
	return date_monotonic_ns() - since_ns;
}

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 128 ? 128 : (unsigned)n;
}

static void set_bounds(struct store_pool *p)
{
	p->max = p->options.max ? p->options.max : p->pgx.max_conns;
	if (p->max == 0)
		p->max = MAX(HANDLES_LEAST, processors());
	p->max = MIN(p->max, HANDLES_MAX);
	p->min = MIN(p->options.min ? p->options.min : p->pgx.min_conns, p->max);
}

static enum status pool_init(struct store_pool *p, const char *where, struct err *err)
{
	pthread_condattr_t attr;

	TRY(store_url_pool(where, &p->pgx, err));
	set_bounds(p);
	p->where = strdup(where);
	p->free = calloc(p->max, sizeof(*p->free));
	if (!p->where || !p->free)
		return err_nomem(err, "stores");
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->given, &attr);
	pthread_cond_init(&p->ending, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->locks_lock, NULL);
	return STATUS_OK;
}

static struct store_base *base_of(struct store *s)
{
	return (struct store_base *)(void *)s;
}

/* ---- handles ---- */

static struct timespec monotonic(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS) };
}

/* An idle handle, or NULL and the right to open one; STATUS_TIMEOUT. The caller holds the lock. */
static enum status wait_for_one(struct store_pool *p, unsigned wait_ms, struct store **out, struct err *err)
{
	uint64_t began = date_monotonic_ns();
	struct timespec end = monotonic(began + (uint64_t)wait_ms * 1000000);
	int rc = 0;

	p->stats.takes++;
	p->stats.waits += p->n_free == 0 && p->n_open == p->max;
	while (p->n_free == 0 && p->n_open == p->max && rc == 0)
		rc = wait_ms ? pthread_cond_timedwait(&p->given, &p->lock, &end) : 1;
	p->stats.waited_ns += age_of(began);
	*out = NULL;
	if (p->n_free > 0) {
		*out = p->free[--p->n_free];
	} else if (p->n_open < p->max) {
		p->n_open++;
		p->stats.connects++;
	} else {
		p->stats.timeouts++;
		return err_set(err, STATUS_TIMEOUT, "all %u connections to the store are in use", p->max);
	}
	return STATUS_OK;
}

static void forget_one(struct store_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->n_open--;
	pthread_cond_signal(&p->given);
	pthread_mutex_unlock(&p->lock);
}

enum status store_pool_take(struct store_pool *p, unsigned wait_ms, struct store **out, struct err *err)
{
	struct store *s = NULL;
	enum status st;

	pthread_mutex_lock(&p->lock);
	st = wait_for_one(p, wait_ms, &s, err);
	pthread_mutex_unlock(&p->lock);
	if (st != STATUS_OK)
		return st;
	if (!s) {
		st = store_open_url(p->where, &p->options.store, &s, err);
		if (st != STATUS_OK) {
			forget_one(p);
			return st;
		}
		base_of(s)->opened_ns = date_monotonic_ns();
	}
	*out = s;
	return STATUS_OK;
}

void store_pool_give(struct store_pool *p, struct store *s)
{
	if (!s)
		return;
	store_unlock_all(s);
	base_of(s)->given_ns = date_monotonic_ns();
	if (p->pgx.max_lifetime_ns > 0 && age_of(base_of(s)->opened_ns) > p->pgx.max_lifetime_ns) {
		store_close(s);
		forget_one(p);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->free[p->n_free++] = s;
	pthread_cond_signal(&p->given);
	pthread_mutex_unlock(&p->lock);
}

void store_pool_stats(struct store_pool *p, struct store_pool_stats *out)
{
	pthread_mutex_lock(&p->lock);
	*out = p->stats;
	out->max = p->max;
	out->open = p->n_open;
	out->taken = p->n_open - p->n_free;
	pthread_mutex_unlock(&p->lock);
}

/* One that was not used for too long; NULL: there is none. The caller holds the lock. */
static struct store *idle_one(struct store_pool *p)
{
	struct store *s;

	if (p->n_free == 0 || p->n_open <= p->min || age_of(base_of(p->free[0])->given_ns) <= p->pgx.max_idle_ns)
		return NULL;
	s = p->free[0];
	p->n_free--;
	p->n_open--;
	memmove(p->free, p->free + 1, p->n_free * sizeof(struct store *));
	return s;
}

static void *tend(void *ctx)
{
	struct store_pool *p = ctx;

	pthread_mutex_lock(&p->lock);
	while (!p->ended) {
		struct timespec end = monotonic(date_monotonic_ns() + p->pgx.health_ns);
		struct store *s = idle_one(p);

		if (!s) {
			pthread_cond_timedwait(&p->ending, &p->lock, &end);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		store_close(s);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- opening and closing ---- */

static enum status start(struct store_pool *p, struct err *err)
{
	struct store *first = NULL;

	TRY(store_pool_take(p, 0, &first, err));
	store_pool_give(p, first);
	if (p->pgx.max_idle_ns == 0)
		return STATUS_OK;
	if (pthread_create(&p->tender, NULL, tend, p) != 0)
		return err_nomem(err, "thread");
	p->has_tender = true;
	return STATUS_OK;
}

enum status store_pool_open(const char *where, const struct store_pool_options *options, struct store_pool **out,
			    struct err *err)
{
	struct store_pool *p = calloc(1, sizeof(*p));
	enum status st;

	if (!p)
		return err_nomem(err, "stores");
	p->options = *options;
	p->options.store.reached_ns = &p->reached_ns;
	st = pool_init(p, where, err);
	if (st == STATUS_OK)
		st = start(p, err);
	if (st == STATUS_OK)
		*out = p;
	else
		store_pool_close(p);
	return st;
}

void store_pool_close(struct store_pool *p)
{
	if (!p)
		return;
	if (p->has_tender) {
		pthread_mutex_lock(&p->lock);
		p->ended = true;
		pthread_cond_signal(&p->ending);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->tender, NULL);
	}
	for (unsigned i = 0; i < p->n_free; i++)
		store_close(p->free[i]);
	store_close(p->lock_handle);
	free(p->free);
	free(p->where);
	free(p);
}

/* ---- locks ---- */

static bool is_listed(const struct store_pool *p, const char *name)
{
	for (const struct store_pool_lock *l = p->locks; l; l = l->next)
		if (strcmp(l->name, name) == 0)
			return true;
	return false;
}

static void unlist(struct store_pool_lock *gone)
{
	for (struct store_pool_lock **at = &gone->pool->locks; *at; at = &(*at)->next) {
		if (*at != gone)
			continue;
		*at = gone->next;
		return;
	}
}

/* The caller holds locks_lock. */
static enum status try_lock(struct store_pool_lock *l, struct err *err)
{
	struct store_pool *p = l->pool;

	if (is_listed(p, l->name))
		return err_set(err, STATUS_CONFLICT, "%s is locked by this process", l->name);
	if (!p->lock_handle)
		TRY(store_open_url(p->where, &p->options.store, &p->lock_handle, err));
	TRY(store_lock(p->lock_handle, slice_cstr(l->name), err));
	l->next = p->locks;
	p->locks = l;
	return STATUS_OK;
}

static enum status try_until(struct store_pool_lock *l, unsigned wait_ms, int wake_fd, struct err *err)
{
	uint64_t until = date_monotonic_ns() + (uint64_t)wait_ms * 1000000;

	for (unsigned pause_ms = TRY_FIRST_MS;; pause_ms = MIN(pause_ms * 2, TRY_LAST_MS)) {
		struct pollfd wake = { .fd = wake_fd, .events = POLLIN };
		enum status st;
		uint64_t now;

		pthread_mutex_lock(&l->pool->locks_lock);
		st = try_lock(l, err);
		pthread_mutex_unlock(&l->pool->locks_lock);
		now = date_monotonic_ns();
		if (st != STATUS_CONFLICT || now >= until)
			return st;
		if (poll(&wake, 1, (int)MIN(pause_ms, (until - now) / 1000000 + 1)) > 0)
			return err_set(err, STATUS_CANCELLED, "woken up");
	}
}

static void free_lock(struct store_pool_lock *l)
{
	free(l->name);
	free(l);
}

enum status store_pool_lock(struct store_pool *p, struct slice name, unsigned wait_ms, int wake_fd,
			    struct store_pool_lock **out, struct err *err)
{
	struct store_pool_lock *l = calloc(1, sizeof(*l));
	enum status st;

	if (!l)
		return err_nomem(err, "lock");
	l->pool = p;
	l->name = strndup((const char *)name.ptr, name.len);
	st = l->name ? try_until(l, wait_ms, wake_fd, err) : err_nomem(err, "lock");
	if (st == STATUS_OK)
		*out = l;
	else
		free_lock(l);
	return st;
}

enum status store_pool_lock_check(struct store_pool_lock *l, struct err *err)
{
	enum status st;

	pthread_mutex_lock(&l->pool->locks_lock);
	st = store_lock_check(l->pool->lock_handle, slice_cstr(l->name), err);
	pthread_mutex_unlock(&l->pool->locks_lock);
	return st;
}

void store_pool_unlock(struct store_pool_lock *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->pool->locks_lock);
	store_unlock(l->pool->lock_handle, slice_cstr(l->name));
	unlist(l);
	pthread_mutex_unlock(&l->pool->locks_lock);
	free_lock(l);
}
