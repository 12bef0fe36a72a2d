/* SPDX-License-Identifier: Apache-2.0 */
/* test_match.c - from documents and packages to findings: what each distribution and ecosystem means by a row. */
#include "fixture.h"


/* One fixed version of a package in the secdb in the making. */
static void fix(struct fx *f, const char *package, const char *version, const char *id)
{
	fx_text(f, "%s{'pkg': {'name': '%s', 'secfixes': {'%s': ['%s']}}}", f->text.len ? ", " : "{'packages': [",
		package, version, id);
}

static void secdb(struct fx *f, const char *source, const char *release)
{
	fx_text(f, "]}");
	fx_source(f, source, "alpine", &feed_format_secdb, release, fx_texted(f));
}

/* ---- Alpine ---- */

static void test_alpine_asks_for_the_origin(void **state)
{
	struct fx *f = *state;

	fix(f, "openssl", "1.1.1d-r0", "CVE-2019-1549");
	fix(f, "libssl1.1", "9-r0", "CVE-1999-1");
	fix(f, "musl", "1.1.20-r5", "CVE-2019-14697");
	secdb(f, "alpine-main-v3.9-updater", "3.9");
	fx_system(f, "alpine", "3.9.6");
	fx_sourced(f, PACKAGE_APK, "libssl1.1", "1.1.1b-r1", "openssl", "1.1.1b-r1");
	fx_sourced(f, PACKAGE_APK, "libcrypto1.1", "1.1.1d-r0", "openssl", "1.1.1d-r0");
	/* No origin recorded: the name counts. */
	fx_package(f, PACKAGE_APK, "musl", "1.1.20-r3");
	fx_match(f);
	fx_reported(f, "CVE-2019-1549", "libssl1.1", "1.1.1d-r0", "1.1.1d-r0");
	fx_reported(f, "CVE-2019-14697", "musl", "1.1.20-r5", "1.1.20-r5");
	/* secdb speaks of origins: a key that happens to be the name of a binary package is another package. */
	fx_findings(f, 2);
	assert_true(slice_eq(fx_find(f, "CVE-2019-1549", "libssl1.1")->matched_name, SLICE("openssl")));
	assert_true(
		slice_eq(fx_find(f, "CVE-2019-1549", "libssl1.1")->comparison, SLICE("1.1.1b-r1 < 1.1.1d-r0 (apk)")));
}

static void test_alpine_asks_main_and_community_of_the_release_only(void **state)
{
	struct fx *f = *state;

	fix(f, "a", "2-r0", "CVE-2020-1");
	secdb(f, "alpine-main-v3.9-updater", "3.9");
	fix(f, "b", "2-r0", "CVE-2020-2");
	secdb(f, "alpine-community-v3.9-updater", "3.9");
	fix(f, "a", "3-r0", "CVE-2020-3");
	secdb(f, "alpine-main-v3.10-updater", "3.10");
	fx_system(f, "alpine", "3.9.6");
	fx_package(f, PACKAGE_APK, "a", "1-r0");
	fx_package(f, PACKAGE_APK, "b", "1-r0");
	fx_match(f);
	fx_reported(f, "CVE-2020-1", "a", "2-r0", "2-r0");
	fx_reported(f, "CVE-2020-2", "b", "2-r0", "2-r0");
	fx_findings(f, 2);
	assert_true(slice_eq(fx_find(f, "CVE-2020-2", "b")->source, SLICE("alpine-community-v3.9-updater")));
}

static void test_alpine_alpha_is_edge(void **state)
{
	struct fx *f = *state;

	fix(f, "a", "2-r0", "CVE-2020-1");
	secdb(f, "alpine-main-v3.8-updater", "3.8");
	fix(f, "a", "2-r0", "CVE-2020-2");
	secdb(f, "alpine-main-edge-updater", "edge");
	fx_system(f, "alpine", "3.8.0_alpha20180101");
	fx_package(f, PACKAGE_APK, "a", "1-r0");
	fx_match(f);
	/* The parameter of the source has no v: scope alpine:edge. */
	fx_reported(f, "CVE-2020-2", "a", "2-r0", "2-r0");
	fx_findings(f, 1);
}

static void test_alpine_key_0_is_never_affected(void **state)
{
	struct fx *f = *state;

	fix(f, "db", "0", "CVE-2017-10140");
	fix(f, "both", "0", "CVE-2020-1");
	fix(f, "both", "2-r0", "CVE-2020-1");
	fix(f, "both", "2-r0", "CVE-2020-2");
	secdb(f, "alpine-main-v3.8-updater", "3.8");
	fx_system(f, "alpine", "3.8.5");
	fx_package(f, PACKAGE_APK, "db", "5.3.28-r0");
	fx_package(f, PACKAGE_APK, "both", "1-r0");
	fx_match(f);
	fx_reported(f, "CVE-2020-2", "both", "2-r0", "2-r0");
	fx_findings(f, 1);
	/* What another row said is kept, with the reason; a row that nobody contradicts is no news. */
	assert_int_equal(f->report.suppressed.len, 1);
	assert_true(slice_eq(f->report.suppressed.at[0].finding.advisory.id, SLICE("CVE-2020-1")));
	assert_true(slice_eq(f->report.suppressed.at[0].reason, SLICE("the vendor says: not affected")));
}

