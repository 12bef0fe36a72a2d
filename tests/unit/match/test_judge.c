/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_judge.c - vulnerabilities as clients send them, and which packages they affect.
 *
 * The first is the body of a recorded exchange with Clair 4.9 (affected_manifest of musl in Alpine 3.9); the forms of
 * ranges are those of its update_diff documents (osv/maven) and of claircore's range member.
 */
#include "match/judge.h"

#include "model/clair_vulnerability.h"
#include "model/distribution.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static struct err err;
static judge_question_list list;

static int begin(void **state)
{
	(void)state;
	arena = (struct arena)ARENA_INIT((size_t)16 << 20);
	err = (struct err)ERR_INIT;
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static const struct judge_question *one(const char *vulnerability)
{
	char *text = NULL;
	enum status st;

	assert_true(asprintf(&text, "{\"vulnerabilities\":[%s]}", vulnerability) > 0);
	st = judge_parse(slice_cstr(text), &limits_default, &arena, &list, &err);
	free(text);
	if (st != STATUS_OK)
		fail_msg("%s", err.msg);
	assert_int_equal(list.len, 1);
	return &list.at[0];
}

static bool affects(const struct judge_question *q, enum package_type type, const char *name, const char *version,
		    const char *source, const char *scope)
{
	struct package p = { .type = type, .name = slice_cstr(name), .version = slice_cstr(version) };

	if (source) {
		p.source_name = slice_cstr(source);
		p.source_version = p.version;
	}
	return judge_affects(q, &p, slice_cstr(scope), NULL);
}

#define ALPINE                                                                                                         \
	"\"distribution\":{\"id\":\"\",\"did\":\"alpine\",\"name\":\"Alpine Linux\",\"version\":\"\","                 \
	"\"version_id\":\"3.9\",\"pretty_name\":\"Alpine Linux v3.9\"}"
#define MUSL                                                                                                           \
	"{\"id\":\"5966\",\"updater\":\"alpine-main-v3.9-updater\",\"name\":\"CVE-2019-14697\",\"description\":\"\","  \
	"\"issued\":\"0001-01-01T00:00:00Z\",\"links\":\"https://x\",\"severity\":\"\","                               \
	"\"normalized_severity\":\"Unknown\",\"package\":{\"id\":\"\",\"name\":\"musl\",\"kind\":\"source\"}," ALPINE  \
	",\"repository\":{\"cpe\":\"\"},\"fixed_in_version\":\"1.1.20-r5\"}"

static void test_distribution(void **state)
{
	const struct judge_question *q = one(MUSL);

	(void)state;
	assert_true(slice_eq(q->scope, SLICE("alpine:3.9")));
	assert_true(slice_eq(q->name, SLICE("musl")));
	assert_true(slice_eq(q->id, SLICE("5966")));
	assert_true(affects(q, PACKAGE_APK, "musl", "1.1.20-r3", "musl", "alpine:3.9"));
	assert_true(affects(q, PACKAGE_APK, "musl-utils", "1.1.20-r3", "musl", "alpine:3.9"));
	assert_false(affects(q, PACKAGE_APK, "musl", "1.1.20-r5", "musl", "alpine:3.9"));
	assert_false(affects(q, PACKAGE_APK, "musl", "1.1.20-r3", "musl", "alpine:3.10"));
	assert_false(affects(q, PACKAGE_APK, "musl", "nonsense", "musl", "alpine:3.9"));
	/* A binary package of that name built from another source is another package. */
	assert_false(affects(q, PACKAGE_APK, "musl", "1.1.20-r3", "other", "alpine:3.9"));
}

static const struct judge_question *python(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"id\":\"1\",\"package\":{\"name\":\"Typing_Extensions\",\"kind\":\"binary\"},"
		 "\"repository\":{\"name\":\"pypi\"},%s}",
		 more);
	return one(text);
}

static bool in_python(const struct judge_question *q, const char *version)
{
	return affects(q, PACKAGE_PYPI, "typing-extensions", version, NULL, "pypi");
}

static void test_versions(void **state)
{
	const struct judge_question *q;

	(void)state;
	q = python("\"fixed_in_version\":\"\"");
	assert_true(in_python(q, "99"));
	q = python("\"fixed_in_version\":\"2.0\"");
	assert_true(in_python(q, "1.9") && !in_python(q, "2.0"));
	q = python("\"fixed_in_version\":\"fixed=2.14.1\\u0026introduced=2.0.0\"");
	assert_true(in_python(q, "2.14") && !in_python(q, "1.9") && !in_python(q, "2.14.1"));
	q = python("\"fixed_in_version\":\"lastAffected=2.0%2Blocal\"");
	assert_true(in_python(q, "2.0+local") && !in_python(q, "2.1"));
	q = python("\"fixed_in_version\":\"introduced=2.0\"");
	assert_true(in_python(q, "3") && !in_python(q, "1"));
	/* Clair's range counts, where there is one. */
	q = python("\"fixed_in_version\":\"\",\"range\":{\"[\":\"pep440:0.2.3.0.0.0.0.0.0.0\",\")\":\"pep440:0.2.31.0."
		   "0.0.0.0.0.0\"}");
	assert_true(in_python(q, "2.3.0") && in_python(q, "2.30.9") && !in_python(q, "2.31.0") && !in_python(q, "2.2"));
	q = python("\"range\":{\"[\":\"\",\")\":\"semver:0.2.31.0.0.0.0.0.0.0\"}");
	assert_false(in_python(q, "1.0"));
	q = python("\"range\":{\"[\":\"pep440:x\",\")\":\"pep440:0.2\"}");
	assert_true(q->refused.len > 0);
}

