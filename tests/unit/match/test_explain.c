/* SPDX-License-Identifier: Apache-2.0 */
/* test_explain.c - what is said about an id: reported or not, and why. */
#include "fixture.h"


static struct match_explanation explain(struct fx *f, const char *id)
{
	struct match_explanation x;

	fx_set(f);
	fx_check(f, match_explain(&f->index, f->set, &f->options, slice_cstr(id), &f->arena, &x, &f->err));
	return x;
}

static const struct match_verdict *only(const struct match_explanation *x, enum match_answer answer, const char *reason)
{
	const struct match_verdict *v = &x->verdicts.at[0];

	if (x->verdicts.len != 1 || v->answer != answer || !slice_has(v->reason, slice_cstr(reason)))
		fail_msg("%zu verdicts; the first: answer %d, \"%.*s\"", x->verdicts.len,
			 x->verdicts.len ? (int)v->answer : -1, SLICE_ARG(x->verdicts.len ? v->reason : SLICE_EMPTY));
	return v;
}

static void database(struct fx *f)
{
	fx_source(f, "alpine-main-v3.22-updater", "alpine", &feed_format_secdb, "3.22",
		  "{'packages': ["
		  "{'pkg': {'name': 'openssl', 'secfixes': {'3.5.1-r0': ['CVE-2025-1'], '0': ['CVE-2025-2'], "
		  "'3.5.9-r0': ['CVE-2025-2']}}}, "
		  "{'pkg': {'name': 'wget', 'secfixes': {'2-r0': ['CVE-2025-2']}}}, "
		  "{'pkg': {'name': 'curl', 'secfixes': {'8.0-r0': ['CVE-2025-3']}}}]}");
	fx_osv(f, "osv/pypi",
	       "[{'id': 'PYSEC-2021-108', 'aliases': ['CVE-2021-33503', 'GHSA-q2q7-5pp4-w6pg'], "
	       "'related': ['CVE-2021-33503'], 'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'urllib3'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '1.26.5'}]}]}]}, "
	       "{'id': 'PYSEC-2020-1', 'withdrawn': '2022-03-04T00:00:00Z', "
	       "'affected': [{'package': {'ecosystem': 'PyPI', 'name': 'urllib3'}, 'versions': ['1.26.4']}]}]");
	fx_osv(f, "osv/almalinux",
	       "{'id': 'ALSA-2024:1', 'summary': 'Important: curl', 'related': ['CVE-2024-7'], "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:9', 'name': 'curl'}, "
	       "'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '7-1'}]}]}]}");
}

static void image(struct fx *f)
{
	fx_system(f, "alpine", "3.22.1");
	fx_sourced(f, PACKAGE_APK, "libssl3", "3.5.0-r0", "openssl", "3.5.0-r0");
	fx_package(f, PACKAGE_PYPI, "urllib3", "1.26.4");
	database(f);
}

static void test_reported(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;
	const struct match_verdict *v;

	image(f);
	x = explain(f, "CVE-2025-1");
	v = only(&x, MATCH_REPORTED, "3.5.0-r0 < 3.5.1-r0 (apk)");
	assert_int_equal(v->package, 0);
	assert_true(slice_eq(v->source, SLICE("alpine-main-v3.22-updater")));
	assert_true(slice_eq(v->row.fixed_version, SLICE("3.5.1-r0")));
	assert_int_equal(x.sources.len, 3);
	assert_int_equal(x.damaged.len, 0);
}

static void test_fixed(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	image(f);
	f->index.packages.at[0].package.source_version = SLICE("3.5.1-r0");
	x = explain(f, "cve-2025-1");
	only(&x, MATCH_NOT_AFFECTED, "3.5.1-r0 >= 3.5.1-r0 (apk)");
}

static void test_vendor_says_not_affected(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;
	size_t suppressed = 0, not_affected = 0;

	image(f);
	x = explain(f, "CVE-2025-2");
	/* Two rows of openssl; wget is not installed. */
	assert_int_equal(x.verdicts.len, 3);
	for (size_t i = 0; i < 2; i++) {
		suppressed += x.verdicts.at[i].answer == MATCH_SUPPRESSED;
		not_affected += x.verdicts.at[i].answer == MATCH_NOT_AFFECTED;
	}
	assert_int_equal(x.verdicts.at[2].answer, MATCH_NOT_INSTALLED);
	/* As in the report: the one row takes back the other. */
	assert_int_equal(suppressed, 1);
	assert_int_equal(not_affected, 1);
	/* What is said of one package does not count for another. */
	fx_package(f, PACKAGE_APK, "wget", "1-r0");
	x = explain(f, "CVE-2025-2");
	assert_int_equal(x.verdicts.len, 3);
	assert_true(slice_eq(x.verdicts.at[2].row.package, SLICE("wget")));
	assert_int_equal(x.verdicts.at[2].answer, MATCH_REPORTED);
}