static void test_alpine_rows_with_the_same_id(void **state)
{
	struct fx *f = *state;

	/* openssl CVE-2017-3738 in 3.4: affected if older than any; one finding, all fixes named, the last one needed.
	 */
	fix(f, "openssl", "1.0.2n-r0", "CVE-2017-3738");
	fix(f, "openssl", "1.0.2o-r0", "CVE-2017-3738");
	fix(f, "openssl", "1.0.2o-r0", "CVE-2018-0739");
	secdb(f, "alpine-main-v3.4-updater", "3.4");
	fx_system(f, "alpine", "3.4.6");
	fx_sourced(f, PACKAGE_APK, "libssl1.0", "1.0.2m-r0", "openssl", "1.0.2m-r0");
	fx_sourced(f, PACKAGE_APK, "openssl", "1.0.2n-r0", "openssl", "1.0.2n-r0");
	fx_match(f);
	fx_reported(f, "CVE-2017-3738", "libssl1.0", "1.0.2n-r0|1.0.2o-r0", "1.0.2o-r0");
	fx_reported(f, "CVE-2017-3738", "openssl", "1.0.2o-r0", "1.0.2o-r0");
	fx_findings(f, 4);
	assert_int_equal(f->report.flaws, 2);
}

static void test_alpine_id_strings(void **state)
{
	struct fx *f = *state;

	fix(f, "xen", "4.7-r1", "CVE-2016-6258 XSA-182");
	fix(f, "xen", "4.7-r1", "CVE-2017-16808 (AoE)");
	fix(f, "xen", "4.7-r1", "CVE 2018-16859");
	secdb(f, "alpine-main-v3.9-updater", "3.9");
	fx_system(f, "alpine", "3.9");
	fx_package(f, PACKAGE_APK, "xen", "4.7-r0");
	fx_match(f);
	fx_reported(f, "CVE-2016-6258", "xen", "4.7-r1", "4.7-r1");
	fx_reported(f, "XSA-182", "xen", "4.7-r1", "4.7-r1");
	fx_reported(f, "CVE-2017-16808", "xen", "4.7-r1", "4.7-r1");
	fx_reported(f, "CVE-2018-16859", "xen", "4.7-r1", "4.7-r1");
	fx_findings(f, 4);
	/* secdb has no severities. */
	assert_int_equal(fx_find(f, "XSA-182", "xen")->severity, SEVERITY_UNKNOWN);
}

/* ---- Debian ---- */

/* The entry of one id in one release, with what follows it. */
static void entry(struct fx *f, const char *package, const char *id, const char *release, const char *status,
		  const char *fixed, const char *urgency)
{
	fx_text(f, "%s'%s': {'%s': {'releases': {'%s': {'status': '%s', 'fixed_version': '%s', 'urgency': '%s'}}}}",
		f->text.len ? ", " : "{", package, id, release, status, fixed, urgency);
}

static void tracker(struct fx *f)
{
	fx_text(f, "}");
	fx_source(f, "debian/updater", "debian", &feed_format_debian_tracker, "", fx_texted(f));
}

static void test_debian_compares_source_versions(void **state)
{
	struct fx *f = *state;

	entry(f, "gcc-10", "CVE-2021-1", "bullseye", "resolved", "10.2.1-6", "low");
	entry(f, "binutils", "CVE-2021-2", "bullseye", "resolved", "2.35-2", "not yet assigned");
	entry(f, "libc6", "CVE-2021-3", "bullseye", "resolved", "9", "high");
	entry(f, "perl", "CVE-2021-4", "bullseye", "resolved", "5.32.1-4", "medium");
	entry(f, "epoch", "CVE-2021-5", "bullseye", "resolved", "1:1.0-1", "unimportant");
	tracker(f);
	fx_system(f, "debian", "11");
	/* libgomp1 of gcc-10, whose binary has another version; a binNMU; names of binaries are not asked. */
	fx_sourced(f, PACKAGE_DEB, "libgomp1", "9", "gcc-10", "10.2.1-5");
	fx_sourced(f, PACKAGE_DEB, "binutils", "2.35-2+b1", "binutils", "2.35-2");
	fx_sourced(f, PACKAGE_DEB, "libc6", "2.31-13", "glibc", "2.31-13");
	fx_sourced(f, PACKAGE_DEB, "libthing-perl", "2:9.0-1", "perl", "5.32.1-3");
	/* The epoch counts: 2.0 is older than 1:1.0. */
	fx_package(f, PACKAGE_DEB, "epoch", "2.0-1");
	fx_match(f);
	fx_reported(f, "CVE-2021-1", "libgomp1", "10.2.1-6", "10.2.1-6");
	fx_reported(f, "CVE-2021-4", "libthing-perl", "5.32.1-4", "5.32.1-4");
	fx_reported(f, "CVE-2021-5", "epoch", "1:1.0-1", "1:1.0-1");
	fx_findings(f, 3);
	assert_true(slice_eq(fx_find(f, "CVE-2021-1", "libgomp1")->matched_version, SLICE("10.2.1-5")));
	/* Urgencies are one step below what Clair makes of them. */
	assert_int_equal(fx_find(f, "CVE-2021-1", "libgomp1")->severity, SEVERITY_MEDIUM);
	assert_int_equal(fx_find(f, "CVE-2021-4", "libthing-perl")->severity, SEVERITY_HIGH);
	assert_int_equal(fx_find(f, "CVE-2021-5", "epoch")->severity, SEVERITY_LOW);
}

/*
 * Kernels that Debian and Ubuntu sign are built from sources of their own, of which no advisory speaks: bookworm's
 * linux-image-6.1.0-21-amd64 is "Source: linux-signed-amd64 (6.1.90+1)", and 6.1.90-1 like its linux
 * (packages.debian.org). Each kernel that is installed counts, and so do headers and tools of the same source.
 */
