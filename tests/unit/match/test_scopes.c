/* SPDX-License-Identifier: Apache-2.0 */
/* test_scopes.c - Red Hat's repositories: which rows are about a system, by their CPE; and what becomes of it in a
 * report. */
#include "fixture.h"

#include "match/repositories.h"
#include "match/scopes_cpe.h"

static bool holds(const char *row, const char *repository)
{
	struct scopes_cpes c = { .n = 1 };

	snprintf(c.text[0], sizeof(c.text[0]), "%s", repository);
	return scopes_cpe_matches(&c, slice_cstr(row));
}

/* The pairs and verdicts of Clair's own tests of its rule (rhel matcher), and those where its prefix goes too far. */
static void test_pairs(void **state)
{
#define RHEL(part, version, edition) "cpe:2.3:" part ":redhat:enterprise_linux:" version ":*:" edition ":*:*:*:*:*"
#define OPENSHIFT(version, edition) "cpe:2.3:a:redhat:openshift:" version ":*:" edition ":*:*:*:*:*"
	(void)state;
	assert_true(holds(OPENSHIFT("4", "*"), OPENSHIFT("4.13", "el8")));
	assert_false(holds(OPENSHIFT("4.13", "*"), OPENSHIFT("4", "el8")));
	assert_false(holds(OPENSHIFT("4.1", "el8"), OPENSHIFT("4.13", "el8")));
	assert_false(holds(OPENSHIFT("4.1", "*"), OPENSHIFT("4.13", "*")));
	assert_true(holds(OPENSHIFT("4.13", "*"), OPENSHIFT("4.13", "el8")));
	assert_true(holds(OPENSHIFT("4", "*"), "cpe:2.3:a:redhat:openshift:4\\.13:*:el8:*:*:*:*:*"));
	assert_true(holds(RHEL("o", "8", "*"), RHEL("o", "8", "baseos")));
	assert_true(holds(RHEL("o", "8", "baseos"), RHEL("o", "8", "baseos")));
	assert_false(holds(RHEL("o", "8", "baseos"), RHEL("o", "8", "*")));
	assert_false(holds(RHEL("a", "8", "appstream"), RHEL("a", "8", "crb")));
	assert_false(holds(RHEL("o", "8", "*"), RHEL("o", "9", "baseos")));
	/* A prefix without an end would take these. */
	assert_false(holds(OPENSHIFT("4", "*"), OPENSHIFT("42", "*")));
	assert_false(holds(RHEL("o", "1", "*"), RHEL("o", "10", "baseos")));
	/* NA is a value of its own, any is not. */
	assert_false(holds(RHEL("o", "8", "-"), RHEL("o", "8", "baseos")));
	assert_true(holds(RHEL("o", "8", "-"), RHEL("o", "8", "-")));
	/* Streams of extended support are products of their own, each, whatever release they are of. */
	for (size_t i = 0; i < 4; i++) {
		static const char *const streams[] = { "rhel_eus", "rhel_aus", "rhel_e4s", "rhel_tus" };
		char row[96], other[96];

		snprintf(row, sizeof(row), "cpe:2.3:a:redhat:%s:9.2:*:appstream:*:*:*:*:*", streams[i]);
		snprintf(other, sizeof(other), "cpe:2.3:a:redhat:%s:9.2:*:appstream:*:*:*:*:*", streams[(i + 1) % 4]);
		assert_false(holds(row, RHEL("a", "9", "appstream")));
		assert_false(holds(RHEL("a", "9", "appstream"), row));
		assert_false(holds(row, other));
		assert_true(holds(row, row));
	}
}

static void test_fallback(void **state)
{
	struct scopes_cpes c;

	(void)state;
	scopes_cpes_of(SLICE("rhel:9"), &c);
	assert_true(scopes_cpe_matches(&c, SLICE(RHEL("o", "9", "*"))));
	assert_true(scopes_cpe_matches(&c, SLICE(RHEL("o", "9", "baseos"))));
	assert_true(scopes_cpe_matches(&c, SLICE(RHEL("a", "9", "appstream"))));
	assert_false(scopes_cpe_matches(&c, SLICE(RHEL("a", "9", "nfv"))));
	assert_false(scopes_cpe_matches(&c, SLICE(RHEL("o", "8", "baseos"))));
	scopes_cpes_of(SLICE("centos:7"), &c);
	assert_true(scopes_cpe_matches(&c, SLICE(RHEL("o", "7", "server"))));
	assert_false(scopes_cpe_matches(&c, SLICE(RHEL("o", "7", "client"))));
	scopes_cpes_of(SLICE("centos-stream:9"), &c);
	assert_int_equal(c.n, 0);
	scopes_cpes_of(SLICE("rhel:cpe:2.3:o:redhat:enterprise_linux:9"), &c);
	assert_int_equal(c.n, 0);
	assert_true(scopes_holds(SLICE("rhel:" RHEL("o", "9", "baseos")), SLICE("rhel:9")));
	assert_false(scopes_holds(SLICE("rhel:" RHEL("o", "9", "baseos")), SLICE("rhel:8")));
	assert_true(scopes_holds(SLICE("debian:12"), SLICE("debian:12")));
}

