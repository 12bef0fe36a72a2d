/* SPDX-License-Identifier: Apache-2.0 */
/* test_distribution.c - scopes of releases, and systems by ID and by name. */
#include "model/distribution.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Release rules by hand, from what these systems' os-release files say. */
static const struct {
	const char *did, *version_id, *codename, *name, *version, *pretty_name, *scope;
} scopes[] = {
	{ "alpine", "3.18.9", "", "", "", "Alpine Linux v3.18", "alpine:3.18" },
	{ "alpine", "3.10.0_rc1", "", "", "", "Alpine Linux v3.10", "alpine:3.10" },
	{ "alpine", "3.21_alpha20240807", "", "", "", "", "alpine:edge" },
	{ "alpine", "3.8.0", "", "", "", "Alpine Linux edge", "alpine:edge" },
	{ "alpine", "3.8.0", "", "", "", "Alpine by knowledge", "alpine:3.8" },
	{ "alpine", "3", "", "", "", "", "" },
	{ "wolfi", "20230201", "", "", "", "", "wolfi" },
	{ "debian", "12", "bookworm", "", "", "", "debian:12" },
	{ "debian", "7.11", "", "", "", "", "debian:7" },
	{ "debian", "", "sid", "", "", "", "debian:sid" },
	{ "debian", "", "forky", "", "", "", "debian:14" },
	{ "debian", "", "", "", "7 (wheezy)", "", "debian:7" },
	{ "debian", "", "", "", "", "Debian GNU/Linux trixie/sid", "debian:13" },
	{ "debian", "", "", "", "", "", "" },
	{ "ubuntu", "22.04", "jammy", "", "", "", "ubuntu:22.04" },
	{ "ubuntu", "12.04.5", "", "", "", "", "ubuntu:12.04" },
	{ "almalinux", "8.9", "", "", "", "", "almalinux:8" },
	{ "AlmaLinux", "8.9", "", "", "", "", "almalinux:8" },
	{ "rhel", "9.3", "", "", "", "", "rhel:9" },
	{ "centos", "7", "", "CentOS Linux", "", "CentOS Linux 7 (Core)", "centos:7" },
	{ "centos", "8", "", "CentOS Linux", "", "CentOS Linux 8", "centos:8" },
	{ "centos", "8", "", "CentOS Stream", "", "CentOS Stream 8", "centos-stream:8" },
	{ "centos", "9", "", "", "", "CentOS Stream 9", "centos-stream:9" },
	{ "amzn", "2", "", "", "", "", "amazon:2" },
	{ "amzn", "2023.3.20240117", "", "", "", "", "amazon:2023" },
	{ "amzn", "2017.09", "", "", "", "", "amazon:2018.03" },
	{ "amzn", "2018.03", "", "", "", "", "amazon:2018.03" },
	{ "sles", "15.3", "", "", "", "", "sles:15.3" },
	{ "opensuse", "42.3", "", "", "", "", "opensuse-leap:42.3" },
	{ "opensuse-tumbleweed", "20240101", "", "", "", "", "opensuse-tumbleweed" },
	{ "photon", "4.0", "", "", "", "", "photon:4.0" },
	{ "mariner", "2.0.20220121", "", "", "", "", "mariner:2.0" },
	{ "azurelinux", "3.0", "", "", "", "", "azurelinux:3.0" },
	{ "arch", "", "", "", "", "", "arch" },
	{ "archarm", "", "", "", "", "", "archarm" },
	{ "manjaro", "", "", "", "", "", "manjaro" },
	{ "gentoo", "2.14", "", "", "", "", "gentoo" },
	{ "freebsd", "14.2", "", "", "", "", "freebsd" },
	{ "openwrt", "23.05.3", "", "", "", "", "openwrt:23.05.3" },
	{ "bottlerocket", "1.34.0", "", "", "", "", "bottlerocket" },
	{ "nixos", "23.05", "", "", "", "", "nixos:23.05" },
	{ "chainguard", "20230214", "", "", "", "", "chainguard" },
	{ "rocky", "9.3", "", "", "", "", "rocky:9" },
	{ "fedora", "39", "", "", "", "", "fedora:39" },
	{ "ol", "8.9", "", "", "", "", "oracle:8" },
	{ "opensuse-leap", "15.5", "", "", "", "", "opensuse-leap:15.5" },
	{ "openEuler", "22.03", "", "", "", "", "openeuler:22.03" },
	{ "openEuler", "22.03", "", "", "22.03 (LTS-SP1)", "", "openeuler:22.03-LTS-SP1" },
	{ "openEuler", "20.03", "", "", "20.03 (LTS)", "", "openeuler:20.03-LTS" },
	{ "openEuler", "24.03", "", "", "24.03 LTS", "", "openeuler:24.03-LTS" },
	{ "openEuler", "23.09", "", "", "23.09", "", "openeuler:23.09" },
	{ "minimos", "20250101", "", "", "", "", "minimos" },
	{ "alpaquita", "23", "", "", "", "", "alpaquita:23" },
	{ "bellsoft-hardened-containers", "23", "", "", "", "", "bellsoft:23" },
	{ "clnstrt", "1.0", "", "", "", "", "cleanstart" },
	{ "cleanstart", "1.0", "", "", "", "", "cleanstart" },
	{ "echo", "1", "", "", "", "", "echo" },
	{ "mageia", "9", "", "", "", "", "mageia:9" },
	{ "sle-micro", "5.3", "", "SLE Micro", "5.3", "", "sle-micro:5.3" },
	{ "sl-micro", "6.0", "", "SL-Micro", "6.0", "", "sle-micro:6.0" },
	{ "opensuse-leap-micro", "5.5", "", "openSUSE Leap Micro", "5.5", "", "opensuse-leap-micro:5.5" },
	{ "raspbian", "12", "bookworm", "", "", "", "" },
	{ "", "12", "bookworm", "", "", "", "" },
};

