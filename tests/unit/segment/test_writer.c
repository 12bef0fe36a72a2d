/* SPDX-License-Identifier: Apache-2.0 */
/* test_writer.c - what is written depends on the content alone, is written whole or not at all, and stays within its
 * caps. */
#include "support.h"

#include "io/file.h"

#include <stdio.h>
#include <unistd.h>

static void test_round_trip(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct arena arena = ARENA_INIT((size_t)1 << 28);
		struct advisory *list = make_advisories(seed, 200, &arena);
		struct segment *s = build(*state, list, 200);
		struct lines got, want;

		lines_of_segment(&got, s);
		lines_of_advisories(&want, list, 200);
		check_same_lines(&got, &want);
		check(segment_verify(s, &err));
		check(read_all(s));
		lines_fini(&got);
		lines_fini(&want);
		segment_free(s);
		arena_fini(&arena);
	}
}

static void test_order_does_not_matter(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct advisory *list = make_advisories(77, 300, &arena);
	struct digest first, again;

	segment_free(build_with(*state, list, 300, &limits_default, &first));
	for (uint64_t i = 0; i < 5; i++) {
		shuffle(list, 300, i);
		segment_free(build_with(*state, list, 300, &limits_default, &again));
		assert_true(digest_eq(&first, &again));
	}
	/* Said twice is said once. */
	memcpy(&list[200], &list[0], 100 * sizeof(*list));
	segment_free(build_with(*state, list, 200, &limits_default, &first));
	segment_free(build_with(*state, list, 300, &limits_default, &again));
	assert_true(digest_eq(&first, &again));
	assert_int_equal(folder_count(*state), 2);
	arena_fini(&arena);
}

/* Rows of one advisory in another order are the same rows. */
static void test_order_of_rows(void **state)
{
	const struct affected rows[] = { { .scope = S("b"), .package = S("p"), .arch = S("x") },
					 { .scope = S("a"), .package = S("q") },
					 { .scope = S("a"), .package = S("p"), .arch = S("y") },
					 { .scope = S("a"), .package = S("p"), .arch = S("x") } };
	const struct affected turned[] = { rows[3], rows[3], rows[0], rows[2], rows[1], rows[0] };
	const struct advisory a = { .id = S("X-1"), .affected = rows, .n_affected = ARRAY_LEN(rows), NO_DATES };
	const struct advisory b = { .id = S("X-1"), .affected = turned, .n_affected = ARRAY_LEN(turned), NO_DATES };
	struct digest first, second;
	struct segment *s = build_with(*state, &a, 1, &limits_default, &first);

	assert_int_equal(segment_get_stats(s)->rows, 4);
	assert_int_equal(segment_get_stats(s)->scopes, 2);
	segment_free(s);
	segment_free(build_with(*state, &b, 1, &limits_default, &second));
	assert_true(digest_eq(&first, &second));
}

static void test_content_decides(void **state)
{
	struct segment_meta other = meta;
	const struct advisory a = { .id = S("X-1"), NO_DATES };
	struct digest d[3];
	struct segment_stats stats;
	struct segment_writer *w;

	segment_free(build_with(*state, &a, 1, &limits_default, &d[0]));
	other.upstream_s++;
	for (size_t i = 1; i < 3; i++) {
		check(segment_writer_open(*state, &other, &limits_default, &w, &err));
		check(segment_writer_add(w, &a, &err));
		check(segment_writer_finish(w, &d[i], &stats, &err));
		other.source = SLICE("another");
	}
	assert_false(digest_eq(&d[0], &d[1]));
	assert_false(digest_eq(&d[1], &d[2]));
}

/* The same id with other content is another record; the same content under another id, too. */
static void test_same_id(void **state)
{
	const struct affected row = { .scope = S("s"), .package = S("p") };
	const struct advisory list[] = {
		{ .id = S("X-1"), .summary = S("one"), .affected = &row, .n_affected = 1, NO_DATES },
		{ .id = S("X-1"), .summary = S("two"), .affected = &row, .n_affected = 1, NO_DATES },
		{ .id = S("x-1"), .summary = S("one"), .affected = &row, .n_affected = 1, NO_DATES },
		{ .id = S("X-2"), .summary = S("one"), .affected = &row, .n_affected = 1, NO_DATES },
	};
	struct segment *s = build(*state, list, ARRAY_LEN(list));
	struct segment_rows rows;
	uint32_t found[8];
	size_t n;

	assert_int_equal(segment_get_stats(s)->advisories, 4);
	check(segment_find(s, SLICE("s"), SLICE("p"), &rows, &err));
	assert_int_equal(rows.n, 4);
	check(segment_by_alias(s, SLICE("X-1"), found, 8, &n, &err));
	assert_int_equal(n, 3);
	check(segment_verify(s, &err));
	segment_free(s);
}

