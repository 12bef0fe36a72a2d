/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cvss.c - base scores against the examples that FIRST publishes: "Common Vulnerability Scoring System v3.1:
 * Examples" and the v2 guide, section 3.3.
 */
#include "feed/cvss.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct example {
	const char *vector;
	double score;
};

static void check(const struct example *examples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double got = -1;

		if (!cvss_base_score(slice_cstr(examples[i].vector), &got))
			fail_msg("%s: refused", examples[i].vector);
		if (got < examples[i].score - 0.001 || got > examples[i].score + 0.001)
			fail_msg("%s: %f, want %f", examples[i].vector, got, examples[i].score);
	}
}

static void test_v3(void **state)
{
	static const struct example examples[] = {
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1 },	   /* CVE-2013-1937, phpMyAdmin */
		{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4 },	   /* CVE-2013-0375, MySQL */
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1 },	   /* CVE-2014-3566, POODLE */
		{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9 },	   /* CVE-2012-1516, VMware */
		{ "CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2 },	   /* CVE-2009-0783, Tomcat */
		{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8 },	   /* CVE-2012-0384, IOS */
		{ "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8 },	   /* CVE-2015-1098, iWork */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5 },	   /* CVE-2014-0160, Heartbleed */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8 },	   /* CVE-2014-6271, bash */
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 6.8 },	   /* CVE-2008-1447, DNS */
		{ "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8 },	   /* CVE-2014-2005, Sophos */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", 5.8 },	   /* CVE-2010-0467, Joomla */
		{ "CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 5.4 },	   /* CVE-2014-9253, DokuWiki */
		{ "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.8 },	   /* CVE-2011-1265, Bluetooth */
		{ "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", 4.6 },	   /* CVE-2014-2019, iOS */
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", 7.4 },	   /* CVE-2014-0224, OpenSSL */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 9.6 },	   /* CVE-2012-5376, Chrome */
		{ "CVSS:3.0/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 9.3 },	   /* CVE-2013-6014, Junos */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0 },	   /* no impact: 0 by the equation */
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/E:P/RL:O", 10.0 }, /* temporal metrics do not count */
	};

	(void)state;
	check(examples, sizeof(examples) / sizeof(examples[0]));
}

static void test_v2(void **state)
{
	static const struct example examples[] = {
		{ "AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8 },	 /* 3.3.1, CVE-2002-0392 */
		{ "AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0 },	 /* 3.3.2, CVE-2003-0818 */
		{ "(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 6.2 }, /* 3.3.3, CVE-2003-0062 */
	};

	(void)state;
	check(examples, sizeof(examples) / sizeof(examples[0]));
}

/* "Common Vulnerability Scoring System v4.0: Examples"; the last ones by an independent implementation of the table. */
static void test_v4(void **state)
{
	static const struct example examples[] = {
		{ "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3 },  /* CVE-2022-41741 */
		{ "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7 },  /* CVE-2020-3549 */
		{ "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.3 },  /* CVE-2023-3089 */
		{ "CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 4.6 },  /* CVE-2021-44714 */
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1 },  /* CVE-2022-21830 */
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N", 6.9 },  /* CVE-2022-22186 */
		{ "CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N", 5.9 },  /* CVE-2023-21989 */
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", 8.7 },  /* CVE-2014-0160 */
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0 }, /* CVE-2021-44228 */
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0 },  /* no impact: 0 by rule */
		{ "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:L/VA:L/SC:L/SI:L/SA:L", 1.0 },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U/CR:L",
		  9.3 }, /* only base metrics */
	};

	(void)state;
	check(examples, sizeof(examples) / sizeof(examples[0]));
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"CVSS:3.1",
		"CVSS:3.1/",
		"CVSS:3.1/AV:N",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N",			   /* no A */
		"CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",			   /* no such value */
		"CVSS:3.1/AV:N/AC:L/Au:N/C:N/I:N/A:C",				   /* of version 2 */
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",	   /* no SA */
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:R/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", /* a value of version 3 */
		"CVSS:4.0/AV:/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
		"CVSS:9.9/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"7.5",
		"high",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		double got = 77;

		if (cvss_base_score(slice_cstr(bad[i]), &got))
			fail_msg("%s: accepted as %f", bad[i], got);
	}
}

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(cvss_severity(0), SEVERITY_NEGLIGIBLE);
	assert_int_equal(cvss_severity(0.1), SEVERITY_LOW);
	assert_int_equal(cvss_severity(3.9), SEVERITY_LOW);
	assert_int_equal(cvss_severity(4.0), SEVERITY_MEDIUM);
	assert_int_equal(cvss_severity(6.9), SEVERITY_MEDIUM);
	assert_int_equal(cvss_severity(7.0), SEVERITY_HIGH);
	assert_int_equal(cvss_severity(8.9), SEVERITY_HIGH);
	assert_int_equal(cvss_severity(9.0), SEVERITY_CRITICAL);
	assert_int_equal(cvss_severity(10), SEVERITY_CRITICAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_v3), cmocka_unit_test(test_v2),
					    cmocka_unit_test(test_v4), cmocka_unit_test(test_refused),
					    cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
