/* SPDX-License-Identifier: Apache-2.0 */
/* test_languages.c - Go, PyPI and npm: versions, platforms, lists, owned packages; and rows that cannot be judged. */
#include "fixture.h"


/* ---- Go ---- */

static void test_go_standard_library(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/go",
	       "{'id': 'GO-2022-1143', 'aliases': ['CVE-2022-41720'], "
	       "'affected': [{'package': {'ecosystem': 'Go', 'name': 'stdlib'}, 'ranges': [{'type': 'SEMVER', "
	       "'events': [{'introduced': '0'}, {'fixed': '1.18.9'}, {'introduced': '1.19.0-0'}, "
	       "{'fixed': '1.19.4'}]}]}]}");
	fx_package(f, PACKAGE_GO, "stdlib", "1.19.1")->flags = PACKAGE_STDLIB;
	fx_package(f, PACKAGE_GO, "stdlib", "1.18.9")->flags = PACKAGE_STDLIB;
	fx_package(f, PACKAGE_GO, "stdlib", "1.19rc1")->flags = PACKAGE_STDLIB;
	fx_match(f);
	/* All fixes are named; the one to go to is that of the range the installed version lies in. */
	fx_findings(f, 2);
	fx_reported(f, "GO-2022-1143", "stdlib", "1.18.9|1.19.4", "1.19.4");
	assert_int_equal(f->report.findings.at[0].package, 0);
	assert_int_equal(f->report.findings.at[1].package, 2); /* 1.19.0-rc.1 is newer than 1.19.0-0 */
	assert_int_equal(f->report.flaws, 1);
}

static void test_go_pseudo_versions(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/go",
	       "[{'id': 'GO-1', 'affected': [{'package': {'ecosystem': 'Go', 'name': 'golang.org/x/crypto'}, "
	       "'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}, "
	       "{'fixed': '0.0.0-20211202192323-5770296d904e'}]}]}]}, {'id': 'GO-2', "
	       "'affected': [{'package': {'ecosystem': 'Go', 'name': 'github.com/docker/docker'}, "
	       "'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}, "
	       "{'fixed': '20.10.24+incompatible'}]}]}]}]");
	fx_package(f, PACKAGE_GO, "golang.org/x/crypto", "v0.0.0-20210921155107-089bfa567519");
	fx_package(f, PACKAGE_GO, "golang.org/x/crypto", "v0.0.0-20220112180741-5e0467b6c7ce");
	fx_package(f, PACKAGE_GO, "github.com/docker/docker", "v20.10.23+incompatible");
	fx_package(f, PACKAGE_GO, "github.com/docker/docker", "v20.10.24+incompatible");
	fx_match(f);
	fx_findings(f, 2);
	assert_int_equal(f->report.findings.at[0].package, 0);
	assert_int_equal(f->report.findings.at[1].package, 2);
}

static void test_go_main_module_without_a_version(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/go",
	       "[{'id': 'GO-1', 'affected': [{'package': {'ecosystem': 'Go', 'name': 'example.com/made'}, "
	       "'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}]}]}]}, {'id': 'GO-2', "
	       "'affected': [{'package': {'ecosystem': 'Go', 'name': 'toolchain'}, "
	       "'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}]}]}]}]");
	fx_package(f, PACKAGE_GO, "example.com/made", "(devel)")->flags = PACKAGE_MAIN_MODULE | PACKAGE_BAD_VERSION;
	fx_package(f, PACKAGE_GO, "stdlib", "1.19.1")->flags = PACKAGE_STDLIB;
	fx_match(f);
	/* Nothing is known about a work tree; the toolchain is no part of a program. Neither is a gap. */
	fx_findings(f, 0);
	assert_true(f->report.complete);
}

