/* SPDX-License-Identifier: Apache-2.0 */
/* notifier.c - a notifier's life, what its threads share, and looking for operations. */
#include "notify/notify_impl.h"

#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define FIRST_PAUSE_S 5
/* Deleted ones can be read for a while, as in Clair. */
#define DELETED_S 3600
#define DEFAULT_LEASE_S 30u
#define NOTICES_MAX 1000000u /* that are dropped at once */

int64_t notify_now(const struct notifier *n)
{
	return n->options.now ? n->options.now() : date_now();
}

void notify_tell(struct notifier *n, const struct notify_event *e)
{
	if (n->options.event)
		n->options.event(n->options.event_ctx, e);
}

int64_t notify_pause_s(const struct notifier *n, unsigned attempts)
{
	int64_t longest = MAX(n->options.retry_ns / 1000000000, 1), pause = FIRST_PAUSE_S;
	uint32_t chance = 0;

	for (unsigned i = 1; i < attempts && pause < longest; i++)
		pause *= 2;
	pause = MIN(pause, longest);
	/* Without randomness all nodes come back at once, no more. */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != (ssize_t)sizeof(chance))
		chance = 0;
	return MAX(pause - (int64_t)(chance % (uint32_t)(pause / 2 + 1)), 1);
}

void notify_set_stop(_Atomic bool *stop, int stop_fd, bool on)
{
	uint64_t n = 1;

	if (stop)
		atomic_store(stop, on);
	/* Both fail only where it is so already. */
	if (stop_fd > 0 && (on ? write(stop_fd, &n, sizeof(n)) : read(stop_fd, &n, sizeof(n))) < 0)
		return;
}

void notify_hold(struct notifier *n, enum notify_thread who, const struct notify_held *what)
{
	pthread_mutex_lock(&n->mutex);
	n->held[who] = *what;
	n->held[who].active = true;
	pthread_mutex_unlock(&n->mutex);
	notify_wake(n, NOTIFY_KEEPER);
}

bool notify_let_go(struct notifier *n, enum notify_thread who)
{
	bool lost;

	pthread_mutex_lock(&n->mutex);
	lost = n->held[who].lost;
	n->held[who].active = false;
	/* It was set for what has ended now. */
	if (lost && !atomic_load(&n->stopping))
		notify_set_stop(n->held[who].stop, n->held[who].stop_fd, false);
	pthread_mutex_unlock(&n->mutex);
	return lost;
}

/* ---- peers ---- */

void notify_peer_ended(struct notifier *n, struct notify_peer *p, enum status why)
{
	/* It was not reached at all: others would not reach it either. */
	bool away = why == STATUS_IO || why == STATUS_TIMEOUT || why == STATUS_AUTH;

	p->failures = away ? p->failures + 1 : 0;
	if (p->failures > 0)
		p->paused_until_s = notify_now(n) + notify_pause_s(n, p->failures);
}

bool notify_peer_rests(const struct notifier *n, const struct notify_peer *p, int64_t *out_until_s)
{
	if (p->failures == 0 || notify_now(n) >= p->paused_until_s)
		return false;
	*out_until_s = p->paused_until_s;
	return true;
}

/* ---- life ---- */

enum status notifier_new(const struct notifier_options *options, struct notifier **out, struct err *err)
{
	struct notifier *n = calloc(1, sizeof(*n));

	if (!n)
		return err_nomem(err, "notifier");
	n->options = *options;
	if (n->options.lease_s == 0)
		n->options.lease_s = DEFAULT_LEASE_S;
	pthread_mutex_init(&n->mutex, NULL);
	atomic_init(&n->store_well, true);
	atomic_init(&n->upstream_well, true);
	for (size_t i = 0; i < NOTIFY_THREADS; i++)
		n->wake[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->where = options->where ? strdup(options->where) : NULL;
	n->where_sources = options->where_sources ? strdup(options->where_sources) : NULL;
	if ((options->where && !n->where) || (options->where_sources && !n->where_sources) ||
	    n->wake[NOTIFY_THREADS - 1] < 0) {
		notifier_free(n);
		return err_nomem(err, "notifier");
	}
	*out = n;
	return STATUS_OK;
}

enum status notifier_start(struct notifier *n, struct err *err)
{
	static void *(*const run[])(void *) = { notify_run_maker, notify_run_sender, notify_run_noter,
						notify_run_keeper };
	const bool wanted[] = { true, n->options.delivery.send != NULL, n->options.notices.make != NULL, true };

