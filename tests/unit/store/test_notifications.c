/* SPDX-License-Identifier: Apache-2.0 */
/* test_notifications.c - notifications: begun once, made and delivered by who has them, in order, dropped when old. */
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OP_A "aaaaaaaa-0000-4000-8000-000000000001"
#define OP_B "bbbbbbbb-0000-4000-8000-000000000002"
#define OP_C "cccccccc-0000-4000-8000-000000000003"

static struct arena arena = ARENA_INIT((size_t)64 << 20);

static void begin(struct store *s, const char *source, const char *operation, const char *previous, uint64_t last,
		  enum store_notification_state state, bool want)
{
	bool begun = !want;

	check(store_notification_begin(s, slice_cstr(source), operation, previous, last, state, &begun, &err));
	assert_int_equal(begun, want);
}

static struct store_notification take(struct store *s, enum store_notification_task task, unsigned lease_s)
{
	struct store_notification n;
	int64_t next_s;

	check(store_notification_take(s, task, lease_s, 0, &arena, &n, &next_s, &err));
	return n;
}

static void expect_none(struct store *s, enum store_notification_task task, int64_t want_next_s)
{
	struct store_notification n;
	int64_t next_s = 0;

	check_fails(store_notification_take(s, task, 10, 0, &arena, &n, &next_s, &err), STATUS_NOTFOUND, "is due");
	assert_int_equal(next_s, want_next_s);
}

static struct store_entry entry(uint8_t id, uint32_t manifest, uint64_t change, unsigned rank)
{
	struct store_entry e = { .manifest = some_digest(manifest), .change = change, .rank = rank };

	e.id[0] = id;
	return e;
}

/* Made with entries of these manifests. */
static struct store_notification make(struct store *s, uint32_t first, uint32_t n)
{
	struct store_change change = { .number = 1, .reason = 2, .summary = SLICE("{\"name\":\"X\"}") };
	struct store_notification made = take(s, STORE_NOTIFICATION_MAKE, 10);

	for (uint32_t i = 0; i < n; i++) {
		struct store_entry e = entry((uint8_t)(i + 1), first + i, 1, 0);

		check(store_notification_add(s, &made, i == 0, &change, 1, &e, 1, 10, &err));
	}
	check(store_notification_end(s, &made, STORE_NOTIFICATION_CREATED, clock_s, SLICE(""), &err));
	return made;
}

static enum store_notification_state state_of(struct store *s, const char *id)
{
	struct store_notification n;

	check(store_notification_get(s, slice_cstr(id), &arena, &n, &err));
	return n.state;
}

/* ---- */