/* What update_diff of limpid says beside: several ranges, versions one by one. */
static void test_row(void **state)
{
	const struct judge_question *q = python(
		"\"fixed_in_version\":\"3.0\",\"limpid\":{\"names\":\"binary\",\"scheme\":\"pep440\",\"ranges\":["
		"{\"introduced\":\"1.0\",\"fixed\":\"1.5\",\"last_affected\":\"\"},"
		"{\"introduced\":\"2.0\",\"fixed\":\"\",\"last_affected\":\"2.5\"}],\"versions\":[\"0.7\"]}");

	(void)state;
	assert_true(in_python(q, "1.0") && in_python(q, "2.5") && in_python(q, "0.7"));
	assert_true(!in_python(q, "1.5") && !in_python(q, "2.6") && !in_python(q, "0.8"));
	q = python("\"limpid\":{\"scheme\":\"of-tomorrow\"}");
	assert_true(q->refused.len > 0);
	assert_false(in_python(q, "1"));
}

static void test_architecture(void **state)
{
	static const char form[] =
		"{\"package\":{\"name\":\"a\",\"kind\":\"binary\",\"arch\":\"%s\"},\"arch_op\":\"%s\","
		"\"distribution\":{\"did\":\"almalinux\",\"version_id\":\"9\"},\"fixed_in_version\":\"2-1\"}";
	static const struct {
		const char *arch, *op;
		bool affected;
	} rows[] = { { "x86_64", "equals", true },
		     { "aarch64", "equals", false },
		     { "aarch64|x86_64", "pattern match", true },
		     { "aarch64|s390x", "pattern match", false },
		     { "aarch64", "not equals", true },
		     { "x86_64", "not equals", false },
		     { "x.*", "pattern match", true } };
	struct package p = {
		.type = PACKAGE_RPM, .name = SLICE_INIT("a"), .version = SLICE_INIT("1-1"), .arch = SLICE_INIT("x86_64")
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[512];

		snprintf(text, sizeof(text), form, rows[i].arch, rows[i].op);
		if (judge_affects(one(text), &p, SLICE("almalinux:9"), NULL) != rows[i].affected)
			fail_msg("%s %s", rows[i].op, rows[i].arch);
	}
}

/* Two of these end Clair's process. */
static void test_refused(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"package\":{\"name\":\"musl\"}}",
		"{\"package\":null," ALPINE "}",
		"{\"package\":{\"name\":\"x\"},\"distribution\":null,\"repository\":null}",
		"{\"package\":{\"name\":\"x\"},\"distribution\":{\"did\":\"of-tomorrow\",\"version_id\":\"1\"}}",
		"{\"package\":{\"name\":\"x\"},\"repository\":{\"name\":\"of-tomorrow\"}}",
		"{\"package\":7,\"distribution\":[],\"repository\":\"\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct judge_question *q = one(rows[i]);

		if (q->refused.len == 0)
			fail_msg("%s is not refused", rows[i]);
		assert_false(affects(q, PACKAGE_APK, "x", "1-r0", NULL, ""));
	}
}

static void test_bodies(void **state)
{
	(void)state;
	assert_int_equal(judge_parse(SLICE("{}"), &limits_default, &arena, &list, &err), STATUS_OK);
	assert_int_equal(list.len, 0);
	assert_int_equal(judge_parse(SLICE("{\"vulnerabilities\":null}"), &limits_default, &arena, &list, &err),
			 STATUS_OK);
	assert_int_equal(judge_parse(SLICE("[]"), &limits_default, &arena, &list, &err), STATUS_MALFORMED);
	assert_int_equal(judge_parse(SLICE(""), &limits_default, &arena, &list, &err), STATUS_MALFORMED);
	assert_int_equal(judge_parse(SLICE("{\"vulnerabilities\":7}"), &limits_default, &arena, &list, &err),
			 STATUS_MALFORMED);
	assert_int_equal(judge_parse(SLICE("{\"vulnerabilities\":[7]}"), &limits_default, &arena, &list, &err),
			 STATUS_MALFORMED);
	assert_int_equal(judge_parse(SLICE("{\"vulnerabilities\":[{\"normalized_severity\":\"Nope\"}]}"),
				     &limits_default, &arena, &list, &err),
			 STATUS_MALFORMED);
	assert_non_null(strstr(err.msg, "unknown severity \"Nope\""));
}