static void test_debian_signed_kernels(void **state)
{
	struct fx *f = *state;

	entry(f, "linux", "CVE-2024-1", "bookworm", "resolved", "6.1.94-1", "medium");
	entry(f, "linux-6.12", "CVE-2024-2", "bookworm", "resolved", "6.12.32-1~bpo12+1", "medium");
	tracker(f);
	fx_system(f, "debian", "12");
	fx_sourced(f, PACKAGE_DEB, "linux-image-6.1.0-21-amd64", "6.1.90-1", "linux-signed-amd64", "6.1.90+1");
	fx_sourced(f, PACKAGE_DEB, "linux-image-6.1.0-22-amd64", "6.1.94-1", "linux-signed-amd64", "6.1.94+1");
	fx_sourced(f, PACKAGE_DEB, "linux-image-6.12.30-amd64", "6.12.30-1~bpo12+1", "linux-signed-6.12-amd64",
		   "6.12.30+1~bpo12+1");
	fx_sourced(f, PACKAGE_DEB, "linux-libc-dev", "6.1.90-1", "linux", "6.1.90-1");
	fx_sourced(f, PACKAGE_DEB, "linux-base", "4.9", "linux-base", "4.9");
	fx_match(f);
	fx_reported(f, "CVE-2024-1", "linux-image-6.1.0-21-amd64", "6.1.94-1", "6.1.94-1");
	fx_reported(f, "CVE-2024-2", "linux-image-6.12.30-amd64", "6.12.32-1~bpo12+1", "6.12.32-1~bpo12+1");
	fx_reported(f, "CVE-2024-1", "linux-libc-dev", "6.1.94-1", "6.1.94-1");
	fx_findings(f, 3);
	assert_true(slice_eq(fx_find(f, "CVE-2024-1", "linux-image-6.1.0-21-amd64")->matched_name, SLICE("linux")));
	/* The report has the package as its database does. */
	assert_true(slice_eq(f->index.packages.at[0].package.source_name, SLICE("linux-signed-amd64")));
	assert_ptr_equal(f->report.index, &f->index);
}

/*
 * Debian's tracker speaks of grub2 and shim, of no source that is signed (control data of bookworm's packages, with
 * their Built-Using); Ubuntu's records speak of its own signed sources in their own versions (UBUNTU-CVE-2022-2601).
 */
static void test_signed_loaders(void **state)
{
	struct fx *f = *state;

	entry(f, "grub2", "CVE-2024-45774", "bookworm", "resolved", "2.06-13+deb12u2", "medium");
	entry(f, "shim", "CVE-2023-40547", "bookworm", "resolved", "15.8-1~deb12u1", "high");
	tracker(f);
	fx_system(f, "debian", "12");
	fx_sourced(f, PACKAGE_DEB, "grub-efi-amd64-signed", "1+2.06+13+deb12u1", "grub-efi-amd64-signed",
		   "1+2.06+13+deb12u1");
	fx_sourced(f, PACKAGE_DEB, "grub-efi-arm64-signed", "1+2.06+13+deb12u2", "grub-efi-arm64-signed",
		   "1+2.06+13+deb12u2");
	fx_sourced(f, PACKAGE_DEB, "shim-signed", "1.44~1+deb12u1+15.7-1", "shim-signed", "1.44~1+deb12u1");
	fx_sourced(f, PACKAGE_DEB, "shim-signed-common", "1.51~1+deb12u1+16.1-2~deb12u1", "shim-signed",
		   "1.51~1+deb12u1");
	fx_match(f);
	fx_reported(f, "CVE-2024-45774", "grub-efi-amd64-signed", "2.06-13+deb12u2", "2.06-13+deb12u2");
	fx_reported(f, "CVE-2023-40547", "shim-signed", "15.8-1~deb12u1", "15.8-1~deb12u1");
	fx_findings(f, 2);
	assert_true(slice_eq(f->report.findings.at[0].matched_name, SLICE("grub2")));
}

static void test_ubuntu_signed_loaders(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/ubuntu",
	       "{'id':'UBUNTU-CVE-2022-2601','affected':["
	       "{'package':{'ecosystem':'Ubuntu:22.04:LTS','name':'grub2-signed'},'ranges':[{'type':'ECOSYSTEM',"
	       "'events':[{'introduced':'0'},{'fixed':'1.187.3~22.04.1'}]}]},"
	       "{'package':{'ecosystem':'Ubuntu:22.04:LTS','name':'grub2-unsigned'},'ranges':[{'type':'ECOSYSTEM',"
	       "'events':[{'introduced':'0'},{'fixed':'2.06-2ubuntu14.1'}]}]}]}");
	fx_system(f, "ubuntu", "22.04");
	fx_sourced(f, PACKAGE_DEB, "grub-efi-amd64-signed", "1.187.2+2.06-2ubuntu14", "grub2-signed", "1.187.2");
	fx_sourced(f, PACKAGE_DEB, "grub-efi-arm64-signed", "1.187.3~22.04.1+2.06-2ubuntu14.1", "grub2-signed",
		   "1.187.3~22.04.1");
	fx_match(f);
	fx_reported(f, "CVE-2022-2601", "grub-efi-amd64-signed", "1.187.3~22.04.1", "1.187.3~22.04.1");
	fx_findings(f, 1);
}

