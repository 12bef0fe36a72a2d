/* SPDX-License-Identifier: Apache-2.0 */
/* test_change.c - from two segments, and from a matcher's JSON, to changes. Expected by the definition in change.h. */
#include "notify/change.h"
#include "notify/upstream_remote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct err fault;
static const struct segment_meta meta = { .source = SLICE_INIT("alpine-main-v3.40-updater"),
					  .feed = SLICE_INIT("alpine"),
					  .upstream_s = DATE_NONE };

static void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("status %d: %s", (int)st, fault.msg);
}

/* One advisory with a row for each fix: "p 1-r0", "p <all" has no fix. */
struct entry {
	const char *id, *text;
	enum severity severity;
	const char *package, *fixes[3];
};

static void add(struct segment_writer *w, const struct entry *e)
{
	const struct slice alias = SLICE("GHSA-1");
	struct version_range ranges[3];
	struct affected rows[3];
	struct advisory a = { .id = slice_cstr(e->id),
			      .description = slice_cstr(e->text),
			      .severity = e->severity,
			      .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .aliases = &alias,
			      .n_aliases = 1,
			      .affected = rows };

	for (size_t i = 0; i < 3 && e->fixes[i]; i++) {
		ranges[i] = (struct version_range){ .fixed = slice_cstr(e->fixes[i]) };
		rows[i] = (struct affected){ .scope = SLICE("alpine:3.40"),
					     .package = slice_cstr(e->package),
					     .name_kind = AFFECTED_NAME_SOURCE,
					     .scheme = SCHEME_apk,
					     .ranges = &ranges[i],
					     .n_ranges = 1,
					     .fixed_version = slice_cstr(e->fixes[i]) };
		a.n_affected++;
	}
	check(segment_writer_add(w, &a, &fault));
}

static struct segment *build(const char *dir, const struct entry *list)
{
	struct segment_writer *w;
	struct segment_stats stats;
	struct segment *s;
	struct digest d;

	check(segment_writer_open(dir, &meta, &limits_default, &w, &fault));
	for (; list->id; list++)
		add(w, list);
	check(segment_writer_finish(w, &d, &stats, &fault));
	check(segment_open(dir, &d, &s, &fault));
	return s;
}

static struct package installed(const char *name, const char *version)
{
	return (struct package){ .type = PACKAGE_APK,
				 .name = slice_cstr(name),
				 .version = slice_cstr(version),
				 .source_name = slice_cstr(name),
				 .source_version = slice_cstr(version) };
}

/* All that the advisory is called: what a vendor says of its own build may be under any of them. */
static void check_names(const struct notify_side *side, struct slice id)
{
	for (size_t i = 0; i < side->n; i++) {
		assert_int_equal(side->rows[i].q.n_names, 2);
		assert_true(slice_eq(side->rows[i].q.names[0], id));
		assert_true(slice_eq(side->rows[i].q.names[1], SLICE("GHSA-1")));
	}
}

static bool affects(const struct notify_side *side, const struct package *p)
{
	for (size_t i = 0; i < side->n; i++)
		if (judge_affects(&side->rows[i].q, p, SLICE("alpine:3.40"), NULL))
			return true;
	return false;
}

/* "musl 1|2 -> 1|2 differs 0.9-r0+- ..." : rows on both sides, and what it means for versions 1-r0 and 5-r0. */
static enum status on_changes(void *ctx, const struct notify_change *changes, size_t n, struct err *err)
{
	struct buf *out = ctx;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		const struct notify_change *c = &changes[i];
		struct package old = { .type = PACKAGE_APK }, new = old;
		char name[32];

		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(c->package));
		check_names(&c->before, c->id);
		check_names(&c->after, c->id);
		old = installed(name, "1-r0");
		new = installed(name, "5-r0");
		buf_printf(out, "%s %zu>%zu %s 1-r0:%d%d 5-r0:%d%d\n", name, c->before.n, c->after.n,
			   c->differs ? "differs" : "same", affects(&c->before, &old), affects(&c->after, &old),
			   affects(&c->before, &new), affects(&c->after, &new));
	}
	return STATUS_OK;
}

