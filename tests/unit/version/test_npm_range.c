/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_npm_range.c - the verdicts in tests/golden/version/npm-range.txt, and ranges as intervals.
 *
 * usage: test_npm_range FILE
 */
#include "version/npm_range.h"
#include "version/scheme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *file;
static struct arena arena = ARENA_INIT((size_t)1 << 24);

/* "[1.2.0, 2.0.0-0) [3.0.0, )" */
static struct slice print_intervals(struct slice range, const struct slice *except)
{
	struct slice text = SLICE_EMPTY;
	struct err err = ERR_INIT;
	struct npm_interval *at;
	enum status st;
	size_t n;

	st = npm_range_intervals(range, except, &arena, &at, &n, &err);
	if (st == STATUS_MALFORMED)
		return slice_cstr("none");
	assert_int_equal(st, STATUS_OK);
	for (size_t i = 0; i < n; i++)
		assert_true(arena_printf(&arena, &text, "%.*s%s[%.*s, %.*s)", SLICE_ARG(text), i > 0 ? " " : "",
					 SLICE_ARG(at[i].from), SLICE_ARG(at[i].to)));
	return text;
}

static void check(const char *range, const char *except, const char *want)
{
	struct slice minus = except ? slice_cstr(except) : SLICE_EMPTY;
	struct slice got = print_intervals(slice_cstr(range), except ? &minus : NULL);

	if (!slice_eq(got, slice_cstr(want)))
		fail_msg("%s without %s: %.*s", range, except ? except : "nothing", SLICE_ARG(got));
}

static void check_intervals(void **state)
{
	(void)state;
	check("^1.2", NULL, "[1.2.0, 2.0.0-0)");
	check(">1.2.3 <=2.0.0-rc.1", NULL, "[1.2.4-0, 2.0.0-rc.1.0)");
	check("1.2.3 || 1.2.4", NULL, "[1.2.3, 1.2.4-0) [1.2.4, 1.2.5-0)");
	check(">=2 || <1.0.0 || >=0.9.0 <2", NULL, "[, 2.0.0-0) [2.0.0, )");
	check(">=2.0.0 || <1.0.0 || >=0.9.0 <2.0.0", NULL, "[, )");
	check("*", NULL, "[, )");
	check("<0", NULL, "[, 0.0.0-0)");
	check(">3 <2", NULL, "");
	check("8.x || 7.x || 4.x", "^8.1.4 || ^7.10.1 || ^4.8.4", "[4.0.0, 4.8.4) [7.0.0, 7.10.1) [8.0.0, 8.1.4)");
	check("<= 10", "^6.14.4 || ^8.11.4 || >= 10.9.0", "[, 6.14.4) [7.0.0-0, 8.11.4) [9.0.0-0, 10.9.0)");
	check("4.x", "4.4.2", "[4.0.0, 4.4.2) [4.4.3-0, 5.0.0-0)");
	check("4.x", "*", "");
	check("4.x", "5.x", "[4.0.0, 5.0.0-0)");
	check("4.x", "no", "none");
	check("no", NULL, "none");
}

static bool lies_in(struct slice range, struct slice version)
{
	struct err err = ERR_INIT;
	struct npm_interval *at;
	bool in = false;
	size_t n;

	assert_int_equal(npm_range_intervals(range, NULL, &arena, &at, &n, &err), STATUS_OK);
	for (size_t i = 0; i < n; i++)
		in |= (at[i].from.len == 0 || version_scheme_semver.compare(version, at[i].from) >= 0) &&
		      (at[i].to.len == 0 || version_scheme_semver.compare(version, at[i].to) < 0);
	return in;
}

static void check_line(struct slice line, size_t count[3])
{
	struct slice word, range, version;

	assert_true(slice_cut(line, '\t', &word, &range));
	if (slice_eq(word, SLICE("invalid"))) {
		count[0]++;
		if (npm_range_valid(range) || npm_range_holds(range, SLICE("1.2.3")))
			fail_msg("\"%.*s\" is taken for a range", SLICE_ARG(range));
		return;
	}
	assert_true(slice_cut(range, '\t', &range, &version));
	count[slice_eq(word, SLICE("holds")) ? 1 : 2]++;
	if (!npm_range_valid(range) || npm_range_holds(range, version) != slice_eq(word, SLICE("holds")))
		fail_msg("\"%.*s\" and %.*s: not %.*s", SLICE_ARG(range), SLICE_ARG(version), SLICE_ARG(word));
	/* Of releases, both readings say the same. */
	if (!slice_has(version, SLICE("-")) && lies_in(range, version) != slice_eq(word, SLICE("holds")))
		fail_msg("\"%.*s\" and %.*s: the intervals do not say %.*s", SLICE_ARG(range), SLICE_ARG(version),
			 SLICE_ARG(word));
}

static void check_verdicts(void **state)
{
	char *line = NULL;
	size_t cap = 0, count[3] = { 0 };
	ssize_t n;
	FILE *f = fopen(file, "r");

	(void)state;
	assert_non_null(f);
	while ((n = getline(&line, &cap, f)) > 0) {
		struct slice text = slice_make(line, line[n - 1] == '\n' ? (size_t)n - 1 : (size_t)n);

		if (text.len > 0 && text.ptr[0] != '#')
			check_line(text, count);
	}
	fclose(f);
	free(line);
	assert_true(count[0] >= 20 && count[1] >= 40 && count[2] >= 30);
}

static void check_limits(void **state)
{
	static char text[NPM_RANGE_PART_MAX + 16];

	(void)state;
	memset(text, ' ', sizeof(text));
	text[0] = '1';
	text[sizeof(text) - 1] = '2';
	assert_true(npm_range_valid(slice_make(text, sizeof(text)))); /* blanks are one */
	memset(text, '1', sizeof(text));
	assert_false(npm_range_valid(slice_make(text, sizeof(text))));
	/* The second alternative begins anew. */
	text[NPM_RANGE_PART_MAX / 2] = text[NPM_RANGE_PART_MAX / 2 + 1] = '|';
	text[0] = '^';
	assert_false(npm_range_valid(slice_make(text, sizeof(text)))); /* too large a number */
	assert_false(npm_range_holds(SLICE("*"), SLICE("9007199254740992.0.0")));
	assert_true(npm_range_holds(SLICE("*"), SLICE("9007199254740991.0.0")));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_verdicts),
		cmocka_unit_test(check_intervals),
		cmocka_unit_test(check_limits),
	};
	int failed;

	file = argc > 1 ? argv[1] : "";
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return failed;
}
