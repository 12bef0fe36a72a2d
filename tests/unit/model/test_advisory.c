/* SPDX-License-Identifier: Apache-2.0 */
/* test_advisory.c - names of severities, names of coverage codes, and copies that stand on their own. */
#include "model/advisory.h"
#include "model/vulnerability_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Clair's six words, least first. */
static void test_severities(void **state)
{
	static const char *const names[] = { "Unknown", "Negligible", "Low", "Medium", "High", "Critical" };
	enum severity s;

	(void)state;
	assert_int_equal(ARRAY_LEN(names), SEVERITY_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_string_equal(severity_name((enum severity)i), names[i]);
		s = SEVERITY_COUNT;
		assert_true(severity_by_name(slice_cstr(names[i]), &s));
		assert_int_equal(s, i);
	}
	assert_true(SEVERITY_UNKNOWN < SEVERITY_NEGLIGIBLE && SEVERITY_HIGH < SEVERITY_CRITICAL);
	assert_true(severity_by_name(SLICE("cRITICAL"), &s));
	assert_int_equal(s, SEVERITY_CRITICAL);
	assert_true(severity_by_name(SLICE("MEDIUM"), &s));
	assert_int_equal(s, SEVERITY_MEDIUM);
	assert_false(severity_by_name(SLICE(""), &s));
	assert_false(severity_by_name(SLICE("Important"), &s)); /* each source folds its own words */
	assert_false(severity_by_name(SLICE("Criticall"), &s));
	assert_false(severity_by_name(SLICE("Lo"), &s));
	assert_int_equal(s, SEVERITY_MEDIUM); /* untouched */
}

/* Names of coverage are a contract with scripts: lower case, dashes, each once. */
static void test_coverage_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COVERAGE_COUNT; i++) {
		const char *name = coverage_name((enum coverage_code)i);

		assert_true(strlen(name) > 0 && strlen(coverage_text((enum coverage_code)i)) > 0);
		for (const char *p = name; *p; p++)
			assert_true(*p == '-' || is_lower((uint8_t)*p));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(name, coverage_name((enum coverage_code)k));
	}
	assert_string_equal(coverage_name(COVERAGE_NO_FEED), "no-feed");
	assert_true(coverage_is_gap(COVERAGE_NO_FEED));
	assert_true(coverage_is_gap(COVERAGE_NOT_READ));
	assert_false(coverage_is_gap(COVERAGE_COVERED));
}

/* A text in memory that is wiped before the copy is looked at. */
static struct slice borrowed(char *at, const char *text)
{
	strcat(at, text); /* one after the other */
	return slice_make(at + strlen(at) - strlen(text), strlen(text));
}

static void check_text(struct slice got, const char *want)
{
	if (!slice_eq(got, slice_cstr(want)))
		fail_msg("got \"%.*s\", want \"%s\"", SLICE_ARG(got), want);
}

static void check_advisory_copy(const struct advisory *c)
{
	check_text(c->id, "id ");
	check_text(c->aliases[0], "alias ");
	check_text(c->related[0], "related ");
	check_text(c->summary, "summary ");
	check_text(c->description, "description ");
	check_text(c->severity_text, "word ");
	check_text(c->cvss[0], "cvss ");
	check_text(c->links[0], "link ");
	assert_int_equal(c->severity, SEVERITY_HIGH);
	assert_int_equal(c->n_links, 1);
	assert_int_equal(c->issued_s, 1);
	assert_int_equal(c->modified_s, 2);
	assert_int_equal(c->withdrawn_s, 3);
}

static void check_row_copy(const struct affected *c)
{
	check_text(c->scope, "scope ");
	check_text(c->package, "package ");
	assert_int_equal(c->name_kind, AFFECTED_NAME_BINARY);
	assert_int_equal(c->status, AFFECTED_NO);
	assert_int_equal(c->scheme, SCHEME_apk);
	assert_int_equal(c->n_ranges, 2);
	check_text(c->ranges[0].introduced, "i1 ");
	check_text(c->ranges[0].fixed, "f1 ");
	check_text(c->ranges[1].introduced, "i2 ");
	check_text(c->ranges[1].last_affected, "l2 ");
	check_text(c->versions[0], "v1 ");
	check_text(c->versions[1], "v2 ");
	check_text(c->fixed_version, "fixed ");
	check_text(c->module, "module ");
	check_text(c->arch, "arch ");
	check_text(c->platforms, "platforms ");
	check_text(c->severity, "severity ");
}

