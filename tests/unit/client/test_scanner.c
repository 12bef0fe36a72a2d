/* SPDX-License-Identifier: Apache-2.0 */
/* test_scanner.c - rows, whitelists, verdicts and the table of clair-scanner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client/scanner.h"

static struct arena arena;

static int begin(void **state)
{
	(void)state;
	arena = (struct arena)ARENA_INIT((size_t)64 << 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void assert_text(struct slice got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr ? got.ptr : (const uint8_t *)"", want, got.len);
}

/* ---- rows ---- */

static const char v4[] =
	"{\"manifest_hash\":\"sha256:00\",\"packages\":{"
	"\"1\":{\"name\":\"libssl\",\"version\":\"1-r1\",\"source\":{\"name\":\"openssl\",\"version\":\"1-r0\"}},"
	"\"2\":{\"name\":\"libcrypto\",\"version\":\"1-r2\",\"source\":{\"name\":\"openssl\",\"version\":\"1-r0\"}},"
	"\"3\":{\"name\":\"musl\",\"version\":\"2\"},\"4\":{\"name\":\"musl\",\"version\":\"3\"}},"
	"\"vulnerabilities\":{"
	"\"a\":{\"name\":\"CVE-1\",\"package\":{\"name\":\"openssl\"},\"normalized_severity\":\"Low\","
	"\"distribution\":{\"did\":\"alpine\"},\"fixed_in_version\":\"2\"},"
	"\"b\":{\"name\":\"CVE-2\",\"package\":{\"name\":\"musl\"},\"normalized_severity\":\"Critical\"},"
	"\"c\":{\"name\":\"CVE-3\",\"package\":{\"name\":\"other\"},\"normalized_severity\":\"Serious\"}},"
	"\"package_vulnerabilities\":{\"1\":[\"a\"],\"2\":[\"a\"],\"3\":[\"b\"],\"4\":[\"b\",\"c\"]},"
	"\"coverage\":{\"complete\":false,\"items\":[{\"code\":\"no-feed\",\"detail\":\"none\"},"
	"{\"code\":\"covered\",\"detail\":\"all\"}]}}";

static void read_v4(struct scanner_rows *rows)
{
	struct err err = ERR_INIT;

	assert_int_equal(scanner_rows_v4(slice_cstr(v4), &limits_default, &arena, rows, &err), STATUS_OK);
}

/* One row for a source with one version, whatever was built from it; one for each version that is installed. */
static void test_rows_v4(void **state)
{
	static const struct {
		const char *id, *feature, *version, *space, *fix;
		unsigned rank;
	} want[] = { { "CVE-1", "openssl", "1-r0", "alpine", "2", 5 },
		     { "CVE-2", "musl", "2", "", "", 2 },
		     { "CVE-2", "musl", "3", "", "", 2 },
		     { "CVE-3", "other", "", "", "", SCANNER_RANK_UNKNOWN_WORD } };
	struct scanner_rows rows;

	(void)state;
	read_v4(&rows);
	assert_int_equal(rows.n, ARRAY_LEN(want));
	assert_int_equal(rows.features, 4);
	for (size_t i = 0; i < rows.n; i++) {
		assert_text(rows.at[i].id, want[i].id);
		assert_text(rows.at[i].feature, want[i].feature);
		assert_text(rows.at[i].version, want[i].version);
		assert_text(rows.at[i].space, want[i].space);
		assert_text(rows.at[i].fix, want[i].fix);
		assert_int_equal(rows.at[i].rank, want[i].rank);
	}
	assert_int_equal(rows.n_incomplete, 1);
	assert_text(rows.incomplete[0], "none");
	scanner_rows_free(&rows);
}

static void test_rows_refused(void **state)
{
	static const char *const not_v4[] = { "", "[]", "{}", "<html>", "{\"manifest_hash\":1}" };
	static const char *const not_v1[] = { "", "null", "{}", "{\"Layer\":[]}", "{\"Layer\"" };
	struct scanner_rows rows;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(not_v4); i++)
		assert_int_equal(scanner_rows_v4(slice_cstr(not_v4[i]), &limits_default, &arena, &rows, &err),
				 STATUS_MALFORMED);
	for (size_t i = 0; i < ARRAY_LEN(not_v1); i++)
		assert_int_equal(scanner_rows_v1(slice_cstr(not_v1[i]), &limits_default, &arena, &rows, &err),
				 STATUS_MALFORMED);
	assert_int_equal(scanner_rows_v1(SLICE("{\"Error\":{\"Message\":\"no such\\u001b layer\"}}"), &limits_default,
					 &arena, &rows, &err),
			 STATUS_REMOTE);
	assert_string_equal(err.msg, "no such\\x1b layer");
}

