/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vendors.c - packages that a vendor builds anew: Root and TuxCare.
 *
 * Versions, fixes and ids of Root's cases are those of records of api.root.io and of the systems' advisories beside
 * them, as grype's tests of Root's packages have both, with the answers; its order of versions is osv.dev's test of
 * it. TuxCare's are records of its own OSV data (CLSA-...), and the answers are by hand.
 */
#include "fixture.h"

#include "match/judge.h"

#define FIX(ecosystem, name, fixes)                                                                                    \
	"{'package':{'ecosystem':'" ecosystem "','name':'" name "'},'ranges':[{'type':'ECOSYSTEM','events':["         \
	"{'introduced':'0'}" fixes "]}]},"
#define AT(version) ",{'fixed':'" version "'}"

#define ROOT_UBUNTU                                                                                                    \
	"[{'id':'ROOT-OS-UBUNTU-2204-CVE-2025-68973','aliases':['CVE-2025-68973'],'upstream':['CVE-2025-68973'],"      \
	"'affected':[" FIX("Root:Ubuntu:22.04", "rootio-gnupg2", AT("2.2.27-3ubuntu2.4.root.io.1")) "null]},"          \
	"{'id':'ROOT-OS-UBUNTU-2204-CVE-2018-6952','aliases':['CVE-2018-6952'],'affected':["                           \
	FIX("Root:Ubuntu:22.04", "rootio-patch",                                                                       \
	    AT("2.7.6-7build2.root.io.1") AT("2.7.6-7build2.root.io.2")) "null]}]"

#define UBUNTU                                                                                                         \
	"[{'id':'UBUNTU-CVE-2025-68973','upstream':['CVE-2025-68973'],'affected':["                                    \
	FIX("Ubuntu:22.04:LTS", "gnupg2", AT("2.2.27-3ubuntu2.5")) "null]},"                                           \
	"{'id':'UBUNTU-CVE-2018-6952','upstream':['CVE-2018-6952'],'affected':["                                       \
	FIX("Ubuntu:22.04:LTS", "patch", "") "null]}]"

static const struct {
	const char *name, *version, *id, *fix; /* id NULL: nothing is reported */
	const char *root;
} ubuntu[] = {
	{ "gnupg2", "2.2.27-3ubuntu2.3", "CVE-2025-68973", "2.2.27-3ubuntu2.5", NULL },
	{ "gnupg2", "2.2.27-3ubuntu2.5", NULL, NULL, NULL },
	{ "patch", "2.7.6-7build2", "CVE-2018-6952", "", NULL },
	{ "rootio-gnupg2", "2.2.27-3ubuntu2.4.root.io.1", NULL, NULL, "CVE-2025-68973" },
	{ "rootio-gnupg2", "2.2.27-3ubuntu2.4.root.io.5", NULL, NULL, "CVE-2025-68973" },
	{ "gnupg2", "2.2.27-3ubuntu2.4.root.io.1", NULL, NULL, "CVE-2025-68973" },
	{ "rootio-gnupg2", "2.2.27-3ubuntu2.3.root.io.1", "CVE-2025-68973", "2.2.27-3ubuntu2.4.root.io.1", NULL },
	{ "rootio-patch", "2.7.6-7build2.root.io.1", NULL, NULL, "CVE-2018-6952" },
	{ "rootio-patch", "2.7.6-7build1.root.io.9", "CVE-2018-6952", "2.7.6-7build2.root.io.1", NULL },
};

static bool is_taken_back(const struct fx *f, const char *id)
{
	for (size_t i = 0; i < f->report.suppressed.len; i++)
		if (f->report.suppressed.at[i].by == SUPPRESSED_BY_VENDOR &&
		    slice_eq(f->report.suppressed.at[i].finding.advisory.id, slice_cstr(id)))
			return true;
	return false;
}