static void test_debian_statuses(void **state)
{
	struct fx *f = *state;

	entry(f, "a", "CVE-2021-1", "bookworm", "open", "", "low");
	entry(f, "b", "CVE-2021-2", "bookworm", "resolved", "0", "low");
	entry(f, "c", "CVE-2021-3", "bookworm", "undetermined", "", "low");
	entry(f, "d", "CVE-2021-4", "bullseye", "open", "", "low");
	tracker(f);
	fx_system(f, "debian", "12");
	fx_package(f, PACKAGE_DEB, "a", "1.0-1");
	fx_package(f, PACKAGE_DEB, "b", "1.0-1");
	fx_package(f, PACKAGE_DEB, "c", "1.0-1");
	fx_package(f, PACKAGE_DEB, "d", "1.0-1");
	fx_match(f);
	fx_reported(f, "CVE-2021-1", "a", "", "");
	fx_findings(f, 1);
	assert_true(slice_eq(f->report.findings.at[0].comparison,
			     SLICE("1.0-1: every version is affected, no fix is known")));
}

static void test_debian_without_version_codename(void **state)
{
	struct fx *f = *state;

	/* wheezy's os-release has VERSION_ID and no VERSION_CODENAME. */
	entry(f, "a", "CVE-2014-1", "wheezy", "resolved", "2", "");
	tracker(f);
	fx_system(f, "debian", "7");
	fx_package(f, PACKAGE_DEB, "a", "1");
	fx_match(f);
	fx_reported(f, "CVE-2014-1", "a", "2", "2");
}

/* ---- rpm ---- */

static void test_alma_modules(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/almalinux",
	       "[{'id': 'ALSA-2020:1', 'summary': 'Important: nodejs:14 security update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'nodejs'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '1:14.5.0-1.module_el8.3.0+1'}]}]}]}, {'id': 'ALSA-2020:2', "
	       "'summary': 'Moderate: perl security update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'perl'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '4:5.26.3-500.el8'}]}]}]}, {'id': 'ALSA-2020:3', 'summary': 'Low: security update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'nodejs'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '1:99-1.module_el8+1'}]}]}]}, {'id': 'ALSA-2020:4', "
	       "'summary': 'Low: perl:5.32 security update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'perl'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '4:5.32.1-1.module_el8+2'}]}]}]}]");
	fx_system(f, "almalinux", "8.9");
	fx_package(f, PACKAGE_RPM, "nodejs", "1:14.4.0-1.module_el8.3.0+1")->module = SLICE("nodejs:14");
	fx_package(f, PACKAGE_RPM, "perl", "4:5.26.3-400.el8");
	fx_package(f, PACKAGE_RPM, "perl", "4:5.32.0-1.module_el8+2")->module = SLICE("perl:5.32");
	fx_match(f);
	fx_reported(f, "ALSA-2020:1", "nodejs", "1:14.5.0-1.module_el8.3.0+1", "1:14.5.0-1.module_el8.3.0+1");
	fx_reported(f, "ALSA-2020:2", "perl", "4:5.26.3-500.el8", "4:5.26.3-500.el8");
	fx_reported(f, "ALSA-2020:4", "perl", "4:5.32.1-1.module_el8+2", "4:5.32.1-1.module_el8+2");
	/* Not: another stream (4 against nodejs), an unnamed one (3), a modular fix against 5.26 or the reverse. */
	fx_findings(f, 3);
	assert_int_equal(fx_find(f, "ALSA-2020:2", "perl")->package, 1);
	assert_int_equal(fx_find(f, "ALSA-2020:4", "perl")->package, 2);
	assert_int_equal(fx_find(f, "ALSA-2020:1", "nodejs")->severity, SEVERITY_HIGH);
}

static void test_alma_other_stream(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/almalinux",
	       "{'id': 'ALSA-2020:1', 'summary': 'Important: nodejs:14 security update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'nodejs'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '1:14.5.0-1.module_el8.3.0+1'}]}]}]}");
	fx_system(f, "almalinux", "8.9");
	fx_package(f, PACKAGE_RPM, "nodejs", "1:12.4.0-1.module_el8.3.0+1")->module = SLICE("nodejs:12");
	fx_match(f);
	fx_findings(f, 0);
	fx_coverage(f, COVERAGE_COVERED, "almalinux:8", 1, "RPM packages were looked up");
}

static void test_alma_rebuilds_errata_and_releases(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/almalinux",
	       "[{'id': 'ALSA-2021:1', 'summary': 'Important: a security update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'a'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '1.0-3.el8_5'}]}]}, "
	       "{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'a'}, 'ranges': [{'type': 'ECOSYSTEM', "
	       "'events': [{'introduced': '0'}, {'fixed': '1.0-2.el8_4'}]}]}, "
	       "{'package': {'ecosystem': 'AlmaLinux:9', 'name': 'a'}, 'ranges': [{'type': 'ECOSYSTEM', "
	       "'events': [{'introduced': '0'}, {'fixed': '2.0-1.el9'}]}]}]}, {'id': 'ALBA-2021:2', "
	       "'summary': 'a bug fix update', 'affected': [{'package': {'ecosystem': 'AlmaLinux:8', "
	       "'name': 'a'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '9-1'}]}]}]}, {'id': 'ALEA-2021:3', 'summary': 'a enhancement update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'a'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '9-1'}]}]}]}]");
	fx_system(f, "almalinux", "8.9");
	fx_package(f, PACKAGE_RPM, "a", "1.0-1.el8");
	fx_package(f, PACKAGE_RPM, "a", "1.0-2.el8_4")->arch = SLICE("i686");
	fx_match(f);
	/* One fix per rebuild: who has reached one of them has the fix; bug fixes are no vulnerabilities. */
	fx_reported(f, "ALSA-2021:1", "a", "1.0-3.el8_5|1.0-2.el8_4", "1.0-2.el8_4");
	fx_findings(f, 1);
}

