/* SPDX-License-Identifier: Apache-2.0 */
/* test_coverage.c - each way not to have looked: told, with its packages, and never as complete. */
#include "fixture.h"

/* A release that is maintained on FX_NOW. */
#define RELEASE "3.22"
#define SCOPE "alpine:3.22"

static struct segment_set_entry *secdb(struct fx *f, const char *source)
{
	return fx_source(f, source, "alpine", &feed_format_secdb, RELEASE,
			 "{'packages': [{'pkg': {'name': 'a', 'secfixes': {'2-r0': ['CVE-2025-1']}}}]}");
}

static void alpine(struct fx *f)
{
	fx_system(f, "alpine", RELEASE ".1");
	fx_package(f, PACKAGE_APK, "a", "3-r0");
	fx_package(f, PACKAGE_APK, "b", "1-r0");
}

static void test_covered(void **state)
{
	struct fx *f = *state;

	secdb(f, "alpine-main");
	secdb(f, "alpine-unrelated")->feed = SLICE("debian");
	alpine(f);
	fx_match(f);
	fx_coverage(f, COVERAGE_COVERED, SCOPE, 2, "Alpine packages were looked up");
	assert_int_equal(f->report.coverage.len, 1);
	assert_true(f->report.complete);
	assert_int_equal(f->report.sources.len, 2);
	assert_true(slice_eq(f->report.sources.at[0].name, SLICE("alpine-main")));
	assert_int_equal(f->report.sources.at[0].records, 1);
	assert_true(f->report.sources.at[0].updated_s == FX_NOW - 3600);
}

static void test_no_distribution(void **state)
{
	struct fx *f = *state;

	secdb(f, "alpine-main");
	fx_package(f, PACKAGE_APK, "a", "1-r0");
	fx_package(f, PACKAGE_APK, "b", "1-r0");
	fx_package(f, PACKAGE_RPM, "c", "1-1")->db = SLICE("var/lib/rpm/Packages");
	fx_match(f);
	fx_findings(f, 0);
	fx_coverage(f, COVERAGE_NO_DISTRIBUTION, "lib/db", 2, "nothing in the image says what distribution");
	fx_coverage(f, COVERAGE_NO_DISTRIBUTION, "var/lib/rpm/Packages", 1, "RPM packages were not looked up");
	assert_false(f->report.complete);
}

static void test_unknown_distribution(void **state)
{
	struct fx *f = *state;

	fx_system(f, "template\033os", "7");
	fx_package(f, PACKAGE_DEB, "a", "1");
	fx_match(f);
	fx_coverage(f, COVERAGE_UNKNOWN_DISTRIBUTION, "template\033os", 1,
		    "the distribution template\\x1bos 7 is not known");
	assert_false(f->report.complete);
}

static void test_unknown_release(void **state)
{
	struct fx *f = *state;

	fx_system(f, "alpine", "");
	fx_package(f, PACKAGE_APK, "a", "1-r0");
	fx_match(f);
	fx_coverage(f, COVERAGE_UNKNOWN_DISTRIBUTION, "alpine", 1, "nothing says which release of Alpine Linux");
}

static void test_no_feed(void **state)
{
	struct fx *f = *state;

	alpine(f);
	fx_package(f, PACKAGE_NPM, "left-pad", "1.0.0");
	fx_package(f, PACKAGE_GO, "stdlib", "1.19.1");
	fx_match(f);
	fx_findings(f, 0);
	fx_coverage(f, COVERAGE_NO_FEED, SCOPE, 2, "run: limpid update --set alpine");
	fx_coverage(f, COVERAGE_NO_FEED, "npm", 1, "run: limpid update --set osv");
	fx_coverage(f, COVERAGE_NO_FEED, "go", 1, "no feed of limpid has advisories for it");
	assert_false(f->report.complete);
	assert_null(fx_covered(f, COVERAGE_COVERED, SCOPE));
}

static void test_another_release_is_no_feed(void **state)
{
	struct fx *f = *state;

	secdb(f, "alpine-main");
	fx_system(f, "alpine", "3.23.0");
	fx_package(f, PACKAGE_APK, "a", "1-r0");
	fx_match(f);
	fx_coverage(f, COVERAGE_NO_FEED, "alpine:3.23", 1, "were not looked up");
	assert_int_equal(f->report.sources.len, 0);
}