static void test_root_of_ubuntu(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/root", ROOT_UBUNTU);
	fx_osv(f, "osv/ubuntu", UBUNTU);
	fx_system(f, "ubuntu", "22.04");
	for (size_t i = 0; i < ARRAY_LEN(ubuntu); i++) {
		f->index.packages.len = 0;
		fx_package(f, PACKAGE_DEB, ubuntu[i].name, ubuntu[i].version);
		fx_match(f);
		print_message("%s %s\n", ubuntu[i].name, ubuntu[i].version);
		fx_findings(f, ubuntu[i].id != NULL);
		if (ubuntu[i].id) {
			const struct finding *x = fx_find(f, ubuntu[i].id, ubuntu[i].name);

			assert_non_null(x);
			assert_true(slice_eq(x->fix, slice_cstr(ubuntu[i].fix)));
		}
		assert_int_equal(f->report.suppressed.len, ubuntu[i].root != NULL);
		assert_true(!ubuntu[i].root || is_taken_back(f, ubuntu[i].root));
		assert_true(f->report.complete);
	}
	fx_coverage(f, COVERAGE_COVERED, "root:ubuntu:22.04", 1, "Root");
}

/*
 * Root's version is above Debian's fix of a later build, and Debian's rows are about what Root built of: neither says
 * that Root's build has the fix. Without Root's own advisories that is told.
 */
static void test_root_without_its_advisories(void **state)
{
	struct fx *f = *state;

	fx_source(f, "debian", "debian", &feed_format_debian_tracker, "",
		  "{'jq':{'CVE-2025-48060':{'releases':{'bookworm':{'status':'resolved',"
		  "'fixed_version':'1.6-2.1+deb12u1','urgency':'unimportant'}}}}}");
	fx_system(f, "debian", "12");
	fx_sourced(f, PACKAGE_DEB, "rootio-libjq1", "1.6-2.1.root.io.1", "rootio-jq", "1.6-2.1.root.io.1");
	fx_sourced(f, PACKAGE_DEB, "libjq1", "1.6-2.1+deb12u1", "jq", "1.6-2.1+deb12u1");
	fx_match(f);
	fx_reported(f, "CVE-2025-48060", "rootio-libjq1", "1.6-2.1+deb12u1", "1.6-2.1+deb12u1");
	fx_findings(f, 1);
	fx_coverage(f, COVERAGE_NO_FEED, "root:debian:12", 1, "what they were built of");
	assert_false(f->report.complete);
	/* With them, its first build is the one without the fix, and the second has it. */
	fx_osv(f, "osv/root",
	       "{'id':'ROOT-OS-DEBIAN-12-CVE-2025-48060','aliases':['CVE-2025-48060'],'affected':["
	       FIX("Root:Debian:12", "rootio-jq", AT("1.6-2.1.root.io.2")) "null]}");
	fx_match(f);
	fx_reported(f, "CVE-2025-48060", "rootio-libjq1", "1.6-2.1.root.io.2", "1.6-2.1.root.io.2");
	fx_findings(f, 1);
	f->index.packages.at[0].package.version = SLICE("1.6-2.1.root.io.2");
	f->index.packages.at[0].package.source_version = SLICE("1.6-2.1.root.io.2");
	fx_match(f);
	fx_findings(f, 0);
	assert_true(is_taken_back(f, "CVE-2025-48060"));
}

/* The order is Root's: what was built, then the number; as dpkg has it, ".root.io" comes after "+deb12u1". */
static void test_root_order(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/root",
	       "{'id':'ROOT-OS-DEBIAN-12-CVE-2023-1','aliases':['CVE-2023-1'],'affected':["
	       FIX("Root:Debian:12", "rootio-nodejs",
		   AT("22.12.0-2+deb12u1.root.io.5") AT("22.12.0-2.root.io.3")) "null]}");
	fx_system(f, "debian", "12");
	fx_package(f, PACKAGE_DEB, "nodejs", "22.12.0-2.root.io.1");
	fx_package(f, PACKAGE_DEB, "rootio-nodejs", "22.12.0-2.root.io.3");
	fx_match(f);
	fx_reported(f, "CVE-2023-1", "nodejs", "22.12.0-2.root.io.3", "22.12.0-2.root.io.3");
	fx_findings(f, 1);
}

