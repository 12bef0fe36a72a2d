/* SPDX-License-Identifier: Apache-2.0 */
/* making.c - the thread that looks for operations and makes notifications of them, and the one that holds leases. */
#include "notify/notify_impl.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COLLECT_S 3600
/* After trouble with a store or a matcher. */
#define TROUBLE_MS 2000u
#define STORE_BUSY_MS 30000u

static void drain(int fd)
{
	uint64_t n;

	/* Empty already: somebody else's wake was the same one. */
	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

/* ---- making ---- */

static bool is_too_old(const struct notifier *n, const struct store_notification *what)
{
	return notify_now(n) - what->created_s > n->options.max_age_s;
}

/* What was made, or failed to be, is written down. */
static enum status end_making(struct notifier *n, struct store *s, const struct store_notification *what,
			      enum status st, uint64_t began_ns, struct err *err)
{
	enum store_notification_state state = STORE_NOTIFICATION_CREATED;
	struct notify_event e = { .kind = NOTIFY_MADE, .notification = what };
	struct err failure = *err;

	if (st == STATUS_CONFLICT)
		return st;
	if (st != STATUS_OK) {
		/* An operation that is gone will not come back; a newer one of its source is compared with it. */
		bool dead = st == STATUS_NOTFOUND || is_too_old(n, what);

		state = dead ? STORE_NOTIFICATION_DEAD : STORE_NOTIFICATION_MAKING;
		e.kind = dead ? NOTIFY_DEAD : NOTIFY_AGAIN;
		e.text = slice_cstr(failure.msg);
		e.next_s = notify_now(n) + (st == STATUS_CANCELLED ? 0 : notify_pause_s(n, what->attempts));
	}
	TRY(store_notification_end(s, what, state, state == STORE_NOTIFICATION_MAKING ? e.next_s : notify_now(n),
				   e.text, err));
	e.took_ns = date_monotonic_ns() - began_ns;
	if (st == STATUS_OK) {
		struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
		struct store_notification made;

		/* For the log: how many. */
		if (store_notification_get(s, slice_cstr(what->id), &arena, &made, err) == STATUS_OK)
			e.n = made.entries;
	}
	if (st != STATUS_CANCELLED)
		notify_tell(n, &e);
	return STATUS_OK;
}

static enum status make_with(struct notifier *n, struct store *s, int64_t *out_next_s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct notify_make_options options = { .summary = n->options.summary,
					       .least = n->options.least,
					       .lease_s = n->options.lease_s,
					       .stop = &n->making_stop };
	struct store_notification what;
	uint64_t began_ns = date_monotonic_ns();
	enum status st;

	TRY(store_notification_take(s, STORE_NOTIFICATION_MAKE, options.lease_s, atomic_load(&n->node), &arena, &what,
				    out_next_s, err));
	notify_hold(n, NOTIFY_MAKER, &(struct notify_held){ .n = what, .stop = &n->making_stop });
	/* Notices first: when the end says that all was made, they are there, too. */
	st = n->options.notices.make ? n->options.notices.make(n->options.notices.ctx, s, &what, &n->making_stop, err)
				     : STATUS_OK;
	if (st == STATUS_OK && n->options.delivery.send)
		st = notify_make(s, &what, &n->options.upstream, &options, err);
	if (notify_let_go(n, NOTIFY_MAKER))
		return STATUS_OK;
	return end_making(n, s, &what, st, began_ns, err);
}

enum status notifier_make_one(struct notifier *n, int64_t *out_next_s, struct err *err)
{
	struct store *s;
	enum status st;

	*out_next_s = DATE_NONE;
	TRY(store_pool_take(n->options.store, NOTIFY_TAKE_MS, &s, err));
	st = make_with(n, s, out_next_s, err);
	store_pool_give(n->options.store, s);
	/* This process need not wait until the store tells it. */
	if (st == STATUS_OK) {
		notify_wake(n, NOTIFY_SENDER);
		notify_wake(n, NOTIFY_NOTER);
	}
	/* Another one has it: there may be more. */
	return st == STATUS_CONFLICT ? STATUS_OK : st;
}

/* ---- the threads ---- */

/* Opened when it is needed, and again after trouble: a store that is down at the start is no reason to end. */
static struct store *open_watch(const char *where)
{
	const struct store_options options = { .busy_ms = STORE_BUSY_MS, .no_migrate = true };
	struct err ignored = ERR_INIT;
	struct store *s = NULL;

	return where && store_open_url(where, &options, &s, &ignored) == STATUS_OK ? s : NULL;
}

static void trouble(struct notifier *n, const struct err *err)
{
	notify_tell(n, &(struct notify_event){ .kind = NOTIFY_TROUBLE, .text = slice_cstr(err->msg) });
}

/* Until something of the topic has changed, somebody wakes us, or it is time. */
static void wait_for(struct notifier *n, enum notify_thread who, struct store **watch, const char *where,
		     enum store_topic topic, uint64_t *seen, int64_t wait_ms)
{
	struct pollfd fd = { .fd = n->wake[who], .events = POLLIN };
	struct err err = ERR_INIT;
	enum status st = STATUS_REMOTE;

	wait_ms = MIN(MAX(wait_ms, 1), INT32_MAX);
	if (!*watch)
		*watch = open_watch(where);
	if (*watch)
		st = store_wait(*watch, topic, seen, (unsigned)wait_ms, fd.fd, &err);
	/* Nothing to wait with: look again soon, so that nothing is late when it is back. */
	if (st != STATUS_OK && st != STATUS_TIMEOUT && st != STATUS_CANCELLED)
		poll(&fd, 1, where ? (int)MIN(wait_ms, TROUBLE_MS) : (int)wait_ms);
	drain(fd.fd);
}

static int64_t until_ms(const struct notifier *n, int64_t next_s, int64_t longest_ns)
{
	int64_t longest_ms = longest_ns / 1000000, left;

	if (next_s == DATE_NONE)
		return longest_ms;
	left = next_s - notify_now(n);
	return left > longest_ms / 1000 ? longest_ms : MAX(left, 0) * 1000 + 10;
}

/* Everything that is due; the result is when something will be. */
static int64_t work(struct notifier *n, enum status (*one)(struct notifier *n, int64_t *out_next_s, struct err *err),
		    bool *out_well, bool *out_any)
{
	int64_t next_s = DATE_NONE;
	struct err err = ERR_INIT;
	enum status st = STATUS_OK;

	*out_any = false;
	while (st == STATUS_OK && !atomic_load(&n->stopping)) {
		st = one(n, &next_s, &err);
		*out_any |= st == STATUS_OK;
	}
	*out_well = st == STATUS_OK || st == STATUS_NOTFOUND;
	atomic_store(&n->store_well, *out_well);
	if (*out_well || atomic_load(&n->stopping))
		return next_s;
	trouble(n, &err);
	return notify_now(n) + TROUBLE_MS / 1000;
}

void *notify_run_maker(void *notifier)
{
	struct notifier *n = notifier;
	struct store *watch = NULL;
	uint64_t seen = 0;
	int64_t collect_s = notify_now(n);

	while (!atomic_load(&n->stopping)) {
		struct err err = ERR_INIT;
		bool looked = notifier_look(n, &err) == STATUS_OK, well, made;
		int64_t next_s;

		if (!looked)
			trouble(n, &err);
		next_s = work(n, notifier_make_one, &well, &made);
		if (well && notify_now(n) >= collect_s) {
			if (notifier_collect(n, &err) != STATUS_OK)
				trouble(n, &err);
			collect_s = notify_now(n) + COLLECT_S;
		}
		if (!looked)
			next_s = notify_now(n) + TROUBLE_MS / 1000;
		/* Operations may have come that waited for what was made. */
		if (!atomic_load(&n->stopping) && !(made && well && looked))
			wait_for(n, NOTIFY_MAKER, &watch, n->where_sources, STORE_SOURCES, &seen,
				 until_ms(n, next_s, n->options.poll_ns));
	}
	store_close(watch);
	return NULL;
}

/* A thread that sends what is due. */
static void *run_queue(struct notifier *n, enum notify_thread who, const struct notify_delivery *delivery,
		       enum status (*one)(struct notifier *n, int64_t *out_next_s, struct err *err))
{
	struct store *watch = NULL;
	uint64_t seen = 0;

	while (!atomic_load(&n->stopping)) {
		bool well, any;
		int64_t next_s = work(n, one, &well, &any);

		if (delivery->rest && well)
			delivery->rest(delivery->ctx);
		if (!atomic_load(&n->stopping))
			wait_for(n, who, &watch, n->where, STORE_QUEUE, &seen,
				 until_ms(n, next_s, n->options.delivery_ns));
	}
	store_close(watch);
	return NULL;
}

void *notify_run_sender(void *notifier)
{
	struct notifier *n = notifier;

	return run_queue(n, NOTIFY_SENDER, &n->options.delivery, notifier_deliver_one);
}

void *notify_run_noter(void *notifier)
{
	struct notifier *n = notifier;

	return run_queue(n, NOTIFY_NOTER, &n->options.notices.delivery, notifier_notice_one);
}

/* ---- holding ---- */

static enum status hold(struct notifier *n, struct store *s, const struct notify_held *held, enum notify_thread who,
			struct err *err)
{
	return who == NOTIFY_NOTER ? store_notice_hold(s, &held->notice, n->options.lease_s, err)
				   : store_notification_hold(s, &held->n, n->options.lease_s, err);
}

/* Was it deleted meanwhile? Read only: this is asked whenever anything in the queue changes. */
static bool is_deleted(struct store *s, const struct notify_held *held, enum notify_thread who)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct err ignored = ERR_INIT;
	struct store_notification n;
	struct store_notice notice;
	enum status st;

	if (who == NOTIFY_NOTER)
		st = store_notice_get(s, slice_cstr(held->notice.id), &arena, &notice, &ignored);
	else
		st = store_notification_get(s, slice_cstr(held->n.id), &arena, &n, &ignored);
	return st == STATUS_NOTFOUND ||
	       (st == STATUS_OK &&
		(who == NOTIFY_NOTER ? notice.deleted_s != 0 : n.state == STORE_NOTIFICATION_DELETED));
}

