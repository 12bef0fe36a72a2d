/* SPDX-License-Identifier: Apache-2.0 */
/* test_rules.c - one row against one package: every verdict, and the words for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "match/rules.h"

static struct index_report index_of_linux = { .os = SLICE_INIT("linux"), .arch = SLICE_INIT("amd64") };

static struct package deb(const char *name, const char *version, const char *source, const char *source_version)
{
	return (struct package){ .type = PACKAGE_DEB,
				 .name = slice_cstr(name),
				 .version = slice_cstr(version),
				 .source_name = slice_cstr(source),
				 .source_version = slice_cstr(source_version) };
}

static struct judgement judge(const struct package *p, const struct affected *row, const char *looked_up,
			      enum verdict want, const char *words)
{
	struct verdict_text why = { "" };
	struct judgement j = rules_judge(&index_of_linux, p, row, slice_cstr(looked_up), &why);

	if (j.verdict != want || strcmp(why.text, words) != 0)
		fail_msg("verdict %d \"%s\", want %d \"%s\"", (int)j.verdict, why.text, (int)want, words);
	/* Without words the verdict is the same. */
	assert_int_equal(rules_judge(&index_of_linux, p, row, slice_cstr(looked_up), NULL).verdict, want);
	return j;
}

static void test_candidates(void **state)
{
	struct package p = deb("libssl3", "3.0.8-1+b1", "openssl", "3.0.8-1");
	struct candidate c[2];

	(void)state;
	assert_int_equal(rules_candidates(&p, c), 2);
	assert_true(c[0].source && slice_eq(c[0].name, SLICE("openssl")) && slice_eq(c[0].version, SLICE("3.0.8-1")));
	assert_true(!c[1].source && slice_eq(c[1].name, SLICE("libssl3")) &&
		    slice_eq(c[1].version, SLICE("3.0.8-1+b1")));
	p = deb("openssl", "3.0.8-1+b1", "openssl", "3.0.8-1");
	assert_int_equal(rules_candidates(&p, c), 1);
	assert_true(c[0].source && slice_eq(c[0].version, SLICE("3.0.8-1")));
	p = deb("base-files", "12", "", "");
	assert_int_equal(rules_candidates(&p, c), 1);
	assert_true(slice_eq(c[0].name, SLICE("base-files")) && slice_eq(c[0].version, SLICE("12")));
}

static void test_names(void **state)
{
	struct package p = deb("libssl3", "3.0.8-1+b1", "openssl", "3.0.8-1");
	struct version_range r = { .fixed = SLICE("3.0.8-1") };
	struct affected row = { .package = SLICE("openssl"), .scheme = SCHEME_dpkg, .ranges = &r, .n_ranges = 1 };

	(void)state;
	row.name_kind = AFFECTED_NAME_SOURCE;
	judge(&p, &row, "openssl", VERDICT_FIXED, "3.0.8-1 >= 3.0.8-1 (dpkg)");
	judge(&p, &row, "libssl3", VERDICT_OTHER_NAME, "the advisory speaks of the source package openssl");
	row.name_kind = AFFECTED_NAME_BINARY;
	judge(&p, &row, "openssl", VERDICT_OTHER_NAME, "the advisory speaks of the binary package openssl");
	row.package = SLICE("libssl3");
	r.fixed = SLICE("3.0.8-1+b2");
	assert_true(slice_eq(judge(&p, &row, "libssl3", VERDICT_AFFECTED, "3.0.8-1+b1 < 3.0.8-1+b2 (dpkg)").version,
			     SLICE("3.0.8-1+b1")));
	row.name_kind = AFFECTED_NAME_ANY;
	judge(&p, &row, "openssl", VERDICT_AFFECTED, "3.0.8-1 < 3.0.8-1+b2 (dpkg)");
}

static void test_statuses(void **state)
{
	struct package p = deb("a", "1", "", "");
	struct affected row = { .package = SLICE("a"), .scheme = SCHEME_dpkg, .status = AFFECTED_NO };

	(void)state;
	judge(&p, &row, "a", VERDICT_NOT_AFFECTED, "the vendor says: not affected");
	row.status = AFFECTED_UNDECIDED;
	judge(&p, &row, "a", VERDICT_UNDECIDED, "the vendor has not decided whether it is affected");
	row.status = AFFECTED_YES;
	judge(&p, &row, "a", VERDICT_AFFECTED, "1: every version is affected, no fix is known");
	p.version = SLICE("-");
	judge(&p, &row, "a", VERDICT_BAD_VERSION, "the installed version - does not follow the scheme dpkg");
}