/* The fifth digit of a revision counts Root's builds: "-r00073" is no later than "-r1". */
static void test_root_of_alpine(void **state)
{
	struct fx *f = *state;

	fx_source(f, "alpine", "alpine", &feed_format_secdb, "3.18",
		  "{'distroversion':'v3.18','reponame':'main','packages':[{'pkg':{'name':'openssl','secfixes':"
		  "{'3.1.8-r1':['CVE-2025-1'],'3.1.8-r0':['CVE-2025-2']}}},{'pkg':{'name':'libuv','secfixes':"
		  "{'1.48.0-r0':['CVE-2024-24806']}}}]}");
	fx_osv(f, "osv/root",
	       "{'id':'ROOT-OS-ALPINE-318-CVE-2024-24806','aliases':['CVE-2024-24806'],'affected':["
	       FIX("Root:Alpine:3.18", "rootio-libuv", AT("1.44.2-r20071")) "null]}");
	fx_system(f, "alpine", "3.18.4");
	fx_sourced(f, PACKAGE_APK, "libssl3", "3.1.8-r00073", "openssl", "3.1.8-r00073");
	fx_sourced(f, PACKAGE_APK, "rootio-libuv", "1.44.2-r20071", "rootio-libuv", "1.44.2-r20071");
	fx_match(f);
	fx_reported(f, "CVE-2025-1", "libssl3", "3.1.8-r1", "3.1.8-r1");
	fx_findings(f, 1);
	assert_true(is_taken_back(f, "CVE-2024-24806"));
	f->index.packages.at[1].package.version = SLICE("1.44.2-r20070");
	f->index.packages.at[1].package.source_version = SLICE("1.44.2-r20070");
	fx_match(f);
	fx_reported(f, "CVE-2024-24806", "rootio-libuv", "1.44.2-r20071", "1.44.2-r20071");
	fx_findings(f, 2);
}

/* Language packages: upstream's records, known by other ids, are taken back by the CVE that both name. */
static void test_root_of_languages(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/npm",
	       "[{'id':'GHSA-896r-f27r-55mw','aliases':['CVE-2021-3918'],'affected':["
	       FIX("npm", "json-schema", AT("0.4.0")) "null]},"
	       "{'id':'GHSA-xxxx-1','affected':[" FIX("npm", "json-schema", AT("0.2.3")) "null]}]");
	fx_osv(f, "osv/pypi",
	       "{'id':'GHSA-8g23-2q5p-8866','aliases':['CVE-2023-25691'],'affected':["
	       FIX("PyPI", "apache-airflow-providers-google", AT("8.10.0")) "null]}");
	fx_osv(f, "osv/root",
	       "[{'id':'ROOT-APP-NPM-CVE-2021-3918','aliases':['CVE-2021-3918'],'affected':["
	       FIX("Root:npm", "@rootio/json-schema", AT("0.2.3-root.io.1")) "null]},"
	       "{'id':'ROOT-APP-PYPI-CVE-2023-25691','aliases':['CVE-2023-25691'],'affected':["
	       FIX("Root:PyPI", "rootio-apache-airflow-providers-google",
		   AT("8.1.0+root.io.1") AT("8.1.0+root.io.2")) "null]}]");
	fx_package(f, PACKAGE_NPM, "@rootio/json-schema", "0.2.3-root.io.1");
	fx_package(f, PACKAGE_NPM, "@rootio/json-schema", "0.2.2");
	fx_package(f, PACKAGE_PYPI, "rootio-apache-airflow-providers-google", "8.1.0+root.io.1");
	fx_package(f, PACKAGE_PYPI, "apache-airflow-providers-google", "8.0.0+root.io.1");
	fx_package(f, PACKAGE_PYPI, "rootio-example", "1.0");
	fx_match(f);
	/* 0.2.3-root.io.1 is 0.2.3, not a version before it. */
	fx_reported(f, "GHSA-896r-f27r-55mw", "@rootio/json-schema", "0.4.0", "0.4.0");
	fx_reported(f, "GHSA-xxxx-1", "@rootio/json-schema", "0.2.3", "0.2.3");
	fx_reported(f, "GHSA-8g23-2q5p-8866", "apache-airflow-providers-google", "8.10.0", "8.10.0");
	fx_findings(f, 3);
	assert_int_equal(f->report.suppressed.len, 2);
	for (size_t i = 0; i < 3; i++)
		assert_int_not_equal(f->report.findings.at[i].package, 0);
	fx_coverage(f, COVERAGE_COVERED, "root:npm", 2, "Root");
	fx_coverage(f, COVERAGE_COVERED, "root:pypi", 2, "Root");
}