static void test_scopes(void **state)
{
	struct arena arena = ARENA_INIT(1 << 16);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		struct distribution d = { .did = slice_cstr(scopes[i].did),
					  .version_id = slice_cstr(scopes[i].version_id),
					  .version_code_name = slice_cstr(scopes[i].codename),
					  .name = slice_cstr(scopes[i].name),
					  .version = slice_cstr(scopes[i].version),
					  .pretty_name = slice_cstr(scopes[i].pretty_name) };
		struct slice scope;

		assert_true(distribution_scope(&d, &arena, &scope));
		if (!slice_eq(scope, slice_cstr(scopes[i].scope)))
			fail_msg("row %zu: expected \"%s\", got \"%.*s\"", i, scopes[i].scope, SLICE_ARG(scope));
	}
	arena_fini(&arena);
}

/* A row of the table without a row here would be a system whose scope nobody has looked at. */
static void test_every_row_has_a_case(void **state)
{
	static const char *const rows[] = {
#define DISTRO(did, scope, rule, type, name) did,
#include "model/distros.def"
#undef DISTRO
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(scopes) && !found; k++)
			found = slice_eq(slice_cstr(rows[i]), slice_cstr(scopes[k].did)) && scopes[k].scope[0];
		if (!found)
			fail_msg("%s: no case", rows[i]);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *text, *id;
	} names[] = {
		{ "Oracle Linux Server release 8.9", "ol" },
		{ "CentOS release 6.10 (Final)", "centos" },
		{ "red hat enterprise linux", "rhel" },
		{ "openSUSE Leap 15.5", "opensuse-leap" },
		{ "openSUSE 13.2 (x86_64)", "opensuse" },
		{ "Amazon Linux AMI release 2018.03", "amzn" },
		{ "Ubuntu 22.04 LTS", "ubuntu" },
		{ "Ubuntuland 1", NULL },
		{ "Scientific Linux release 7.9", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct distro *d = distro_by_name(slice_cstr(names[i].text));

		if (names[i].id)
			assert_string_equal(d ? distro_id(d) : "", names[i].id);
		else
			assert_null(d);
	}
	assert_null(distro_by_id(SLICE("debia")));
	assert_string_equal(distro_scope_prefix(distro_by_id(SLICE("OPENEULER"))), "openeuler");
}

static void test_debian_releases(void **state)
{
	(void)state;
	assert_true(slice_eq(debian_release_by_codename(SLICE("Bookworm")), SLICE("12")));
	assert_true(slice_eq(debian_codename_by_release(SLICE("9")), SLICE("stretch")));
	assert_int_equal(debian_release_by_codename(SLICE("potato")).len, 0);
	assert_int_equal(debian_codename_by_release(SLICE("")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_every_row_has_a_case),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_debian_releases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