static void test_go_platforms(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/go",
	       "[{'id': 'GO-windows', 'affected': [{'package': {'ecosystem': 'Go', 'name': 'stdlib'}, "
	       "'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}]}], "
	       "'ecosystem_specific': {'imports': [{'path': 'os', 'goos': ['windows']}]}}]}, {'id': 'GO-arm', "
	       "'affected': [{'package': {'ecosystem': 'Go', 'name': 'stdlib'}, 'ranges': [{'type': 'SEMVER', "
	       "'events': [{'introduced': '0'}]}], 'ecosystem_specific': {'imports': [{'path': 'os', "
	       "'goarch': ['arm64']}]}}]}, {'id': 'GO-some', 'affected': [{'package': {'ecosystem': 'Go', "
	       "'name': 'stdlib'}, 'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}]}], "
	       "'ecosystem_specific': {'imports': [{'path': 'os', 'goos': ['windows']}, {'path': 'net'}]}}]}]");
	f->index.os = SLICE("linux");
	f->index.arch = SLICE("amd64");
	fx_package(f, PACKAGE_GO, "stdlib", "1.19.1");
	fx_match(f);
	fx_reported(f, "GO-some", "stdlib", "", "");
	fx_findings(f, 1);
	/* Where the image does not say what it is for, nothing is left out. */
	f->index.os = f->index.arch = SLICE_EMPTY;
	fx_match(f);
	fx_findings(f, 3);
}

/* ---- PyPI ---- */

static void test_pypi_names_and_events(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/pypi",
	       "[{'id': 'PYSEC-1', 'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'Foo_Bar.baz'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'fixed': '1.2'}, {'fixed': '2.3'}, "
	       "{'introduced': '2.0'}, {'introduced': '0'}]}]}]}, {'id': 'PYSEC-2', "
	       "'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'gitonly'}, 'ranges': [{'type': 'GIT', "
	       "'events': [{'introduced': '0'}, {'fixed': 'abcdef'}]}]}]}, {'id': 'PYSEC-3', "
	       "'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'both'}, 'ranges': [{'type': 'GIT', "
	       "'events': [{'introduced': '0'}]}], 'versions': ['1.0', '1.1']}]}, {'id': 'PYSEC-4', "
	       "'withdrawn': '2022-01-01T00:00:00Z', 'affected': [{'package': {'ecosystem': 'PyPI', "
	       "'name': 'both'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}]}]}]}]");
	fx_package(f, PACKAGE_PYPI, "foo-bar-baz", "1.1");
	fx_package(f, PACKAGE_PYPI, "foo-bar-baz", "1.5");
	fx_package(f, PACKAGE_PYPI, "foo-bar-baz", "2.1");
	fx_package(f, PACKAGE_PYPI, "gitonly", "1.0");
	fx_package(f, PACKAGE_PYPI, "both", "1.0.0");
	fx_package(f, PACKAGE_PYPI, "both", "1.2");
	fx_match(f);
	fx_findings(f, 3);
	assert_int_equal(f->report.findings.at[0].package, 0);
	assert_true(slice_eq(f->report.findings.at[0].fix, SLICE("1.2")));
	assert_int_equal(f->report.findings.at[1].package, 2);
	assert_true(slice_eq(f->report.findings.at[1].fix, SLICE("2.3")));
	/* Listed as 1.0, installed as 1.0.0: the same version. */
	assert_int_equal(f->report.findings.at[2].package, 4);
	assert_true(slice_eq(f->report.findings.at[2].comparison, SLICE("1.0.0 is listed as affected")));
}

static void test_pypi_last_affected(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/pypi",
	       "{'id': 'PYSEC-1', 'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'a'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '1.0'}, "
	       "{'last_affected': '1.5'}]}]}]}");
	fx_package(f, PACKAGE_PYPI, "a", "0.9");
	fx_package(f, PACKAGE_PYPI, "a", "1.5");
	fx_package(f, PACKAGE_PYPI, "a", "1.5.post1");
	fx_match(f);
	fx_findings(f, 1);
	assert_int_equal(f->report.findings.at[0].package, 1);
}

/* ---- GitHub Actions ---- */