static void expect(const struct entry *before, const struct entry *after, enum severity least, const char *want)
{
	char dir[] = "/tmp/limpid-change-XXXXXX", command[64];
	struct buf got = BUF_INIT((size_t)1 << 20);
	struct notify_changes_sink sink = { on_changes, &got };
	struct segment *a, *b;

	assert_non_null(mkdtemp(dir));
	a = before ? build(dir, before) : NULL;
	b = build(dir, after);
	check(notify_diff(a, b, least, &sink, &fault));
	buf_add_byte(&got, 0);
	assert_string_equal((const char *)got.ptr, want);
	buf_fini(&got);
	segment_free(a);
	segment_free(b);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

#define END                                                                                                            \
	{                                                                                                              \
		.id = NULL                                                                                             \
	}
#define LOW SEVERITY_LOW
#define HIGH SEVERITY_HIGH

static void test_kinds(void **state)
{
	static const struct entry before[] = {
		{ "CVE-1", "a", LOW, "gone", { "2-r0" } },  { "CVE-2", "a", LOW, "text", { "2-r0" } },
		{ "CVE-3", "a", LOW, "fix", { "2-r0" } },   { "CVE-4", "a", LOW, "graver", { "9-r0" } },
		{ "CVE-5", "a", LOW, "still", { "2-r0" } }, END
	};
	static const struct entry after[] = { { "CVE-2", "another text", LOW, "text", { "2-r0" } },
					      { "CVE-3", "a", LOW, "fix", { "9-r0" } },
					      { "CVE-4", "a", HIGH, "graver", { "9-r0" } },
					      { "CVE-5", "a", LOW, "still", { "2-r0" } },
					      { "CVE-6", "a", LOW, "new", { "9-r0" } },
					      END };

	(void)state;
	expect(before, after, SEVERITY_UNKNOWN,
	       "fix 1>1 differs 1-r0:11 5-r0:01\n"
	       "gone 1>0 differs 1-r0:10 5-r0:00\n"
	       "graver 1>1 differs 1-r0:11 5-r0:11\n"
	       "new 0>1 differs 1-r0:01 5-r0:01\n"
	       "text 1>1 same 1-r0:11 5-r0:00\n");
	/* What is low on both sides is left out. */
	expect(before, after, SEVERITY_MEDIUM, "graver 1>1 differs 1-r0:11 5-r0:11\n");
	expect(before, before, SEVERITY_UNKNOWN, "");
	expect(NULL, before, SEVERITY_UNKNOWN,
	       "fix 0>1 differs 1-r0:01 5-r0:00\n"
	       "gone 0>1 differs 1-r0:01 5-r0:00\n"
	       "graver 0>1 differs 1-r0:01 5-r0:01\n"
	       "still 0>1 differs 1-r0:01 5-r0:00\n"
	       "text 0>1 differs 1-r0:01 5-r0:00\n");
}

/* A second row of one advisory comes: the first stayed, and still affects who it affected. */
static void test_rows_that_stay(void **state)
{
	static const struct entry before[] = { { "CVE-1", "a", LOW, "p", { "2-r0" } }, END };
	static const struct entry after[] = { { "CVE-1", "a", LOW, "p", { "2-r0", "9-r0" } }, END };

	(void)state;
	expect(before, after, SEVERITY_UNKNOWN, "p 1>2 differs 1-r0:11 5-r0:01\n");
	expect(after, before, SEVERITY_UNKNOWN, "p 2>1 differs 1-r0:11 5-r0:10\n");
}

/* The same by JSON: added and removed lie apart there. */
static void test_json(void **state)
{
#define V(name, package, fix, severity)                                                                                \
	"{\"id\":\"1\",\"name\":\"" name "\",\"description\":\"<b>\",\"links\":\"l\",\"severity\":\"x\","              \
	"\"normalized_severity\":\"" severity "\",\"package\":{\"name\":\"" package "\",\"kind\":\"source\"},"         \
	"\"distribution\":{\"did\":\"alpine\",\"version_id\":\"3.40\"},\"repository\":{\"cpe\":\"\"},"                 \
	"\"fixed_in_version\":\"" fix "\",\"Aliases\":[{\"Name\":\"GHSA-1\"}]}"
	static const char text[] = "{\"prev\":{},\"cur\":{},\"added\":[" V("CVE-2", "q", "9-r0", "High") "," V(
		"CVE-1", "p", "9-r0", "Low") "],\"removed\":[" V("CVE-1", "p", "2-r0",
								 "Low") "," V("CVE-3", "r", "2-r0",
									      "Low") ",{\"name\":\"no package\"}]}";
	struct buf got = BUF_INIT((size_t)1 << 20);
	struct notify_changes_sink sink = { on_changes, &got };

	(void)state;
	check(notify_diff_parse(slice_cstr(text), SEVERITY_UNKNOWN, &limits_default, &sink, &fault));
	buf_add_byte(&got, 0);
	assert_string_equal((const char *)got.ptr, "p 1>1 differs 1-r0:11 5-r0:01\n"
						   "q 0>1 differs 1-r0:01 5-r0:01\n"
						   "r 1>0 differs 1-r0:10 5-r0:00\n");
	buf_reset(&got);
	check(notify_diff_parse(SLICE("{\"prev\":{},\"cur\":{},\"added\":null,\"removed\":null}"), SEVERITY_UNKNOWN,
				&limits_default, &sink, &fault));
	assert_int_equal(got.len, 0);
	assert_int_equal(notify_diff_parse(SLICE("[]"), SEVERITY_UNKNOWN, &limits_default, &sink, &fault),
			 STATUS_MALFORMED);
	assert_int_equal(notify_diff_parse(SLICE("{\"added\":[1]}"), SEVERITY_UNKNOWN, &limits_default, &sink, &fault),
			 STATUS_MALFORMED);
	buf_fini(&got);
}

static enum status on_summary(void *ctx, const struct notify_change *changes, size_t n, struct err *err)
{
	(void)err;
	assert_int_equal(n, 1);
	buf_add(ctx, changes[0].after.summary);
	return STATUS_OK;
}

/* Members and order of the recorded page (conformance/clair/notifier/012-get.txt). */
static void test_summary(void **state)
{
	static const struct entry after[] = { { "CVE-1", "<b>", HIGH, "p", { "2-r0" } }, END };
	char dir[] = "/tmp/limpid-change-XXXXXX", command[64];
	struct buf got = BUF_INIT((size_t)1 << 20);
	struct notify_changes_sink sink = { on_summary, &got };
	struct segment *b;

	(void)state;
	assert_non_null(mkdtemp(dir));
	b = build(dir, after);
	check(notify_diff(NULL, b, SEVERITY_UNKNOWN, &sink, &fault));
	buf_add_byte(&got, 0);
	assert_string_equal(
		(const char *)got.ptr,
		"{\"name\":\"CVE-1\",\"description\":\"\\u003cb\\u003e\",\"package\":{\"id\":\"\",\"name\":\"p\","
		"\"version\":\"\",\"kind\":\"source\",\"normalized_version\":\"\",\"cpe\":\"\",\"detector\":null},"
		"\"distribution\":{\"id\":\"\",\"did\":\"alpine\",\"name\":\"Alpine Linux\",\"version\":\"\","
		"\"version_code_name\":\"\",\"version_id\":\"3.40\",\"arch\":\"\",\"cpe\":\"\",\"pretty_name\":"
		"\"Alpine Linux v3.40\"},\"repo\":{\"cpe\":\"\"},\"severity\":\"High\",\"fixed_in_version\":\"2-r0\","
		"\"links\":\"\"}");
	buf_fini(&got);
	segment_free(b);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_rows_that_stay),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