#define CLSA_SQUID                                                                                                     \
	"{'id':'CLSA-2023-1703184336','upstream':['CVE-2023-49285','CVE-2023-49286'],'affected':["                     \
	FIX("TuxCare:Ubuntu:18.04", "squid", AT("3.5.27-1ubuntu1.14+tuxcare.els3"))                                    \
	FIX("TuxCare:Ubuntu:18.04", "squid-cgi", AT("3.5.27-1ubuntu1.14+tuxcare.els3")) "null]}"

/* Rows are of binary packages; an erratum takes back what Ubuntu says of each flaw that it fixes, and no other. */
static void test_tuxcare_of_ubuntu(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/tuxcare", CLSA_SQUID);
	fx_osv(f, "osv/ubuntu",
	       "[{'id':'UBUNTU-CVE-2023-49285','upstream':['CVE-2023-49285'],'affected':["
	       FIX("Ubuntu:18.04:LTS", "squid3", "") "null]},"
	       "{'id':'UBUNTU-CVE-2023-5824','upstream':['CVE-2023-5824'],'affected':["
	       FIX("Ubuntu:18.04:LTS", "squid3", "") "null]},"
	       "{'id':'UBUNTU-CVE-2020-1','upstream':['CVE-2020-1'],'affected':["
	       FIX("Ubuntu:18.04:LTS", "squid3", AT("3.5.27-1ubuntu1.14+esm1")) "null]}]");
	fx_system(f, "ubuntu", "18.04");
	fx_sourced(f, PACKAGE_DEB, "squid-cgi", "3.5.27-1ubuntu1.14+tuxcare.els3", "squid3",
		   "3.5.27-1ubuntu1.14+tuxcare.els3");
	fx_sourced(f, PACKAGE_DEB, "squid", "3.5.27-1ubuntu1.14+tuxcare.els2", "squid3",
		   "3.5.27-1ubuntu1.14+tuxcare.els2");
	fx_match(f);
	assert_non_null(fx_find(f, "CVE-2023-5824", "squid-cgi"));
	/* "+tuxcare" comes after "+esm1", and yet it is not built of that. */
	assert_non_null(fx_find(f, "CVE-2020-1", "squid-cgi"));
	assert_null(fx_find(f, "CVE-2023-49285", "squid-cgi"));
	fx_reported(f, "CLSA-2023-1703184336", "squid", "3.5.27-1ubuntu1.14+tuxcare.els3",
		    "3.5.27-1ubuntu1.14+tuxcare.els3");
	assert_null(fx_find(f, "CVE-2023-49285", "squid"));
	fx_findings(f, 5);
	assert_int_equal(f->report.suppressed.len, 1);
}

/* TuxCare has minor releases of AlmaLinux apart, and its own words for other systems. */
static void test_tuxcare_systems(void **state)
{
	static const struct {
		const char *did, *release, *package, *version;
		bool affected;
	} rows[] = {
		{ "almalinux", "9.2", "squid", "7:5.5-5.el9_2.tuxcare.els1", true },
		{ "almalinux", "9.2", "squid", "7:5.5-5.el9_2.1.tuxcare.els1", false },
		{ "almalinux", "9.6", "squid", "7:5.5-5.el9_2.tuxcare.els1", false },
		{ "centos", "7", "lz4", "1.8.3-1.el7.tuxcare.els0", true },
		{ "centos", "7", "lz4", "1.8.3-1.el7.tuxcare.els1", false },
		{ "centos", "7", "lz4", "1.8.3-1.el7", false },
	};
	struct fx *f = *state;

	fx_osv(f, "osv/tuxcare",
	       "[{'id':'CLSA-2024-1735126310','upstream':['CVE-2023-46724'],'affected':["
	       FIX("TuxCare:AlmaLinux:9.2", "squid", AT("7:5.5-5.el9_2.1.tuxcare.els1")) "null]},"
	       "{'id':'CLSA-2023-1695326199','upstream':['CVE-2021-3520'],'affected':["
	       FIX("TuxCare:CentOS:7", "lz4", AT("1.8.3-1.el7.tuxcare.els1")) "null]}]");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		f->index.packages.len = f->index.distributions.len = 0;
		fx_system(f, rows[i].did, rows[i].release);
		fx_package(f, PACKAGE_RPM, rows[i].package, rows[i].version);
		fx_match(f);
		print_message("%s %s %s\n", rows[i].did, rows[i].release, rows[i].version);
		fx_findings(f, rows[i].affected);
	}
}