static void test_begun_once(void **state)
{
	struct store *s = place_open(*state);
	struct store_notification *latest;
	size_t n;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_DELIVERED, true);
	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, false);
	/* Somebody else saw another operation meanwhile. */
	begin(s, "one", OP_B, OP_A, 0, STORE_NOTIFICATION_MAKING, false);
	check(store_notifications_latest(s, &arena, &latest, &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(latest[0].operation, OP_A);
	assert_int_equal(latest[0].state, STORE_NOTIFICATION_DELIVERED);
	check_slice(latest[0].source, "one");
	begin(s, "one", OP_B, OP_A, latest[0].number, STORE_NOTIFICATION_MAKING, true);
	begin(s, "two", OP_C, "", 0, STORE_NOTIFICATION_MAKING, true);
	store_close(s);
	s = place_open(*state);
	check(store_notifications_latest(s, &arena, &latest, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(latest[0].operation, OP_B);
	assert_string_equal(latest[0].previous, OP_A);
	assert_string_equal(latest[1].operation, OP_C);
	store_close(s);
}

/* What a node that has died was at is due at once; what others have, and what rests, is not. */
static void test_nodes(void **state)
{
	struct store *s = place_open(*state);
	struct store_notification n, resting;
	struct store_notice notice;
	unsigned nodes[4];
	int64_t next_s;
	size_t count;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	begin(s, "two", OP_B, "", 0, STORE_NOTIFICATION_MAKING, true);
	begin(s, "three", OP_C, "", 0, STORE_NOTIFICATION_MAKING, true);
	check(store_notification_take(s, STORE_NOTIFICATION_MAKE, 100, 7, &arena, &resting, &next_s, &err));
	check(store_notification_end(s, &resting, STORE_NOTIFICATION_MAKING, clock_s + 50, SLICE("why"), &err));
	check(store_notification_take(s, STORE_NOTIFICATION_MAKE, 100, 7, &arena, &n, &next_s, &err));
	check(store_notification_take(s, STORE_NOTIFICATION_MAKE, 100, 9, &arena, &n, &next_s, &err));
	check(store_notices_put(s, &(struct store_notice){ .id = OP_A, .body = SLICE("x") }, 1, &err));
	check(store_notice_take(s, 100, 5, &notice, &next_s, &err));
	check(store_notification_nodes(s, nodes, 4, &count, &err));
	assert_int_equal(count, 3);
	assert_int_equal(nodes[0], 5);
	assert_int_equal(nodes[1], 7);
	assert_int_equal(nodes[2], 9);
	expect_none(s, STORE_NOTIFICATION_MAKE, clock_s + 50);
	check(store_notification_release(s, 7, &err));
	n = take(s, STORE_NOTIFICATION_MAKE, 100);
	check_slice(n.source, "two");
	expect_none(s, STORE_NOTIFICATION_MAKE, clock_s + 50);
	check(store_notification_release(s, 5, &err));
	check(store_notice_take(s, 100, 0, &notice, &next_s, &err));
	assert_int_equal(notice.attempts, 2);
	check(store_notification_nodes(s, nodes, 4, &count, &err));
	assert_int_equal(count, 1);
	store_close(s);
}

static void test_made_by_who_has_it(void **state)
{
	struct store *s = place_open(*state), *other = place_open(*state);
	struct store_change change = { .number = 1, .reason = 1, .summary = SLICE("s") };
	struct store_entry e = entry(1, 1, 1, 0);
	struct store_notification first, second;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	first = take(s, STORE_NOTIFICATION_MAKE, 10);
	assert_int_equal(first.attempts, 1);
	expect_none(other, STORE_NOTIFICATION_MAKE, clock_s + 10);
	check(store_notification_add(s, &first, true, &change, 1, &e, 1, 10, &err));
	/* It holds it longer, and then dies. */
	clock_s += 9;
	check(store_notification_hold(s, &first, 10, &err));
	clock_s += 9;
	expect_none(other, STORE_NOTIFICATION_MAKE, clock_s + 1);
	clock_s += 1;
	second = take(other, STORE_NOTIFICATION_MAKE, 10);
	assert_int_equal(second.attempts, 2);
	e = entry(2, 2, 1, 0);
	check(store_notification_add(other, &second, true, &change, 1, &e, 1, 10, &err));
	/* It was not dead after all: it changes nothing any more. */
	check_fails(store_notification_hold(s, &first, 10, &err), STATUS_CONFLICT, "another one has taken it");
	check_fails(store_notification_add(s, &first, false, &change, 1, &e, 1, 10, &err), STATUS_CONFLICT,
		    "another one");
	check_fails(store_notification_end(s, &first, STORE_NOTIFICATION_CREATED, 0, SLICE(""), &err), STATUS_CONFLICT,
		    "another one");
	check(store_notification_end(other, &second, STORE_NOTIFICATION_CREATED, clock_s, SLICE(""), &err));
	assert_int_equal(state_of(s, first.id), STORE_NOTIFICATION_CREATED);
	/* What the first one left was dropped. */
	check(store_notification_get(s, slice_cstr(first.id), &arena, &first, &err));
	assert_int_equal(first.entries, 1);
	assert_int_equal(first.attempts, 0);
	store_close(other);
	store_close(s);
}

static void test_order_of_making(void **state)
{
	struct store *s = place_open(*state);
	struct store_notification a, b;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	a = take(s, STORE_NOTIFICATION_MAKE, 10);
	begin(s, "one", OP_B, OP_A, a.number, STORE_NOTIFICATION_MAKING, true);
	/* The one before is not made yet. */
	check_fails(store_notification_take(s, STORE_NOTIFICATION_MAKE, 10, 0, &arena, &b, &(int64_t){ 0 }, &err),
		    STATUS_NOTFOUND, "is due");
	check(store_notification_end(s, &a, STORE_NOTIFICATION_CREATED, clock_s, SLICE(""), &err));
	/* Nobody has anything of it. */
	assert_int_equal(state_of(s, a.id), STORE_NOTIFICATION_DELIVERED);
	b = take(s, STORE_NOTIFICATION_MAKE, 10);
	assert_string_equal(b.operation, OP_B);
	check(store_notification_end(s, &b, STORE_NOTIFICATION_MAKING, clock_s + 60, SLICE("down"), &err));
	expect_none(s, STORE_NOTIFICATION_MAKE, clock_s + 60);
	clock_s += 60;
	b = take(s, STORE_NOTIFICATION_MAKE, 10);
	assert_int_equal(b.attempts, 2);
	check_slice(b.error, "down");
	store_close(s);
}

static void test_entries(void **state)
{
	struct store *s = place_open(*state);
	struct store_change changes[] = { { 1, 1, SLICE_INIT("low") }, { 2, 2, SLICE_INIT("high\0\xff") } };
	struct store_entry entries[] = { entry(3, 30, 1, 4), entry(1, 10, 1, 4), entry(1, 10, 2, 8), entry(2, 20, 2, 8),
					 entry(2, 20, 1, 4) };
	struct store_notification n;
	struct store_entry_row *rows;
	struct store_change change;
	size_t count;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	n = take(s, STORE_NOTIFICATION_MAKE, 10);
	check(store_notification_add(s, &n, true, changes, 2, entries, 5, 10, &err));
	/* A change comes once; an entry of a lower rank does not count. */
	entries[0].rank = 3;
	entries[0].change = 2;
	check(store_notification_add(s, &n, false, changes, 2, entries, 1, 10, &err));
	check(store_notification_end(s, &n, STORE_NOTIFICATION_CREATED, clock_s, SLICE(""), &err));
	check(store_notification_entries(s, n.number, NULL, 10, &arena, &rows, &count, &err));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++) {
		struct digest want = some_digest((uint32_t)(i + 1) * 10);

		assert_int_equal(rows[i].entry.id[0], i + 1);
		assert_true(digest_eq(&rows[i].entry.manifest, &want));
	}
	assert_int_equal(rows[0].change.number, 2);
	assert_int_equal(rows[0].change.reason, 2);
	assert_true(slice_eq(rows[1].change.summary, SLICE("high\0\xff")));
	check_slice(rows[2].change.summary, "low");
	check(store_notification_entries(s, n.number, rows[0].entry.id, 1, &arena, &rows, &count, &err));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].entry.id[0], 2);
	check(store_notification_change(s, n.number, 1, &arena, &change, &err));
	check_slice(change.summary, "low");
	check_fails(store_notification_change(s, n.number, 3, &arena, &change, &err), STATUS_NOTFOUND,
		    "no such change");
	store_close(s);
}