#define PRODUCT(id, kind, value)                                                                                       \
	"{'product':{'product_id':'" id "','product_identification_helper':{'" kind "':'" value "'}}},"
#define COMPONENT(id, of)                                                                                              \
	"{'category':'default_component_of','full_product_name':{'product_id':'" of ":" id                             \
	"'},'product_reference':'" id "','relates_to_product_reference':'" of "'},"

static void add_vex(struct fx *f)
{
	fx_source(f, "rhel-vex", "rhel-vex", &feed_format_csaf_vex, "",
		  "{'document':{'tracking':{'id':'CVE-1'},'aggregate_severity':{'text':'Important'}},'product_tree':{'"
		  "branches':[" PRODUCT("base", "cpe", "cpe:/o:redhat:enterprise_linux:9::baseos") PRODUCT(
			  "eus", "cpe", "cpe:/o:redhat:rhel_eus:9.2::baseos")
			  PRODUCT("nine", "cpe", "cpe:/o:redhat:enterprise_linux:9") PRODUCT(
				  "libs", "purl",
				  "pkg:rpm/redhat/"
				  "openssl-libs@3.0.7-25.el9_3?arch=x86_64&"
				  "epoch=1") PRODUCT("libs-eus", "purl",
						     "pkg:rpm/redhat/"
						     "openssl-libs@3.0.7-18."
						     "el9_2?arch=x86_64&"
						     "epoch=1") PRODUCT("gcc", "purl", "pkg:rpm/redhat/gcc?arch=src")
				  PRODUCT("vim", "purl", "pkg:rpm/redhat/vim?arch=src") PRODUCT(
					  "none", "purl",
					  "pkg:rpm/redhat/none?arch=src") "null],'relationships':[" COMPONENT("li"
													      "b"
													      "s",
													      "ba"
													      "s"
													      "e")
					  COMPONENT("libs-eus", "eus") COMPONENT("gcc", "nine") COMPONENT("vim", "nine")
						  COMPONENT("none", "base") "null]},'vulnerabilities':[{'cve':'CVE-"
									    "1','product_status':{"
									    "'fixed':['base:libs','eus:libs-eus'],'"
									    "known_affected':['nine:gcc'],'under_"
									    "investigation':['nine:vim'],"
									    "'known_not_affected':['base:none']},"
									    "'remediations':[{'category':'no_fix_"
									    "planned','details':'Will not "
									    "fix','product_ids':['nine:gcc']}]}]}");
}

static void test_report(void **state)
{
	struct fx *f = *state;

	add_vex(f);
	fx_system(f, "rhel", "9.2");
	/* The fix of the extended stream is older and no fix here; epochs count. */
	fx_sourced(f, PACKAGE_RPM, "openssl-libs", "1:3.0.7-18.el9_2", "openssl", "3.0.7-18.el9_2")->arch =
		SLICE("x86_64");
	fx_sourced(f, PACKAGE_RPM, "libgcc", "11.3.1-4.el9", "gcc", "11.3.1-4.el9")->arch = SLICE("x86_64");
	fx_sourced(f, PACKAGE_RPM, "vim-minimal", "8.2-1.el9", "vim", "8.2-1.el9")->arch = SLICE("x86_64");
	fx_match(f);
	fx_findings(f, 2);
	fx_reported(f, "CVE-1", "openssl-libs", "1:3.0.7-25.el9_3", "1:3.0.7-25.el9_3");
	fx_reported(f, "CVE-1", "libgcc", "", "");
	assert_int_equal(fx_find(f, "CVE-1", "libgcc")->row.fix_state, FIX_WILL_NOT_FIX);
	assert_true(slice_has(fx_find(f, "CVE-1", "libgcc")->comparison, SLICE("the vendor will not fix it")));
	fx_coverage(f, COVERAGE_COVERED, "rhel:9", 3, "nothing says which repositories");
}

/* As a layer's content manifest names it; unknown ones are known by the map alone. */
static void add_set(struct fx *f, const char *name)
{
	struct layer_repository *r = VEC_PUSH(&f->index.repositories, &f->arena);

	assert_non_null(r);
	*r = (struct layer_repository){ .name = slice_cstr(name), .key = SLICE(REPOSITORY_CONTENT_SET) };
}

static void add_libs(struct fx *f, const char *version, size_t repository, size_t n)
{
	struct index_package *p;

	fx_sourced(f, PACKAGE_RPM, "openssl-libs", version, "openssl", "3.0.7-18.el9_2")->arch = SLICE("x86_64");
	p = &f->index.packages.at[f->index.packages.len - 1];
	p->repository = repository;
	p->n_repositories = n;
}

static void resolve(struct fx *f)
{
	fx_set(f);
	fx_check(f, repositories_resolve(&f->index, f->set, &f->arena, &f->err));
}

