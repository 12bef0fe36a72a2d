/* SPDX-License-Identifier: Apache-2.0 */
/* test_sources.c - sources and update operations: one row per source, one operation per change of its segment. */
#include "support.h"

#include <stdio.h>
#include <string.h>

static void test_every_field(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source in = some_source("alpine-main-v3.9-updater", 5), out;

	check(store_source_put(s, &in, &err));
	check(store_source_get(s, in.name, &arena, &out, &err));
	check_source(&out, &in);
	store_close(s);
	s = place_open(*state);
	check(store_source_get(s, in.name, &arena, &out, &err));
	check_source(&out, &in);
	/* Every field at its other end. */
	in = (struct store_source){ .name = SLICE("empty"),
				    .last_attempt_s = -1,
				    .last_success_s = DATE_NONE,
				    .last_change_s = 0,
				     .next_s = DATE_NONE,
				    .records = INT64_MAX };
	in.document.algo = DIGEST_SHA512;
	memset(in.document.bytes, 0xcd, 64);
	check(store_source_put(s, &in, &err));
	check(store_source_get(s, in.name, &arena, &out, &err));
	check_source(&out, &in);
	store_close(s);
	arena_fini(&arena);
}

static void test_list(void **state)
{
	static const char *const names[] = { "b", "osv/rocky linux", "a", "B", "größe", "a\x01", "" };
	static const char *const sorted[] = { "", "B", "a", "a\x01", "b", "größe", "osv/rocky linux" };
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source *list, one;
	size_t n = 9;

	check(store_sources(s, &arena, &list, &n, &err));
	assert_int_equal(n, 0);
	for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {
		struct store_source in = some_source(names[i], i);

		check(store_source_put(s, &in, &err));
		in.records++;
		check(store_source_put(s, &in, &err)); /* replaced */
	}
	check(store_sources(s, &arena, &list, &n, &err));
	assert_int_equal(n, ARRAY_LEN(names));
	for (size_t i = 0; i < n; i++)
		check_slice(list[i].name, sorted[i]);
	check_fails(store_source_get(s, SLICE("c"), &arena, &one, &err), STATUS_NOTFOUND, "no source c");
	check_fails(store_source_get(s, SLICE("A"), &arena, &one, &err), STATUS_NOTFOUND, "no source A");
	store_close(s);
	arena_fini(&arena);
}

/* RFC 9562, version 4, variant 10. */
static bool is_uuid(const char *ref)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? ref[i] != '-' : hex_value((uint8_t)ref[i]) < 0)
			return false;
	}
	return ref[36] == '\0' && ref[14] == '4' && strchr("89ab", ref[19]);
}