/* As GHSA-mcph-m25j-8j63 and GHSA-mrrh-fwg8-r2c3 have it: names in any case, fixes that are numbers alone. */
static void test_actions(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/github-actions",
	       "[{'id': 'GHSA-1', 'affected': [{'package': {'ecosystem': 'GitHub Actions', "
	       "'name': 'Acme/Changed-Files'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '41'}]}]}]}, {'id': 'GHSA-2', 'affected': [{'package': {'ecosystem': 'GitHub Actions', "
	       "'name': 'acme/changed-files'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'last_affected': '45.0.7'}]}]}]}]");
	fx_package(f, PACKAGE_GITHUB, "acme/changed-files", "v40.2.3");
	fx_package(f, PACKAGE_GITHUB, "ACME/changed-files", "45.0.7");
	fx_package(f, PACKAGE_GITHUB, "acme/changed-files", "v45.0.8");
	fx_package(f, PACKAGE_GITHUB, "acme/changed-files", "v41.0.0-rc.1");
	/* What is moved to each new release, and what is no version: neither affected nor clean. */
	fx_package(f, PACKAGE_GITHUB, "acme/changed-files", "v40");
	fx_package(f, PACKAGE_GITHUB, "acme/changed-files", "v40.2");
	fx_package(f, PACKAGE_GITHUB, "acme/changed-files", "main");
	fx_package(f, PACKAGE_GITHUB, "acme/changed-files", "0123456789abcdef0123456789abcdef01234567");
	fx_match(f);
	fx_findings(f, 5);
	for (size_t i = 0; i < f->report.findings.len; i++)
		assert_in_range(f->report.findings.at[i].package, 0, 3);
	fx_coverage(f, COVERAGE_BAD_VERSION, "acme/changed-files", 4, "v40 was not compared");
	fx_coverage(f, COVERAGE_COVERED, "github-actions", 4, "were looked up");
	assert_false(f->report.complete);
}

/* ---- VS Code ---- */

/* As MAL-2025-... of OpenSSF have it: versions that are listed, of either registry; and a range. */
static void test_extensions(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/vscode",
	       "[{'id': 'MAL-1', 'affected': [{'package': {'ecosystem': 'VSCode:https://open-vsx.org', "
	       "'name': 'acme.theme-Dark'}, 'versions': ['1.8.3', '1.8.4']}]}, {'id': 'GHSA-1', 'affected': "
	       "[{'package': {'ecosystem': 'VSCode', 'name': 'Acme.tool'}, 'ranges': [{'type': 'SEMVER', "
	       "'events': [{'introduced': '0'}, {'fixed': '2023.25.10292213'}]}]}]}]");
	fx_package(f, PACKAGE_VSCODE, "Acme.theme-dark", "1.8.4");
	fx_package(f, PACKAGE_VSCODE, "acme.theme-dark", "1.8.5");
	fx_package(f, PACKAGE_VSCODE, "acme.TOOL", "2023.9.1");
	fx_package(f, PACKAGE_VSCODE, "acme.tool", "2023.25.10292213");
	fx_package(f, PACKAGE_VSCODE, "other.tool", "1.0.0");
	fx_match(f);
	fx_findings(f, 2);
	assert_int_equal(f->report.findings.at[0].package, 0);
	assert_int_equal(f->report.findings.at[1].package, 2);
	fx_reported(f, "GHSA-1", "acme.TOOL", "2023.25.10292213", "2023.25.10292213");
	fx_coverage(f, COVERAGE_COVERED, "vscode", 5, "were looked up");
	assert_true(f->report.complete);
}

/* ---- owned ---- */

static void test_owned_packages_are_suppressed_with_the_reason(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/pypi",
	       "{'id': 'PYSEC-1', 'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'urllib3'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '1.24.2'}]}]}]}");
	fx_package(f, PACKAGE_PYPI, "urllib3", "1.24.1")->flags = PACKAGE_OWNED;
	fx_match(f);
	fx_findings(f, 0);
	assert_int_equal(f->report.suppressed.len, 1);
	assert_true(slice_eq(f->report.suppressed.at[0].finding.advisory.id, SLICE("PYSEC-1")));
	assert_true(slice_has(f->report.suppressed.at[0].reason, SLICE("the system's package manager")));
	fx_coverage(f, COVERAGE_OWNED, "pypi", 1, "the system's advisories count");
	assert_true(f->report.complete);
	f->options.owned = true;
	fx_match(f);
	fx_reported(f, "PYSEC-1", "urllib3", "1.24.2", "1.24.2");
	assert_int_equal(f->report.suppressed.len, 0);
	fx_coverage(f, COVERAGE_COVERED, "pypi", 1, "were looked up");
}

