/* SPDX-License-Identifier: Apache-2.0 */
/* test_notices.c - notices: put once, sent by who has them, again until they are dealt with, dropped when old. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#define A "aaaaaaaa-0000-8000-8000-000000000001"
#define B "bbbbbbbb-0000-8000-8000-000000000002"
#define C "cccccccc-0000-8000-8000-000000000003"

static struct arena arena = ARENA_INIT((size_t)64 << 20);

static void put(struct store *s, const char *id, const char *body)
{
	struct store_notice n = { .body = slice_cstr(body) };

	snprintf(n.id, sizeof(n.id), "%s", id);
	check(store_notices_put(s, &n, 1, &err));
}

static struct store_notice take(struct store *s, const char *want)
{
	struct store_notice n;
	int64_t next_s;

	check(store_notice_take(s, 10, 0, &n, &next_s, &err));
	assert_string_equal(n.id, want);
	return n;
}

static void expect_none(struct store *s, int64_t want_next_s)
{
	struct store_notice n;
	int64_t next_s = 0;

	check_fails(store_notice_take(s, 10, 0, &n, &next_s, &err), STATUS_NOTFOUND, "no notice is due");
	assert_int_equal(next_s, want_next_s);
}

static struct store_notice get(struct store *s, const char *id)
{
	struct store_notice n;

	check(store_notice_get(s, slice_cstr(id), &arena, &n, &err));
	return n;
}

static void test_put_once(void **state)
{
	struct store *s = place_open(*state);
	struct store_notice n;

	expect_none(s, DATE_NONE);
	put(s, A, "{\"one\":1}");
	clock_s++;
	put(s, A, "{\"two\":2}");
	put(s, B, "");
	store_close(s);
	s = place_open(*state);
	n = get(s, A);
	check_slice(n.body, "{\"one\":1}");
	assert_int_equal(n.created_s, clock_s - 1);
	assert_int_equal(n.notified_s, 0);
	assert_int_equal(n.deleted_s, 0);
	check_slice(get(s, B).body, "");
	check_fails(store_notice_get(s, SLICE(C), &arena, &n, &err), STATUS_NOTFOUND, "there is no notice " C);
	store_close(s);
}

/* As many as go at once; those that are there stay as they are. */
static void test_put_many(void **state)
{
	struct store *s = place_open(*state);
	struct store_notice list[STORE_NOTICES_PUT];

	for (size_t i = 0; i < STORE_NOTICES_PUT; i++) {
		list[i] = (struct store_notice){ .body = SLICE("many") };
		snprintf(list[i].id, sizeof(list[i].id), "%08zx-0000-8000-8000-000000000000", i);
	}
	put(s, list[1].id, "one");
	check(store_notices_put(s, list, STORE_NOTICES_PUT, &err));
	check_slice(get(s, list[0].id).body, "many");
	check_slice(get(s, list[1].id).body, "one");
	check_slice(get(s, list[STORE_NOTICES_PUT - 1].id).body, "many");
	store_close(s);
}

static void test_again_until_deleted(void **state)
{
	struct store *s = place_open(*state), *other = place_open(*state);
	struct store_notice n;

	put(s, A, "a");
	clock_s++;
	put(s, B, "b");
	/* The older one first; while one has it, no other does. */
	n = take(s, A);
	assert_int_equal(n.attempts, 1);
	assert_int_equal(n.failures, 0);
	take(other, B);
	expect_none(other, clock_s + 10);
	/* It was not taken by its receiver: again after a pause. */
	check(store_notice_end(s, &n, false, clock_s + 100, &err));
	check_fails(store_notice_end(s, &(struct store_notice){ .number = n.number, .attempts = 2 }, true, 0, &err),
		    STATUS_CONFLICT, "another one has taken it");
	clock_s += 100;
	check(store_notice_delete(s, SLICE(B), &err));
	n = take(other, A);
	assert_int_equal(n.attempts, 2);
	assert_int_equal(n.failures, 1);
	/* Then it is: again unless it is dealt with. */
	check(store_notice_end(other, &n, true, clock_s + 7200, &err));
	assert_int_equal(get(s, A).notified_s, clock_s);
	assert_int_equal(get(s, A).failures, 0);
	expect_none(s, clock_s + 7200);
	clock_s += 7200;
	n = take(s, A);
	assert_int_equal(n.attempts, 3);
	/* Dealt with while it is sent once more. */
	check(store_notice_delete(other, SLICE(A), &err));
	assert_int_equal(get(s, A).deleted_s, clock_s);
	check_fails(store_notice_end(s, &n, true, clock_s, &err), STATUS_CONFLICT, "was deleted");
	clock_s += 100;
	check(store_notice_delete(other, SLICE(A), &err));
	assert_int_equal(get(s, A).deleted_s, clock_s - 100);
	check_fails(store_notice_delete(s, SLICE(C), &err), STATUS_NOTFOUND, "there is no notice");
	expect_none(s, DATE_NONE);
	store_close(s);
	store_close(other);
}

static void test_taken_over(void **state)
{
	struct store *s = place_open(*state), *other = place_open(*state);
	struct store_notice first, second;

	put(s, A, "a");
	first = take(s, A);
	clock_s += 9;
	check(store_notice_hold(s, &first, 10, &err));
	clock_s += 9;
	expect_none(other, clock_s + 1);
	clock_s += 1;
	second = take(other, A);
	/* Who was thought dead changes nothing. */
	check_fails(store_notice_hold(s, &first, 10, &err), STATUS_CONFLICT, "another one has taken it");
	check_fails(store_notice_end(s, &first, true, clock_s + 1, &err), STATUS_CONFLICT, "another one has taken it");
	check(store_notice_end(other, &second, true, clock_s + 50, &err));
	store_close(s);
	store_close(other);
}

static void test_collected(void **state)
{
	struct store *s = place_open(*state);
	uint64_t dropped, unread;

	put(s, A, "a");
	put(s, B, "b");
	check(store_notice_delete(s, SLICE(A), &err));
	clock_s += 100;
	put(s, C, "c");
	check(store_notices_gc(s, clock_s - 100, clock_s - 100, 10, &dropped, &unread, &err));
	assert_int_equal(dropped + unread, 0);
	check(store_notices_gc(s, clock_s - 99, clock_s - 99, 10, &dropped, &unread, &err));
	assert_int_equal(dropped, 1);
	assert_int_equal(unread, 1);
	take(s, C);
	expect_none(s, clock_s + 10);
	store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_put_once), TEST(test_put_many), TEST(test_again_until_deleted),
					    TEST(test_taken_over), TEST(test_collected) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
