/* SPDX-License-Identifier: Apache-2.0 */
/* test_subject.c - package URLs, one entry per package and flaw, scores, texts that others read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "made.h"
#include "report/subject.h"

struct package_case {
	enum package_type type;
	unsigned flags;
	const char *name, *version, *arch, *source, *source_version, *purl;
};

/* Worked out from the types' pages of the purl specification; "upstream" and "distro" are those that Syft and Grype
 * know. */
static const struct package_case cases[] = {
	{ PACKAGE_DEB, 0, "libssl3", "1:3.0.11-1~deb12u2", "amd64", "openssl", "3.0.11-1",
	  "pkg:deb/debian/libssl3@1:3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-1" },
	{ PACKAGE_DEB, 0, "g++", "4:12.2.0-3", "amd64", "gcc-defaults", "4:12.2.0-3",
	  "pkg:deb/debian/g%2B%2B@4:12.2.0-3?arch=amd64&distro=debian-12&upstream=gcc-defaults" },
	{ PACKAGE_DEB, 0, "bash", "5.2.15-2+b2", "amd64", "", "",
	  "pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64&distro=debian-12" },
	{ PACKAGE_RPM, 0, "bind-libs", "32:9.11.4-1.el8", "x86_64", "bind", "32:9.11.4-1.el8",
	  "pkg:rpm/debian/bind-libs@9.11.4-1.el8?arch=x86_64&distro=debian-12&epoch=32&upstream=bind" },
	{ PACKAGE_NPM, 0, "@angular/animation", "12.3.1", "", "", "", "pkg:npm/%40angular/animation@12.3.1" },
	{ PACKAGE_NPM, 0, "foobar", "12.3.1", "", "", "", "pkg:npm/foobar@12.3.1" },
	{ PACKAGE_GO, 0, "github.com/gorilla/context", "v1.1.1", "linux/amd64", "", "",
	  "pkg:golang/github.com/gorilla/context@v1.1.1" },
	{ PACKAGE_GO, PACKAGE_STDLIB, "stdlib", "1.24.1", "", "", "", "pkg:golang/stdlib@1.24.1" },
	{ PACKAGE_GO, PACKAGE_MAIN_MODULE | PACKAGE_BAD_VERSION, "example.com/tool", "(devel)", "", "", "",
	  "pkg:golang/example.com/tool" },
	{ PACKAGE_PYPI, 0, "django-allauth", "12.23", "", "", "", "pkg:pypi/django-allauth@12.23" },
	{ PACKAGE_MAVEN, 0, "org.apache.xmlgraphics:batik-anim", "1.9.1", "", "", "",
	  "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1" },
	{ PACKAGE_COMPOSER, 0, "laravel/laravel", "5.5.0", "", "", "", "pkg:composer/laravel/laravel@5.5.0" },
};

static void test_package_urls(void **state)
{
	struct distribution debian = { .did = SLICE("debian"), .version_id = SLICE("12") };
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct package_case *c = &cases[i];
		bool system = package_type_scope(c->type)[0] == '\0';
		struct index_package p = { .package = { .type = c->type,
							.flags = c->flags,
							.name = slice_cstr(c->name),
							.version = slice_cstr(c->version),
							.arch = slice_cstr(c->arch),
							.source_name = slice_cstr(c->source),
							.source_version = slice_cstr(c->source_version) },
					   .distribution = system ? 0 : INDEX_NO_DISTRIBUTION };
		struct index_report r = { 0 };
		struct slice purl;

		r.packages.at = &p;
		r.packages.len = 1;
		r.distributions.at = &debian;
		r.distributions.len = 1;
		assert_int_equal(subject_purl(&r, 0, &arena, &purl, &err), STATUS_OK);
		if (!slice_eq(purl, slice_cstr(c->purl)))
			fail_msg("%.*s, want %s", SLICE_ARG(purl), c->purl);
	}
}

static void test_references(void **state)
{
	static const struct {
		const char *reference, *repository, *tag;
	} rows[] = { { "alpine", "alpine", "" },
		     { "alpine:3.18", "alpine", "3.18" },
		     { "example.com:5000/a/b", "example.com:5000/a/b", "" },
		     { "example.com:5000/a/b:1@sha256:aa", "example.com:5000/a/b", "1" },
		     { "", "", "" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice repository, tag;

		subject_split_reference(slice_cstr(rows[i].reference), &repository, &tag);
		assert_true(slice_eq(repository, slice_cstr(rows[i].repository)));
		assert_true(slice_eq(tag, slice_cstr(rows[i].tag)));
	}
}

/* Records of two sources about one flaw of one package are one hit, under its CVE, worst severity, all names. */
static void note(void *ctx, struct slice id)
{
	buf_add(ctx, id);
	buf_add_byte(ctx, ' ');
}

static void test_hits(void **state)
{
	struct buf AUTO(buf_fini) names = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct made m;
	struct hit *hits;
	size_t n;

	(void)state;
	assert_true(made_case("findings", &m));
	assert_int_equal(hits_make(&m.report, &m.arena, &hits, &n, &err), STATUS_OK);
	assert_int_equal(n, 10); /* of 11 findings: PYSEC-2025-1 and GHSA-aaaa-bbbb-cccc are one */
	for (size_t i = 1; i < n; i++)
		assert_true(hits[i - 1].package <= hits[i].package);
	assert_true(slice_eq(hits[6].line.id, SLICE("CVE-2025-0004")));
	assert_int_equal(hits[6].line.severity, SEVERITY_CRITICAL);
	hit_each_alias(&hits[6], note, &names);
	assert_true(slice_eq(buf_slice(&names), SLICE("GHSA-aaaa-bbbb-cccc PYSEC-2025-1 ")));
	made_fini(&m);
}

/* The number lies in the range of the word: code scanning goes by the number. */
static void test_scores(void **state)
{
	static const struct slice cvss[] = { SLICE_INIT(
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") }; /* 9.8 by FIRST's calculator */
	struct finding f = { .advisory = { .cvss = cvss, .n_cvss = 1 } };
	const struct finding *list[] = { &f };
	struct hit h = { .line = { .findings = list, .n = 1, .severity = SEVERITY_CRITICAL } };

	(void)state;
	assert_true(hit_score(&h) > 9.79 && hit_score(&h) < 9.81);
	h.line.severity = SEVERITY_LOW; /* the vendor says otherwise */
	assert_true(hit_score(&h) > 1.9 && hit_score(&h) < 2.1);
}

static void test_texts(void **state)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(1000);

	(void)state;
	assert_true(subject_is_url(SLICE("https://example.com/a?b=1")));
	assert_false(subject_is_url(SLICE("javascript:alert(1)")));
	assert_false(subject_is_url(SLICE("https://example.com/a b")));
	assert_false(subject_is_url(SLICE("https://")));
	assert_true(slice_eq(subject_cut(SLICE("a\xc3\xa4z"), 2), SLICE("a")));
	assert_true(slice_eq(subject_cut(SLICE("abc"), 3), SLICE("abc")));
	subject_markdown(SLICE("<b>[x](y) |@me\033[1m"), &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("&lt;b\\>\\[x\\]\\(y\\) \\|&#64;me?\\[1m")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_package_urls), cmocka_unit_test(test_references), cmocka_unit_test(test_hits),
		cmocka_unit_test(test_scores),	     cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
