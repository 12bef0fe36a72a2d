/* SPDX-License-Identifier: Apache-2.0 */
/* test_notifier.c - the notifier's steps with a matcher, a receiver and a clock that are made up. */
#include "world.h"

static enum store_notification_state state_of(struct world *w)
{
	struct arena arena = ARENA_INIT(1 << 20);
	enum store_notification_state state = newest(w, &arena).state;

	arena_fini(&arena);
	return state;
}

/* A first operation, which nobody hears of, and one that is told. */
static void begin(struct world *w)
{
	publish(w, 1);
	look(w);
	assert_int_equal(work(w), DATE_NONE);
	assert_int_equal(w->diffs + w->attempts, 0);
	publish(w, 2);
	look(w);
}

/* ---- cases ---- */

static void test_once(void **state)
{
	struct world *w = *state;

	begin(w);
	work(w);
	assert_int_equal(w->attempts, 1);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DELIVERED);
	/* Nothing new, however often one looks; and the next process finds all as it was. */
	look(w);
	close_notifier(w);
	open_notifier(w, false);
	look(w);
	work(w);
	assert_int_equal(w->attempts, 1);
	assert_int_equal(w->diffs, 1);
}

/* Ten operations came while nobody looked: one notification, against what was seen last. */
static void test_no_storm_after_absence(void **state)
{
	struct world *w = *state;

	begin(w);
	work(w);
	for (unsigned n = 3; n < 13; n++)
		publish(w, n);
	look(w);
	work(w);
	assert_int_equal(w->attempts, 2);
	assert_int_equal(w->diffs, 2);
}

/* 5,000 manifests, 2 changes: of each manifest the more severe change stays, and a direct receiver gets it. */
static void test_summaries(void **state)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct world *w = *state;
	struct store_notification n;
	struct store_entry_row *rows;
	struct store *s;
	size_t count;

	close_notifier(w);
	open_notifier(w, true);
	w->manifests = 5000;
	w->severity = SEVERITY_CRITICAL;
	w->receive = read_it;
	begin(w);
	work(w);
	assert_int_equal(w->entries, 5000);
	n = newest(w, &arena);
	assert_int_equal(n.entries, 5000);
	/* Nobody will ask for what was sent. */
	assert_int_equal(n.state, STORE_NOTIFICATION_DELETED);
	check(store_pool_take(w->pool, 1000, &s, &fault));
	check(store_notification_entries(s, n.number, NULL, 2, &arena, &rows, &count, &fault));
	store_pool_give(w->pool, s);
	assert_int_equal(rows[0].change.reason, NOTIFY_REMOVED);
	assert_true(slice_eq(rows[0].change.summary, SLICE("{\"name\":\"OLD\"}")));
	arena_fini(&arena);
}

/* The receiver answers 500 for an hour: pauses double up to ten minutes, none is shorter than half of them. */
static void test_an_hour_of_500(void **state)
{
	struct world *w = *state;
	int64_t until;

	begin(w);
	w->receive = refuse_it;
	until = clock_s + 3600;
	while (clock_s < until) {
		int64_t next = work(w);

		assert_true(next > clock_s);
		clock_s = next;
	}
	/* 5 + 10 + ... + 320 s, then 600 s each are 13 attempts; with half of each pause left out 20. */
	assert_in_range(w->attempts, 10, 22);
	assert_int_equal(w->events[NOTIFY_AGAIN], w->attempts);
	w->receive = accept_it;
	assert_int_equal(work(w), DATE_NONE);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DELIVERED);
	assert_int_equal(w->events[NOTIFY_DELIVERED], 1);
}

/*
 * The hook refuses for an hour: pauses double up to ten minutes, and nothing is given up. Then it takes all, and hears
 * of each again after two hours, until that is deleted; what nobody deletes goes when it is old.
 */
static void test_notices(void **state)
{
	struct world *w = *state;
	uint64_t first = 0;
	char id[37];
	struct store *s;
	int64_t until;
	struct arena arena = ARENA_INIT(1 << 20);

	close_notifier(w);
	w->notices = NOTICES;
	open_notifier(w, false);
	begin(w);
	w->take = take_none;
	work(w);
	first = newest(w, &arena).number;
	for (until = clock_s + 3600; clock_s < until;) {
		int64_t next = tell(w);

		assert_true(next > clock_s);
		clock_s = next;
	}
	assert_in_range(w->told, 10 * NOTICES, 22 * NOTICES);
	assert_int_equal(w->events[NOTIFY_AGAIN], w->told);
	w->take = take_it;
	w->told = 0;
	/* Their pauses differ by chance. */
	for (until = clock_s + 600; clock_s < until; clock_s++)
		tell(w);
	assert_int_equal(w->told, NOTICES);
	check(store_pool_take(w->pool, 1000, &s, &fault));
	notice_id(id, first, 1);
	check(store_notice_delete(s, slice_cstr(id), &fault));
	store_pool_give(w->pool, s);
	clock_s += 7200;
	tell(w);
	assert_int_equal(w->told, 2 * NOTICES - 1);
	/* The operation's own notification went its own way. */
	assert_int_equal(w->attempts, 1);
	clock_s += 86400;
	check(notifier_collect(w->notifier, &fault));
	assert_int_equal(w->events[NOTIFY_UNREAD], 1);
	assert_int_equal(tell(w), DATE_NONE);
	arena_fini(&arena);
}