/* "introduced 0, fixed 5.0.3-tuxcare.1" is about TuxCare's builds of 5.0.3: others are lines of their own. */
static void test_tuxcare_of_languages(void **state)
{
	struct fx *f = *state;

	fx_osv(f, "osv/tuxcare",
	       "[{'id':'CLSA-2026-1773015264','upstream':['CVE-2022-25883'],'affected':["
	       FIX("TuxCare:npm", "semver", AT("5.0.3-tuxcare.2")) "null]},"
	       "{'id':'CLSA-2025-1765930332','upstream':['CVE-2024-21272'],'affected':["
	       FIX("TuxCare:PyPI", "mysql-connector-python", AT("8.4.0.post1+tuxcare")) "null]},"
	       "{'id':'CLSA-2026-1781052745','upstream':['CVE-2023-29530'],'affected':["
	       FIX("TuxCare:Packagist", "laminas/laminas-diactoros", AT("2.22.0-p1+tuxcare")) "null]},"
	       "{'id':'CLSA-2024-1727136003','upstream':['CVE-2023-44483'],'affected':["
	       FIX("TuxCare:Maven", "org.apache.santuario:xmlsec", AT("2.3.1.tuxcare")) "null]}]");
	fx_osv(f, "osv/all",
	       "[{'id':'GHSA-c2qf','aliases':['CVE-2022-25883'],'affected':[" FIX("npm", "semver", AT("5.7.2"))
	       "null]},{'id':'GHSA-xfrj','aliases':['CVE-2023-44483'],'affected':["
	       FIX("Maven", "org.apache.santuario:xmlsec", AT("2.3.4")) "null]},"
	       "{'id':'GHSA-mysql','aliases':['CVE-2024-21272'],'affected':["
	       FIX("PyPI", "mysql-connector-python", AT("9.1.0")) "null]},"
	       "{'id':'GHSA-php','aliases':['CVE-2023-29530'],'affected':["
	       FIX("Packagist", "laminas/laminas-diactoros", AT("2.22.1")) "null]}]");
	fx_package(f, PACKAGE_NPM, "semver", "5.0.3-tuxcare.1");
	fx_package(f, PACKAGE_NPM, "semver", "5.0.3-tuxcare.2");
	fx_package(f, PACKAGE_NPM, "semver", "5.3.0-tuxcare.1");
	fx_package(f, PACKAGE_MAVEN, "org.apache.santuario:xmlsec", "2.3.1.tuxcare");
	fx_package(f, PACKAGE_PYPI, "mysql-connector-python", "8.4.0.post1+tuxcare");
	fx_package(f, PACKAGE_COMPOSER, "laminas/laminas-diactoros", "2.22.0-p1+tuxcare");
	fx_match(f);
	fx_reported(f, "CLSA-2026-1773015264", "semver", "5.0.3-tuxcare.2", "5.0.3-tuxcare.2");
	assert_int_equal(fx_find(f, "CLSA-2026-1773015264", "semver")->package, 0);
	fx_reported(f, "GHSA-c2qf", "semver", "5.7.2", "5.7.2");
	assert_int_equal(fx_find(f, "GHSA-c2qf", "semver")->package, 2);
	fx_findings(f, 2);
	assert_int_equal(f->report.suppressed.len, 4);
}