static void test_delivery(void **state)
{
	struct store *s = place_open(*state);
	struct store_notification n, again;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	make(s, 1, 2);
	n = take(s, STORE_NOTIFICATION_DELIVER, 10);
	assert_int_equal(n.attempts, 1);
	assert_int_equal(n.entries, 2);
	check(store_notification_hold(s, &n, 10, &err));
	check(store_notification_end(s, &n, STORE_NOTIFICATION_FAILED, clock_s + 5, SLICE("refused"), &err));
	expect_none(s, STORE_NOTIFICATION_DELIVER, clock_s + 5);
	clock_s += 5;
	n = take(s, STORE_NOTIFICATION_DELIVER, 10);
	assert_int_equal(n.attempts, 2);
	check_slice(n.error, "refused");
	/* The lease runs out, another one takes it, and then the first one's has arrived after all: one receipt. */
	clock_s += 10;
	again = take(s, STORE_NOTIFICATION_DELIVER, 10);
	assert_string_equal(again.id, n.id);
	check_fails(store_notification_end(s, &n, STORE_NOTIFICATION_FAILED, 0, SLICE("x"), &err), STATUS_CONFLICT, "");
	check(store_notification_end(s, &n, STORE_NOTIFICATION_DELIVERED, 0, SLICE(""), &err));
	check_fails(store_notification_end(s, &again, STORE_NOTIFICATION_DELIVERED, 0, SLICE(""), &err),
		    STATUS_CONFLICT, "has ended");
	assert_int_equal(state_of(s, n.id), STORE_NOTIFICATION_DELIVERED);
	expect_none(s, STORE_NOTIFICATION_DELIVER, DATE_NONE);
	store_close(s);
}

