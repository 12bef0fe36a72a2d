/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - what tests of the notifier share: a matcher, receivers and a clock that are made up, and a place for a
 * store. */
#ifndef LIMPID_TESTS_UNIT_NOTIFY_WORLD_H
#define LIMPID_TESTS_UNIT_NOTIFY_WORLD_H

#include "notify/entry.h"
#include "notify/notify.h"
#include "store/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct err fault;
static int64_t clock_s;

/* Where PostgreSQL is: then the case with the kills runs on it; NULL. */
static inline const char *remote(void)
{
	return getenv("LIMPID_TEST_POSTGRES");
}

static inline int64_t now(void)
{
	return clock_s;
}

static inline void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("status %d: %s", (int)st, fault.msg);
}

/* ---- a matcher and an indexer ---- */

struct world {
	char dir[64];
	struct store_pool *pool;
	struct notifier *notifier;
	char latest[37];
	bool matcher_down, indexer_down;
	unsigned diffs, manifests; /* that were asked for; that each change concerns */
	enum severity severity;
	/* the receiver */
	enum delivery (*receive)(struct world *w, const struct delivery_message *m, struct err *why);
	unsigned attempts;
	char got[200][37];
	uint64_t entries; /* that it read */
	unsigned events[16];
	/* Clair v2's notifications */
	unsigned notices; /* that are made of each operation */
	unsigned told;
	bool (*take)(struct world *w);
};

static inline enum status latest(void *ctx, struct arena *arena, struct notify_operation **out, size_t *out_n,
				 struct err *e)
{
	struct world *w = ctx;
	struct notify_operation *op = ARENA_NEW(arena, struct notify_operation);

	if (w->matcher_down)
		return err_set(e, STATUS_REMOTE, "the matcher is away");
	op->source = SLICE("alpine");
	memcpy(op->ref, w->latest, sizeof(op->ref));
	*out = op;
	*out_n = w->latest[0] ? 1 : 0;
	return STATUS_OK;
}

static inline enum status diff(void *ctx, struct slice source, const char *previous, const char *current,
			       enum severity least, const struct notify_changes_sink *sink, struct err *e)
{
	static const struct notify_row row;
	struct world *w = ctx;
	struct notify_change changes[2] = { { .package = SLICE("p") }, { .package = SLICE("q") } };

	(void)source, (void)previous, (void)current;
	w->diffs++;
	changes[0].after = (struct notify_side){ &row, 1, SLICE("{\"name\":\"LOW\"}"), SEVERITY_LOW };
	changes[1].before = (struct notify_side){ &row, 1, SLICE("{\"name\":\"OLD\"}"), w->severity };
	for (size_t i = 0; i < 2; i++)
		assert_true(notify_change_finish(&changes[i], least));
	return sink->changes(sink->ctx, changes, 2, e);
}

static inline enum status affected(void *ctx, const struct notify_change *changes, size_t n,
				   const struct notify_affected_sink *sink, struct err *e)
{
	struct world *w = ctx;

	for (size_t i = 0; i < n; i++)
		for (unsigned m = 0; m < w->manifests; m++) {
			struct digest d = { .algo = DIGEST_SHA256, .bytes = { (uint8_t)m, (uint8_t)(m >> 8) } };

			if (w->indexer_down && m == w->manifests / 2)
				return err_set(e, STATUS_REMOTE, "the indexer is away");
			TRY(sink->affected(sink->ctx, i, &d, changes[i].before.n > 0, changes[i].after.n > 0, e));
		}
	return STATUS_OK;
}

/* ---- a receiver ---- */

static inline enum delivery on_send(void *ctx, const struct delivery_message *m, struct delivery_result *out,
				    struct err *why)
{
	struct world *w = ctx;

	*out = (struct delivery_result){ .messages = 1, .peer = SLICE("here") };
	if (w->attempts < ARRAY_LEN(w->got))
		snprintf(w->got[w->attempts], sizeof(w->got[0]), "%.*s", SLICE_ARG(m->id));
	w->attempts++;
	return w->receive(w, m, why);
}

static inline enum delivery accept_it(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m, (void)why;
	return DELIVERY_DONE;
}

static inline enum delivery read_it(struct world *w, const struct delivery_message *m, struct err *why)
{
	struct slice entry;

	for (int twice = 0; twice < 2; twice++) {
		w->entries = 0;
		if (m->rewind(m->ctx, why) != STATUS_OK)
			return DELIVERY_AGAIN;
		for (;;) {
			if (m->next(m->ctx, &entry, why) != STATUS_OK)
				return DELIVERY_AGAIN;
			if (entry.len == 0)
				break;
			w->entries++;
		}
	}
	return DELIVERY_DONE;
}

static inline enum delivery refuse_it(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m;
	err_set(why, STATUS_REMOTE, "HTTP status 500");
	return DELIVERY_AGAIN;
}

static inline enum delivery not_there(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m;
	err_set(why, STATUS_IO, "connection refused");
	return DELIVERY_AGAIN;
}