static void test_copies(void **state)
{
	static char room[512];
	struct slice versions[2] = { borrowed(room, "v1 "), borrowed(room, "v2 ") };
	struct version_range ranges[2] = { { borrowed(room, "i1 "), borrowed(room, "f1 "), SLICE_INIT("") },
					   { borrowed(room, "i2 "), SLICE_INIT(""), borrowed(room, "l2 ") } };
	struct slice lists[4][1] = { { borrowed(room, "alias ") },
				     { borrowed(room, "related ") },
				     { borrowed(room, "cvss ") },
				     { borrowed(room, "link ") } };
	struct affected row = { .scope = borrowed(room, "scope "),
				.package = borrowed(room, "package "),
				.name_kind = AFFECTED_NAME_BINARY,
				.status = AFFECTED_NO,
				.scheme = SCHEME_apk,
				.ranges = ranges,
				.n_ranges = 2,
				.versions = versions,
				.n_versions = 2,
				.fixed_version = borrowed(room, "fixed "),
				.module = borrowed(room, "module "),
				.arch = borrowed(room, "arch "),
				.platforms = borrowed(room, "platforms "),
				.severity = borrowed(room, "severity ") };
	struct advisory a = { .id = borrowed(room, "id "),
			      .aliases = lists[0],
			      .n_aliases = 1,
			      .related = lists[1],
			      .n_related = 1,
			      .summary = borrowed(room, "summary "),
			      .description = borrowed(room, "description "),
			      .severity_text = borrowed(room, "word "),
			      .severity = SEVERITY_HIGH,
			      .cvss = lists[2],
			      .n_cvss = 1,
			      .links = lists[3],
			      .n_links = 1,
			      .issued_s = 1,
			      .modified_s = 2,
			      .withdrawn_s = 3,
			      .affected = &row,
			      .n_affected = 1 };
	struct arena arena = ARENA_INIT(1 << 16);
	struct advisory c;

	(void)state;
	assert_true(advisory_copy(&a, &arena, &c));
	memset(room, '#', sizeof(room));
	memset(lists, 0, sizeof(lists));
	memset(&row, 0, sizeof(row));
	memset(ranges, 0, sizeof(ranges));
	memset(versions, 0, sizeof(versions));
	check_advisory_copy(&c);
	assert_int_equal(c.n_affected, 1);
	check_row_copy(&c.affected[0]);
	arena_fini(&arena);
}

/* With too little memory the copy says so, wherever it ends. */
static void test_copy_without_memory(void **state)
{
	static const struct slice list[] = { SLICE_INIT("one"), SLICE_INIT("two") };
	static const struct version_range range = { SLICE_INIT("a"), SLICE_INIT("b"), SLICE_INIT("c") };
	static const struct affected row = { .scope = SLICE_INIT("s"),
					     .package = SLICE_INIT("p"),
					     .ranges = &range,
					     .n_ranges = 1,
					     .versions = list,
					     .n_versions = 2,
					     .fixed_version = SLICE_INIT("f"),
					     .module = SLICE_INIT("m"),
					     .arch = SLICE_INIT("a"),
					     .platforms = SLICE_INIT("p"),
					     .severity = SLICE_INIT("s") };
	static const struct advisory a = { .id = SLICE_INIT("id"),
					   .aliases = list,
					   .n_aliases = 2,
					   .related = list,
					   .n_related = 2,
					   .summary = SLICE_INIT("s"),
					   .description = SLICE_INIT("d"),
					   .severity_text = SLICE_INIT("w"),
					   .cvss = list,
					   .n_cvss = 2,
					   .links = list,
					   .n_links = 2,
					   .affected = &row,
					   .n_affected = 1 };
	struct advisory c;
	size_t failures = 0;

	(void)state;
	for (size_t bytes = 0; bytes < 4096; bytes += 16) {
		struct arena arena = ARENA_INIT(bytes);

		c.id = SLICE_EMPTY;
		if (!advisory_copy(&a, &arena, &c)) {
			failures++;
			assert_int_equal(c.id.len, 0); /* untouched */
		}
		arena_fini(&arena);
	}
	assert_in_range(failures, 20, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_severities), cmocka_unit_test(test_coverage_names),
					    cmocka_unit_test(test_copies), cmocka_unit_test(test_copy_without_memory) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