static void test_deleted_is_not_delivered(void **state)
{
	struct store *s = place_open(*state);
	struct store_notification n;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	make(s, 1, 1);
	n = take(s, STORE_NOTIFICATION_DELIVER, 10);
	check(store_notification_delete(s, slice_cstr(n.id), &err));
	check(store_notification_delete(s, slice_cstr(n.id), &err));
	check_fails(store_notification_hold(s, &n, 10, &err), STATUS_CONFLICT, "was deleted");
	check_fails(store_notification_end(s, &n, STORE_NOTIFICATION_FAILED, 0, SLICE("x"), &err), STATUS_CONFLICT, "");
	check_fails(store_notification_end(s, &n, STORE_NOTIFICATION_DELIVERED, 0, SLICE(""), &err), STATUS_CONFLICT,
		    "");
	assert_int_equal(state_of(s, n.id), STORE_NOTIFICATION_DELETED);
	clock_s += 1000;
	expect_none(s, STORE_NOTIFICATION_DELIVER, DATE_NONE);
	check_fails(store_notification_delete(s, SLICE(OP_A), &err), STATUS_NOTFOUND, "no notification");
	check_fails(store_notification_get(s, SLICE(OP_A), &arena, &n, &err), STATUS_NOTFOUND, "no notification");
	store_close(s);
}

static void test_order_of_delivery(void **state)
{
	struct store *s = place_open(*state);
	struct store_notification a, b, c;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	make(s, 1, 3);
	begin(s, "two", OP_B, "", 0, STORE_NOTIFICATION_MAKING, true);
	make(s, 3, 2);
	begin(s, "three", OP_C, "", 0, STORE_NOTIFICATION_MAKING, true);
	make(s, 10, 1);
	a = take(s, STORE_NOTIFICATION_DELIVER, 10);
	assert_string_equal(a.operation, OP_A);
	/* The second one has a manifest of the first; the third has not, and does not wait. */
	c = take(s, STORE_NOTIFICATION_DELIVER, 10);
	assert_string_equal(c.operation, OP_C);
	check(store_notification_end(s, &a, STORE_NOTIFICATION_FAILED, clock_s + 100, SLICE("x"), &err));
	check(store_notification_end(s, &c, STORE_NOTIFICATION_DELIVERED, 0, SLICE(""), &err));
	expect_none(s, STORE_NOTIFICATION_DELIVER, clock_s + 100);
	clock_s += 100;
	a = take(s, STORE_NOTIFICATION_DELIVER, 10);
	assert_string_equal(a.operation, OP_A);
	check(store_notification_end(s, &a, STORE_NOTIFICATION_DEAD, 0, SLICE("too old"), &err));
	b = take(s, STORE_NOTIFICATION_DELIVER, 10);
	assert_string_equal(b.operation, OP_B);
	store_close(s);
}