static void test_withdrawn(void **state)
{
	const struct affected row = { .scope = S("s"), .package = S("p") };
	const struct advisory list[] = {
		{ .id = S("X-1"), .affected = &row, .n_affected = 1, .issued_s = 5, .modified_s = 6, .withdrawn_s = 7 },
		{ .id = S("X-2"),
		  .affected = &row,
		  .n_affected = 1,
		  .issued_s = -5,
		  .modified_s = DATE_NONE,
		  .withdrawn_s = DATE_NONE },
	};
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct segment *s = build(*state, list, 2);
	struct advisory a;
	uint32_t found;
	size_t n;

	assert_int_equal(segment_get_stats(s)->rows, 1);
	assert_int_equal(segment_get_stats(s)->advisories, 2);
	check(segment_by_alias(s, SLICE("x-1"), &found, 1, &n, &err));
	assert_int_equal(n, 1);
	check(segment_advisory(s, found, &arena, &a, &err));
	assert_int_equal(a.withdrawn_s, 7);
	assert_int_equal(a.issued_s, 5);
	assert_int_equal(a.modified_s, 6);
	check(segment_by_alias(s, SLICE("X-2"), &found, 1, &n, &err));
	check(segment_advisory(s, found, &arena, &a, &err));
	assert_int_equal(a.issued_s, -5);
	assert_int_equal(a.withdrawn_s, DATE_NONE);
	segment_free(s);
	arena_fini(&arena);
}

static void test_empty(void **state)
{
	struct segment *s = build(*state, NULL, 0);
	struct segment_rows rows;
	struct arena arena = ARENA_INIT(4096);
	struct affected row;
	uint32_t number;
	size_t n;

	check(segment_verify(s, &err));
	assert_int_equal(segment_get_stats(s)->advisories, 0);
	assert_int_equal(segment_scope(s, 0).len, 0);
	check(segment_find(s, SLICE("s"), SLICE("p"), &rows, &err));
	assert_int_equal(rows.n, 0);
	check(segment_scope_rows(s, SLICE(""), &rows, &err));
	assert_int_equal(rows.n, 0);
	check(segment_by_alias(s, SLICE("CVE-1"), &number, 1, &n, &err));
	assert_int_equal(n, 0);
	assert_int_equal(segment_row(s, 0, &arena, &row, &number, &err), STATUS_MALFORMED);
	assert_true(slice_eq(segment_get_meta(s)->source, meta.source));
	assert_true(slice_eq(segment_get_meta(s)->feed, meta.feed));
	assert_true(slice_eq(segment_get_meta(s)->origin, meta.origin));
	assert_int_equal(segment_get_meta(s)->upstream_s, 1700000000);
	segment_free(s);
}

/* What a list of advisories costs when caps are lowered: the writer says so and leaves nothing behind. */
static enum status write_capped(const char *dir, const struct limits *limits, const struct advisory *list, size_t n)
{
	struct segment_writer *w;
	struct segment_stats stats;
	struct digest d;
	enum status st = segment_writer_open(dir, &meta, limits, &w, &err);

	if (st != STATUS_OK)
		return st;
	for (size_t i = 0; i < n && st == STATUS_OK; i++)
		st = segment_writer_add(w, &list[i], &err);
	if (st == STATUS_OK)
		return segment_writer_finish(w, &d, &stats, &err);
	segment_writer_abort(w);
	return st;
}

static void test_caps(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct advisory *list = make_advisories(5, 100, &arena);
	struct limits limits = limits_default;

	limits.segment_text_bytes = 3000;
	check_fails(write_capped(*state, &limits, list, 100), STATUS_LIMIT, "longer than 3000 bytes");
	limits = limits_default;
	limits.segment_entries = 20;
	check_fails(write_capped(*state, &limits, list, 100), STATUS_LIMIT, "more than 20 rows, advisories or ids");
	assert_int_equal(folder_count(*state), 0);
	/* Exactly as much as there is. */
	limits = limits_default;
	limits.segment_entries = 3;
	check(write_capped(*state, &limits,
			   (struct advisory[]){
				   { .id = S("A"), NO_DATES }, { .id = S("B"), NO_DATES }, { .id = S("C"), NO_DATES } },
			   3));
	limits.segment_entries = 2;
	check_fails(write_capped(*state, &limits,
				 (struct advisory[]){ { .id = S("A"), NO_DATES },
						      { .id = S("B"), NO_DATES },
						      { .id = S("C"), NO_DATES } },
				 3),
		    STATUS_LIMIT, "more than 2");
	/* The empty text and "A", each with its length: 3 bytes. */
	limits = limits_default;
	limits.segment_text_bytes = 3;
	check(write_capped(*state, &limits, (struct advisory[]){ { .id = S("A"), NO_DATES } }, 1));
	limits.segment_text_bytes = 2;
	check_fails(write_capped(*state, &limits, (struct advisory[]){ { .id = S("A"), NO_DATES } }, 1), STATUS_LIMIT,
		    "longer than 2 bytes");
	arena_fini(&arena);
}