static void test_not_installed(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	image(f);
	x = explain(f, "CVE-2025-3");
	assert_int_equal(only(&x, MATCH_NOT_INSTALLED, "is not installed")->package, SIZE_MAX);
}

static void test_other_system(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	image(f);
	/* The erratum, and what it fixes. */
	x = explain(f, "ALSA-2024:1");
	assert_true(slice_eq(only(&x, MATCH_OTHER_SCOPE, "not in this image")->row.scope, SLICE("almalinux:9")));
	x = explain(f, "CVE-2024-7");
	assert_true(slice_eq(only(&x, MATCH_OTHER_SCOPE, "not in this image")->advisory.id, SLICE("ALSA-2024:1")));
}

static void test_other_stream(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	fx_osv(f, "osv/almalinux",
	       "{'id': 'ALSA-1', 'summary': 'Important: nodejs:14 update', "
	       "'affected': [{'package': {'ecosystem': 'AlmaLinux:8', 'name': 'nodejs'}, 'ranges': [{'type': "
	       "'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '1:14.5-1.module_el8+1'}]}]}]}");
	fx_system(f, "almalinux", "8.9");
	fx_package(f, PACKAGE_RPM, "nodejs", "1:12.0-1.module_el8+1")->module = SLICE("nodejs:12");
	x = explain(f, "ALSA-1");
	only(&x, MATCH_NOT_AFFECTED, "the fix is for module nodejs:14, installed is nodejs:12");
}

static void test_aliases(void **state)
{
	static const char *const ids[] = { "PYSEC-2021-108", "CVE-2021-33503", "ghsa-Q2Q7-5pp4-w6pg" };
	struct fx *f = *state;

	image(f);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct match_explanation x = explain(f, ids[i]);

		only(&x, MATCH_REPORTED, "1.26.4 < 1.26.5 (pep440)");
	}
}

static void test_owned(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	image(f);
	f->index.packages.at[1].package.flags = PACKAGE_OWNED;
	x = explain(f, "CVE-2021-33503");
	only(&x, MATCH_SUPPRESSED, "belong to a package of the system's package manager");
	f->options.owned = true;
	x = explain(f, "CVE-2021-33503");
	only(&x, MATCH_REPORTED, "1.26.4 < 1.26.5");
}

static void test_withdrawn(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	image(f);
	x = explain(f, "PYSEC-2020-1");
	only(&x, MATCH_WITHDRAWN, "withdrew it on 2022-03-04");
}

static void test_unknown_id(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	image(f);
	fx_entry(f, "osv/go", "osv")->failed = true;
	x = explain(f, "CVE-1999-99999");
	assert_int_equal(x.verdicts.len, 0);
	assert_int_equal(x.sources.len, 3);
	assert_true(slice_eq(x.sources.at[1], SLICE("osv/pypi")));
	assert_int_equal(x.damaged.len, 1);
	assert_true(slice_eq(x.damaged.at[0], SLICE("osv/go")));
}

static void test_undecided(void **state)
{
	struct fx *f = *state;
	struct match_explanation x;

	fx_source(f, "debian/updater", "debian", &feed_format_debian_tracker, "",
		  "{'a': {'CVE-2025-4': {'releases': {'bookworm': {'status': 'undetermined'}}}}}");
	fx_system(f, "debian", "12");
	fx_package(f, PACKAGE_DEB, "a", "1");
	x = explain(f, "CVE-2025-4");
	only(&x, MATCH_UNDECIDED, "the vendor has not decided");
	f->index.packages.at[0].package.flags = PACKAGE_BAD_VERSION;
	x = explain(f, "CVE-2025-4");
	only(&x, MATCH_UNDECIDED, "the installed version does not follow its scheme");
}

/* An id with more advisories than any buffer of the past held. */
static void test_many_advisories(void **state)
{
	struct fx *f = *state;
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 20);
	struct match_explanation x;

	buf_add_byte(&text, '[');
	for (unsigned i = 0; i < 300; i++)
		buf_printf(
			&text,
			"%s{'id': 'GHSA-%u', 'aliases': ['CVE-2020-1'], 'affected': [{'package': {'ecosystem': 'npm', "
			"'name': 'a'}, 'versions': ['1.0.0']}]}",
			i ? "," : "", i);
	buf_add_byte(&text, ']');
	buf_add_byte(&text, '\0');
	fx_osv(f, "osv/npm", (const char *)text.ptr);
	fx_package(f, PACKAGE_NPM, "a", "1.0.0");
	x = explain(f, "CVE-2020-1");
	assert_int_equal(x.verdicts.len, 300);
}

static const struct CMUnitTest tests[] = {
	TEST(test_reported),	  TEST(test_fixed),	   TEST(test_vendor_says_not_affected),
	TEST(test_not_installed), TEST(test_other_system), TEST(test_other_stream),
	TEST(test_aliases),	  TEST(test_owned),	   TEST(test_withdrawn),
	TEST(test_unknown_id),	  TEST(test_undecided),	   TEST(test_many_advisories),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