/* ---- the whitelist ---- */

static size_t odd_keys;

static void odd(void *ctx, struct slice key, unsigned line)
{
	(void)ctx;
	assert_text(key, "generalWhitelist");
	assert_int_equal(line, 5);
	odd_keys++;
}

static void test_whitelist(void **state)
{
	static const char text[] = "generalwhitelist:\n  CVE-2: why\nimages:\n  registry:5000/alpine: {CVE-1: x}\n"
				   "generalWhitelist: {CVE-3: x}\n";
	struct scanner_whitelist w;
	struct scanner_rows rows;
	struct err err = ERR_INIT;

	(void)state;
	odd_keys = 0;
	assert_int_equal(scanner_whitelist_parse(slice_cstr(text), &limits_default, &arena, odd, NULL, &w, &err),
			 STATUS_OK);
	assert_int_equal(odd_keys, 1);
	read_v4(&rows);
	assert_int_equal(scanner_judge(&rows, SLICE("registry:5000/alpine:3.9"), &w, 7, &arena, &err), STATUS_OK);
	assert_int_equal(rows.n_unapproved, 1);
	assert_text(rows.unapproved[0], "CVE-3");
	assert_int_equal(scanner_judge(&rows, SLICE("registry"), &w, 7, &arena, &err), STATUS_OK);
	assert_int_equal(rows.n_unapproved, 2);
	/* An unknown word counts as worse than everything: it is above every threshold. */
	assert_int_equal(scanner_judge(&rows, SLICE("registry"), &w, 1, &arena, &err), STATUS_OK);
	assert_int_equal(rows.n_unapproved, 1);
	assert_false(rows.at[1].unapproved);
	assert_true(rows.at[3].unapproved);
	scanner_rows_free(&rows);
}

static void test_whitelist_bad(void **state)
{
	static const struct {
		const char *text;
		enum status status;
	} cases[] = { { "", STATUS_OK },
		      { "generalwhitelist:\nimages:\n", STATUS_OK },
		      { "images:\n  alpine:\n", STATUS_OK },
		      { "generalwhitelist: [CVE-1]", STATUS_MALFORMED },
		      { "generalwhitelist: CVE-1", STATUS_MALFORMED },
		      { "images: [alpine]", STATUS_MALFORMED },
		      { "images: {alpine: [CVE-1]}", STATUS_MALFORMED },
		      { "- a", STATUS_MALFORMED },
		      { "generalwhitelist: [1, 2\n", STATUS_MALFORMED } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct scanner_whitelist w;
		struct err err = ERR_INIT;

		assert_int_equal(scanner_whitelist_parse(slice_cstr(cases[i].text), &limits_default, &arena, NULL, NULL,
							 &w, &err),
				 cases[i].status);
		if (cases[i].status != STATUS_OK)
			assert_non_null(strstr(err.msg, "line "));
	}
}