static void test_alma_missing_epoch_is_0(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/almalinux",
	       "[{'id': 'ALSA-1', 'summary': 'Low: a', 'affected': [{'package': {'ecosystem': 'AlmaLinux:9', "
	       "'name': 'a'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '0:2-1'}]}]}]}, {'id': 'ALSA-2', 'summary': 'Low: b', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:9', 'name': 'b'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '2-1'}]}]}]}, "
	       "{'id': 'ALSA-3', 'summary': 'Low: c', 'affected': [{'package': {'ecosystem': 'AlmaLinux:9', "
	       "'name': 'c'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '2-1'}]}]}]}, {'id': 'ALSA-4', 'summary': 'Low: d', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:9', 'name': 'd'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '1:1-1'}]}]}]}]");
	fx_system(f, "almalinux", "9.3");
	fx_package(f, PACKAGE_RPM, "a", "1-1");
	fx_package(f, PACKAGE_RPM, "b", "0:2-1");
	fx_package(f, PACKAGE_RPM, "c", "1:1-1");
	fx_package(f, PACKAGE_RPM, "d", "9-1");
	fx_match(f);
	fx_reported(f, "ALSA-1", "a", "0:2-1", "0:2-1");
	fx_reported(f, "ALSA-4", "d", "1:1-1", "1:1-1");
	fx_findings(f, 2);
}

static void test_alma_speaks_of_binaries(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/almalinux",
	       "{'id': 'ALSA-1', 'summary': 'Low: a', 'affected': [{'package': {'ecosystem': 'AlmaLinux:9', "
	       "'name': 'a'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, "
	       "{'fixed': '2-1'}]}]}]}");
	fx_system(f, "almalinux", "9.3");
	fx_sourced(f, PACKAGE_RPM, "a-libs", "1-1", "a", "1-1");
	fx_match(f);
	fx_findings(f, 0);
}

struct definition {
	const char *cve, *severity, *package, *operation, *evr, *arch;
};

/* An OVAL document: a test, an object and a state for each definition. */
static void oval(struct fx *f, const char *source, const char *feed, const char *param, const struct definition *d,
		 size_t n)
{
	fx_text(f, "<oval_definitions><definitions>");
	for (size_t i = 0; i < n; i++)
		fx_text(f,
			"<definition class='vulnerability'><metadata><title>%s</title><reference ref_id='%s' "
			"ref_url='https://example.com/%s'/><severity>%s</severity></metadata>"
			"<criteria><criterion test_ref='t%zu'/></criteria></definition>",
			d[i].cve, d[i].cve, d[i].cve, d[i].severity, i);
	fx_text(f, "</definitions><tests>");
	for (size_t i = 0; i < n; i++)
		fx_text(f,
			"<rpminfo_test id='t%zu'><object object_ref='o%zu'/><state state_ref='s%zu'/></rpminfo_test>",
			i, i, i);
	fx_text(f, "</tests><objects>");
	for (size_t i = 0; i < n; i++)
		fx_text(f, "<rpminfo_object id='o%zu'><name>%s</name></rpminfo_object>", i, d[i].package);
	fx_text(f, "</objects><states>");
	for (size_t i = 0; i < n; i++)
		fx_text(f, "<rpminfo_state id='s%zu'><evr operation='%s'>%s</evr>%s</rpminfo_state>", i, d[i].operation,
			d[i].evr, d[i].arch ? d[i].arch : "");
	fx_text(f, "</states></oval_definitions>");
	fx_source(f, source, feed, &feed_format_oval, param, fx_texted(f));
}

static void test_mariner(void **state)
{
	static const struct definition d[] = {
		{ "CVE-2021-1", "High", "openssl", "less than", "0:1.1.1k-9.cm2", NULL },
		{ "CVE-2021-2", "Critical", "openssl", "less than or equal", "0:1.1.1k-8.cm2", NULL },
		{ "CVE-2021-3", "Low", "openssl", "less than", "0:1.1.1k-10.cm2", NULL },
		{ "CVE-2021-3", "Moderate", "openssl", "less than", "0:1.1.1k-9.cm2", NULL },
		{ "CVE-2021-5", "Low", "openssl", "less than", "0:1.1.1k-9.cm2", NULL },
		{ "CVE-2021-5", "Low", "openssl", "less than or equal", "0:1.1.1k-8.cm2", NULL },
		{ "CVE-2021-6", "High", "openssl", "less than or equal", "0:1.1.1k-8.cm2", NULL },
		{ "CVE-2021-6", "Low", "openssl", "less than", "0:1.1.1k-9.cm2", NULL },
		{ "CVE-2021-4", "Low", "systemd", "less than", "0:249.7.cm2", NULL },
	};
	struct fx *f = *state;

	oval(f, "mariner-2.0-updater", "azure", "mariner:2.0 source", d, ARRAY_LEN(d));
	fx_system(f, "mariner", "2.0");
	fx_sourced(f, PACKAGE_RPM, "openssl-libs", "1.1.1k-8.cm2", "openssl", "1.1.1k-8.cm2");
	/* A state without a release is compared as it stands: 249.7 < 249.7.cm2 (rpm's labelCompare). */
	fx_sourced(f, PACKAGE_RPM, "systemd", "249.6-1.cm2", "systemd", "249.6-1.cm2");
	fx_match(f);
	fx_reported(f, "CVE-2021-1", "openssl-libs", "0:1.1.1k-9.cm2", "0:1.1.1k-9.cm2");
	/* "less than or equal": affected up to it, no fix. */
	fx_reported(f, "CVE-2021-2", "openssl-libs", "", "");
	/* Two definitions of one CVE: one finding. */
	fx_reported(f, "CVE-2021-3", "openssl-libs", "0:1.1.1k-9.cm2|0:1.1.1k-10.cm2", "0:1.1.1k-10.cm2");
	/* One of two rows knows no fix: there is none to go to. */
	fx_reported(f, "CVE-2021-5", "openssl-libs", "0:1.1.1k-9.cm2", "");
	fx_reported(f, "CVE-2021-6", "openssl-libs", "0:1.1.1k-9.cm2", "");
	fx_reported(f, "CVE-2021-4", "systemd", "0:249.7.cm2", "0:249.7.cm2");
	fx_findings(f, 6);
	assert_int_equal(fx_find(f, "CVE-2021-2", "openssl-libs")->severity, SEVERITY_CRITICAL);
	/* The worst of the two words. */
	assert_int_equal(fx_find(f, "CVE-2021-3", "openssl-libs")->severity, SEVERITY_MEDIUM);
}