static bool is_debian(void *ctx, struct slice scope)
{
	(void)ctx;
	return slice_starts(scope, SLICE("debian:"));
}

/* Who leaves the vendor's advisories out does not know of its fixes, and is told so. */
static void test_left_out(void **state)
{
	struct fx *f = *state;

	fx_source(f, "debian", "debian", &feed_format_debian_tracker, "",
		  "{'jq':{'CVE-2025-48060':{'releases':{'bookworm':{'status':'open','urgency':'low'}}}}}");
	fx_osv(f, "osv/root",
	       "{'id':'ROOT-OS-DEBIAN-12-CVE-2025-48060','aliases':['CVE-2025-48060'],'affected':["
	       FIX("Root:Debian:12", "rootio-jq", AT("1.6-2.1.root.io.2")) "null]}");
	fx_system(f, "debian", "12");
	fx_package(f, PACKAGE_DEB, "jq", "1.6-2.1.root.io.2");
	fx_match(f);
	fx_findings(f, 0);
	f->options.scope_wanted = is_debian;
	fx_match(f);
	fx_findings(f, 1);
	fx_coverage(f, COVERAGE_NO_FEED, "root:debian:12", 1, "matchers.names");
}

/* "Who has this" answers as a report of the package does: what the vendor speaks of, it alone says. */
static void test_who_has_it(void **state)
{
	static const struct {
		const char *names, *name, *version;
		bool affected, without; /* the vendor's advisories */
	} rows[] = {
		{ "'name':'CVE-2025-68973'", "gnupg2", "2.2.27-3ubuntu2.3", true, true },
		{ "'name':'CVE-2025-68973'", "gnupg2", "2.2.27-3ubuntu2.4.root.io.1", false, true },
		{ "'name':'CVE-2025-68973'", "gnupg2", "2.2.27-3ubuntu2.3.root.io.1", false, true },
		{ "'name':'X','Aliases':[{'Name':'cve-2025-68973'}]", "gnupg2", "2.2.27-3ubuntu2.4.root.io.1", false,
		  true },
		/* Another flaw, and one that nobody knows the name of. */
		{ "'name':'CVE-2018-6952'", "gnupg2", "2.2.27-3ubuntu2.4.root.io.1", true, true },
		{ "'Aliases':null", "gnupg2", "2.2.27-3ubuntu2.4.root.io.1", true, true },
		{ "'name':'CVE-2025-68973'", "patch", "2.2.27-3ubuntu2.4.root.io.1", true, true },
		{ "'name':'CVE-2025-68973'", "gnupg2", "2.2.27-3ubuntu2.5.root.io.1", false, false },
	};
	struct fx *f = *state;

	fx_osv(f, "osv/root", ROOT_UBUNTU);
	fx_set(f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct package p = { .type = PACKAGE_DEB,
				     .name = slice_cstr(rows[i].name),
				     .version = slice_cstr(rows[i].version) };
		const struct judge_known with = { .set = f->set }, left_out = { f->set, is_debian, NULL };
		const struct judge_known *known[] = { &with, NULL, &left_out };
		judge_question_list list;

		fx_text(f,
			"{'vulnerabilities':[{'id':'1',%s,'package':{'name':'%s'},'distribution':{'did':'ubuntu',"
			"'version_id':'22.04'},'fixed_in_version':'2.2.27-3ubuntu2.5'}]}",
			rows[i].names, rows[i].name);
		fx_check(f, judge_parse(fx_quoted(f, fx_texted(f)), &limits_default, &f->arena, &list, &f->err));
		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			if (judge_affects(&list.at[0], &p, SLICE("ubuntu:22.04"), known[k]) !=
			    (k == 0 ? rows[i].affected : rows[i].without))
				fail_msg("%s of %s %s, %zu", rows[i].names, rows[i].name, rows[i].version, k);
	}
}

