/* SPDX-License-Identifier: Apache-2.0 */
/* test_writers.c - long reports, outputs that fail, and what several documents are joined by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "made.h"
#include "report/units.h"

struct sink {
	struct buf buf;
	size_t largest, calls;
	size_t fail_at; /* call that fails; 0 = none */
};

static enum status take(void *ctx, struct slice bytes, struct err *err)
{
	struct sink *s = ctx;

	s->largest = MAX(s->largest, bytes.len);
	if (++s->calls == s->fail_at)
		return err_set(err, STATUS_IO, "the disk is full");
	buf_add(&s->buf, bytes);
	return STATUS_OK;
}

#define SINK                                                                                                           \
	{                                                                                                              \
		.buf = BUF_INIT((size_t)64 << 20)                                                                      \
	}

static size_t count(struct slice text, struct slice what)
{
	size_t n = 0, at;

	for (; (at = slice_find(text, what)) != SIZE_MAX; n++)
		text = slice_from(text, at + what.len);
	return n;
}

static const struct report_format *format(const char *name)
{
	const struct report_format *f = report_format_by_name(slice_cstr(name));

	assert_non_null(f);
	return f;
}

/* 2,000 findings: all are there, and the document goes out in pieces. */
static void test_many_findings(void **state)
{
	static const char *const names[] = { "table", "json", "clair" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct sink sink = SINK;
		struct report_out out = { .write = take, .ctx = &sink };
		struct err err = ERR_INIT;
		struct made m;

		made_many(&m, 2000);
		assert_int_equal(format(names[i])->vulnerabilities(&m.report, &m.options, &out, &err), STATUS_OK);
		assert_int_equal(sink.buf.failed, STATUS_OK);
		assert_int_equal(count(buf_slice(&sink.buf), SLICE("CVE-2025-")), 2000);
		assert_true(sink.largest < (size_t)128 << 10);
		if (i == 0)
			assert_true(slice_has(
				buf_slice(&sink.buf),
				SLICE("2000 vulnerabilities in 1 package: 333 Critical, 333 High, 333 Medium, "
				      "333 Low, 334 Negligible, 334 Unknown; 2000 with a fix")));
		made_fini(&m);
		buf_fini(&sink.buf);
	}
}

/* Every format goes out in pieces; code scanning gets the 5,000 most severe, and a word about the rest. */
static void test_more_than_anybody_takes(void **state)
{
	size_t n;
	const struct report_format *const *all = report_formats(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct sink sink = SINK;
		struct report_out out = { .write = take, .ctx = &sink };
		struct err err = ERR_INIT;
		struct made m;
		struct slice text;

		made_many(&m, 6000);
		if (all[i]->vulnerabilities)
			assert_int_equal(all[i]->vulnerabilities(&m.report, &m.options, &out, &err), STATUS_OK);
		text = buf_slice(&sink.buf);
		assert_true(sink.largest < (size_t)256 << 10);
		if (strcmp(all[i]->name, "sarif") == 0) {
			assert_int_equal(count(text, SLICE("\"ruleId\"")), 5000);
			assert_true(slice_has(text, SLICE("1000 of 6000 results were left out")));
			assert_true(slice_has(text, SLICE("CVE-2025-05999 (Critical)")));
			assert_false(slice_has(text, SLICE("CVE-2025-05994 (Unknown)")));
		}
		made_fini(&m);
		buf_fini(&sink.buf);
	}
}

static void test_ids_are_ordered_by_their_numbers(void **state)
{
	static const char *const in[] = { "CVE-2026-102633", "CVE-2026-24515", "CVE-2025-9",   "GHSA-10",
					  "GHSA-1a",	     "GHSA-2",	       "CVE-2026-2451" };
	static const char *const want[] = { "CVE-2025-9", "CVE-2026-2451", "CVE-2026-24515", "CVE-2026-102633",
					    "GHSA-1a",	  "GHSA-2",	   "GHSA-10" };
	struct err err = ERR_INIT;
	struct unit *units;
	struct made m;
	size_t n;

	(void)state;
	made_many(&m, ARRAY_LEN(in));
	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		m.report.findings.at[i].advisory.id = slice_cstr(in[i]);
		m.report.findings.at[i].severity = SEVERITY_LOW;
	}
	assert_int_equal(units_make(&m.report, &m.arena, &units, &n, &err), STATUS_OK);
	assert_int_equal(n, 1);
	assert_int_equal(units[0].n_lines, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (!slice_eq(units[0].lines[i].id, slice_cstr(want[i])))
			fail_msg("line %zu: %.*s, want %s", i, SLICE_ARG(units[0].lines[i].id), want[i]);
	made_fini(&m);
}

static void test_an_output_that_fails_ends_the_report(void **state)
{
	size_t n;
	const struct report_format *const *all = report_formats(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct sink sink = SINK;
		struct report_out out = { .write = take, .ctx = &sink };
		struct err err = ERR_INIT;
		struct made m;

		sink.fail_at = 1;
		assert_true(made_case("findings", &m));
		assert_true(all[i]->vulnerabilities || all[i]->index);
		if (all[i]->vulnerabilities) {
			assert_int_equal(all[i]->vulnerabilities(&m.report, &m.options, &out, &err), STATUS_IO);
			assert_int_equal(sink.calls, 1);
		}
		sink.calls = 0;
		if (all[i]->index)
			assert_int_equal(all[i]->index(&m.index, &m.options, &out, &err), STATUS_IO);
		made_fini(&m);
		buf_fini(&sink.buf);
	}
}

static void test_formats(void **state)
{
	size_t n;
	const struct report_format *const *all = report_formats(&n);

	(void)state;
	assert_true(n > 3);
	for (size_t i = 0; i < n; i++) {
		const char *version = "";

		assert_ptr_equal(report_format_find(slice_cstr(all[i]->name), &version), all[i]);
		assert_null(version);
	}
	assert_null(report_format_by_name(SLICE("nothing")));
	assert_null(report_format_by_name(SLICE("")));
	assert_string_equal(all[0]->name, "table");
	assert_string_equal(format("json")->join.open, "[\n");
	assert_string_equal(format("clair")->join.between, ",\n");
	assert_string_equal(format("table")->join.open, "");
}

static void test_failures_among_documents(void **state)
{
	struct sink sink = SINK;
	struct report_out out = { .write = take, .ctx = &sink };
	struct report_options options = { .now_s = MADE_NOW, .fail_on = SEVERITY_COUNT, .program_version = "1" };
	struct err err = ERR_INIT, why = ERR_INIT;

	(void)state;
	err_set(&why, STATUS_NOTFOUND, "there is no such file");
	assert_int_equal(format("table")->failure(SLICE("a\033[31m"), &why, &options, &out, &err), STATUS_OK);
	assert_true(slice_eq(buf_slice(&sink.buf), SLICE("a?[31m\nCOULD NOT BE SCANNED: there is no such file\n")));
	buf_reset(&sink.buf);
	assert_int_equal(format("json")->failure(SLICE("a"), &why, &options, &out, &err), STATUS_OK);
	assert_true(slice_has(buf_slice(&sink.buf), SLICE("\"schema\": \"limpid-failure/1\"")));
	assert_true(slice_has(buf_slice(&sink.buf), SLICE("\"error\": \"there is no such file\"")));
	buf_fini(&sink.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_findings),
		cmocka_unit_test(test_more_than_anybody_takes),
		cmocka_unit_test(test_ids_are_ordered_by_their_numbers),
		cmocka_unit_test(test_an_output_that_fails_ends_the_report),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_failures_among_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