/* ---- Ubuntu ---- */

/*
 * Canonical's rule of its OSV records: what Pro gives is said apart, FIPS builds have ecosystems of their own, and what
 * is not listed is not affected. The same flaw of Canonical's OVAL is one finding with OSV's.
 */
static void test_ubuntu_archives(void **state)
{
#define UBUNTU(release, name, fixed)                                                                                   \
	"{'package':{'ecosystem':'Ubuntu:" release "','name':'" name "'},'ranges':["                                   \
	"{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'" fixed "'}]}]},"
	struct fx *f = *state;

	fx_osv(f, "osv/ubuntu",
	       "{'id':'UBUNTU-CVE-2022-1','upstream':['CVE-2022-1'],'affected':[" UBUNTU(
		       "20.04:LTS", "openssl", "1.1.1f-1ubuntu2.12")
		       UBUNTU("Pro:FIPS-updates:20.04:LTS", "openssl", "1.1.1f-1ubuntu2.fips.12")
			       UBUNTU("Pro:20.04:LTS", "tomcat9", "9.0.31-1ubuntu0.5+esm1")
				       UBUNTU("20.04:LTS", "curl", "7.68.0-1ubuntu2.7") "null]}");
	fx_system(f, "ubuntu", "20.04");
	fx_sourced(f, PACKAGE_DEB, "libssl1.1", "1.1.1f-1ubuntu2.11", "openssl", "1.1.1f-1ubuntu2.11");
	fx_sourced(f, PACKAGE_DEB, "openssl", "1.1.1f-1ubuntu2.fips.2.8", "openssl", "1.1.1f-1ubuntu2.fips.2.8");
	fx_sourced(f, PACKAGE_DEB, "libtomcat9-java", "9.0.31-1ubuntu0.4", "tomcat9", "9.0.31-1ubuntu0.4");
	fx_package(f, PACKAGE_DEB, "curl", "7.68.0-1ubuntu2.7");
	fx_match(f);
	fx_reported(f, "CVE-2022-1", "libssl1.1", "1.1.1f-1ubuntu2.12", "1.1.1f-1ubuntu2.12");
	fx_reported(f, "CVE-2022-1", "openssl", "1.1.1f-1ubuntu2.fips.12", "1.1.1f-1ubuntu2.fips.12");
	/* Named, and not offered: it is for subscribers. */
	fx_reported(f, "CVE-2022-1", "libtomcat9-java", "9.0.31-1ubuntu0.5+esm1", "");
	fx_findings(f, 3);
	assert_true(f->report.complete || fx_covered(f, COVERAGE_END_OF_LIFE, "ubuntu:20.04"));
	/* With OVAL alone nobody knows of FIPS builds, and that is told. */
	f->entries[0].feed = SLICE("ubuntu");
	fx_match(f);
	fx_coverage(f, COVERAGE_NO_FEED, "ubuntu FIPS", 1, "limpid update --set osv/ubuntu");
	assert_false(f->report.complete);
}

/*
 * Lines of FIPS builds are told apart by the versions that Canonical's record lists with each, of openssl of
 * UBUNTU-CVE-2024-5535 (abridged): 22.04's preview has no fix, its updates have; of 20.04 only the certified builds
 * are named, so that nothing is known of a later version. Answers by hand.
 */