static void keep_one(struct notifier *n, struct store *s, enum notify_thread who, bool lease)
{
	struct err err = ERR_INIT;
	struct notify_held held, *now = &n->held[who];

	pthread_mutex_lock(&n->mutex);
	held = *now;
	pthread_mutex_unlock(&n->mutex);
	if (!held.active || held.lost)
		return;
	if (lease ? hold(n, s, &held, who, &err) != STATUS_CONFLICT : !is_deleted(s, &held, who))
		return;
	pthread_mutex_lock(&n->mutex);
	if (now->active && now->n.number == held.n.number && now->notice.number == held.notice.number) {
		now->lost = true;
		notify_set_stop(held.stop, held.stop_fd, true);
	}
	pthread_mutex_unlock(&n->mutex);
}

static bool is_at_work(struct notifier *n)
{
	bool active = false;

	pthread_mutex_lock(&n->mutex);
	for (size_t i = 0; i < NOTIFY_KEEPER; i++)
		active |= n->held[i].active;
	pthread_mutex_unlock(&n->mutex);
	return active;
}

static void keep_all(struct notifier *n, bool lease)
{
	struct err err = ERR_INIT;
	struct store *s;

	if (store_pool_take(n->options.store, NOTIFY_TAKE_MS, &s, &err) != STATUS_OK)
		return;
	for (int i = 0; i < NOTIFY_KEEPER; i++)
		keep_one(n, s, (enum notify_thread)i, lease);
	store_pool_give(n->options.store, s);
}