static void test_stale_and_failed_feeds(void **state)
{
	struct fx *f = *state;
	struct segment_set_entry *e = secdb(f, "alpine-main");

	e->updated_s = FX_NOW - 7 * 86400;
	alpine(f);
	fx_match(f);
	assert_true(f->report.complete);
	f->entries[0].updated_s = FX_NOW - 9 * 86400;
	fx_match(f);
	fx_coverage(f, COVERAGE_STALE_FEED, "alpine-main", 0, "it was last updated 9 days ago");
	assert_false(f->report.complete);
	f->options.stale_s = 10 * 86400;
	f->entries[0].failed = true;
	fx_match(f);
	fx_coverage(f, COVERAGE_FAILED_FEED, "alpine-main", 0, "older advisories are in force");
	/* They do serve, for as long as they are not stale. */
	assert_true(f->report.complete);
}

static void test_sources_that_were_never_read(void **state)
{
	struct fx *f = *state;

	secdb(f, "alpine-main");
	fx_entry(f, "alpine-community", "alpine")->failed = true;
	fx_entry(f, "debian/updater", "debian")->failed = true;
	alpine(f);
	fx_match(f);
	fx_coverage(f, COVERAGE_COVERED, SCOPE, 2, "were looked up");
	fx_coverage(f, COVERAGE_NO_FEED, "alpine-community", 0, "it has never been read");
	/* A source of another feed is not missed here. */
	assert_null(fx_covered(f, COVERAGE_NO_FEED, "debian/updater"));
	assert_false(f->report.complete);
}

static void test_a_segment_that_is_gone(void **state)
{
	struct fx *f = *state;
	char path[256];

	secdb(f, "alpine-main");
	fx_source(f, "alpine-community", "alpine", &feed_format_secdb, RELEASE, "{'packages': null}");
	fx_segment_path(f, &f->entries[1], path);
	assert_int_equal(unlink(path), 0);
	alpine(f);
	fx_match(f);
	fx_coverage(f, COVERAGE_NO_FEED, "alpine-community", 0, "No such file or directory); run: limpid update");
	assert_false(f->report.complete);
}

/* Flip a bit of each byte behind the header in turn: never a crash, and what is seen to be damaged is told. */
static void test_a_segment_that_is_damaged(void **state)
{
	struct fx *f = *state;
	const struct coverage_item *c;
	size_t told = 0, damaged = 0, size;
	int fd;

	secdb(f, "alpine-main");
	fx_system(f, "alpine", RELEASE);
	fx_package(f, PACKAGE_APK, "a", "1-r0");
	fd = fx_segment(f, &f->entries[0]);
	size = (size_t)lseek(fd, 0, SEEK_END);
	for (size_t at = 256; at < size; at++) {
		fx_flip(fd, (off_t)at);
		fx_match(f);
		told += !f->report.complete;
		c = fx_covered(f, COVERAGE_NO_FEED, "alpine-main");
		damaged += c && slice_has(c->detail, SLICE("is damaged ("));
		fx_flip(fd, (off_t)at);
	}
	close(fd);
	assert_true(told > damaged);
	assert_true(damaged > 0);
	fx_match(f);
	fx_reported(f, "CVE-2025-1", "a", "2-r0", "2-r0");
	assert_true(f->report.complete);
}

static void add_diag(struct fx *f, enum diag_code code, size_t layer, const char *where, const char *text)
{
	struct index_diag *d = VEC_PUSH(&f->index.diags, &f->arena);

	assert_non_null(d);
	d->layer = layer;
	d->diag = (struct layer_diag){ code, slice_cstr(where), ERR_NO_OFFSET, slice_cstr(text) };
	f->index.complete &= diag_severity(code) < DIAG_SEVERITY_WARNING;
}

static void test_not_read(void **state)
{
	struct fx *f = *state;

	secdb(f, "alpine-main");
	alpine(f);
	f->layer.digest.algo = DIGEST_SHA256;
	add_diag(f, DIAG_ENCODING, 0, "etc/x", "bytes are not UTF-8");
	fx_match(f);
	assert_true(f->report.complete);
	add_diag(f, DIAG_LIMIT, 0, "usr/bin/huge", "larger than 128 MiB");
	add_diag(f, DIAG_LIMIT, 0, "usr/bin/huge", "larger than 128 MiB");
	add_diag(f, DIAG_FILE, 0, "usr/bin/huge", "something else");
	add_diag(f, DIAG_LAYER, 0, "", "the stream ends early");
	fx_match(f);
	fx_coverage(f, COVERAGE_NOT_READ, "usr/bin/huge", 0, "larger than 128 MiB");
	fx_coverage(f, COVERAGE_NOT_READ, "sha256:0000000000000000000000000000000000000000000000000000000000000000", 0,
		    "the stream ends early");
	assert_int_equal(f->report.coverage.len, 4);
	assert_false(f->report.complete);
}