static void test_ubuntu_fips_lines(void **state)
{
#define FIPS(line, release, codename, events, versions)                                                                \
	"{'package':{'ecosystem':'Ubuntu:Pro:" line ":" release ":LTS','name':'openssl','purl':"                       \
	"'pkg:deb/ubuntu/openssl@1?arch=source&distro=" codename "'},'ranges':[{'type':'ECOSYSTEM','events':"          \
	"[{'introduced':'0'}" events "]}],'versions':[" versions "]},"
	static const struct {
		const char *release, *version, *fix;
		bool affected, unknown;
	} rows[] = {
		{ "22.04", "3.0.2-0ubuntu1.14+Fips1", "3.0.2-0ubuntu1.17+Fips1", true, false },
		{ "22.04", "3.0.2-0ubuntu1.16+Fips1", "3.0.2-0ubuntu1.17+Fips1", true, false },
		{ "22.04", "3.0.2-0ubuntu1.17+Fips1", "", false, false },
		{ "22.04", "3.0.2-0ubuntu1.12+Fips1", "", true, false }, /* of both lines, one of which has no fix */
		{ "16.04", "1.0.2g-1ubuntu4.fips.4.6.3", "1.0.2g-1ubuntu4.fips.4.6.4", true, false },
		{ "16.04", "1.0.2g-1ubuntu4.fips.4.6.4", "", false, false },
		/* Above the fix of the certified line, and of the other, which has none. */
		{ "16.04", "1.0.2g-1ubuntu4.fips.4.13.1", "", true, false },
		{ "16.04", "1.0.2g-1ubuntu4.fips.4.20.15", "", true, false },
		{ "20.04", "1.1.1f-1ubuntu2.fips.2.8", "", true, false },
		{ "20.04", "1.1.1f-1ubuntu2.fips.22", "", false, true },
	};
	struct fx *f = *state;

	fx_osv(f, "osv/ubuntu",
	       "{'id':'UBUNTU-CVE-2024-5535','upstream':['CVE-2024-5535'],'affected':["
	       FIPS("FIPS-preview", "22.04", "fips-preview/jammy", "",
		    "'3.0.2-0ubuntu1.10+Fips1','3.0.2-0ubuntu1.12+Fips1'")
	       FIPS("FIPS-updates", "22.04", "fips-updates/jammy", ",{'fixed':'3.0.2-0ubuntu1.17+Fips1'}",
		    "'3.0.2-0ubuntu1.10+Fips1','3.0.2-0ubuntu1.12+Fips1','3.0.2-0ubuntu1.14+Fips1',"
		    "'3.0.2-0ubuntu1.15+Fips1','3.0.2-0ubuntu1.16+Fips1'")
	       FIPS("FIPS", "16.04", "fips-updates/xenial", "",
		    "'1.0.2g-1ubuntu4.fips.4.9.1','1.0.2g-1ubuntu4.fips.4.13.1','1.0.2g-1ubuntu4.fips.4.20.14'")
	       FIPS("FIPS", "16.04", "fips/xenial", ",{'fixed':'1.0.2g-1ubuntu4.fips.4.6.4'}",
		    "'1.0.2g-1ubuntu4.fips.4.6','1.0.2g-1ubuntu4.fips.4.6.3'")
	       FIPS("FIPS", "20.04", "fips/focal", "", "'1.1.1f-1ubuntu2.fips.2.8','1.1.1f-1ubuntu2.fips.7.1'")
	       "null]}");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		f->index.packages.len = f->index.distributions.len = 0;
		fx_system(f, "ubuntu", rows[i].release);
		fx_sourced(f, PACKAGE_DEB, "libssl3", rows[i].version, "openssl", rows[i].version);
		fx_match(f);
		print_message("%s\n", rows[i].version);
		fx_findings(f, rows[i].affected);
		if (rows[i].affected)
			assert_true(slice_eq(f->report.findings.at[0].fix, slice_cstr(rows[i].fix)));
		assert_int_equal(fx_covered(f, COVERAGE_BAD_ADVISORY, "libssl3") != NULL, rows[i].unknown);
		if (rows[i].unknown)
			fx_coverage(f, COVERAGE_BAD_ADVISORY, "libssl3", 1, "of which line it is");
	}
}

/* ---- SUSE ---- */

/* Service packs have fixes of their own; what is for systems with long-term support counts for all of the pack. */
static void test_suse_service_packs(void **state)
{
#define SUSE(release, fixed)                                                                                           \
	"{'package':{'ecosystem':'SUSE:" release "','name':'vim'},'ranges':["                                          \
	"{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'" fixed "'}]}]},"
	static const struct {
		const char *did, *version, *fixed;
	} rows[] = {
		{ "sles", "15.3", "9.0.1-150300.1.1" },	     { "sles", "15.4", "9.0.1-150400.1.1" },
		{ "sles", "15.5", NULL },		     { "sles", "12.5", "8.9-12.5" },
		{ "sle-micro", "5.3", "9.0.1-150400.5.3.1" }, { "sl-micro", "6.0", "9.1-1.1" },
	};

	static const char document[] = "{'id':'SUSE-SU-2022:1','affected':["
	SUSE("Linux Enterprise Server 15 SP3-LTSS", "9.0.1-150300.1.1")
	SUSE("Linux Enterprise Module for Basesystem 15 SP4", "9.0.1-150400.1.1")
	SUSE("Linux Enterprise Server LTSS Extended Security 12 SP5", "8.9-12.5")
	SUSE("Linux Enterprise Micro 5.3", "9.0.1-150400.5.3.1")
	SUSE("Linux Micro 6.0", "9.1-1.1")
	SUSE("Linux Enterprise Server for SAP Applications 15 SP5", "9.9-1") "null]}";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx *f;

		if (*state)
			fx_teardown(state);
		fx_setup(state);
		f = *state;
		fx_osv(f, "osv/suse", document);
		fx_system(f, rows[i].did, rows[i].version);
		fx_sourced(f, PACKAGE_RPM, "vim-small", "8.0-1.1", "vim", "8.0-1.1");
		fx_match(f);
		fx_findings(f, rows[i].fixed ? 1 : 0);
		if (rows[i].fixed)
			fx_reported(f, "SUSE-SU-2022:1", "vim-small", rows[i].fixed, rows[i].fixed);
	}
}

/* ---- Amazon ---- */

static void add_updates(struct fx *f, const char *source, const char *param, const char *id, const char *package,
			const char *version, const char *release)
{
	fx_text(f,
		"<updates><update type='security'><id>%s</id><title>x</title><severity>important</severity><pkglist>"
		"<collection><package name='%s' epoch='0' version='%s' release='%s' arch='x86_64'/></collection>"
		"</pkglist></update></updates>",
		id, package, version, release);
	fx_source(f, source, "aws", &feed_format_updateinfo, param, fx_texted(f));
}