/* ---- packages of development ---- */

static void test_development_packages_are_suppressed(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/npm",
	       "{'id': 'GHSA-1', 'affected': [{'package': {'ecosystem': 'npm', 'name': 'tap'}, "
	       "'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}, {'fixed': '2.0.0'}]}]}]}");
	fx_package(f, PACKAGE_NPM, "tap", "1.0.0")->flags = PACKAGE_DEV | PACKAGE_DIRECT;
	fx_match(f);
	fx_findings(f, 0);
	assert_int_equal(f->report.suppressed.len, 1);
	assert_int_equal(f->report.suppressed.at[0].by, SUPPRESSED_BY_DEV);
	assert_true(slice_has(f->report.suppressed.at[0].reason, SLICE("works on the project")));
	fx_coverage(f, COVERAGE_DEV, "npm", 1, "no findings without --dev");
	fx_coverage(f, COVERAGE_COVERED, "npm", 1, "were looked up");
	assert_true(f->report.complete);
	f->options.dev = true;
	fx_match(f);
	fx_reported(f, "GHSA-1", "tap", "2.0.0", "2.0.0");
	assert_int_equal(f->report.suppressed.len, 0);
}

/* ---- several records of one flaw ---- */

static void test_aliases_make_one_flaw(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/pypi",
	       "[{'id': 'PYSEC-2021-108', 'aliases': ['CVE-2021-33503'], "
	       "'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'urllib3'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '1.26.5'}]}]}]}, "
	       "{'id': 'GHSA-q2q7-5pp4-w6pg', 'aliases': ['CVE-2021-33503'], "
	       "'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'urllib3'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '1.26.5'}]}]}]}, "
	       "{'id': 'PYSEC-2020-1', 'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'urllib3'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}]}]}]}]");
	fx_package(f, PACKAGE_PYPI, "urllib3", "1.26.4");
	fx_package(f, PACKAGE_PYPI, "urllib3", "1.26.3");
	fx_match(f);
	fx_findings(f, 6);
	assert_int_equal(f->report.flaws, 2);
	assert_int_equal(fx_find(f, "PYSEC-2021-108", "urllib3")->flaw,
			 fx_find(f, "GHSA-q2q7-5pp4-w6pg", "urllib3")->flaw);
}

/* ---- severities decide the order ---- */

static void test_order_is_by_package_then_severity_then_id(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/npm",
	       "[{'id': 'GHSA-2', 'database_specific': {'severity': 'LOW'}, "
	       "'affected': [{'package': {'ecosystem': 'npm', 'name': 'a'}, 'ranges': [{'type': 'SEMVER', "
	       "'events': [{'introduced': '0'}]}]}]}, {'id': 'GHSA-3', "
	       "'database_specific': {'severity': 'CRITICAL'}, 'affected': [{'package': {'ecosystem': 'npm', "
	       "'name': 'a'}, 'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}]}]}]}, "
	       "{'id': 'GHSA-1', 'database_specific': {'severity': 'MODERATE'}, "
	       "'affected': [{'package': {'ecosystem': 'npm', 'name': 'a'}, 'ranges': [{'type': 'SEMVER', "
	       "'events': [{'introduced': '0'}]}]}]}]");
	fx_package(f, PACKAGE_NPM, "a", "1.0.0");
	fx_match(f);
	fx_findings(f, 3);
	assert_true(slice_eq(f->report.findings.at[0].advisory.id, SLICE("GHSA-3")));
	assert_true(slice_eq(f->report.findings.at[1].advisory.id, SLICE("GHSA-1")));
	assert_true(slice_eq(f->report.findings.at[2].advisory.id, SLICE("GHSA-2")));
	assert_int_equal(f->report.findings.at[1].severity, SEVERITY_MEDIUM);
}

/* ---- what cannot be judged costs one row ---- */