static void test_not_read_is_bounded(void **state)
{
	struct fx *f = *state;
	char text[32];

	secdb(f, "alpine-main");
	alpine(f);
	for (size_t i = 0; i < 1000; i++) {
		struct slice copy;

		snprintf(text, sizeof(text), "reason %zu", i);
		assert_true(arena_copy(&f->arena, slice_cstr(text), &copy));
		add_diag(f, DIAG_FILE, 0, "a/file", (const char *)copy.ptr);
	}
	fx_match(f);
	assert_int_equal(f->report.coverage.len, 1 + 200 + 1);
	fx_coverage(f, COVERAGE_NOT_READ, "more", 0, "800 more of this kind are not listed");
}

static void test_incomplete_without_a_reason(void **state)
{
	struct fx *f = *state;

	secdb(f, "alpine-main");
	alpine(f);
	f->index.complete = false;
	fx_match(f);
	fx_coverage(f, COVERAGE_NOT_READ, "", 0, "the image was not read completely");
	assert_false(f->report.complete);
}

static void test_no_packages(void **state)
{
	struct fx *f = *state;

	fx_match(f);
	fx_coverage(f, COVERAGE_NO_PACKAGES, "", 0, "no package was found");
	assert_false(f->report.complete);
	/* Programs were found, the system they lie in was recognised, its packages were not. */
	fx_system(f, "debian", "12");
	fx_package(f, PACKAGE_GO, "stdlib", "1.19.1");
	fx_match(f);
	fx_coverage(f, COVERAGE_NO_PACKAGES, "debian", 0, "says that it is debian, but no system package");
	assert_false(f->report.complete);
}

static void test_a_full_report(void **state)
{
	struct fx *f = *state;
	struct limits limits = limits_default;

	secdb(f, "alpine-main");
	fx_system(f, "alpine", RELEASE);
	for (size_t i = 0; i < 5; i++)
		fx_package(f, PACKAGE_APK, "a", "1-r0")->arch = slice_make(&"abcde"[i], 1);
	f->options.limits = &limits;
	limits.findings = 5;
	fx_match(f);
	fx_findings(f, 5);
	assert_true(f->report.complete);
	limits.findings = 2;
	fx_match(f);
	fx_findings(f, 2);
	fx_coverage(f, COVERAGE_LIMIT, "limits.findings", 3, "the report is full");
	assert_false(f->report.complete);
	limits.findings = 5;
	limits.match_rows = 4;
	fx_match(f);
	fx_findings(f, 4);
	fx_coverage(f, COVERAGE_LIMIT, "limits.match_rows", 1, "the report is full");
}

/* Debian 10 after its long-term support, with the tracker of Extended LTS: until 2029-06-30. */
static void test_extended_support(void **state)
{
	struct fx *f = *state;

	fx_source(f, "debian-elts/updater", "debian-elts", &feed_format_debian_tracker, "elts",
		  "{'a': {'CVE-2025-1': {'releases': {'buster': {'status': 'resolved', 'fixed_version': '2-1'}}}}}");
	fx_system(f, "debian", "10");
	fx_package(f, PACKAGE_DEB, "a", "1-1");
	assert_true(date_parse(SLICE("2029-06-30"), &f->options.now_s));
	fx_match(f);
	fx_reported(f, "CVE-2025-1", "a", "2-1", "2-1");
	assert_int_equal(fx_find(f, "CVE-2025-1", "a")->row.fix_state, FIX_ELTS);
	fx_coverage(f, COVERAGE_END_OF_LIFE, "debian:10", 1,
		    "since 2024-06-30; debian-elts was looked up, which is for some of its packages and goes on until "
		    "2029-06-30");
	f->options.now_s += 86400;
	fx_match(f);
	fx_coverage(f, COVERAGE_END_OF_LIFE, "debian:10", 1, "ended on 2029-06-30");
}

/* Node.js: which of its lines get no more advisories, and flaws of other systems. */
static void test_lines_of_nodejs(void **state)
{
	struct fx *f = *state;

	fx_source(f, "nodejs", "nodejs", &feed_format_nodejs, "nodejs",
		  "{'1': {'cve': ['CVE-2025-1'], 'vulnerable': '0.12.x || 20.x || 22.x',"
		  " 'patched': '^20.19.2 || ^22.15.1'},"
		  " '2': {'cve': ['CVE-2025-2'], 'vulnerable': '22.x', 'affectedEnvironments': ['win32']}}");
	fx_package(f, PACKAGE_NODEJS, "node", "0.12.7");
	fx_package(f, PACKAGE_NODEJS, "node", "18.20.8");
	fx_package(f, PACKAGE_NODEJS, "node", "20.19.2");
	fx_package(f, PACKAGE_NODEJS, "node", "22.15.0")->arch = SLICE("linux/amd64");
	fx_match(f);
	fx_findings(f, 2);
	fx_reported(f, "CVE-2025-1", "node", "20.19.2|22.15.1", "");
	assert_true(slice_eq(f->report.findings.at[1].fix, SLICE("22.15.1")));
	fx_coverage(f, COVERAGE_COVERED, "nodejs", 4, "were looked up");
	fx_coverage(f, COVERAGE_END_OF_LIFE, "nodejs:0.12", 1, "is not maintained since 2016-12-31");
	fx_coverage(f, COVERAGE_END_OF_LIFE, "nodejs:18", 1, "is not maintained since 2025-04-30");
	assert_null(fx_covered(f, COVERAGE_END_OF_LIFE, "nodejs:20")); /* until 2026-04-30 */
	f->index.packages.at[3].package.arch = SLICE_EMPTY;	       /* for what system is not known: any */
	fx_match(f);
	fx_findings(f, 3);
}