/* Rows that wait in a file and are merged give the bytes that rows in memory give, repeats among them. */
static void test_rows_in_a_file(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct advisory *list = make_advisories(78, 300, &arena);
	struct limits limits = limits_default;
	struct affected rows[11];
	struct advisory many = { .id = S("X-1"), .affected = rows, .n_affected = 10, NO_DATES };
	struct digest first, again;

	memcpy(&list[250], &list[0], 50 * sizeof(*list));
	segment_free(build_with(*state, list, 300, &limits, &first));
	for (uint64_t held = 1; held < 2000; held = held * 2 + 1) {
		limits.segment_rows_held = held;
		shuffle(list, 300, held);
		segment_free(build_with(*state, list, 300, &limits, &again));
		assert_true(digest_eq(&first, &again));
	}
	assert_int_equal(folder_count(*state), 1);
	/* The cap counts those in the file. */
	limits.segment_entries = 10;
	limits.segment_rows_held = 4;
	for (size_t i = 0; i < 11; i++)
		rows[i] = (struct affected){ .scope = S("s"),
					     .package = slice_make((const uint8_t *)"abcdefghijk" + i, 1) };
	check(write_capped(*state, &limits, &many, 1));
	many.n_affected = 11;
	check_fails(write_capped(*state, &limits, &many, 1), STATUS_LIMIT, "more than 10 rows");
	assert_int_equal(folder_count(*state), 2);
	arena_fini(&arena);
}

static void test_huge_body(void **state)
{
	struct advisory a = { .id = S("X-1"), NO_DATES };
	uint8_t *p = calloc(1, ((size_t)64 << 20) + 1);

	assert_non_null(p);
	a.description = slice_make(p, (size_t)64 << 20);
	check_fails(write_capped(*state, &limits_default, &a, 1), STATUS_LIMIT,
		    "an advisory is longer than 67108864 bytes");
	/* Much more than a block, but not too much. */
	a.description.len = (size_t)9 << 20;
	check(write_capped(*state, &limits_default, &a, 1));
	free(p);
}

/* More than are read at a time, neighbours in the file and ones that are far from each other. */
static void test_many_bodies(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct advisory *list = make_advisories(9, 1200, &arena);
	struct segment *s;
	struct lines got, want;

	shuffle(list, 1200, 9);
	s = build(*state, list, 1200);
	assert_true(segment_get_stats(s)->bytes > (uint64_t)16 << 20);
	lines_of_segment(&got, s);
	lines_of_advisories(&want, list, 1200);
	check_same_lines(&got, &want);
	check(segment_verify(s, &err));
	lines_fini(&got);
	lines_fini(&want);
	segment_free(s);
	arena_fini(&arena);
}

static void test_nothing_is_left(void **state)
{
	const struct advisory a = { .id = S("X-1"), NO_DATES };
	struct segment_writer *w;
	struct segment_stats stats;
	struct digest d;
	char missing[256], here[4200];

	check(segment_writer_open(*state, &meta, &limits_default, &w, &err));
	check(segment_writer_add(w, &a, &err));
	assert_int_equal(folder_count(*state), 0); /* the spill file has no name */
	segment_writer_abort(w);
	segment_writer_abort(NULL);
	assert_int_equal(folder_count(*state), 0);
	snprintf(missing, sizeof(missing), "%s/missing", (const char *)*state);
	check_fails(segment_writer_open(missing, &meta, &limits_default, &w, &err), STATUS_NOTFOUND,
		    "cannot make a temporary file in");
	/* The folder goes away between open and finish. */
	snprintf(here, sizeof(here), "%s/here", (const char *)*state);
	check(file_mkdirs(here, &err));
	check(segment_writer_open(here, &meta, &limits_default, &w, &err));
	check(segment_writer_add(w, &a, &err));
	assert_int_equal(rmdir(here), 0);
	check_fails(segment_writer_finish(w, &d, &stats, &err), STATUS_NOTFOUND, "cannot create");
}

/* The same content again: the file stays; a damaged one is replaced. */
static void test_written_again(void **state)
{
	const struct advisory a = { .id = S("X-1"), NO_DATES };
	struct digest d;
	struct segment *s;

	segment_free(build_with(*state, &a, 1, &limits_default, &d));
	write_file(*state, &d, SLICE("rubbish"));
	check_fails(segment_open(*state, &d, &s, &err), STATUS_MALFORMED, "not a segment");
	s = build(*state, &a, 1);
	check(segment_verify(s, &err));
	segment_free(s);
	assert_int_equal(folder_count(*state), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),	  TEST(test_order_does_not_matter),
		TEST(test_order_of_rows), TEST(test_content_decides),
		TEST(test_same_id),	  TEST(test_withdrawn),
		TEST(test_empty),	  TEST(test_caps),
		TEST(test_huge_body),	  TEST(test_nothing_is_left),
		TEST(test_written_again), TEST(test_rows_in_a_file),
		TEST(test_many_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
