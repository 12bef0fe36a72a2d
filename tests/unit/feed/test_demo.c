/* SPDX-License-Identifier: Apache-2.0 */
/* test_demo.c - the demonstration's advisories (argv[1]) are read without a word of complaint. */
#include "format_print.h"

#include "io/file.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *path;

static void test_demo(void **state)
{
	static const char *const scopes[] = { "\"debian:12\"", "\"alpine:3.9\"", "\"pypi\"", "\"go\"", "\"npm\"" };
	struct buf text = BUF_INIT((size_t)4 << 20), out = BUF_INIT((size_t)4 << 20);
	struct err err = ERR_INIT;
	struct slice rest, line;
	size_t records = 0;

	(void)state;
	assert_int_equal(file_read(path, &text, &err), STATUS_OK);
	assert_true(format_print(format_by_name(SLICE("osv")), SLICE_EMPTY, buf_slice(&text), &limits_default, &out));
	rest = buf_slice(&out);
	while (slice_line(&rest, &line)) {
		if (slice_starts(line, SLICE("{\"diag\"")))
			fail_msg("%.*s", SLICE_ARG(line));
		if (!slice_starts(line, SLICE("{\"id\"")))
			continue;
		records++;
		/* Every one can be sorted by severity, read, and looked up. */
		if (slice_has(line, SLICE("\"severity\":\"Unknown\"")) || !slice_has(line, SLICE("\"summary\":")) ||
		    slice_has(line, SLICE("\"affected\":[]")))
			fail_msg("%.*s", SLICE_ARG(line));
	}
	assert_true(records >= 60);
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
		assert_true(slice_has(buf_slice(&out), slice_cstr(scopes[i])));
	buf_fini(&text);
	buf_fini(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_demo) };

	if (argc != 2)
		return 2;
	path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