static void test_end_of_life(void **state)
{
	struct fx *f = *state;

	secdb(f, "alpine-main");
	alpine(f);
	/* Alpine 3.22: until 2027-05-01. */
	f->options.now_s = 1809215999; /* 2027-05-01T23:59:59Z */
	f->entries[0].updated_s = f->options.now_s;
	fx_match(f);
	assert_true(f->report.complete);
	f->options.now_s++;
	fx_match(f);
	fx_coverage(f, COVERAGE_END_OF_LIFE, SCOPE, 2, "gets no advisories since 2027-05-01");
	fx_coverage(f, COVERAGE_COVERED, SCOPE, 2, "were looked up");
	assert_false(f->report.complete);
}

static void test_every_row_is_reached(void **state)
{
	static const struct {
		enum coverage_code code;
		const char *by;
	} rows[] = {
		{ COVERAGE_COVERED, "test_covered" },
		{ COVERAGE_NO_DISTRIBUTION, "test_no_distribution" },
		{ COVERAGE_UNKNOWN_DISTRIBUTION, "test_unknown_distribution" },
		{ COVERAGE_NO_FEED, "test_no_feed" },
		{ COVERAGE_STALE_FEED, "test_stale_and_failed_feeds" },
		{ COVERAGE_FAILED_FEED, "test_stale_and_failed_feeds" },
		{ COVERAGE_NOT_READ, "test_not_read" },
		{ COVERAGE_LIMIT, "test_a_full_report" },
		{ COVERAGE_BAD_VERSION, "test_languages: test_bad_installed_version" },
		{ COVERAGE_BAD_ADVISORY, "test_languages: test_bad_version_in_a_row" },
		{ COVERAGE_NO_PACKAGES, "test_no_packages" },
		{ COVERAGE_END_OF_LIFE, "test_end_of_life" },
		{ COVERAGE_OWNED, "test_languages: test_owned_packages_are_suppressed_with_the_reason" },
		{ COVERAGE_DEMONSTRATION, "tests/golden/cli: demo" },
		{ COVERAGE_DAMAGED_STATE, "tests/golden/folder: test_damaged_state" },
		{ COVERAGE_TOLD_BEFORE, "tests/golden/cli: test_watch" },
		{ COVERAGE_NOT_SAID, "tests/golden/cli: test_convert" },
		{ COVERAGE_IGNORE_EXPIRED, "tests/golden/cli: test_ignore" },
		{ COVERAGE_AS_OF, "tests/corpus/check-carry: test_as_of" },
		{ COVERAGE_NOT_KEPT, "tests/corpus/check-carry: test_as_of" },
		{ COVERAGE_BASE_IMAGE, "tests/golden/gates: test_base_auto_by_history" },
		{ COVERAGE_DEV, "test_languages: test_development_packages_are_suppressed" },
		{ COVERAGE_NO_ENRICHMENT, "test_enrich: test_damaged" },
	};

	(void)state;
	/* A new row needs a test of its own, named here. */
	assert_int_equal(ARRAY_LEN(rows), COVERAGE_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(rows[i].code, i);
}

static const struct CMUnitTest tests[] = {
	TEST(test_covered),
	TEST(test_no_distribution),
	TEST(test_unknown_distribution),
	TEST(test_unknown_release),
	TEST(test_no_feed),
	TEST(test_another_release_is_no_feed),
	TEST(test_stale_and_failed_feeds),
	TEST(test_sources_that_were_never_read),
	TEST(test_a_segment_that_is_gone),
	TEST(test_a_segment_that_is_damaged),
	TEST(test_not_read),
	TEST(test_not_read_is_bounded),
	TEST(test_incomplete_without_a_reason),
	TEST(test_no_packages),
	TEST(test_a_full_report),
	TEST(test_end_of_life),
	TEST(test_extended_support),
	TEST(test_lines_of_nodejs),
	cmocka_unit_test(test_every_row_is_reached),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
