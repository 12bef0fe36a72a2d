/* SPDX-License-Identifier: Apache-2.0 */
/* test_package.c - the table of package types: names, schemes and scopes, as package URLs and databases know them. */
#include "model/package.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Types of package URLs (purl-spec, purl-types), the scheme that compares them, and the scope that is not a
 * distribution. NULL: no scheme yet. */
static const struct {
	enum package_type type;
	const char *purl, *scheme, *scope;
} rows[] = {
	{ PACKAGE_DEB, "deb", "dpkg", "" },
	{ PACKAGE_APK, "apk", "apk", "" },
	{ PACKAGE_RPM, "rpm", "rpm", "" },
	{ PACKAGE_PYPI, "pypi", "pep440", "pypi" },
	{ PACKAGE_GO, "golang", "go", "go" },
	{ PACKAGE_NPM, "npm", "semver", "npm" },
	{ PACKAGE_MAVEN, "maven", "maven", "maven" },
	{ PACKAGE_GEM, "gem", "gem", "gem" },
	{ PACKAGE_CARGO, "cargo", "semver", "crates.io" },
	{ PACKAGE_NUGET, "nuget", "nuget", "nuget" },
	{ PACKAGE_COMPOSER, "composer", "composer", "composer" },
	{ PACKAGE_PEAR, "pear", "composer", "composer" },
	{ PACKAGE_WORDPRESS, "wordpress", NULL, "wordpress" },
	{ PACKAGE_CRAN, "cran", "cran", "cran" },
	{ PACKAGE_LUAROCKS, "luarocks", NULL, "luarocks" },
	{ PACKAGE_HACKAGE, "hackage", "hackage", "hackage" },
	{ PACKAGE_CPAN, "cpan", NULL, "cpan" },
	{ PACKAGE_HEX, "hex", "semver", "hex" },
	{ PACKAGE_PUB, "pub", "pub", "pub" },
	{ PACKAGE_JULIA, "julia", "semver", "julia" },
	{ PACKAGE_OPAM, "opam", "opam", "opam" },
	{ PACKAGE_CONDA, "conda", NULL, "conda" },
	{ PACKAGE_GENERIC, "generic", NULL, "generic" },
	{ PACKAGE_CONAN, "conan", NULL, "conan" },
	{ PACKAGE_SWIFT, "swift", "semver", "swift" },
	{ PACKAGE_COCOAPODS, "cocoapods", NULL, "cocoapods" },
	{ PACKAGE_OTP, "otp", NULL, "otp" },
	{ PACKAGE_ALPM, "alpm", "pacman", "" },
	{ PACKAGE_OPKG, "opkg", "dpkg", "" },
	{ PACKAGE_EBUILD, "ebuild", "portage", "" },
	{ PACKAGE_BOTTLEROCKET, "bottlerocket", "rpm", "" },
	{ PACKAGE_NIX, "nix", NULL, "nix" },
	{ PACKAGE_BREW, "brew", NULL, "brew" },
	{ PACKAGE_SNAP, "snap", NULL, "snap" },
	{ PACKAGE_BITNAMI, "bitnami", "bitnami", "bitnami" },
	{ PACKAGE_OCI, "oci", "rhctag", "rhcc" },
};

static void test_rows(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_LEN(rows), PACKAGE_TYPE_COUNT - 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum package_type t = rows[i].type;

		assert_string_equal(package_type_purl(t), rows[i].purl);
		assert_string_equal(package_type_scope(t), rows[i].scope);
		if (rows[i].scheme)
			assert_string_equal(package_type_scheme(t)->name, rows[i].scheme);
		else
			assert_null(package_type_scheme(t));
		assert_true(strlen(package_type_label(t)) > 0);
		assert_int_equal(package_type_by_purl(slice_cstr(rows[i].purl)), t);
	}
}

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(package_type_by_purl(SLICE("")), PACKAGE_NONE);
	assert_int_equal(package_type_by_purl(SLICE("DEB")), PACKAGE_NONE);
	assert_int_equal(package_type_by_purl(SLICE("debi")), PACKAGE_NONE);
	assert_int_equal(package_type_by_purl(SLICE("de")), PACKAGE_NONE);
	assert_int_equal(package_type_by_purl(SLICE("deb\0")), PACKAGE_NONE);
	assert_string_equal(package_type_purl(PACKAGE_NONE), "");
	assert_string_equal(package_type_scope(PACKAGE_NONE), "");
	assert_null(package_type_scheme(PACKAGE_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_unknown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