/* Flip a bit of the first byte of the bodies of a source, which are one frame of zstd. Again: it is as it was. */
static void flip_bodies(struct fx *f, const struct segment_set_entry *e)
{
	static const uint8_t whole[] = { 0x28, 0xb5, 0x2f, 0xfd }, flipped[] = { 0x38, 0xb5, 0x2f, 0xfd };
	uint8_t bytes[8192], *at;
	int fd = fx_segment(f, e);
	ssize_t n = read(fd, bytes, sizeof(bytes));

	assert_true(n > 0 && (size_t)n < sizeof(bytes));
	at = memmem(bytes, (size_t)n, whole, sizeof(whole));
	if (!at)
		at = memmem(bytes, (size_t)n, flipped, sizeof(flipped));
	assert_non_null(at);
	fx_flip(fd, at - bytes);
	close(fd);
}

/*
 * Advisories whose bodies are damaged cost what they say, and no report: the vendor's take nothing back any more, the
 * distribution's own are not told. Another source's findings stay.
 */
static void test_damaged_bodies(void **state)
{
	const struct segment_set_entry *root, *base;
	struct fx *f = *state;

	root = fx_osv(f, "osv/root", ROOT_UBUNTU);
	base = fx_osv(f, "osv/ubuntu", UBUNTU);
	fx_osv(f, "osv/npm", "{'id':'GHSA-1','affected':[" FIX("npm", "a", AT("2.0.0")) "null]}");
	fx_system(f, "ubuntu", "22.04");
	fx_package(f, PACKAGE_DEB, "rootio-gnupg2", "2.2.27-3ubuntu2.4.root.io.1");
	fx_package(f, PACKAGE_NPM, "a", "1.0.0");
	flip_bodies(f, root);
	fx_match(f);
	fx_reported(f, "CVE-2025-68973", "rootio-gnupg2", "2.2.27-3ubuntu2.5", "2.2.27-3ubuntu2.5");
	fx_reported(f, "GHSA-1", "a", "2.0.0", "2.0.0");
	fx_findings(f, 2);
	assert_int_equal(f->report.suppressed.len, 0);
	fx_coverage(f, COVERAGE_NO_FEED, "osv/root", 0, "its segment is damaged (");
	assert_false(f->report.complete);
	flip_bodies(f, root);
	flip_bodies(f, base);
	fx_match(f);
	fx_reported(f, "GHSA-1", "a", "2.0.0", "2.0.0");
	fx_findings(f, 1);
	assert_int_equal(f->report.suppressed.len, 0);
	fx_coverage(f, COVERAGE_NO_FEED, "osv/ubuntu", 0, "its segment is damaged (");
	flip_bodies(f, base);
	fx_match(f);
	fx_findings(f, 1);
	assert_true(is_taken_back(f, "CVE-2025-68973"));
	assert_true(f->report.complete);
}

static void test_explanation(void **state)
{
	struct match_explanation x;
	struct fx *f = *state;

	fx_osv(f, "osv/root", ROOT_UBUNTU);
	fx_osv(f, "osv/ubuntu", UBUNTU);
	fx_system(f, "ubuntu", "22.04");
	fx_package(f, PACKAGE_DEB, "rootio-gnupg2", "2.2.27-3ubuntu2.4.root.io.1");
	fx_set(f);
	fx_check(f, match_explain(&f->index, f->set, &f->options, SLICE("CVE-2025-68973"), &f->arena, &x, &f->err));
	assert_int_equal(x.verdicts.len, 2);
	assert_int_equal(x.verdicts.at[0].answer, MATCH_NOT_AFFECTED);
	assert_true(slice_has(x.verdicts.at[0].reason, SLICE(">= 2.2.27-3ubuntu2.4.root.io.1")));
	assert_int_equal(x.verdicts.at[1].answer, MATCH_SUPPRESSED);
}

static const struct CMUnitTest tests[] = {
	TEST(test_root_of_ubuntu),
	TEST(test_root_without_its_advisories),
	TEST(test_root_order),
	TEST(test_root_of_alpine),
	TEST(test_root_of_languages),
	TEST(test_tuxcare_of_ubuntu),
	TEST(test_tuxcare_systems),
	TEST(test_tuxcare_of_languages),
	TEST(test_left_out),
	TEST(test_who_has_it),
	TEST(test_damaged_bodies),
	TEST(test_explanation),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