static void test_bad_installed_version(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/pypi",
	       "{'id': 'PYSEC-1', 'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'a'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '2'}]}], "
	       "'versions': ['1', '1.0-final', '1.0-git']}]}");
	fx_package(f, PACKAGE_PYPI, "a", "not a version")->flags = PACKAGE_BAD_VERSION;
	fx_package(f, PACKAGE_PYPI, "a", "unmarked!");
	fx_package(f, PACKAGE_PYPI, "a", "");
	fx_package(f, PACKAGE_PYPI, "a", "1");
	fx_match(f);
	fx_reported(f, "PYSEC-1", "a", "2", "2");
	fx_findings(f, 1);
	fx_coverage(f, COVERAGE_BAD_VERSION, "a", 3, "a not a version was not compared");
	fx_coverage(f, COVERAGE_COVERED, "pypi", 1, "were looked up");
	assert_false(f->report.complete);
	/* One that is listed in these letters is affected, and told of all the same. */
	f->index.packages.at[1].package.version = SLICE("1.0-git");
	fx_match(f);
	fx_findings(f, 2);
	fx_coverage(f, COVERAGE_BAD_VERSION, "a", 3, "a not a version was not compared");
}

static void test_bad_version_in_a_row(void **state)
{
	struct fx *f = *state;
	struct version_range bad = { .fixed = SLICE("?!") }, good = { .fixed = SLICE("2-r0") };
	struct affected row = { .scope = SLICE("alpine:3.21"),
				.package = SLICE("a"),
				.scheme = SCHEME_apk,
				.ranges = &bad,
				.n_ranges = 1 };
	struct advisory a = { .id = SLICE("CVE-2025-1"),
			      .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = &row,
			      .n_affected = 1 };

	fx_open(f, "made");
	fx_check(f, segment_writer_add(f->writer, &a, &f->err));
	a.id = SLICE("CVE-2025-2");
	row.ranges = &good;
	fx_check(f, segment_writer_add(f->writer, &a, &f->err));
	/* Two rows of one id, one of them unreadable: what can be judged decides. */
	a.id = SLICE("CVE-2025-3");
	fx_check(f, segment_writer_add(f->writer, &a, &f->err));
	row.ranges = &bad;
	fx_check(f, segment_writer_add(f->writer, &a, &f->err));
	/* One that cannot be read and one that says "never": never. */
	a.id = SLICE("CVE-2025-4");
	fx_check(f, segment_writer_add(f->writer, &a, &f->err));
	row.status = AFFECTED_NO;
	fx_check(f, segment_writer_add(f->writer, &a, &f->err));
	fx_close(f, "made", "alpine");
	fx_system(f, "alpine", "3.21.0");
	fx_package(f, PACKAGE_APK, "a", "1-r0");
	f->options.now_s = FX_NOW - 86400 * 100;
	f->entries[0].updated_s = f->options.now_s;
	fx_match(f);
	fx_reported(f, "CVE-2025-2", "a", "", "2-r0");
	fx_reported(f, "CVE-2025-3", "a", "", "2-r0");
	fx_findings(f, 2);
	fx_coverage(
		f, COVERAGE_BAD_ADVISORY, "a", 1,
		"CVE-2025-1 could not be judged for a 1-r0: the advisory's version ?! does not follow the scheme apk");
	/* Of the others nothing is left open: one item, and what was covered. */
	assert_int_equal(f->report.coverage.len, 2);
	assert_false(f->report.complete);
}

static const struct CMUnitTest tests[] = {
	TEST(test_go_standard_library),
	TEST(test_go_pseudo_versions),
	TEST(test_go_main_module_without_a_version),
	TEST(test_go_platforms),
	TEST(test_pypi_names_and_events),
	TEST(test_pypi_last_affected),
	TEST(test_actions),
	TEST(test_extensions),
	TEST(test_owned_packages_are_suppressed_with_the_reason),
	TEST(test_development_packages_are_suppressed),
	TEST(test_aliases_make_one_flaw),
	TEST(test_order_is_by_package_then_severity_then_id),
	TEST(test_bad_installed_version),
	TEST(test_bad_version_in_a_row),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