/* Entries of Red Hat's map, as published. */
static void add_map(struct fx *f)
{
	fx_source(f, "rhel-repositories", "rhel-repositories", &feed_format_repository_to_cpe, "",
		  "{'data':{'rhel-9-for-x86_64-baseos-eus-rpms':{'cpes':['cpe:/o:redhat:rhel_eus:9.0::baseos',"
		  "'cpe:/o:redhat:rhel_eus:9.2::baseos','cpe:/o:redhat:rhel_eus:9.4::baseos']},"
		  "'rhel-9-for-x86_64-baseos-rpms':{'cpes':['cpe:/o:redhat:enterprise_linux:9::baseos']},"
		  "'ubi-9-baseos-rpms':{'cpes':['cpe:/o:redhat:enterprise_linux:9::baseos']}}}");
}

/* The extended stream has the fix already, which is older than that of the main stream: one is fixed, one is not. */
static void test_streams(void **state)
{
	struct fx *f = *state;

	add_vex(f);
	add_map(f);
	fx_system(f, "rhel", "9.2");
	add_set(f, "rhel-9-for-x86_64-baseos-eus-rpms");
	add_set(f, "rhel-9-for-x86_64-baseos-rpms");
	add_set(f, "ubi-9-baseos-rpms");
	add_set(f, "releases");
	add_libs(f, "1:3.0.7-18.el9_2", 0, 1);
	add_libs(f, "1:3.0.7-18.el9_2", 1, 3);
	add_libs(f, "1:3.0.7-17.el9_2", 0, 1);
	assert_true(repositories_unknown(&f->index));
	resolve(f);
	assert_false(repositories_unknown(&f->index));
	assert_int_equal(f->index.packages.at[0].n_repositories, 3);
	/* Two repositories of one product are one name, and what the map does not know is none. */
	assert_int_equal(f->index.packages.at[1].n_repositories, 1);
	assert_int_equal(f->index.packages.at[2].repository, f->index.packages.at[0].repository);
	fx_match(f);
	fx_findings(f, 2);
	assert_int_equal(f->report.findings.at[0].package, 1);
	assert_true(slice_eq(f->report.findings.at[0].row.fixed_version, SLICE("1:3.0.7-25.el9_3")));
	assert_int_equal(f->report.findings.at[1].package, 2);
	assert_true(slice_eq(f->report.findings.at[1].row.fixed_version, SLICE("1:3.0.7-18.el9_2")));
	fx_coverage(f, COVERAGE_COVERED, "rhel:9", 3, "by the repositories that the image names");
}

/* Without the map, or with none of its names known, the system's own repositories are assumed: nothing is lost. */
static void test_unknown_sets(void **state)
{
	struct fx *f = *state;

	add_vex(f);
	fx_system(f, "rhel", "9.2");
	add_set(f, "rhel-9-for-x86_64-baseos-rpms");
	add_libs(f, "1:3.0.7-18.el9_2", 0, 1);
	resolve(f);
	assert_true(repositories_unknown(&f->index));
	assert_int_equal(f->index.packages.at[0].n_repositories, 1);
	fx_match(f);
	fx_findings(f, 1);
	fx_coverage(f, COVERAGE_COVERED, "rhel:9", 1, "nothing says which repositories");
	add_map(f);
	resolve(f);
	fx_match(f);
	fx_findings(f, 1);
	fx_coverage(f, COVERAGE_COVERED, "rhel:9", 1, "by the repositories that the image names");
}

/* A product that no advisory is about is no clean one. */
static void test_unserved(void **state)
{
	struct fx *f = *state;
	struct layer_repository *r = VEC_PUSH(&f->index.repositories, &f->arena);

	assert_non_null(r);
	*r = (struct layer_repository){ .name = SLICE("x"),
					.key = SLICE(REPOSITORY_CPE),
					.cpe = SLICE("cpe:2.3:a:redhat:other:1:*:el9:*:*:*:*:*") };
	add_vex(f);
	fx_system(f, "rhel", "9.2");
	add_libs(f, "1:3.0.7-18.el9_2", 0, 1);
	fx_match(f);
	fx_findings(f, 0);
	assert_non_null(fx_covered(f, COVERAGE_NO_FEED, "rhel:9"));
	assert_false(f->report.complete);
}

static void test_fixed(void **state)
{
	struct fx *f = *state;

	add_vex(f);
	fx_system(f, "rhel", "9.3");
	fx_sourced(f, PACKAGE_RPM, "openssl-libs", "1:3.0.7-25.el9_3", "openssl", "3.0.7-25.el9_3")->arch =
		SLICE("x86_64");
	fx_match(f);
	fx_findings(f, 0);
}

static void test_other_release(void **state)
{
	struct fx *f = *state;

	add_vex(f);
	fx_system(f, "rhel", "8.9");
	fx_sourced(f, PACKAGE_RPM, "openssl-libs", "1:1.1.1-1.el8", "openssl", "1.1.1-1.el8")->arch = SLICE("x86_64");
	fx_match(f);
	fx_findings(f, 0);
	assert_non_null(fx_covered(f, COVERAGE_NO_FEED, "rhel:8"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_fallback),
		TEST(test_report),
		TEST(test_streams),
		TEST(test_unknown_sets),
		TEST(test_unserved),
		TEST(test_fixed),
		TEST(test_other_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
