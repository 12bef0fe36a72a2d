/* SPDX-License-Identifier: Apache-2.0 */
/* test_set.c - the segments in force, opened together; what is broken or missing is told and kept as broken. */
#include "support.h"

#include <stdio.h>

struct told {
	size_t n;
	char where[64], text[600];
};

static void on_diag(void *ctx, const struct diag *d)
{
	struct told *t = ctx;

	t->n++;
	snprintf(t->where, sizeof(t->where), "%.*s", SLICE_ARG(d->where));
	snprintf(t->text, sizeof(t->text), "%.*s", SLICE_ARG(d->text));
}

static struct digest write_one(const char *dir, const char *source, const char *scope, const char *id)
{
	const struct affected row = { .scope = slice_cstr(scope), .package = S("p") };
	const struct advisory a = { .id = slice_cstr(id), .affected = &row, .n_affected = 1, NO_DATES };
	const struct segment_meta of = { .source = slice_cstr(source), .upstream_s = DATE_NONE };
	struct segment_writer *w;
	struct segment_stats stats;
	struct digest d;

	check(segment_writer_open(dir, &of, &limits_default, &w, &err));
	check(segment_writer_add(w, &a, &err));
	check(segment_writer_finish(w, &d, &stats, &err));
	return d;
}

static void test_set(void **state)
{
	struct digest missing = { DIGEST_SHA256, { 7 } }, broken = write_one(*state, "broken", "pypi", "P-1");
	char name[] = "source-0";
	struct segment_set_entry entries[] = {
		{ slice_cstr(name), S("debian"), write_one(*state, "source-0", "debian:12", "D-1"), 100, false },
		{ S("missing"), S(""), missing, 200, true },
		{ S("go"), S("osv"), write_one(*state, "go", "go", "G-1"), DATE_NONE, false },
		{ S("broken"), S("osv"), broken, 300, false },
		{ S("npm"), S("osv"), write_one(*state, "\x1b[31mpypi", "npm", "N-1"), 300, false },
		{ S("never"), S("osv"), { DIGEST_NONE, { 0 } }, DATE_NONE, true }, /* no reason to tell anything */
	};
	struct told told = { 0 };
	struct diag_sink sink = { on_diag, &told };
	const struct segment_set_entry *e;
	struct segment_set *set;

	write_file(*state, &broken, SLICE("LIMPSEG1 but not much more"));
	check(segment_set_open(*state, entries, ARRAY_LEN(entries), &sink, &set, &err));
	memset(name, 'x', sizeof(name) - 1); /* entries are copied */
	memset(entries, 0, sizeof(entries));
	assert_int_equal(told.n, 3);
	assert_string_equal(told.where, "npm");
	assert_non_null(strstr(told.text, ".seg: the segment is of another source, \"\\x1b[31mpypi\""));
	assert_int_equal(segment_set_count(set), 6);
	assert_non_null(segment_set_at(set, 0, &e));
	assert_true(slice_eq(e->source, SLICE("source-0")));
	assert_int_equal(e->updated_s, 100);
	assert_null(segment_set_at(set, 1, &e));
	assert_true(slice_eq(e->source, SLICE("missing")));
	assert_true(e->failed);
	assert_true(digest_eq(&e->digest, &missing));
	assert_null(segment_set_at(set, 3, &e));
	assert_true(slice_eq(e->feed, SLICE("osv")));
	assert_non_null(strstr((const char *)segment_set_why(set, 3).ptr, "not a segment"));
	assert_null(segment_set_at(set, 4, &e));
	assert_true(slice_eq(e->source, SLICE("npm")));
	assert_null(segment_set_at(set, 5, &e));
	assert_true(slice_eq(e->source, SLICE("never")));
	assert_true(segment_set_has_scope(set, SLICE("debian:12")));
	assert_true(segment_set_has_scope(set, SLICE("go")));
	assert_false(segment_set_has_scope(set, SLICE("pypi")));
	assert_false(segment_set_has_scope(set, SLICE("npm")));
	assert_false(segment_set_has_scope(set, SLICE("debian:1")));
	segment_set_free(set);
}

static void test_none(void **state)
{
	struct diag_sink quiet = { NULL, NULL };
	struct segment_set *set;

	check(segment_set_open(*state, NULL, 0, &quiet, &set, &err));
	assert_int_equal(segment_set_count(set), 0);
	assert_false(segment_set_has_scope(set, SLICE("go")));
	segment_set_free(set);
	segment_set_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_set), TEST(test_none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