static void test_publish(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source in = some_source("a", 1), out;
	struct store_operation *ops;
	char first[37], second[37], none[37] = "x";
	size_t n;

	check(store_publish(s, &in, first, &err));
	assert_true(is_uuid(first));
	/* The same segment again: the row is replaced, nothing happened. */
	in.records = 99;
	check(store_publish(s, &in, none, &err));
	assert_string_equal(none, "");
	check(store_source_get(s, in.name, &arena, &out, &err));
	check_source(&out, &in);
	clock_s += 60;
	in.segment = some_digest(2);
	in.etag = SLICE_EMPTY;
	check(store_publish(s, &in, second, &err));
	assert_true(is_uuid(second));
	assert_string_not_equal(first, second);
	check(store_operations(s, SLICE("a"), 10, &arena, &ops, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(ops[0].ref, second);
	assert_string_equal(ops[1].ref, first);
	assert_true(digest_eq(&ops[0].segment, &in.segment));
	check_slice(ops[0].source, "a");
	check_slice(ops[1].fingerprint, "\"etag\" Tue, 14 Nov 2023 22:13:20 GMT");
	check_slice(ops[0].fingerprint, "Tue, 14 Nov 2023 22:13:20 GMT");
	assert_int_equal(ops[1].date_s, 1700000000);
	assert_int_equal(ops[0].date_s, 1700000060);
	/* Back to the first one: that is a change, too. */
	in.segment = some_digest(1);
	check(store_publish(s, &in, first, &err));
	assert_true(is_uuid(first));
	/* A source without a segment has no operation. */
	in = some_source("b", 1);
	in.segment = (struct digest){ DIGEST_NONE, { 0 } };
	check(store_publish(s, &in, none, &err));
	assert_string_equal(none, "");
	check(store_operations(s, SLICE(""), 10, &arena, &ops, &n, &err));
	assert_int_equal(n, 3);
	store_close(s);
	arena_fini(&arena);
}

/* A put is no operation: only what was published is diffed against. */
static void test_put_is_no_operation(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source in = some_source("a", 1);
	struct store_operation *ops;
	size_t n = 9;

	check(store_source_put(s, &in, &err));
	check(store_operations(s, SLICE(""), 10, &arena, &ops, &n, &err));
	assert_int_equal(n, 0);
	store_close(s);
	arena_fini(&arena);
}

/* Each source as it was: a has operations at 1, 2 and 3 (the last one fails meanwhile), b at 3 alone. */
static void test_at(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source *list;
	int64_t start = clock_s;
	char ref[37];
	size_t n;

	for (uint32_t i = 1; i <= 3; i++) {
		struct store_source a = some_source("a", i), b = some_source("b", 9);

		clock_s = start + i;
		a.last_success_s = clock_s;
		a.error = i == 3 ? SLICE("it failed") : SLICE_EMPTY;
		check(store_publish(s, &a, ref, &err));
		if (i == 3)
			check(store_publish(s, &b, ref, &err));
	}
	for (uint32_t i = 0; i <= 4; i++) {
		struct digest want = some_digest(i < 3 ? i : 3), b = some_digest(9);

		check(store_sources_at(s, start + i, &arena, &list, &n, &err));
		assert_int_equal(n, 2);
		assert_int_equal(list[0].error.len, 0);
		if (i == 0)
			assert_int_equal(list[0].segment.algo, DIGEST_NONE);
		else
			assert_true(digest_eq(&list[0].segment, &want));
		if (i > 0)
			assert_int_equal(list[0].last_success_s, start + (i < 3 ? i : 3));
		assert_true(i < 3 ? list[1].segment.algo == DIGEST_NONE : digest_eq(&list[1].segment, &b));
	}
	store_close(s);
	arena_fini(&arena);
}

static void test_operations(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_operation *ops;
	uint64_t dropped;
	char ref[37];
	size_t n;

	/* a: 1 to 20; b: 100 to 102 */
	for (uint32_t i = 1; i <= 20; i++) {
		struct store_source a = some_source("a", i), b = some_source("b", 99 + i);

		clock_s++;
		check(store_publish(s, &a, ref, &err));
		if (i <= 3)
			check(store_publish(s, &b, ref, &err));
	}
	check(store_operations(s, SLICE("a"), 5, &arena, &ops, &n, &err));
	assert_int_equal(n, 5);
	for (uint32_t i = 0; i < 5; i++) {
		struct digest want = some_digest(20 - i);

		assert_true(digest_eq(&ops[i].segment, &want));
	}
	check(store_operations(s, SLICE(""), SIZE_MAX, &arena, &ops, &n, &err));
	assert_int_equal(n, 23);
	check(store_operations(s, SLICE("c"), 5, &arena, &ops, &n, &err));
	assert_int_equal(n, 0);
	check(store_operations(s, SLICE("a"), 0, &arena, &ops, &n, &err));
	assert_int_equal(n, 0);
	/* What was in force at a moment or later stays, however many there are: the 11th was until the 12th came. */
	check(store_operations_gc(s, 4, clock_s - 8, &dropped, &err));
	assert_int_equal(dropped, 10);
	check(store_operations(s, SLICE("a"), 99, &arena, &ops, &n, &err));
	assert_int_equal(n, 10);
	assert_int_equal(ops[9].segment.bytes[1], 11);
	check(store_operations_gc(s, 4, DATE_NONE, &dropped, &err));
	assert_int_equal(dropped, 6);
	check(store_operations(s, SLICE("a"), 99, &arena, &ops, &n, &err));
	assert_int_equal(n, 4);
	assert_int_equal(ops[3].segment.bytes[1], 17);
	check(store_operations(s, SLICE("b"), 99, &arena, &ops, &n, &err));
	assert_int_equal(n, 3);
	check(store_operations_gc(s, 4, DATE_NONE, &dropped, &err));
	assert_int_equal(dropped, 0);
	store_close(s);
	arena_fini(&arena);
}

static void test_read_only(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source in = some_source("a", 1), out;
	char ref[37] = "x";

	check(store_publish(s, &in, ref, &err));
	store_close(s);
	s = place_open_with(*state, (struct store_options){ .read_only = true });
	check(store_source_get(s, in.name, &arena, &out, &err));
	check_source(&out, &in);
	in.segment = some_digest(2);
	assert_int_not_equal(store_source_put(s, &in, &err), STATUS_OK);
	assert_int_not_equal(store_publish(s, &in, ref, &err), STATUS_OK);
	assert_string_equal(ref, "");
	check(store_source_get(s, in.name, &arena, &out, &err));
	assert_int_equal(out.segment.bytes[1], 1);
	store_close(s);
	arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_field), TEST(test_list),      TEST(test_publish), TEST(test_put_is_no_operation),
		TEST(test_operations),	TEST(test_read_only), TEST(test_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
