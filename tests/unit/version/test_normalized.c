/* SPDX-License-Identifier: Apache-2.0 */
/* test_normalized.c - versions as ten numbers; the values are Clair's, recorded, or counted by its documented rule. */
#include "version/normalized.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void check(const struct version_scheme *scheme, struct slice v, const char *want)
{
	struct normalized_version got;

	assert_string_equal(version_normalized(scheme, v, &got), want);
}

/* Recorded of Clair 4.9, or the vectors of its own tests. */
static void test_recorded(void **state)
{
	(void)state;
	check(&version_scheme_pep440, SLICE("1.24"), "pep440:0.1.24.0.0.0.0.0.0.0");
	check(&version_scheme_pep440, SLICE("3.2.25"), "pep440:0.3.2.25.0.0.0.0.0.0");
	check(&version_scheme_go, SLICE("v1.67.0"), "semver:0.1.67.0.0.0.0.0.0.0");
	check(&version_scheme_go, SLICE("v1.0.0-20170105083845-52074bc9df61"), "semver:0.1.0.0.0.0.0.0.0.0");
	check(&version_scheme_go, SLICE("(devel) (git, commit 37fd2db0)"), "");
	check(&version_scheme_go, SLICE("1.19.1"), "semver:0.1.19.1.0.0.0.0.0.0");
	check(&version_scheme_go, SLICE("1.18"), "semver:0.1.18.0.0.0.0.0.0.0");
	check(&version_scheme_go, SLICE("v24.0.7+incompatible"), "semver:0.24.0.7.0.0.0.0.0.0");
	check(&version_scheme_go, SLICE("v1.2.2023071210521689159162"), "semver:0.1.2.202307121.0.0.0.0.0.0");
}

/* By the rule in normalized.c: -2147483648 is INT32_MIN, 20230101000000 mod 2^32 is 805035840. */
static void test_counted(void **state)
{
	(void)state;
	check(&version_scheme_pep440, SLICE("2!1.2.3.4.5.6"), "pep440:2.1.2.3.4.5.0.0.0.0");
	check(&version_scheme_pep440, SLICE("1.0a2"), "pep440:0.1.0.0.0.0.-3.2.0.0");
	check(&version_scheme_pep440, SLICE("1.0b"), "pep440:0.1.0.0.0.0.-2.0.0.0");
	check(&version_scheme_pep440, SLICE("1.0rc10.post3"), "pep440:0.1.0.0.0.0.-1.10.3.0");
	check(&version_scheme_pep440, SLICE("1.0.dev7"), "pep440:0.1.0.0.0.0.-2147483641.0.0.0");
	check(&version_scheme_pep440, SLICE("1.0a1.dev7"), "pep440:0.1.0.0.0.0.-3.1.0.-7");
	check(&version_scheme_pep440, SLICE("1.0.post2.dev7"), "pep440:0.1.0.0.0.0.0.0.2.-7");
	check(&version_scheme_pep440, SLICE("20230101000000"), "pep440:0.805035840.0.0.0.0.0.0.0.0");
	check(&version_scheme_pep440, SLICE("1.0+local.1"), "pep440:0.1.0.0.0.0.0.0.0.0");
	check(&version_scheme_semver, SLICE("1.2.3-rc.1"), "semver:0.1.2.3.0.0.0.0.0.0");
}

static void test_none(void **state)
{
	(void)state;
	check(&version_scheme_pep440, SLICE("latest"), "");
	check(&version_scheme_semver, SLICE("1.2.3.4"), "");
	check(&version_scheme_dpkg, SLICE("1.0"), "");
	check(NULL, SLICE("1.0"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
