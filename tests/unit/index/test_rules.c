/* SPDX-License-Identifier: Apache-2.0 */
/* test_rules.c - the compiled matcher of path rules. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/rules.h"

#include "fakes.h"

static struct rules *compile(void)
{
	struct rules *r = NULL;
	struct err err = ERR_INIT;
	size_t n;
	const struct detector *const *list = detectors(&n);

	assert_int_equal(rules_compile(list, n, &r, &err), STATUS_OK);
	return r;
}

/* Names of the detectors whose named rules want the path, in any order; the one for any file is left out. */
static size_t named(const struct rules *r, const char *path, const char **out)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t n = rules_match(r, slice_cstr(path), hits), kept = 0;

	for (size_t i = 0; i < n; i++)
		if (hits[i].rule->match != PATH_ANY_FILE)
			out[kept++] = hits[i].companion ? "companion" : hits[i].detector->name;
	return kept;
}

static void test_kinds_of_rules(void **state)
{
	static const struct {
		const char *path, *detector;
	} cases[] = {
		{ "db/status", "pkg" },
		{ "db/statu", NULL },
		{ "db/statuss", NULL },
		{ "x/db/status", NULL },
		{ "db/status.d/a", "pkg" },
		{ "db/status.d/a/b", NULL },
		{ "db/status.d", NULL },
		{ "a/b/x.info/META", "lang" },
		{ "x.info/META", "lang" },
		{ "x.info/METAX", NULL },
		{ "x.inf/META", NULL },
		{ "rpm/db", "pkg" },
		{ "rpm/db-wal", "companion" },
		{ "rpm/db-wa", NULL },
		{ "usr/lib/os-release", "os" },
		{ "liglob.so", "lang" },
		{ "a/libglob-2.so.1.2", "lang" },
		{ "a/libglo-2.so.1.2", NULL },
		{ "a/libglob-2.s", NULL },
		{ "libglob.so/x", NULL },
		{ "a/xlibglob.so", NULL },
		{ "xg", "lang" },
		{ "a/xg", "lang" },
		{ "a/xgg", NULL },
		{ "", NULL },
		{ "M", NULL },
		{ "META", NULL },
	};
	struct rules *r = compile();
	const char *names[RULE_HITS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = named(r, cases[i].path, names);

		assert_int_equal(n, cases[i].detector ? 1 : 0);
		if (cases[i].detector)
			assert_string_equal(names[0], cases[i].detector);
	}
	rules_free(r);
}

static void test_any_file(void **state)
{
	struct rules *r = compile();
	struct rule_hit hits[RULE_HITS_MAX];

	(void)state;
	assert_int_equal(rules_match(r, SLICE("some/where"), hits), 1);
	assert_string_equal(hits[0].detector->name, "bin");
	assert_int_equal(rules_match(r, SLICE("db/status"), hits), 2);
	rules_free(r);
}

static void test_rule_of_a_detector(void **state)
{
	struct rules *r = compile();

	(void)state;
	assert_non_null(rules_of(r, &fakes_pkg_detector, SLICE("db/status")));
	assert_null(rules_of(r, &fakes_os_detector, SLICE("db/status")));
	/* A rule for any file does not count: it would cover everything. */
	assert_null(rules_of(r, &fakes_bin_detector, SLICE("db/status")));
	assert_null(rules_of(r, &fakes_pkg_detector, SLICE("rpm/db-wal")));
	assert_ptr_equal(rules_detector(r, SLICE("os")), &fakes_os_detector);
	assert_null(rules_detector(r, SLICE("o")));
	rules_free(r);
}

static void test_owned_paths_that_are_kept(void **state)
{
	struct rules *r = compile();

	(void)state;
	assert_true(rules_may_be_owned(r, SLICE("usr/lib/x.info/META")));
	assert_true(rules_may_be_owned(r, SLICE("usr/bin/tool")));
	assert_true(rules_may_be_owned(r, SLICE("usr/bin/tool.real")));
	assert_false(rules_may_be_owned(r, SLICE("usr/share/doc/x/copyright")));
	assert_true(rules_may_be_owned(r, SLICE("usr/lib/libx.so.1")));
	assert_true(rules_may_be_owned(r, SLICE("usr/lib/x/plugin.so")));
	assert_false(rules_may_be_owned(r, SLICE("usr/lib/libx.a")));
	assert_false(rules_may_be_owned(r, SLICE("etc/passwd")));
	assert_false(rules_may_be_owned(r, SLICE("usr/lib/.build-id/3c/5e1d0e0a4b")));
	rules_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_of_rules),
		cmocka_unit_test(test_any_file),
		cmocka_unit_test(test_rule_of_a_detector),
		cmocka_unit_test(test_owned_paths_that_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