/* ---- nodes: who has died gives back what it had ---- */

#define NODES 64u /* that have numbers at one time */
#define NODES_MS 2000u

static struct slice lock_of(unsigned node, char text[32])
{
	snprintf(text, 32, "notifier %u", node);
	return slice_cstr(text);
}

/* The lowest number that is free. What whoever had it before was at is due at once: he has died. */
static void take_number(struct notifier *n, struct store *s)
{
	struct err ignored = ERR_INIT;
	char text[32];

	atomic_store(&n->node, 0);
	for (unsigned i = 1; i <= NODES; i++) {
		enum status st = store_lock(s, lock_of(i, text), &ignored);

		if (st == STATUS_CONFLICT)
			continue;
		if (st == STATUS_OK && store_notification_release(s, i, &ignored) == STATUS_OK)
			atomic_store(&n->node, i);
		return;
	}
}

/* Others whose lock can be had are no more. */
static void bury(struct notifier *n, struct store *s)
{
	struct err ignored = ERR_INIT;
	unsigned nodes[NODES], own = atomic_load(&n->node);
	size_t count = 0;
	char text[32];

	if (store_notification_nodes(s, nodes, NODES, &count, &ignored) != STATUS_OK)
		return;
	for (size_t i = 0; i < count; i++) {
		if (nodes[i] == own || store_lock(s, lock_of(nodes[i], text), &ignored) != STATUS_OK)
			continue;
		(void)!store_notification_release(s, nodes[i], &ignored);
		store_unlock(s, lock_of(nodes[i], text));
	}
}

