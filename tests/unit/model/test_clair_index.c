/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_clair_index.c - Clair's index report is read: kinds, environments, what is broken, the member of limpid.
 *
 * The shapes are those of recorded reports of Clair 4.9; that whole reports read as they should is
 * tests/corpus/check-match.
 */
#include "model/clair_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HASH "sha256:abababababababababababababababababababababababababababababababab"
#define LAYER "sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

static struct arena arena;
static struct err err;
static struct index_report report;

static enum status parse(const char *packages, const char *more)
{
	char *text = NULL;
	enum status st;

	assert_true(asprintf(&text, "{\"manifest_hash\":\"" HASH "\",\"packages\":%s%s%s}", packages, *more ? "," : "",
			     more) > 0);
	err = (struct err)ERR_INIT;
	st = clair_index_parse(slice_cstr(text), &limits_default, &arena, &report, &err);
	free(text); /* nothing is borrowed from it */
	return st;
}

#define DONE "\"state\":\"IndexFinished\",\"success\":true,\"err\":\"\""

static void read_ok(const char *packages, const char *more)
{
	if (parse(packages, more) != STATUS_OK)
		fail_msg("%s", err.msg);
}

static void check_text(struct slice got, const char *want)
{
	if (!slice_eq(got, slice_cstr(want)))
		fail_msg("got \"%.*s\", want \"%s\"", SLICE_ARG(got), want);
}