static void test_image_names(void **state)
{
	static const char *const names[][2] = { { "alpine", "alpine" },
						{ "alpine:3.9", "alpine" },
						{ "localhost:5000/alpine", "localhost:5000/alpine" },
						{ "localhost:5000/a/b:1", "localhost:5000/a/b" },
						{ "a@sha256:00", "a" },
						{ "r:1/a:2@sha256:00", "r:1/a" },
						{ "", "" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_text(scanner_image_name(slice_cstr(names[i][0])), names[i][1]);
}

/* ---- the table: what tablewriter 0.0.5 printed for the same cells ---- */

static const char tablewriter[] =
	"+------------+----------------------+--------------+-----------------+--------------------------------+\n"
	"| STATUS     | CVE SEVERITY         | PACKAGE NAME | PACKAGE VERSION | CVE DESCRIPTION                |\n"
	"+------------+----------------------+--------------+-----------------+--------------------------------+\n"
	"| Unapproved | High CVE-2019-14697  | musl         | 1.1.20-r4       | musl libc x87                  |\n"
	"|            |                      |              |                 | https://e.invalid/1            |\n"
	"+------------+----------------------+--------------+-----------------+--------------------------------+\n"
	"| Unapproved | Medium CVE-2019-1549 | openssl      | 1.1.1b-r1       | OpenSSL 1.1.1 introduced       |\n"
	"|            |                      |              |                 | a rewritten random number      |\n"
	"|            |                      |              |                 | generator (RNG). This was      |\n"
	"|            |                      |              |                 | intended to include protection |\n"
	"|            |                      |              |                 | in the event of a fork()       |\n"
	"|            |                      |              |                 | system call                    |\n"
	"+------------+----------------------+--------------+-----------------+--------------------------------+\n"
	"| Approved   | Low CVE-1            | 日本         | 1               |  two  blanks                   |\n"
	"|            |                      |              |                 |                                |\n"
	"+------------+----------------------+--------------+-----------------+--------------------------------+\n";

static void test_table(void **state)
{
	struct scanner_row at[] = {
		{ SLICE("日本"), SLICE("1"), SLICE("CVE-1"), SLICE(""), SLICE(" two  blanks "), SLICE(""), SLICE("Low"),
		  SLICE(""), 5, false },
		{ SLICE("openssl"), SLICE("1.1.1b-r1"), SLICE("CVE-2019-1549"), SLICE(""),
		  SLICE("OpenSSL 1.1.1 introduced a rewritten random number generator (RNG). This was intended to "
			"include protection\nin the event of a fork() system call"),
		  SLICE(""), SLICE("Medium"), SLICE(""), 4, true },
		{ SLICE("musl"), SLICE("1.1.20-r4"), SLICE("CVE-2019-14697"), SLICE(""), SLICE("musl libc x87"),
		  SLICE("https://e.invalid/1"), SLICE("High"), SLICE(""), 3, true },
	};
	struct scanner_rows rows = { .at = at, .n = ARRAY_LEN(at) };
	struct buf AUTO(buf_fini) out = BUF_INIT(65536);
	struct err err = ERR_INIT;
	size_t *order, n;

	(void)state;
	assert_int_equal(scanner_order(&rows, true, &arena, &order, &n, &err), STATUS_OK);
	assert_int_equal(scanner_table(&rows, order, n, false, &out, &err), STATUS_OK);
	assert_text(buf_slice(&out), tablewriter);
	assert_int_equal(scanner_order(&rows, false, &arena, &order, &n, &err), STATUS_OK);
	assert_int_equal(n, 2);
}

/* Nothing in an advisory steers a terminal. */
static void test_table_clean(void **state)
{
	struct scanner_row at[] = { { SLICE("a\033[2J"), SLICE("1\r"), SLICE("C\tV"), SLICE(""), SLICE("x\033]0;y\007"),
				      SLICE(""), SLICE("Low"), SLICE(""), 5, true } };
	struct scanner_rows rows = { .at = at, .n = 1 };
	struct buf AUTO(buf_fini) out = BUF_INIT(65536);
	struct err err = ERR_INIT;
	size_t order[] = { 0 };

	(void)state;
	assert_int_equal(scanner_table(&rows, order, 1, false, &out, &err), STATUS_OK);
	assert_int_equal(slice_find_byte(buf_slice(&out), 033), SIZE_MAX);
	assert_int_equal(slice_find_byte(buf_slice(&out), 007), SIZE_MAX);
	assert_int_equal(slice_find_byte(buf_slice(&out), '\r'), SIZE_MAX);
	assert_true(slice_has(buf_slice(&out), SLICE("| a?[2J ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_v4, begin, end),
		cmocka_unit_test_setup_teardown(test_rows_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_whitelist, begin, end),
		cmocka_unit_test_setup_teardown(test_whitelist_bad, begin, end),
		cmocka_unit_test_setup_teardown(test_image_names, begin, end),
		cmocka_unit_test_setup_teardown(test_table, begin, end),
		cmocka_unit_test_setup_teardown(test_table_clean, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