/* Once more, with Clair's defaults, as affected_manifest answers it. */
static void test_said_again(void **state)
{
	const struct judge_question *q = one("{\"id\":\"7\",\"name\":\"CVE-1\",\"description\":\"<b>\",\"normalized_"
					     "severity\":\"\",\"package\":{\"name\":\"a\"},"
					     "\"distribution\":{\"did\":\"debian\",\"version_id\":\"12\"},\"odd\":1}");

	(void)state;
	assert_string_equal(
		(const char *)q->json.ptr,
		"{\"id\":\"7\",\"updater\":\"\",\"name\":\"CVE-1\",\"description\":\"\\u003cb\\u003e\",\"issued\":"
		"\"0001-01-01T00:00:00Z\",\"links\":\"\",\"severity\":\"\",\"normalized_severity\":\"Unknown\","
		"\"package\":{"
		"\"id\":\"\",\"name\":\"a\",\"version\":\"\",\"normalized_version\":\"\",\"cpe\":\"\",\"detector\":"
		"null},"
		"\"distribution\":{\"id\":\"\",\"did\":\"debian\",\"name\":\"\",\"version\":\"\",\"version_code_name\":"
		"\"\","
		"\"version_id\":\"12\",\"arch\":\"\",\"cpe\":\"\",\"pretty_name\":\"\"},\"fixed_in_version\":\"\","
		"\"Self\":{\"Name\":\"\"},\"Aliases\":null}");
}

/* Rows of a vendor are about its builds, and those of others about what it built of. */
static void test_vendors(void **state)
{
	const struct judge_question *q =
		one("{\"id\":\"1\",\"name\":\"CVE-2025-48060\",\"package\":{\"name\":\"jq\",\"kind\":\"source\"},"
		    "\"limpid\":{\"names\":\"source\",\"scheme\":\"dpkg\",\"scope\":\"root:debian:12\",\"ranges\":"
		    "[{\"introduced\":\"\",\"fixed\":\"1.6-2.1.root.io.2\"}]}}");

	(void)state;
	assert_int_equal(q->refused.len, 0);
	assert_true(slice_eq(q->scope, SLICE("root:debian:12")));
	assert_true(affects(q, PACKAGE_DEB, "libjq1", "1.6-2.1.root.io.1", "jq", "debian:12"));
	assert_false(affects(q, PACKAGE_DEB, "libjq1", "1.6-2.1.root.io.2", "jq", "debian:12"));
	assert_false(affects(q, PACKAGE_DEB, "libjq1", "1.6-2.1.root.io.1", "jq", "debian:11"));
	assert_false(affects(q, PACKAGE_DEB, "libjq1", "1.6-2.1", "jq", "debian:12"));
	q = one("{\"id\":\"1\",\"name\":\"CVE-2025-48060\",\"package\":{\"name\":\"jq\",\"kind\":\"source\"},"
		"\"distribution\":{\"did\":\"debian\",\"version_id\":\"12\"},"
		"\"fixed_in_version\":\"1.6-2.1+deb12u1\"}");
	assert_true(affects(q, PACKAGE_DEB, "libjq1", "1.6-2.1.root.io.1", "jq", "debian:12"));
	assert_false(affects(q, PACKAGE_DEB, "libjq1", "1.6-2.1+deb12u1.root.io.1", "jq", "debian:12"));
}

/* As a matcher tells a notifier of another process what changed: no row loses the scope that it is kept in. */
static void test_scopes_of_differences(void **state)
{
	static const char *const scopes[] = { "rhel:cpe:2.3:o:redhat:rhel_eus:9.2:*:baseos:*:*:*:*:*",
					      "rhel:cpe:2.3:a:redhat:openshift:4.13:*:el9:*:*:*:*:*",
					      "rhcc:cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*",
					      "root:debian:12",
					      "tuxcare:npm",
					      "debian:12",
					      "npm" };
	const struct advisory a = { .id = SLICE_INIT("CVE-1"), .issued_s = DATE_NONE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		struct buf AUTO(buf_fini) text = BUF_INIT(1 << 16);
		const struct affected row = { .scope = slice_cstr(scopes[i]), .package = SLICE_INIT("a") };
		struct distribution d;
		struct clair_vulnerability v = { .id = "1",
						 .advisory = &a,
						 .row = &row,
						 .type = clair_scope_language(row.scope),
						 .exact = true };
		struct json_writer w;

		if (v.type == PACKAGE_NONE && distribution_of_scope(row.scope, &d))
			v.distribution = &d;
		json_writer_init(&w, &text, 0);
		assert_int_equal(clair_put_vulnerability(&w, &v, &arena, &err), STATUS_OK);
		buf_add_byte(&text, 0);
		assert_int_equal(text.failed, STATUS_OK);
		if (!slice_eq(one((const char *)text.ptr)->scope, row.scope))
			fail_msg("%s is lost: %s", scopes[i], (const char *)text.ptr);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_distribution), TEST(test_versions), TEST(test_row),	     TEST(test_architecture),
		TEST(test_refused),	 TEST(test_bodies),   TEST(test_said_again), TEST(test_vendors),
		TEST(test_scopes_of_differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
