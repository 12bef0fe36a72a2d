/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_reference.c - names of images against the verdicts of github.com/distribution/reference v0.6.0
 * (ParseNormalizedNamed, then TagNameOnly).
 *
 * usage: test_reference tests/golden/reference/cases
 * A line: INPUT, tab, "!" if it is refused, else host, path, tag and digest, separated by tabs.
 */
#include "image/reference.h"

#include "base/buf.h"
#include "io/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *cases;

static bool check(struct slice line, struct arena *arena)
{
	struct slice input, host, path, tag, rest = line, digest;
	struct digest_text text;
	struct reference r;
	struct err err = ERR_INIT;
	bool refused, ok;

	slice_cut(rest, '\t', &input, &rest);
	slice_cut(rest, '\t', &host, &rest);
	slice_cut(rest, '\t', &path, &rest);
	slice_cut(rest, '\t', &tag, &digest);
	refused = slice_eq(host, SLICE("!"));
	if (reference_parse(input, arena, &r, &err) != STATUS_OK) {
		if (!refused)
			printf("%.*s: refused: %s\n", SLICE_ARG(input), err.msg);
		return refused && err.code == STATUS_INVALID;
	}
	ok = !refused && slice_eq(r.host, host) && slice_eq(r.path, path) && slice_eq(r.tag, tag) &&
	     slice_eq(slice_cstr(digest_print(&text, &r.digest)), digest);
	if (!ok)
		printf("%.*s: host %.*s, path %.*s, tag %.*s\n", SLICE_ARG(input), SLICE_ARG(r.host), SLICE_ARG(r.path),
		       SLICE_ARG(r.tag));
	return ok;
}

static void test_verdicts(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf text = BUF_INIT((size_t)1 << 20);
	struct err err = ERR_INIT;
	struct slice rest, line;
	size_t n = 0, wrong = 0;

	(void)state;
	assert_int_equal(file_read(cases, &text, &err), STATUS_OK);
	for (rest = buf_slice(&text); slice_line(&rest, &line); n++)
		wrong += !check(line, &arena);
	assert_true(n > 100);
	assert_int_equal(wrong, 0);
	buf_fini(&text);
	arena_fini(&arena);
}

static void test_printed(void **state)
{
	struct arena arena = ARENA_INIT(4096);
	struct buf text = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct reference r;

	(void)state;
	assert_int_equal(reference_parse(SLICE("alpine"), &arena, &r, &err), STATUS_OK);
	reference_print(&r, &text);
	assert_true(slice_eq(buf_slice(&text), SLICE("docker.io/library/alpine:latest")));
	buf_fini(&text);
	arena_fini(&arena);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_verdicts), cmocka_unit_test(test_printed) };

	if (argc != 2)
		return 2;
	cases = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