static inline enum delivery never(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m;
	err_set(why, STATUS_REMOTE, "HTTP status 410");
	return DELIVERY_NEVER;
}

/* ---- Clair v2's notifications ---- */

#define NOTICES 3u

static inline void notice_id(char out[37], uint64_t notification, unsigned i)
{
	snprintf(out, 37, "%08x-0000-8000-8000-%012x", (unsigned)notification, i);
}

static inline enum status make_notices(void *ctx, struct store *s, const struct store_notification *n,
				       const _Atomic bool *stop, struct err *e)
{
	struct world *w = ctx;

	(void)stop;
	for (unsigned i = 0; i < w->notices; i++) {
		struct store_notice one = { .body = SLICE("{}") };

		notice_id(one.id, n->number, i);
		TRY(store_notices_put(s, &one, 1, e));
	}
	return STATUS_OK;
}

static inline enum delivery on_notice(void *ctx, const struct delivery_message *m, struct delivery_result *out,
				      struct err *why)
{
	struct world *w = ctx;

	assert_int_equal(m->id.len, 36);
	*out = (struct delivery_result){ .messages = 1, .peer = SLICE("there") };
	w->told++;
	if (w->take(w))
		return DELIVERY_DONE;
	err_set(why, STATUS_REMOTE, "HTTP status 500");
	return DELIVERY_NEVER;
}

static inline bool take_it(struct world *w)
{
	(void)w;
	return true;
}

static inline bool take_none(struct world *w)
{
	(void)w;
	return false;
}

static inline void on_event(void *ctx, const struct notify_event *e)
{
	struct world *w = ctx;

	w->events[e->kind]++;
}

/* ---- a place ---- */

static inline void open_notifier(struct world *w, bool contained)
{
	struct store_pool_options pool = { .store = { .busy_ms = 1000, .cache_bytes = 1 << 20, .now = now }, .max = 2 };
	struct notifier_options o = { .summary = true,
				      .upstream = { latest, diff, affected, w },
				      .delivery = { .send = on_send, .contained = contained, .ctx = w },
				      .retry_ns = INT64_C(600) * 1000000000,
				      .max_age_s = 7 * 86400,
				      .retention_s = 86400,
				      .now = now,
				      .event = on_event,
				      .event_ctx = w };

	if (w->notices > 0)
		o.notices = (struct notify_notices){
			.make = make_notices, .ctx = w, .delivery = { .send = on_notice, .ctx = w }, .again_s = 7200
		};
	check(store_pool_open(remote() ? remote() : w->dir, &pool, &w->pool, &fault));
	o.store = w->pool;
	check(notifier_new(&o, &w->notifier, &fault));
}

static inline void close_notifier(struct world *w)
{
	notifier_free(w->notifier);
	store_pool_close(w->pool);
}

static inline int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	clock_s = 1700000000;
	/* In memory where that can be: the cases write durably some thousand times. */
	snprintf(w->dir, sizeof(w->dir), "%s/limpid-notifier-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(w->dir));
	w->manifests = 3;
	w->severity = SEVERITY_NEGLIGIBLE;
	w->receive = accept_it;
	w->take = take_it;
	open_notifier(w, false);
	*state = w;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *w = *state;
	char command[128];

	close_notifier(w);
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static inline void publish(struct world *w, unsigned n)
{
	snprintf(w->latest, sizeof(w->latest), "%08x-0000-4000-8000-000000000000", n);
}

/* All that is due; returns when something will be. */
static inline int64_t work(struct world *w)
{
	int64_t made = DATE_NONE, sent = DATE_NONE;
	enum status st;

	do
		st = notifier_make_one(w->notifier, &made, &fault);
	while (st == STATUS_OK);
	assert_int_equal(st, STATUS_NOTFOUND);
	do
		st = notifier_deliver_one(w->notifier, &sent, &fault);
	while (st == STATUS_OK);
	if (st != STATUS_NOTFOUND)
		fail_msg("%s", fault.msg);
	return made == DATE_NONE || (sent != DATE_NONE && sent < made) ? sent : made;
}

/* Every notice that is due; returns when one will be. */
static inline int64_t tell(struct world *w)
{
	int64_t next = DATE_NONE;
	enum status st;

	do
		st = notifier_notice_one(w->notifier, &next, &fault);
	while (st == STATUS_OK);
	assert_int_equal(st, STATUS_NOTFOUND);
	return next;
}

static inline void look(struct world *w)
{
	check(notifier_look(w->notifier, &fault));
}

static inline struct store_notification newest(struct world *w, struct arena *arena)
{
	struct store_notification *list;
	struct store *s;
	size_t n;

	check(store_pool_take(w->pool, 1000, &s, &fault));
	check(store_notifications_latest(s, arena, &list, &n, &fault));
	store_pool_give(w->pool, s);
	assert_int_equal(n, 1);
	return list[0];
}

#endif