static void test_collected(void **state)
{
	struct store *s = place_open(*state);
	struct store_notification_stats stats;
	struct store_notification a, b, *latest;
	struct store_entry_row *rows;
	uint64_t dropped;
	size_t n;

	begin(s, "one", OP_A, "", 0, STORE_NOTIFICATION_MAKING, true);
	a = make(s, 1, 3);
	begin(s, "one", OP_B, OP_A, a.number, STORE_NOTIFICATION_MAKING, true);
	b = make(s, 1, 3);
	check(store_notification_stats(s, &stats, &err));
	assert_int_equal(stats.by_state[STORE_NOTIFICATION_CREATED], 2);
	assert_int_equal(stats.oldest_s, clock_s);
	check(store_notification_delete(s, slice_cstr(a.id), &err));
	check(store_notification_delete(s, slice_cstr(b.id), &err));
	check(store_notifications_gc(s, clock_s, clock_s, clock_s, 10, &dropped, &err));
	assert_int_equal(dropped, 0);
	check(store_notifications_gc(s, clock_s + 1, clock_s, clock_s, 10, &dropped, &err));
	assert_int_equal(dropped, 2);
	check_fails(store_notification_get(s, slice_cstr(b.id), &arena, &b, &err), STATUS_NOTFOUND, "no notification");
	check(store_notification_entries(s, b.number, NULL, 10, &arena, &rows, &n, &err));
	assert_int_equal(n, 0);
	/* What was seen last is still known. */
	check(store_notifications_latest(s, &arena, &latest, &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(latest[0].operation, OP_B);
	assert_int_equal(latest[0].state, STORE_NOTIFICATION_COLLECTED);
	/* Until another one comes. */
	begin(s, "one", OP_C, OP_B, latest[0].number, STORE_NOTIFICATION_DELIVERED, true);
	check(store_notifications_gc(s, 0, 0, 0, 10, &dropped, &err));
	assert_int_equal(dropped, 1);
	check(store_notification_stats(s, &stats, &err));
	assert_int_equal(stats.by_state[STORE_NOTIFICATION_DELIVERED], 1);
	assert_int_equal(stats.oldest_s, DATE_NONE);
	store_close(s);
}

/* What a notifier saw last, or is at, is not forgotten: the next one is compared with it. */
static void test_operations_stay(void **state)
{
	struct store *s = place_open(*state);
	struct store_operation *ops;
	struct store_source source;
	uint64_t dropped;
	char refs[6][37];
	size_t n;

	for (uint32_t i = 0; i < 6; i++) {
		source = some_source("one", i);
		check(store_publish(s, &source, refs[i], &err));
		if (i == 1)
			begin(s, "one", refs[1], refs[0], 0, STORE_NOTIFICATION_MAKING, true);
	}
	check(store_operations_gc(s, 2, DATE_NONE, &dropped, &err));
	check(store_operations(s, SLICE("one"), 10, &arena, &ops, &n, &err));
	assert_int_equal(n, 4);
	assert_string_equal(ops[2].ref, refs[1]);
	assert_string_equal(ops[3].ref, refs[0]);
	/* Unless no notifier has been there for long. */
	clock_s += 31 * 86400;
	check(store_operations_gc(s, 2, DATE_NONE, &dropped, &err));
	assert_int_equal(dropped, 2);
	store_close(s);
}

/* ---- several at once ---- */

#define RACE 30u

struct racers {
	const char *dir;
	int results; /* a pipe: a byte for each that was taken */
};

static int take_all(void *ctx)
{
	const struct racers *r = ctx;
	struct store *s = place_open(r->dir);

	for (;;) {
		struct store_notification n;
		int64_t next_s;
		enum status st =
			store_notification_take(s, STORE_NOTIFICATION_DELIVER, 1000, 0, &arena, &n, &next_s, &err);

		if (st == STATUS_NOTFOUND)
			break;
		check(st);
		check(store_notification_end(s, &n, STORE_NOTIFICATION_DELIVERED, 0, SLICE(""), &err));
		assert_int_equal(write(r->results, "x", 1), 1);
	}
	store_close(s);
	return 0;
}

static void test_two_take_different_ones(void **state)
{
	struct store *s = place_open(*state);
	struct racers racers = { .dir = *state };
	pid_t children[3];
	char results[2 * RACE];
	int ends[2];

	for (uint32_t i = 0; i < RACE; i++) {
		char source[8], operation[37];

		snprintf(source, sizeof(source), "s%u", i);
		snprintf(operation, sizeof(operation), "%08x-0000-4000-8000-000000000000", i);
		begin(s, source, operation, "", 0, STORE_NOTIFICATION_MAKING, true);
		make(s, 10 * i, 2);
	}
	store_close(s);
	assert_int_equal(pipe(ends), 0);
	racers.results = ends[1];
	for (size_t i = 0; i < ARRAY_LEN(children); i++)
		children[i] = start_child(take_all, &racers);
	for (size_t i = 0; i < ARRAY_LEN(children); i++)
		expect_success(children[i]);
	close(ends[1]);
	assert_int_equal(read(ends[0], results, sizeof(results)), RACE);
	close(ends[0]);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
	const struct CMUnitTest tests[] = {
		CASE(test_begun_once),	      CASE(test_made_by_who_has_it),
		CASE(test_order_of_making),   CASE(test_entries),
		CASE(test_delivery),	      CASE(test_deleted_is_not_delivered),
		CASE(test_order_of_delivery), CASE(test_collected),
		CASE(test_operations_stay),   CASE(test_two_take_different_ones),
		CASE(test_nodes),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_fini(&arena);
	return failed;
}