/*
 * Several kernels are installed, of the core and of two topics of the extras, whose packages have one name: each is of
 * its
 * line (amazon-linux-extras(8) installs a topic's in place of the core's). A live patch is a package of the kernel that
 * it is for, and no fix of another.
 */
static void test_amazon_kernels(void **state)
{
	struct fx *f = *state;

	add_updates(f, "aws-AL2-updater", "amazon:2", "ALAS2-2023-1", "kernel", "4.14.320", "243.544.amzn2");
	add_updates(f, "aws-AL2-extras-kernel-5.10-updater", "amazon:2 extras kernel-5.10", "ALASKERNEL-5.10-2023-1",
		    "kernel", "5.10.186", "179.751.amzn2");
	add_updates(f, "aws-AL2-extras-kernel-5.15-updater", "amazon:2 extras kernel-5.15", "ALASKERNEL-5.15-2023-1",
		    "kernel", "5.15.122", "77.145.amzn2");
	add_updates(f, "livepatch", "amazon:2 extras livepatch", "ALASLIVEPATCH-2023-1",
		    "kernel-livepatch-5.10.184-175.731", "1.0", "1.amzn2");
	fx_system(f, "amzn", "2");
	fx_package(f, PACKAGE_RPM, "kernel", "4.14.318-241.531.amzn2")->arch = SLICE("x86_64");
	fx_package(f, PACKAGE_RPM, "kernel", "5.10.184-175.731.amzn2")->arch = SLICE("x86_64");
	fx_package(f, PACKAGE_RPM, "kernel", "5.15.122-77.145.amzn2")->arch = SLICE("x86_64");
	fx_package(f, PACKAGE_RPM, "kernel-livepatch-5.10.184-175.731", "1.0-0.amzn2")->arch = SLICE("x86_64");
	fx_package(f, PACKAGE_RPM, "kernel-livepatch-5.10.185-176.732", "1.0-0.amzn2")->arch = SLICE("x86_64");
	fx_match(f);
	fx_findings(f, 3);
	assert_int_equal(fx_find(f, "ALAS2-2023-1", "kernel")->package, 0);
	assert_int_equal(fx_find(f, "ALASKERNEL-5.10-2023-1", "kernel")->package, 1);
	fx_reported(f, "ALASLIVEPATCH-2023-1", "kernel-livepatch-5.10.184-175.731", "1.0-1.amzn2", "1.0-1.amzn2");
}

/* Image of 2017 and of 2018 have one set of packages. */
static void test_amazon_1(void **state)
{
	struct fx *f = *state;

	add_updates(f, "aws-AL1-updater", "amazon:2018.03", "ALAS-2018-1", "bash", "4.2.46", "31.43.amzn1");
	fx_system(f, "amzn", "2017.09");
	fx_package(f, PACKAGE_RPM, "bash", "4.2.46-28.37.amzn1")->arch = SLICE("x86_64");
	fx_match(f);
	fx_reported(f, "ALAS-2018-1", "bash", "4.2.46-31.43.amzn1", "4.2.46-31.43.amzn1");
}

static void test_photon_limits_architectures(void **state)
{
	static const struct definition d[] = {
		{ "CVE-2021-1", "Important", "vim", "less than", "0:2-1.ph3",
		  "<arch operation='pattern match'>aarch64|x86_64</arch>" },
	};
	struct fx *f = *state;

	oval(f, "photon-updater-3.0", "photon", "photon:3.0 binary", d, ARRAY_LEN(d));
	fx_system(f, "photon", "3.0");
	fx_package(f, PACKAGE_RPM, "vim", "1-1.ph3")->arch = SLICE("x86_64");
	fx_package(f, PACKAGE_RPM, "vim", "1-1.ph3")->arch = SLICE("s390x");
	fx_package(f, PACKAGE_RPM, "vim", "1-1.ph3")->arch = SLICE("noarch");
	fx_package(f, PACKAGE_RPM, "vim", "2-1.ph3")->arch = SLICE("x86_64");
	fx_match(f);
	fx_findings(f, 2);
	assert_int_equal(f->report.findings.at[0].package, 0);
	assert_int_equal(f->report.findings.at[1].package, 2);
}

static const struct CMUnitTest tests[] = {
	TEST(test_alpine_asks_for_the_origin),
	TEST(test_alpine_asks_main_and_community_of_the_release_only),
	TEST(test_alpine_alpha_is_edge),
	TEST(test_alpine_key_0_is_never_affected),
	TEST(test_alpine_rows_with_the_same_id),
	TEST(test_alpine_id_strings),
	TEST(test_debian_compares_source_versions),
	TEST(test_debian_signed_kernels),
	TEST(test_signed_loaders),
	TEST(test_ubuntu_signed_loaders),
	TEST(test_debian_statuses),
	TEST(test_debian_without_version_codename),
	TEST(test_alma_modules),
	TEST(test_alma_other_stream),
	TEST(test_alma_rebuilds_errata_and_releases),
	TEST(test_alma_missing_epoch_is_0),
	TEST(test_alma_speaks_of_binaries),
	TEST(test_mariner),
	TEST(test_ubuntu_archives),
	TEST(test_ubuntu_fips_lines),
	cmocka_unit_test_teardown(test_suse_service_packs, fx_teardown),
	TEST(test_amazon_kernels),
	TEST(test_amazon_1),
	TEST(test_photon_limits_architectures),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
