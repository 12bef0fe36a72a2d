/* SPDX-License-Identifier: Apache-2.0 */
/* test_program_text.c - versions by the texts around them, and the table of programs. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/macros.h"
#include "index/package/program_text.h"
#include "index/rules.h"

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *name, *version;
		struct slice bytes;
	} cases[] = {
		{ "curl/{v}", "curl", "7.88.1", SLICE_INIT("curl/x curl/7.88.1") },
		{ "curl/{v}", "curl", NULL, SLICE_INIT("curl/7 curl/.1.2") },
		{ "curl/{v}", "curl", "7.88", SLICE_INIT("curl/7.88.") },
		{ "Qt {v} (", "q", NULL, SLICE_INIT("Qt 5.15.8") },
		{ "{v}-MariaDB", "m", "10.6.15", SLICE_INIT("x10.6.15-MariaDB") },
		{ "{v}-MariaDB", "m", NULL, SLICE_INIT("15-MariaDB") },
		{ "SSL {V}{b}{d}", "o", "1.1.1k", SLICE_INIT("SSL 3.0 legacy SSL 1.1.1k  25 Mar") },
		{ "SSL {V}", "o", "3.0.0-beta1", SLICE_INIT("SSL 3.0.0-beta1 ") },
		{ "{0}SQL {V} ", "p", "15beta4", SLICE_INIT("\0SQL 15 on\0SQL 15beta4 on") },
		{ "{0}SQL {V} ", "p", NULL, SLICE_INIT(" SQL 15.1 on") },
		{ "ruby {V} (", "r", "2.7.7p221", SLICE_INIT("ruby 2.7.7p221 (2022") },
		{ "{0}{n}{0}", "libpython3.11.so.1.0", "3.11.2", SLICE_INIT("\0003.1.1\0003.11.2\0") },
		{ "{0}{n}{0}", "python3.11", "3.11.0rc1", SLICE_INIT("\0003.110.2\0003.11.0rc1\0") },
		{ "{0}{n}{0}", "python3", NULL, SLICE_INIT("\0003.11.2\0") },
		{ "{v}{w}-{d}", "r", "4.0.11", SLICE_INIT("=4.0.11841ce7054bd9-1542359302") },
		{ "{v}build-{d}", "r", NULL, SLICE_INIT("7.0.14build-x") },
		{ "zip{&}{0}{v}{0}", "z", "1.12", SLICE_INIT("\0x\0001.12\0zip") },
		{ "zip{&}{0}{v}{0}", "z", NULL, SLICE_INIT("\0x\0001.12\0") },
		{ "one {v}{|}two {v}", "z", "1.2", SLICE_INIT("two 3.4 one 1.2") },
		{ "one {v}{|}two {v}", "z", "3.4", SLICE_INIT("two 3.4 one 1") },
		{ "HA {v}{~}, out 20", "h", "2.6.12", SLICE_INIT("HA 2.6.12-1+deb12u4, out 2026") },
		{ "{V}{~}follows", "h", "2.6.12", SLICE_INIT("1\0002.6.12-1\0\0\0follows") },
		{ "rustc {v} ({x} 20", "l", "1.48.0", SLICE_INIT("rustc 1.48.0 (7eac88abb 2020") },
		{ "rustc {v} ({x} 20", "l", NULL, SLICE_INIT("rustc 1.48.0 (7eac 2020") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice version = SLICE_EMPTY, name = slice_cstr(cases[i].name);
		bool found = program_text_find(cases[i].pattern, cases[i].bytes, name, NULL, &version);

		if (found != (cases[i].version != NULL) || !slice_eq(version, slice_cstr(cases[i].version)))
			fail_msg("%s: %.*s", cases[i].pattern, SLICE_ARG(version));
	}
}

/* A version is found wherever it lies in a large file: about the seams of the pieces that are searched, too. */
static void test_seams(void **state)
{
	const size_t piece = (size_t)4 << 20, size = 2 * piece + 100;
	static const char text[] = "\0007.8.9-MariaDB";
	uint8_t *bytes = calloc(1, size);
	struct slice version;

	(void)state;
	assert_non_null(bytes);
	for (size_t at = piece - 20; at < piece + 20; at++) {
		memcpy(bytes + at, text, sizeof(text));
		assert_true(program_text_find("{v}-MariaDB", slice_make(bytes, size), SLICE("m"), NULL, &version));
		assert_true(slice_eq(version, SLICE("7.8.9")));
		memset(bytes + at, 0, sizeof(text));
	}
	assert_false(program_text_find("{0}{v}{0}", slice_make(bytes, size), SLICE("m"), NULL, &version));
	free(bytes);
}

static void test_no_patterns(void **state)
{
	static const char *const bad[] = { "", "text", "{v}", "{v} {v}", "{q}{v}", "x{&}", "{0}{&}{v} x", "a{v}{|}b",
					   "a{0}b{0}c{0}d{0}e{0}f{0}g{v}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (program_text_valid(bad[i]))
			fail_msg("%s", bad[i]);
}

/* Every row's pattern can be found, and no file has the names of two rows: it would be listed twice. */
static void test_table(void **state)
{
	static const struct {
		const char *file, *pattern;
	} rows[] = {
#define PROGRAM(file, package, pattern) { file, pattern },
#define PROGRAM_SCRIPT(file, package, pattern) { file, pattern },
#define PROGRAM_OR(package, pattern) { NULL, pattern },
#include "index/package/programs.def"
	};
	static const char *const fill[] = { "", "x", "3.11", "-8" };
	const struct detector *const program = &detector_program;
	struct rule_hit hits[RULE_HITS_MAX];
	struct rules *r = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(rules_compile(&program, 1, &r, &err), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!program_text_valid(rows[i].pattern))
			fail_msg("%s", rows[i].pattern);
		for (size_t f = 0; rows[i].file && f < ARRAY_LEN(fill); f++) {
			char path[128] = "bin/";
			size_t n = 4;

			for (const char *c = rows[i].file; *c; c++) {
				const char *piece = *c == '*' ? fill[f] : (const char[]){ *c, '\0' };

				n += (size_t)snprintf(path + n, sizeof(path) - n, "%s", piece);
			}
			if (rules_match(r, slice_cstr(path), hits) != 1)
				fail_msg("%s: not one row's", path);
		}
	}
	rules_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_seams),
		cmocka_unit_test(test_no_patterns),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