/* Nobody listens: many notifications wait, one attempt at a time is made, and afterwards each comes once. */
static void test_nobody_listens(void **state)
{
	struct world *w = *state;
	unsigned before;

	begin(w);
	w->receive = not_there;
	for (unsigned n = 3; n < 20; n++) {
		int64_t next;

		publish(w, n);
		look(w);
		next = work(w);
		assert_true(next > clock_s);
		before = w->attempts;
		/* Looking again before it is time is no attempt. */
		work(w);
		assert_int_equal(w->attempts, before);
		clock_s = next;
	}
	assert_true(w->attempts <= 18);
	before = w->attempts;
	clock_s += 3600;
	w->receive = accept_it;
	/* 17 wait, in the order in which they were made: the third operation came while the second was to be made. */
	assert_int_equal(work(w), DATE_NONE);
	assert_int_equal(w->attempts - before, 17);
	for (unsigned i = before + 1; i < w->attempts; i++)
		assert_string_not_equal(w->got[i], w->got[i - 1]);
}

static void test_given_up(void **state)
{
	struct world *w = *state;

	begin(w);
	w->receive = refuse_it;
	work(w);
	clock_s += 8 * 86400;
	work(w);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DEAD);
	assert_int_equal(w->events[NOTIFY_DEAD], 1);
	publish(w, 3);
	look(w);
	w->receive = never;
	work(w);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DEAD);
	assert_int_equal(w->attempts, 3);
}

/* Matcher and indexer are away: nothing is lost, and what was half made is made whole. */
static void test_upstream_away(void **state)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct world *w = *state;

	w->manifests = 3000;
	begin(w);
	w->indexer_down = true;
	assert_true(work(w) > clock_s);
	assert_int_equal(w->attempts, 0);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_MAKING);
	w->matcher_down = true;
	assert_int_equal(notifier_look(w->notifier, &fault), STATUS_REMOTE);
	assert_false(notifier_is_well(w->notifier));
	clock_s += 3600;
	w->matcher_down = w->indexer_down = false;
	look(w);
	assert_true(notifier_is_well(w->notifier));
	work(w);
	assert_int_equal(newest(w, &arena).entries, 3000);
	assert_int_equal(w->attempts, 1);
	arena_fini(&arena);
}

static void test_collects(void **state)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct world *w = *state;

	begin(w);
	work(w);
	check(notifier_collect(w->notifier, &fault));
	assert_int_equal(w->events[NOTIFY_COLLECTED], 0);
	clock_s += 86401;
	check(notifier_collect(w->notifier, &fault));
	assert_int_equal(w->events[NOTIFY_COLLECTED], 1);
	assert_int_equal(newest(w, &arena).state, STORE_NOTIFICATION_COLLECTED);
	look(w);
	work(w);
	assert_int_equal(w->attempts, 1);
	arena_fini(&arena);
}

static void test_ids(void **state)
{
	struct digest d = { .algo = DIGEST_SHA256 };
	uint8_t a[STORE_ENTRY_ID], b[STORE_ENTRY_ID];
	struct notify_uuid text;

	(void)state;
	check(notify_entry_id("n", &d, 0, a, &fault));
	check(notify_entry_id("n", &d, 0, b, &fault));
	assert_memory_equal(a, b, sizeof(a));
	check(notify_entry_id("n", &d, 1, b, &fault));
	assert_memory_not_equal(a, b, sizeof(a));
	notify_uuid_print(&text, a);
	/* RFC 9562: version 8, variant 10. */
	assert_int_equal(text.text[14], '8');
	assert_non_null(strchr("89ab", text.text[19]));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_once),     CASE(test_no_storm_after_absence), CASE(test_summaries), CASE(test_an_hour_of_500),
		CASE(test_notices),  CASE(test_nobody_listens),		CASE(test_given_up),  CASE(test_upstream_away),
		CASE(test_collects), cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