	/* So that what is taken from the first moment on is known as ours. */
	notify_mind_nodes(n);
	for (size_t i = 0; i < NOTIFY_THREADS; i++) {
		if (!wanted[i])
			continue;
		errno = pthread_create(&n->threads[i], NULL, run[i], n);
		if (errno != 0)
			return err_errno(err, "cannot start a thread of the notifier");
		n->started[i] = true;
	}
	return STATUS_OK;
}

void notify_wake(struct notifier *n, enum notify_thread which)
{
	uint64_t one = 1;

	/* It fails only if it is set already. */
	if (write(n->wake[which], &one, sizeof(one)) < 0)
		return;
}

void notifier_wake(struct notifier *n)
{
	notify_wake(n, NOTIFY_MAKER);
	notify_wake(n, NOTIFY_SENDER);
	notify_wake(n, NOTIFY_NOTER);
}

void notifier_stop(struct notifier *n)
{
	atomic_store(&n->stopping, true);
	atomic_store(&n->making_stop, true);
	notify_set_stop(n->options.delivery.stop, n->options.delivery.stop_fd, true);
	notify_set_stop(n->options.notices.delivery.stop, n->options.notices.delivery.stop_fd, true);
	for (size_t i = 0; i < NOTIFY_THREADS; i++)
		notify_wake(n, (enum notify_thread)i);
	for (size_t i = 0; i < NOTIFY_THREADS; i++) {
		if (n->started[i])
			pthread_join(n->threads[i], NULL);
		n->started[i] = false;
	}
	store_close(n->locks);
	n->locks = NULL;
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	notifier_stop(n);
	for (size_t i = 0; i < NOTIFY_THREADS; i++)
		if (n->wake[i] >= 0)
			close(n->wake[i]);
	pthread_mutex_destroy(&n->mutex);
	free(n->where);
	free(n->where_sources);
	free(n);
}

bool notifier_is_well(const struct notifier *n)
{
	return atomic_load(&n->store_well) && atomic_load(&n->upstream_well);
}

/* ---- looking ---- */

/* What this notifier saw last of the source; NULL: nothing. */
static const struct store_notification *seen_of(const struct store_notification *seen, size_t n, struct slice source)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = slice_cmp(seen[middle].source, source);

		if (c == 0)
			return &seen[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* One that could not be made has told nothing of its operation: what it was to be compared with counts on. */
static const char *told_last(const struct store_notification *seen)
{
	bool made = seen->state != STORE_NOTIFICATION_DEAD || seen->entries > 0;

	return made ? seen->operation : seen->previous;
}

static enum status begin(struct notifier *n, struct store *s, const struct notify_operation *op,
			 const struct store_notification *seen, struct err *err)
{
	bool quiet = !seen && !n->options.first, begun;
	struct store_notification told = { .source = op->source };

	/* While one is being made, what comes is left for the next one: it is compared with what was told then. */
	if (seen && (strcmp(seen->operation, op->ref) == 0 || seen->state == STORE_NOTIFICATION_MAKING))
		return STATUS_OK;
	TRY(store_notification_begin(s, op->source, op->ref, seen ? told_last(seen) : "", seen ? seen->number : 0,
				     quiet ? STORE_NOTIFICATION_DELIVERED : STORE_NOTIFICATION_MAKING, &begun, err));
	memcpy(told.operation, op->ref, sizeof(told.operation));
	if (begun)
		notify_tell(n, &(struct notify_event){ .kind = NOTIFY_SEEN,
						       .notification = &told,
						       .text = quiet ? SLICE("first") : SLICE_EMPTY });
	return STATUS_OK;
}

static enum status begin_all(struct notifier *n, struct store *s, const struct notify_operation *ops, size_t n_ops,
			     struct arena *arena, struct err *err)
{
	struct store_notification *seen;
	size_t n_seen;

	TRY(store_notifications_latest(s, arena, &seen, &n_seen, err));
	for (size_t i = 0; i < n_ops; i++)
		TRY(begin(n, s, &ops[i], seen_of(seen, n_seen, ops[i].source), err));
	return STATUS_OK;
}

enum status notifier_look(struct notifier *n, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)256 << 20);
	struct notify_operation *ops;
	struct store *s;
	enum status st;
	size_t n_ops;

	st = n->options.upstream.latest(n->options.upstream.ctx, &arena, &ops, &n_ops, err);
	atomic_store(&n->upstream_well, st == STATUS_OK);
	TRY(st);
	st = store_pool_take(n->options.store, NOTIFY_TAKE_MS, &s, err);
	if (st == STATUS_OK) {
		st = begin_all(n, s, ops, n_ops, &arena, err);
		store_pool_give(n->options.store, s);
	}
	atomic_store(&n->store_well, st == STATUS_OK);
	return st;
}

enum status notifier_collect(struct notifier *n, struct err *err)
{
	int64_t now = notify_now(n), old = now - n->options.retention_s;
	uint64_t dropped = 0, notices = 0, unread = 0;
	struct store *s;
	enum status st;

	TRY(store_pool_take(n->options.store, NOTIFY_TAKE_MS, &s, err));
	st = store_notifications_gc(s, now - DELETED_S, old, old, SIZE_MAX, &dropped, err);
	if (st == STATUS_OK)
		st = store_notices_gc(s, now - DELETED_S, old, NOTICES_MAX, &notices, &unread, err);
	store_pool_give(n->options.store, s);
	dropped += notices;
	if (dropped > 0)
		notify_tell(n, &(struct notify_event){ .kind = NOTIFY_COLLECTED, .n = dropped });
	if (unread > 0)
		notify_tell(n, &(struct notify_event){ .kind = NOTIFY_UNREAD, .n = unread });
	return st;
}
