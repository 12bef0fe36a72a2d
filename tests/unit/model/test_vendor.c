/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vendor.c - marks of vendors' builds. Versions are those of records of Root and TuxCare, of grype's notes on
 * Root's builds of Alpine, and of osv.dev's tests of the order of Root's versions.
 */
#include "model/vendor.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_versions(void **state)
{
	static const struct {
		const struct version_scheme *scheme;
		const char *version, *base;
		enum vendor vendor;
		uint64_t build;
	} rows[] = {
		{ &version_scheme_dpkg, "1.6-2.1.root.io.2", "1.6-2.1", VENDOR_ROOT, 2 },
		{ &version_scheme_dpkg, "8:6.9.11.root.io.1", "8:6.9.11", VENDOR_ROOT, 1 },
		{ &version_scheme_dpkg, "1.5.2-6+deb12u2.root.io.15+b1", "1.5.2-6+deb12u2", VENDOR_ROOT, 15 },
		{ &version_scheme_dpkg, "1.0-1.root.io.x", "1.0-1.root.io.x", VENDOR_NONE, 0 },
		{ &version_scheme_dpkg, "1.0-1root.io.1", "1.0-1root.io.1", VENDOR_NONE, 0 },
		{ &version_scheme_apk, "3.1.8-r00073", "3.1.8-r0", VENDOR_ROOT, 73 },
		{ &version_scheme_apk, "9.3_p2-r20074", "9.3_p2-r2", VENDOR_ROOT, 74 },
		{ &version_scheme_apk, "1.0-r110071", "1.0-r11", VENDOR_ROOT, 71 },
		{ &version_scheme_apk, "1.0-r1007", "1.0-r1007", VENDOR_NONE, 0 },
		{ &version_scheme_apk, "1.0-r20240101", "1.0-r20240101", VENDOR_NONE, 0 },
		{ &version_scheme_dpkg, "1.0-r20073", "1.0-r20073", VENDOR_NONE, 0 },
		{ &version_scheme_pep440, "8.1.0+root.io.2", "8.1.0", VENDOR_ROOT, 2 },
		{ &version_scheme_semver, "0.2.3-root.io.1", "0.2.3", VENDOR_ROOT, 1 },
		{ &version_scheme_rpm, "7:5.5-5.el9_2.1.tuxcare.els1", "7:5.5-5.el9_2.1", VENDOR_TUXCARE, 1 },
		{ &version_scheme_rpm, "3.2.2-7.el9_6.tuxcare.1.els7", "3.2.2-7.el9_6", VENDOR_TUXCARE, 7 },
		{ &version_scheme_dpkg, "20221215~16.04.1ubuntu0.1~tuxcare.els1", "20221215~16.04.1ubuntu0.1",
		  VENDOR_TUXCARE, 1 },
		{ &version_scheme_dpkg, "4.4.0-272-tuxcare.els43", "4.4.0-272", VENDOR_TUXCARE, 43 },
		{ &version_scheme_dpkg, "1.0-1tuxcare1", "1.0-1tuxcare1", VENDOR_NONE, 0 },
		{ &version_scheme_maven, "2.3.1.tuxcare", "2.3.1", VENDOR_TUXCARE, 0 },
		{ &version_scheme_maven, "1.3.5-tuxcare.1", "1.3.5", VENDOR_TUXCARE, 1 },
		{ &version_scheme_pep440, "8.4.0.post1+tuxcare", "8.4.0", VENDOR_TUXCARE, 1 },
		{ &version_scheme_composer, "2.22.0-p1+tuxcare", "2.22.0", VENDOR_TUXCARE, 1 },
		{ &version_scheme_semver, "5.0.3-tuxcare.12", "5.0.3", VENDOR_TUXCARE, 12 },
		{ &version_scheme_semver, "5.0.3", "5.0.3", VENDOR_NONE, 0 },
		{ &version_scheme_semver, "", "", VENDOR_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vendor_version v;
		enum vendor got = vendor_of_version(rows[i].scheme, slice_cstr(rows[i].version), &v);

		if (got != rows[i].vendor || !slice_eq(v.base, slice_cstr(rows[i].base)) || v.build != rows[i].build)
			fail_msg("%s: %s of %.*s, build %u", rows[i].version, vendor_name(got), SLICE_ARG(v.base),
				 (unsigned)v.build);
	}
}

static void test_order(void **state)
{
	static const struct {
		const struct version_scheme *scheme;
		const char *less, *more;
	} rows[] = {
		{ &version_scheme_dpkg, "22.12.0-2.root.io.1", "22.12.0-2+deb12u1.root.io.5" },
		{ &version_scheme_dpkg, "22.12.0-2.root.io.9", "22.12.0-2.root.io.10" },
		{ &version_scheme_dpkg, "22.12.0-2", "22.12.0-2.root.io.1" },
		{ &version_scheme_apk, "1.51.0-r20071", "1.51.0-r20072" },
		{ &version_scheme_apk, "1.51.0-r00072", "1.51.0-r10071" },
		{ &version_scheme_pep440, "1.0.0+root.io.1", "1.0.0+root.io.5" },
		{ &version_scheme_semver, "0.2.2", "0.2.3-root.io.1" },
		{ &version_scheme_semver, "0.2.3", "0.2.3-root.io.1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice less = slice_cstr(rows[i].less), more = slice_cstr(rows[i].more);

		if (vendor_compare(VENDOR_ROOT, rows[i].scheme, less, more) >= 0 ||
		    vendor_compare(VENDOR_ROOT, rows[i].scheme, more, less) <= 0 ||
		    vendor_compare(VENDOR_ROOT, rows[i].scheme, more, more) != 0)
			fail_msg("%s < %s", rows[i].less, rows[i].more);
	}
}

static void test_packages(void **state)
{
	static const struct {
		enum package_type type;
		const char *name, *version, *plain;
		enum vendor vendor;
	} rows[] = {
		{ PACKAGE_DEB, "rootio-jq", "1.6-2.1.root.io.2", "jq", VENDOR_ROOT },
		{ PACKAGE_DEB, "rootio-keyring", "1.0", "rootio-keyring", VENDOR_NONE },
		{ PACKAGE_NPM, "@rootio/babel__core", "7.1.0-root.io.1", "@babel/core", VENDOR_ROOT },
		{ PACKAGE_NPM, "@rootio/json-schema", "0.2.2", "json-schema", VENDOR_ROOT },
		{ PACKAGE_MAVEN, "io.root.org.springframework:spring-core", "5.3.40-root.io.1",
		  "org.springframework:spring-core", VENDOR_ROOT },
		{ PACKAGE_PYPI, "rootio-x", "1.0", "rootio-x", VENDOR_NONE },
		{ PACKAGE_NPM, "semver", "5.0.3-tuxcare.1", "semver", VENDOR_TUXCARE },
		{ PACKAGE_CARGO, "semver", "5.0.3-tuxcare.1", "semver", VENDOR_NONE },
	};
	struct arena arena = ARENA_INIT(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct package p = { .type = rows[i].type,
				     .name = slice_cstr(rows[i].name),
				     .version = slice_cstr(rows[i].version) };
		struct slice name, source, source_version;
		struct package base, built;
		enum vendor vendor;

		assert_true(vendor_package(&p, &arena, &vendor, &base, &built));
		assert_int_equal(vendor, rows[i].vendor);
		assert_true(vendor_index_names(&p, &arena, &name, &source, &source_version));
		assert_true(slice_eq(name, slice_cstr(rows[i].plain)));
	}
	arena_fini(&arena);
}

static void test_scopes(void **state)
{
	struct distribution alma = { .did = SLICE("almalinux"), .version_id = SLICE("9.2") };
	struct arena arena = ARENA_INIT(1 << 20);
	struct slice scope;

	(void)state;
	assert_int_equal(vendor_of_scope(SLICE("root:debian:12"), &scope), VENDOR_ROOT);
	assert_true(slice_eq(scope, SLICE("debian:12")));
	assert_int_equal(vendor_of_scope(SLICE("rhel:9"), NULL), VENDOR_NONE);
	assert_int_equal(vendor_of_scope(SLICE("root"), NULL), VENDOR_NONE);
	assert_true(vendor_scope(VENDOR_TUXCARE, SLICE("almalinux:9"), &alma, &arena, &scope));
	assert_true(slice_eq(scope, SLICE("tuxcare:almalinux:9.2")));
	assert_true(vendor_scope(VENDOR_ROOT, SLICE("npm"), NULL, &arena, &scope));
	assert_true(slice_eq(scope, SLICE("root:npm")));
	assert_true(vendor_scope(VENDOR_ROOT, SLICE("go"), NULL, &arena, &scope));
	assert_int_equal(scope.len, 0);
	arena_fini(&arena);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_versions),
	cmocka_unit_test(test_order),
	cmocka_unit_test(test_packages),
	cmocka_unit_test(test_scopes),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