void notify_mind_nodes(struct notifier *n)
{
	struct err ignored = ERR_INIT;
	struct store **held = &n->locks;
	char text[32];

	if (!*held)
		*held = open_watch(n->where);
	if (!*held)
		return;
	/* With PostgreSQL it goes with the connection; leases still hold what is being done. */
	if (atomic_load(&n->node) == 0 ||
	    store_lock_check(*held, lock_of(atomic_load(&n->node), text), &ignored) != STATUS_OK) {
		store_unlock_all(*held);
		take_number(n, *held);
	}
	bury(n, *held);
}

/*
 * While there is work, the keeper waits for what others say of the queue, and asks then whether it was deleted; from
 * time to time it makes the lease longer, and looks for nodes that have died.
 */
void *notify_run_keeper(void *notifier)
{
	struct notifier *n = notifier;
	struct pollfd fd = { .fd = n->wake[NOTIFY_KEEPER], .events = POLLIN };
	uint64_t step_ns = (uint64_t)MAX(n->options.lease_s * UINT64_C(1000000000) / 3, UINT64_C(100000000));
	uint64_t held_ns = date_monotonic_ns(), nodes_ns = held_ns, seen = 0, now;
	struct store *watch = NULL;

	while (!atomic_load(&n->stopping)) {
		now = date_monotonic_ns();
		if (now - nodes_ns >= UINT64_C(1000000) * NODES_MS) {
			notify_mind_nodes(n);
			nodes_ns = now;
		}
		if (!is_at_work(n)) {
			poll(&fd, 1, NODES_MS);
			drain(fd.fd);
			held_ns = date_monotonic_ns();
			continue;
		}
		if (now - held_ns >= step_ns) {
			held_ns = now;
			keep_all(n, true);
		}
		wait_for(n, NOTIFY_KEEPER, &watch, n->where, STORE_QUEUE, &seen,
			 (int64_t)MIN((held_ns + step_ns - now) / 1000000 + 1, NODES_MS));
		if (is_at_work(n) && !atomic_load(&n->stopping))
			keep_all(n, false);
	}
	store_close(watch);
	return NULL;
}