static int begin(void **state)
{
	(void)state;
	arena = (struct arena)ARENA_INIT((size_t)16 << 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

#define PACKAGE(id, name, version, more)                                                                               \
	"\"" id "\":{\"id\":\"" id "\",\"name\":\"" name "\",\"version\":\"" version "\"" more "}"
#define ENVIRONMENT(db, distribution, repository)                                                                      \
	"{\"package_db\":\"" db "\",\"introduced_in\":\"" LAYER "\",\"distribution_id\":\"" distribution               \
	"\",\"repository_ids\":" repository "}"

/* The place tells the kind, as claircore's scanners write it. */
static void test_kinds(void **state)
{
	static const struct {
		const char *db;
		enum package_type type;
	} rows[] = {
		{ "var/lib/dpkg/status", PACKAGE_DEB },
		{ "var/lib/dpkg/status.d/base", PACKAGE_DEB },
		{ "lib/apk/db/installed", PACKAGE_APK },
		{ "usr/lib/apk/db/installed", PACKAGE_APK },
		{ "sqlite:var/lib/rpm", PACKAGE_RPM },
		{ "ndb:usr/lib/sysimage/rpm", PACKAGE_RPM },
		{ "bdb:var/lib/rpm", PACKAGE_RPM },
		{ "var/lib/rpm", PACKAGE_RPM },
		{ "python:usr/lib/python3/dist-packages", PACKAGE_PYPI },
		{ "go:usr/bin/x", PACKAGE_GO },
		{ "something:new", PACKAGE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char more[400];

		snprintf(more, sizeof(more), "\"environments\":{\"1\":[" ENVIRONMENT("%s", "", "null") "]}," DONE,
			 rows[i].db);
		read_ok("{" PACKAGE("1", "a", "1.0", "") "}", more);
		assert_int_equal(report.packages.len, 1);
		if (report.packages.at[0].package.type != rows[i].type)
			fail_msg("%s: kind %d", rows[i].db, (int)report.packages.at[0].package.type);
		check_text(report.packages.at[0].package.db, rows[i].db);
		assert_int_equal(report.packages.at[0].layer, 0);
		assert_int_equal(report.layers.len, 1);
		assert_true(report.complete);
	}
}

/* Where the place says nothing: the repository, else the scanner, else the distribution. */
static void test_other_kinds(void **state)
{
	(void)state;
	read_ok("{" PACKAGE("1", "a", "1", "") "," PACKAGE(
			"2", "b", "1",
			",\"detector\":\"urn:claircore:detector:gobin:6:package\"") "," PACKAGE("3", "c", "1", "") "}",
		"\"repository\":{\"9\":{\"id\":\"9\",\"name\":\"pypi\"}},\"distributions\":{\"4\":{\"did\":\"wolfi\"}},"
		"\"environments\":{\"1\":[" ENVIRONMENT("", "", "[\"9\"]") "],\"3\":[" ENVIRONMENT("", "4",
												   "null") "]}," DONE);
	assert_int_equal(report.packages.len, 3);
	assert_int_equal(report.packages.at[0].package.type, PACKAGE_PYPI);
	assert_int_equal(report.packages.at[0].repository, 0);
	assert_int_equal(report.packages.at[0].n_repositories, 1);
	assert_int_equal(report.packages.at[1].package.type, PACKAGE_GO);
	assert_int_equal(report.packages.at[2].package.type, PACKAGE_APK);
}

/* Lists of repositories are runs here: each list once, whatever the order of the object is. */
static void test_repositories(void **state)
{
	const struct index_package *p;

	(void)state;
	read_ok("{" PACKAGE("1", "a", "1", "") "," PACKAGE("2", "b", "1", "") "," PACKAGE("3", "c", "1", "") "}",
		"\"repository\":{\"7\":{\"name\":\"x\",\"cpe\":\"cpe:2.3:o:x\"},\"8\":{\"name\":\"y\"},\"9\":{\"name\":"
		"\"z\"}},"
		"\"environments\":{\"1\":[" ENVIRONMENT("bdb:var/lib/rpm", "", "[\"7\",\"9\"]") "],\"2\":[" ENVIRONMENT(
			"bdb:var/lib/rpm", "",
			"[\"7\",\"404\",\"9\"]") "],\"3\":[" ENVIRONMENT("bdb:var/lib/rpm", "",
									 "[\"8\",\"9\"]") "]}," DONE);
	p = report.packages.at;
	assert_int_equal(report.repositories.len, 5);
	assert_int_equal(p[0].n_repositories, 2);
	check_text(report.repositories.at[p[0].repository].cpe, "cpe:2.3:o:x");
	check_text(report.repositories.at[p[0].repository + 1].name, "z");
	assert_int_equal(p[1].repository, p[0].repository);
	assert_int_equal(p[2].repository, 1);
	assert_int_equal(p[2].n_repositories, 2);
}

/* As claircore's test has it (clair-rhel8-v3.5.5-4-labels): the build of an image is no package of its own here. */
static void test_images_as_packages(void **state)
{
	(void)state;
	read_ok("{\"32\":{\"id\":\"32\",\"name\":\"quay-clair-container\",\"version\":\"v3.5.5-4\",\"kind\":\"source\"}"
		","
		"\"34\":{\"id\":\"34\",\"name\":\"quay/clair-rhel8\",\"version\":\"v3.5.5-4\",\"kind\":\"binary\","
		"\"source\":{\"name\":\"quay-clair-container\",\"version\":\"v3.5.5-4\"}}}",
		"\"repository\":{\"1\":{\"name\":\"cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*\",\"key\":\"rhcc-container-"
		"repository\"}},"
		"\"environments\":{\"32\":[" ENVIRONMENT(
			"root/buildinfo/labels.json", "",
			"[\"1\"]") "],\"34\":[" ENVIRONMENT("root/buildinfo/labels.json", "", "[\"1\"]") "]}," DONE);
	assert_int_equal(report.packages.len, 1);
	check_text(report.packages.at[0].package.name, "quay/clair-rhel8");
	check_text(report.packages.at[0].package.source_name, "quay-clair-container");
	assert_int_equal(report.packages.at[0].package.type, PACKAGE_OCI);
	assert_int_equal(report.packages.at[0].n_repositories, 1);
}

/* Clair gives an rpm package two environments of one database; a package in two databases is two. */
static void test_environments(void **state)
{
	(void)state;
	read_ok("{" PACKAGE("1", "bash", "5.1-9.el9", "") "," PACKAGE("2", "Typing_Extensions", "4.0", "") "}",
		"\"distributions\":{\"14\":{\"did\":\"rhel\",\"version_id\":\"9\"}},"
		"\"environments\":{\"1\":[" ENVIRONMENT("sqlite:var/lib/rpm", "", "[]") "," ENVIRONMENT(
			"sqlite:var/lib/rpm", "14",
			"null") "],\"2\":[" ENVIRONMENT("python:a", "", "null") "," ENVIRONMENT("python:b", "",
												"null") "]}," DONE);
	assert_int_equal(report.packages.len, 3);
	assert_int_equal(report.packages.at[0].distribution, 0);
	check_text(report.packages.at[1].package.db, "python:a");
	check_text(report.packages.at[2].package.db, "python:b");
	/* PEP 503; Clair only makes it lower case. */
	check_text(report.packages.at[1].package.name, "typing-extensions");
	assert_int_equal(report.layers.len, 1);
}

static void test_source(void **state)
{
	static const char packages[] =
		"{\"1\":{\"name\":\"libssl3\",\"version\":\"3.0-1\","
		"\"source\":{\"name\":\"openssl\",\"version\":\"3.0-1\"}},"
		"\"2\":{\"name\":\"adduser\",\"version\":\"3\",\"source\":{\"name\":\"adduser\",\"version\":\"3\"}},"
		"\"3\":{\"name\":\"x\",\"version\":\"3\",\"source\":null,\"module\":\"nodejs:18\"}}";

	(void)state;
	read_ok(packages, DONE);
	check_text(report.packages.at[0].package.source_name, "openssl");
	check_text(report.packages.at[0].package.source_version, "3.0-1");
	check_text(report.packages.at[1].package.source_name, "");
	check_text(report.packages.at[2].package.module, "nodejs:18");
}

/* Clair writes Alpine's release into version and leaves version_id empty. */
static void test_release(void **state)
{
	struct slice scope;

	(void)state;
	read_ok("{}", "\"distributions\":{\"5\":{\"did\":\"alpine\",\"version\":\"3.18\",\"version_id\":\"\"}}," DONE);
	assert_true(distribution_scope(&report.distributions.at[0], &arena, &scope));
	check_text(scope, "alpine:3.18");
}

static void check_told(enum diag_code code, const char *where)
{
	for (size_t i = 0; i < report.diags.len; i++)
		if (report.diags.at[i].diag.code == code && slice_eq(report.diags.at[i].diag.where, slice_cstr(where)))
			return;
	fail_msg("nothing is told of %s", where);
}

/* One entry that cannot be read costs itself; the report is not complete. */
static void test_bad_entries(void **state)
{
	(void)state;
	read_ok("{" PACKAGE("1", "", "1", "") ",\"2\":7," PACKAGE("3", "good", "1", "") ",\"4\":{\"name\":[]}}",
		"\"distributions\":{\"1\":[]},\"repository\":{\"2\":\"x\"},\"environments\":{\"3\":[5],\"9\":{}}"
		"," DONE);
	assert_int_equal(report.packages.len, 1);
	check_told(DIAG_RECORD, "packages/1");
	check_told(DIAG_RECORD, "packages/2");
	check_told(DIAG_RECORD, "packages/4");
	check_told(DIAG_RECORD, "distributions/1");
	check_told(DIAG_RECORD, "repository/2");
	check_told(DIAG_RECORD, "environments/3");
	check_told(DIAG_RECORD, "environments/9");
	assert_false(report.complete);
}

static void test_bad_frames(void **state)
{
	(void)state;
	assert_int_equal(parse("[]", DONE), STATUS_MALFORMED);
	assert_int_equal(parse("{}", "\"environments\":[]," DONE), STATUS_MALFORMED);
	assert_int_equal(clair_index_parse(SLICE("[]"), &limits_default, &arena, &report, &err), STATUS_MALFORMED);
	assert_int_equal(clair_index_parse(SLICE("{\"packages\":{}}"), &limits_default, &arena, &report, &err),
			 STATUS_MALFORMED);
	assert_int_equal(clair_index_parse(SLICE("{\"packages\":{},\"manifest_hash\":\"x\"}"), &limits_default, &arena,
					   &report, &err),
			 STATUS_MALFORMED);
	assert_int_equal(
		clair_index_parse(SLICE("{\"packages\":{},\"manifest_hash\""), &limits_default, &arena, &report, &err),
		STATUS_MALFORMED);
}

/* A report that is not finished must not read as one of an image without packages. */
static void test_unfinished(void **state)
{
	(void)state;
	read_ok("{}", "\"state\":\"IndexError\",\"success\":false,\"err\":\"failed to fetch layers\"");
	check_told(DIAG_LAYER, "state");
	assert_false(report.complete);
	read_ok("{}", "\"state\":\"\",\"success\":false,\"err\":\"\"");
	check_told(DIAG_LAYER, "state");
	read_ok("null", DONE);
	assert_int_equal(report.diags.len, 0);
}

static void test_limits(void **state)
{
	struct limits few = limits_default;
	struct slice text = SLICE("{\"manifest_hash\":\"" HASH "\",\"packages\":{" PACKAGE(
		"1", "a", "1", "") "," PACKAGE("2", "b", "1", "") "}," DONE "}");

	(void)state;
	few.packages = 1;
	assert_int_equal(clair_index_parse(text, &few, &arena, &report, &err), STATUS_LIMIT);
	few = limits_default;
	few.index_bytes = text.len - 1;
	assert_int_equal(clair_index_parse(text, &few, &arena, &report, &err), STATUS_LIMIT);
	few.index_bytes = text.len;
	assert_int_equal(clair_index_parse(text, &few, &arena, &report, &err), STATUS_OK);
}

#define MEMBER(more)                                                                                                   \
	"\"limpid\":{\"format\":1,\"complete\":true,\"layers\":[{\"digest\":\"" LAYER                                  \
	"\",\"read\":true},{\"read\":false}]," more "}," DONE

static void test_member(void **state)
{
	(void)state;
	read_ok("{" PACKAGE("1", "stdlib", "1.21.0", "") "," PACKAGE("2", "x", "1", "") "}",
		MEMBER("\"os\":\"linux\",\"arch\":\"arm64\",\"packages\":{\"1\":{\"type\":\"golang\",\"flags\":4,"
		       "\"layer\":1,"
		       "\"platform\":\"linux/arm64\",\"path\":\"usr/bin/"
		       "x\"},\"2\":{\"type\":\"of-tomorrow\",\"layer\":0}},"
		       "\"owned\":[{\"type\":\"pypi\",\"flags\":1,\"layer\":0,\"name\":\"six\",\"version\":\"1.0\"},{}]"
		       ","
		       "\"diags\":[{\"code\":\"of-tomorrow\",\"layer\":0,\"text\":\"t\"}]"));
	assert_int_equal(report.packages.len, 3);
	assert_int_equal(report.packages.at[0].package.type, PACKAGE_GO);
	assert_int_equal(report.packages.at[0].package.flags, PACKAGE_STDLIB);
	assert_int_equal(report.packages.at[0].layer, 1);
	check_text(report.packages.at[0].package.arch, "linux/arm64");
	check_text(report.os, "linux");
	check_text(report.packages.at[2].package.name, "six");
	assert_int_equal(report.packages.at[2].package.flags, PACKAGE_OWNED);
	assert_int_equal(report.layers.len, 2);
	assert_false(report.layers.at[1].read);
	/* What cannot be read of it is told, and so is what it tells in words that are not known. */
	check_told(DIAG_RECORD, "limpid/packages/2");
	check_told(DIAG_RECORD, "limpid/owned");
	check_told(DIAG_FILE, "");
	assert_false(report.complete);
}

static void test_member_of_another_format(void **state)
{
	(void)state;
	read_ok("{" PACKAGE("1", "a", "1", "") "}", "\"limpid\":{\"format\":99,\"packages\":7}," DONE);
	assert_int_equal(report.packages.len, 1);
	check_told(DIAG_UNSUPPORTED, "limpid");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_kinds),
		TEST(test_other_kinds),
		TEST(test_repositories),
		TEST(test_images_as_packages),
		TEST(test_environments),
		TEST(test_source),
		TEST(test_release),
		TEST(test_bad_entries),
		TEST(test_bad_frames),
		TEST(test_unfinished),
		TEST(test_limits),
		TEST(test_member),
		TEST(test_member_of_another_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
