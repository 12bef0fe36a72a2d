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
	{ PACKAGE_NODEJS, "nodejs", "semver", "nodejs" },
	{ PACKAGE_CONAN, "conan", NULL, "conan" },
	{ PACKAGE_VCPKG, "vcpkg", NULL, "vcpkg" },
	{ PACKAGE_GITHUB, "github", "semver", "github-actions" },
	{ PACKAGE_VSCODE, "vscode-extension", "semver", "vscode" },
	{ PACKAGE_SWIFT, "swift", "semver", "swift" },
	{ PACKAGE_COCOAPODS, "cocoapods", NULL, "cocoapods" },
	{ PACKAGE_OTP, "otp", NULL, "otp" },
	{ PACKAGE_ALPM, "alpm", "pacman", "" },
	{ PACKAGE_OPKG, "opkg", "dpkg", "" },
	{ PACKAGE_EBUILD, "ebuild", "portage", "" },
	{ PACKAGE_FREEBSD, "freebsd", "freebsd", "" },
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
		assert_string_equal(package_type_in_purl(t), t == PACKAGE_NODEJS ? "generic" : rows[i].purl);
		assert_int_equal(package_type_by_purl(slice_cstr(rows[i].purl)), t);
	}
}

/* Tags of fewer numbers are those that are moved (docs.github.com, "Releasing and maintaining actions"). */
static void test_versions_of_actions(void **state)
{
	static const char *const good[] = { "v4.1.2", "4.1.2", "v1.0.0-rc.1", "v1.0.0+a.b-c" };
	static const char *const bad[] = {
		"", "v4", "v4.1", "main", "v4-a.b.c", "v4.1.2.3", "releases/v1", "01234567890",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(package_version_ok(PACKAGE_GITHUB, slice_cstr(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(package_version_ok(PACKAGE_GITHUB, slice_cstr(bad[i])));
	assert_true(package_version_ok(PACKAGE_SWIFT, SLICE("v4")));
	assert_int_equal(package_type_by_purl(SLICE("githubactions")), PACKAGE_GITHUB);
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

/*
 * Signed kernels are told by the source that their files are built from, as vuls has it
 * (RenameKernelSourcePackageName), in the binary package's version, which is that source's.
 */
static void test_sources(void **state)
{
	static const struct {
		const char *source, *version, *source_version, *expect, *expect_version;
	} cases[] = {
		{ "linux-signed-amd64", "6.1.90-1", "6.1.90+1", "linux", "6.1.90-1" },
		{ "linux-signed-arm64", "6.1.90-1", "6.1.90+1", "linux", "6.1.90-1" },
		{ "linux-signed-5.10-i386", "5.10.209-2~deb10u1", "5.10.209+2~deb10u1", "linux-5.10",
		  "5.10.209-2~deb10u1" },
		{ "linux-signed", "5.15.0-91.101", "5.15.0-91.101", "linux", "5.15.0-91.101" },
		{ "linux-signed-hwe-6.5", "6.5.0-14.14~22.04.1", "", "linux-hwe-6.5", "6.5.0-14.14~22.04.1" },
		{ "linux-signed-aws", "5.15.0-1051.56", "5.15.0-1051.56", "linux-aws", "5.15.0-1051.56" },
		{ "linux-signedness", "1", "2", "linux-signedness", "2" },
		/* bookworm's, whose control data have "Built-Using: grub2 (= 2.06-13+deb12u2)" and so on. */
		{ "grub-efi-amd64-signed", "1+2.06+13+deb12u2", "1+2.06+13+deb12u2", "grub2", "2.06-13+deb12u2" },
		{ "shim-helpers-amd64-signed", "1+16.1+2~deb12u1", "1+16.1+2~deb12u1", "shim", "16.1-2~deb12u1" },
		{ "shim-signed", "1.51~1+deb12u1+16.1-2~deb12u1", "1.51~1+deb12u1", "shim", "16.1-2~deb12u1" },
		{ "fwupd-amd64-signed", "1:1.4+1", "1:1.4+1", "fwupd-efi", "1:1.4-1" },
		/* Of Ubuntu, whose records have grub2-signed and shim-signed in versions of these sources. */
		{ "grub2-signed", "1.187.3~22.04.1+2.06-2ubuntu14.1", "1.187.3~22.04.1", "grub2-signed",
		  "1.187.3~22.04.1" },
		{ "shim-signed", "1.59+15.8-0ubuntu2", "1.59", "shim-signed", "1.59" },
		{ "shim-signed", "1.59", "1.60", "shim-signed", "1.60" },
		{ "grub-efi-amd64-signed", "1", "1", "grub-efi-amd64-signed", "1" },
		{ "other-amd64-signed", "1+2", "1+2", "other-amd64-signed", "1+2" },
		{ "linux-meta", "5.15.0.91.88", "5.15.0.91.88", "linux-meta", "5.15.0.91.88" },
		{ "openssl", "3", "2", "openssl", "2" },
		{ "", "1", "", "", "" },
	};
	struct arena arena = ARENA_INIT(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct package p = { .type = PACKAGE_DEB,
				     .version = slice_cstr(cases[i].version),
				     .source_name = slice_cstr(cases[i].source),
				     .source_version = slice_cstr(cases[i].source_version) };
		struct slice name, version;

		assert_true(package_source(&p, &arena, &name, &version));
		assert_true(slice_eq(name, slice_cstr(cases[i].expect)));
		assert_true(slice_eq(version, slice_cstr(cases[i].expect_version)));
		p.type = PACKAGE_RPM;
		assert_true(package_source(&p, &arena, &name, &version));
		assert_true(slice_eq(name, p.source_name) && slice_eq(version, p.source_version));
	}
	arena_fini(&arena);
}

/* Versions of Debian's changelogs of grub2, shim, fwupd-efi and linux, found in what its template makes of them. */
static void test_hyphens(void **state)
{
	static const char *const versions[] = {
		"2.06-13+deb12u2", "2.06-3~deb11u6",	   "2.04-20",		    "2.02+dfsg1-20+deb10u4",
		"2.02~beta3-5",	   "2.06-8.1",		   "15+1533136590.3beb971-7", "15.8-1~deb12u1",
		"0.9+1474479173.6c180c6-1", "15.7-1",	   "5.10.209-2~deb10u1",    "6.12.32-1~bpo12+1",
		"6.1~rc3-1~exp1",  "2.14~git20250718.0e36779-2", "2.12-9+deb13u1+b1",
	};
	struct arena arena = ARENA_INIT(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char mangled[64] = "1+";
		struct package p = { .type = PACKAGE_DEB, .source_name = SLICE("grub-efi-arm64-signed") };
		struct slice name, version;

		strcat(mangled, versions[i]);
		for (char *c = mangled; *c; c++)
			*c = *c == '-' ? '+' : *c;
		p.version = p.source_version = slice_cstr(mangled);
		assert_true(package_source(&p, &arena, &name, &version));
		if (!slice_eq(version, slice_cstr(versions[i])))
			fail_msg("%s: %.*s", versions[i], SLICE_ARG(version));
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_versions_of_actions),
					    cmocka_unit_test(test_unknown), cmocka_unit_test(test_sources),
					    cmocka_unit_test(test_hyphens) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