static void test_ranges(void **state)
{
	struct package p = { .type = PACKAGE_NPM, .name = SLICE("a"), .version = SLICE("1.5.0") };
	struct version_range r[4] = { { .introduced = SLICE("2.0.0"), .fixed = SLICE("2.1.0") },
				      { .introduced = SLICE("1.0.0"), .last_affected = SLICE("1.4.9") } };
	struct affected row = { .package = SLICE("a"), .scheme = SCHEME_semver, .ranges = r, .n_ranges = 2 };
	struct slice listed[] = { SLICE("1.4.0"), SLICE("v1.5.0") };

	(void)state;
	judge(&p, &row, "a", VERDICT_FIXED, "1.5.0 > 1.4.9, the last affected version (semver)");
	row.n_ranges = 1;
	judge(&p, &row, "a", VERDICT_FIXED, "1.5.0 < 2.0.0, where it was introduced (semver)");
	r[1].last_affected = SLICE("1.5.0");
	row.n_ranges = 2;
	judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 <= 1.5.0, the last affected version (semver)");
	r[1].last_affected = SLICE_EMPTY;
	judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0: no fixed version is known");
	r[1] = (struct version_range){ .introduced = SLICE("1.5.0"), .fixed = SLICE("1.5.1") };
	judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 < 1.5.1 (semver)");
	/* "0" is the beginning of all time in every scheme. */
	r[1] = (struct version_range){ .introduced = SLICE("0"), .fixed = SLICE("1.6.0") };
	assert_true(slice_eq(judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 < 1.6.0 (semver)").fix, SLICE("1.6.0")));
	row.n_ranges = 0;
	row.versions = listed;
	row.n_versions = 1;
	judge(&p, &row, "a", VERDICT_FIXED, "1.5.0 is not among the affected versions");
	row.n_versions = 2;
	judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 is listed as affected");
	/* Listed, and outside of the ranges: the next fix is the one to go to. */
	row.n_ranges = 1;
	assert_true(
		slice_eq(judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 is listed as affected").fix, SLICE("2.1.0")));
	r[1] = (struct version_range){ .introduced = SLICE("1.6.0"), .fixed = SLICE("1.7.0") };
	r[2] = (struct version_range){ .introduced = SLICE("3.0.0"), .fixed = SLICE("3.1.0") };
	r[3] = (struct version_range){ .introduced = SLICE("1.0.0"), .fixed = SLICE("1.1.0") };
	row.n_ranges = 4;
	assert_true(
		slice_eq(judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 is listed as affected").fix, SLICE("1.7.0")));
}

static void test_bad_bounds(void **state)
{
	struct package p = { .type = PACKAGE_NPM, .name = SLICE("a"), .version = SLICE("1.5.0") };
	struct version_range r[2] = { { .introduced = SLICE("x"), .fixed = SLICE("2.0.0") },
				      { .fixed = SLICE("1.0.0") } };
	struct affected row = { .package = SLICE("a"), .scheme = SCHEME_semver, .ranges = r, .n_ranges = 2 };
	struct slice listed = SLICE("1.5.0");

	(void)state;
	judge(&p, &row, "a", VERDICT_BAD_ROW, "the advisory's version x does not follow the scheme semver");
	r[0] = (struct version_range){ .introduced = SLICE("1.0.0"), .fixed = SLICE("y") };
	judge(&p, &row, "a", VERDICT_BAD_ROW, "the advisory's version y does not follow the scheme semver");
	/* It began later than what is installed: its end does not matter. */
	r[0].introduced = SLICE("1.6.0");
	judge(&p, &row, "a", VERDICT_FIXED, "1.5.0 >= 1.0.0 (semver)");
	r[0] = (struct version_range){ .last_affected = SLICE("z") };
	judge(&p, &row, "a", VERDICT_BAD_ROW, "the advisory's version z does not follow the scheme semver");
	/* Another range, or the list, decides. */
	r[1].fixed = SLICE("1.6.0");
	judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 < 1.6.0 (semver)");
	row.n_ranges = 1;
	row.versions = &listed;
	row.n_versions = 1;
	judge(&p, &row, "a", VERDICT_AFFECTED, "1.5.0 is listed as affected");
}

static void test_rpm_builds(void **state)
{
	struct package p = {
		.type = PACKAGE_RPM, .name = SLICE("a"), .version = SLICE("1-1"), .arch = SLICE("x86_64")
	};
	struct affected row = { .package = SLICE("a"), .scheme = SCHEME_rpm, .name_kind = AFFECTED_NAME_BINARY };

	(void)state;
	row.arch = SLICE("aarch64|s390");
	judge(&p, &row, "a", VERDICT_OTHER_BUILD, "the advisory is for another architecture: aarch64|s390");
	row.arch = SLICE("aarch64|x86_64");
	judge(&p, &row, "a", VERDICT_AFFECTED, "1-1: every version is affected, no fix is known");
	row.arch = SLICE("aarch64");
	p.arch = SLICE("noarch");
	judge(&p, &row, "a", VERDICT_AFFECTED, "1-1: every version is affected, no fix is known");
	row.module = SLICE("x:1");
	judge(&p, &row, "a", VERDICT_OTHER_BUILD, "the fix is for module x:1, installed is the non-modular build");
	p.module = SLICE("x:2");
	judge(&p, &row, "a", VERDICT_OTHER_BUILD, "the fix is for module x:1, installed is x:2");
	row.module = SLICE("?");
	judge(&p, &row, "a", VERDICT_OTHER_BUILD,
	      "the fix is for a module stream that the source does not name, installed is x:2");
	row.module = SLICE_EMPTY;
	judge(&p, &row, "a", VERDICT_OTHER_BUILD, "the fix is for the non-modular build, installed is module x:2");
	row.module = SLICE("x:2");
	judge(&p, &row, "a", VERDICT_AFFECTED, "1-1: every version is affected, no fix is known");
}

static void test_rpm_source_epochs(void **state)
{
	struct package p = { .type = PACKAGE_RPM,
			     .name = SLICE("vim-minimal"),
			     .version = SLICE("2:8.2-1.cm2"),
			     .source_name = SLICE("vim"),
			     .source_version = SLICE("8.2-1.cm2") };
	struct version_range r = { .fixed = SLICE("1:9-1.cm2") };
	struct affected row = { .package = SLICE("vim"), .scheme = SCHEME_rpm, .ranges = &r, .n_ranges = 1 };

	(void)state;
	/* The source rpm's name has no epoch: it is the binary's, where the rest agrees. */
	judge(&p, &row, "vim", VERDICT_FIXED, "2:8.2-1.cm2 >= 1:9-1.cm2 (rpm)");
	p.version = SLICE("2:8.2-2.cm2");
	judge(&p, &row, "vim", VERDICT_AFFECTED, "8.2-1.cm2 < 1:9-1.cm2 (rpm)");
}

static void test_states_of_fixes(void **state)
{
	struct package p = deb("libssl1.1", "1.1.1-1ubuntu2.1", "openssl", "1.1.1-1ubuntu2.1");
	struct version_range r = { .fixed = SLICE("1.1.1-1ubuntu2.1~18.04.23+esm3") };
	struct affected row = { .package = SLICE("openssl"),
				.scheme = SCHEME_dpkg,
				.ranges = &r,
				.n_ranges = 1,
				.fixed_version = r.fixed,
				.fix_state = FIX_PRO };

	(void)state;
	r.fixed = row.fixed_version = SLICE("1.1.1-1ubuntu2.1+esm3");
	assert_int_equal(
		judge(&p, &row, "openssl", VERDICT_AFFECTED,
		      "1.1.1-1ubuntu2.1 < 1.1.1-1ubuntu2.1+esm3 (dpkg); the fix is for subscribers of Ubuntu Pro "
		      "only")
			.fix.len,
		0);
	assert_int_equal(affected_offered_fix(&row).len, 0);
	/* Who has Ubuntu Pro is offered it. */
	p.version = p.source_version = SLICE("1.1.1-1ubuntu2.1+esm2");
	assert_true(slice_eq(
		judge(&p, &row, "openssl", VERDICT_AFFECTED, "1.1.1-1ubuntu2.1+esm2 < 1.1.1-1ubuntu2.1+esm3 (dpkg)")
			.fix,
		r.fixed));
	p.version = p.source_version = SLICE("1.1.1-1ubuntu2.1+esm3");
	judge(&p, &row, "openssl", VERDICT_FIXED, "1.1.1-1ubuntu2.1+esm3 >= 1.1.1-1ubuntu2.1+esm3 (dpkg)");
	row.n_ranges = 0;
	row.fixed_version = SLICE_EMPTY;
	row.fix_state = FIX_WILL_NOT_FIX;
	judge(&p, &row, "openssl", VERDICT_AFFECTED,
	      "1.1.1-1ubuntu2.1+esm3: every version is affected, no fix is known; the vendor will not fix it");
}

static void test_oracle_builds(void **state)
{
	struct package p = { .type = PACKAGE_RPM, .name = SLICE("openssl-libs"), .arch = SLICE("x86_64") };
	struct version_range r = { .fixed = SLICE("2:1.1.1k-12.ksplice1.el8_9") };
	struct affected row = { .scope = SLICE("oracle:8"),
				.package = SLICE("openssl-libs"),
				.name_kind = AFFECTED_NAME_BINARY,
				.scheme = SCHEME_rpm,
				.ranges = &r,
				.n_ranges = 1 };

	(void)state;
	p.version = SLICE("1:1.1.1k-12.el8_9");
	judge(&p, &row, "openssl-libs", VERDICT_OTHER_BUILD,
	      "the fix is for the Ksplice build, installed is the usual one");
	p.version = SLICE("2:1.1.1k-9.ksplice1.el8_7");
	judge(&p, &row, "openssl-libs", VERDICT_AFFECTED,
	      "2:1.1.1k-9.ksplice1.el8_7 < 2:1.1.1k-12.ksplice1.el8_9 (rpm)");
	r.fixed = SLICE("1:1.1.1k-12.el8_9");
	judge(&p, &row, "openssl-libs", VERDICT_OTHER_BUILD,
	      "the fix is for the usual build, installed is the Ksplice one");
	p.version = SLICE("10:1.1.1k-12.el8_9_fips");
	judge(&p, &row, "openssl-libs", VERDICT_OTHER_BUILD,
	      "the fix is for the usual build, installed is the FIPS one");
	row.scope = SLICE("almalinux:8");
	judge(&p, &row, "openssl-libs", VERDICT_FIXED, "10:1.1.1k-12.el8_9_fips >= 1:1.1.1k-12.el8_9 (rpm)");
}

/*
 * Oracle ships several kernels of its own for one release: R4 to R7 are 4.1, 4.14, 5.4 and 5.15 (docs.oracle.com, UEK).
 */
static void test_oracle_kernels(void **state)
{
	struct package p = { .type = PACKAGE_RPM, .name = SLICE("kernel-uek"), .arch = SLICE("x86_64") };
	struct version_range r = { .fixed = SLICE("0:5.4.17-2136.300.7.el8uek") };
	struct affected row = { .scope = SLICE("oracle:8"),
				.package = SLICE("kernel-uek"),
				.name_kind = AFFECTED_NAME_BINARY,
				.scheme = SCHEME_rpm,
				.ranges = &r,
				.n_ranges = 1 };

	(void)state;
	p.version = SLICE("4.14.35-2047.505.4.el7uek");
	judge(&p, &row, "kernel-uek", VERDICT_OTHER_BUILD, "the fix is for the kernel 5.4, installed is 4.14");
	p.version = SLICE("4.1.12-124.48.6.el7uek");
	r.fixed = SLICE("0:4.14.35-2047.505.4.el7uek");
	judge(&p, &row, "kernel-uek", VERDICT_OTHER_BUILD, "the fix is for the kernel 4.14, installed is 4.1");
	p.version = SLICE("4.14.35-1818.0.9.el7uek");
	judge(&p, &row, "kernel-uek", VERDICT_AFFECTED,
	      "4.14.35-1818.0.9.el7uek < 0:4.14.35-2047.505.4.el7uek (rpm)");
	/* ELSA-2019-4820 names perf of its kernel; that of Red Hat's is another build. */
	p.name = row.package = SLICE("perf");
	p.version = SLICE("3.10.0-1062.el7");
	r.fixed = SLICE("0:4.14.35-1902.6.6.el7uek");
	judge(&p, &row, "perf", VERDICT_OTHER_BUILD, "the fix is for the UEK build, installed is the usual one");
	r.fixed = SLICE("0:3.10.0-1160.el7");
	judge(&p, &row, "perf", VERDICT_AFFECTED, "3.10.0-1062.el7 < 0:3.10.0-1160.el7 (rpm)");
}

/*
 * FIPS builds have versions above all of the archive's, and ecosystems of their own in Canonical's records
 * ("Ubuntu:Pro:FIPS-updates:20.04:LTS"): what is a fix of one is none of the other.
 */
static void test_ubuntu_fips(void **state)
{
	struct package p = deb("libssl1.1", "1.1.1f-1ubuntu2.fips.13", "openssl", "1.1.1f-1ubuntu2.fips.13");
	struct version_range r = { .fixed = SLICE("1.1.1f-1ubuntu2.22") };
	struct affected row = { .scope = SLICE("ubuntu:20.04"),
				.package = SLICE("openssl"),
				.scheme = SCHEME_dpkg,
				.ranges = &r,
				.n_ranges = 1 };

	(void)state;
	judge(&p, &row, "openssl", VERDICT_OTHER_BUILD,
	      "the advisory is for the archive's build, installed is a FIPS build");
	row.module = SLICE(AFFECTED_MODULE_FIPS);
	row.fix_state = FIX_PRO;
	r.fixed = row.fixed_version = SLICE("1.1.1f-1ubuntu2.fips.22");
	/* Who has such a build is a subscriber. */
	assert_true(slice_eq(judge(&p, &row, "openssl", VERDICT_AFFECTED,
				   "1.1.1f-1ubuntu2.fips.13 < 1.1.1f-1ubuntu2.fips.22 (dpkg)")
				     .fix,
			     r.fixed));
	p.version = p.source_version = SLICE("1.1.1f-1ubuntu2.19");
	judge(&p, &row, "openssl", VERDICT_OTHER_BUILD,
	      "the advisory is for FIPS builds, installed is the archive's");
	/* Jammy's have another word in the version, kernels in the source's name. */
	p.version = p.source_version = SLICE("3.0.2-0ubuntu1.10+Fips1");
	assert_true(rules_is_fips(&p));
	p = deb("linux-image-5.4.0-1026-fips", "5.4.0-1026.30", "linux-fips", "5.4.0-1026.30");
	assert_true(rules_is_fips(&p));
	row.package = SLICE("linux-fips");
	row.module = SLICE_EMPTY;
	row.fix_state = FIX_PLAIN;
	r.fixed = SLICE("5.4.0-1027.31");
	judge(&p, &row, "linux-fips", VERDICT_AFFECTED, "5.4.0-1026.30 < 5.4.0-1027.31 (dpkg)");
	row.scope = SLICE("debian:12");
	row.package = SLICE("openssl");
	p = deb("libssl3", "3.0.2-1+fips", "openssl", "3.0.2-1+fips");
	r.fixed = SLICE("3.0.2-2");
	judge(&p, &row, "openssl", VERDICT_AFFECTED, "3.0.2-1+fips < 3.0.2-2 (dpkg)");
}

static void test_crates(void **state)
{
	struct package p = { .type = PACKAGE_CARGO, .name = SLICE("mio"), .version = SLICE("0.8.0") };
	struct version_range r = { .fixed = SLICE("0.8.11") };
	struct affected row = { .package = SLICE("mio"), .scheme = SCHEME_semver, .ranges = &r, .n_ranges = 1 };

	(void)state;
	row.platforms = SLICE("windows/");
	judge(&p, &row, "mio", VERDICT_OTHER_BUILD, "only programs for windows/ are affected");
	row.platforms = SLICE("linux/amd64");
	judge(&p, &row, "mio", VERDICT_AFFECTED, "0.8.0 < 0.8.11 (semver)");
}

static void test_platforms(void **state)
{
	struct package p = { .type = PACKAGE_GO, .name = SLICE("stdlib"), .version = SLICE("1.19.1") };
	struct affected row = { .package = SLICE("stdlib"), .scheme = SCHEME_go, .name_kind = AFFECTED_NAME_BINARY };

	(void)state;
	row.platforms = SLICE("windows/|/arm64");
	judge(&p, &row, "stdlib", VERDICT_OTHER_BUILD, "only programs for windows/|/arm64 are affected");
	row.platforms = SLICE("windows/|linux/");
	judge(&p, &row, "stdlib", VERDICT_AFFECTED, "1.19.1: every version is affected, no fix is known");
	/* What the program says of itself counts more than the image. */
	p.arch = SLICE("windows/amd64");
	row.platforms = SLICE("linux/");
	judge(&p, &row, "stdlib", VERDICT_OTHER_BUILD, "only programs for linux/ are affected");
	row.platforms = SLICE("windows/");
	judge(&p, &row, "stdlib", VERDICT_AFFECTED, "1.19.1: every version is affected, no fix is known");
	p.arch = SLICE_EMPTY;
	row.platforms = SLICE("linux/arm64|linux/amd64");
	judge(&p, &row, "stdlib", VERDICT_AFFECTED, "1.19.1: every version is affected, no fix is known");
}

/* Slots and architectures as Portage's glsa.py has them; tests/nightly/differential-glsa asks it. */
static void test_portage(void **state)
{
	struct version_range r = { .last_affected = SLICE("1.2-r3") };
	struct package p = {
		.type = PACKAGE_EBUILD, .name = SLICE("a/b"), .version = SLICE("1.2"), .module = SLICE("0")
	};
	struct affected row = { .package = SLICE("a/b"),
				.name_kind = AFFECTED_NAME_ANY,
				.scheme = SCHEME_portage,
				.ranges = &r,
				.n_ranges = 1,
				.fixed_version = SLICE("2.0|1.3|0.9|1..3"),
				.arch = SLICE("x86|amd64") };
	const char *affected = "1.2 <= 1.2-r3, the last affected version (portage)";

	(void)state;
	/* The oldest good one that is newer. */
	assert_true(slice_eq(judge(&p, &row, "a/b", VERDICT_AFFECTED, affected).fix, SLICE("1.3")));
	row.module = SLICE("2|0");
	judge(&p, &row, "a/b", VERDICT_AFFECTED, affected);
	row.module = SLICE("2|3");
	judge(&p, &row, "a/b", VERDICT_OTHER_BUILD, "the advisory is for slot 2|3, installed is slot 0");
	row.module = SLICE("!2");
	judge(&p, &row, "a/b", VERDICT_AFFECTED, affected);
	row.module = SLICE("!2|0");
	judge(&p, &row, "a/b", VERDICT_OTHER_BUILD, "the advisory is for others than slot 2|0, installed is slot 0");
	p.module = SLICE_EMPTY;
	judge(&p, &row, "a/b", VERDICT_AFFECTED, affected);
	row.arch = SLICE("x86|ppc64");
	judge(&p, &row, "a/b", VERDICT_OTHER_BUILD, "the advisory is for another architecture: x86|ppc64");
	index_of_linux.arch = SLICE("386");
	judge(&p, &row, "a/b", VERDICT_AFFECTED, affected);
	index_of_linux.arch = SLICE("ppc64le");
	judge(&p, &row, "a/b", VERDICT_AFFECTED, affected);
	index_of_linux.arch = SLICE("amd64");
	p.version = SLICE("1.2_gamma");
	row.arch = SLICE_EMPTY;
	judge(&p, &row, "a/b", VERDICT_BAD_VERSION,
	      "the installed version 1.2_gamma does not follow the scheme portage");
}

static void test_control_bytes_are_escaped(void **state)
{
	struct package p = { .type = PACKAGE_NPM, .name = SLICE("a"), .version = SLICE("1\033[31m") };
	struct affected row = { .package = SLICE("a"), .scheme = SCHEME_semver };

	(void)state;
	judge(&p, &row, "a", VERDICT_BAD_VERSION, "the installed version 1\\x1b[31m does not follow the scheme semver");
	assert_false(rules_has_version(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_bad_bounds),
		cmocka_unit_test(test_rpm_builds),
		cmocka_unit_test(test_rpm_source_epochs),
		cmocka_unit_test(test_states_of_fixes),
		cmocka_unit_test(test_oracle_builds),
		cmocka_unit_test(test_oracle_kernels),
		cmocka_unit_test(test_ubuntu_fips),
		cmocka_unit_test(test_crates),
		cmocka_unit_test(test_platforms),
		cmocka_unit_test(test_portage),
		cmocka_unit_test(test_control_bytes_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
