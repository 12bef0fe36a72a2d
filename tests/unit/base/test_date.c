/* SPDX-License-Identifier: Apache-2.0 */
/* test_date.c - instants from text and back; expected seconds are those of "date -u -d TEXT +%s". */
#include "base/date.h"
#include "check.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{ "1970-01-01", 0 },
		{ "2024-01-31", 1706659200 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "2000-02-29T23:59:59Z", 951868799 },
		{ "2024-12-31T23:59:59Z", 1735689599 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "2024-03-01T00:00:00.999999999Z", 1709251200 },
		{ "2024-03-01T05:30:00+05:30", 1709251200 },
		{ "2024-02-29T19:00:00-0500", 1709251200 },
		{ "2024-03-01 00:00:00", 1709251200 },
		{ "2024-03-01 00:00:00 +00:00", 1709251200 },
		{ " 2024-03-01t00:00z\n", 1709251200 },
		{ "0001-01-01T00:00:00Z", -62135596800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t got = 5;

		if (!date_parse(slice_cstr(rows[i].text), &got) || got != rows[i].want)
			fail_msg("%s: %lld", rows[i].text, (long long)got);
	}
}

static void test_no_date(void **state)
{
	static const char *const rows[] = {
		"",
		"2024",
		"2024-1-1",
		"2024-13-01",
		"2024-00-01",
		"2024-01-00",
		"2024-01-32",
		"24-01-01",
		"2024-01-01T",
		"2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z",
		"2024-01-01T00:00:61Z",
		"2024-01-01T00:00:00X",
		"2024-01-01T00:00:00+24:00",
		"2024-01-01T00:00:00+00:60",
		"2024-01-01T00:00:00+1",
		"2024-01-01x",
		"2024-01-01T00:00:00ZZ",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t got = 5;

		if (date_parse(slice_cstr(rows[i]), &got) || got != 5)
			fail_msg("accepted: %s", rows[i]);
	}
}

static void test_print(void **state)
{
	struct date_text t;
	int64_t back;

	(void)state;
	assert_string_equal(date_print(&t, 1709164800), "2024-02-29T00:00:00Z");
	assert_string_equal(date_print(&t, -1), "1969-12-31T23:59:59Z");
	assert_string_equal(date_print(&t, DATE_NONE), "0001-01-01T00:00:00Z");
	assert_string_equal(date_print(&t, INT64_MAX), "0001-01-01T00:00:00Z");
	/* By Python's datetime: a year of three digits is filled up; the first and the last second of four digits. */
	assert_string_equal(date_print(&t, INT64_C(-46199278555)), "0506-01-02T03:04:05Z");
	assert_string_equal(date_print(&t, INT64_C(-62167219200)), "0000-01-01T00:00:00Z");
	assert_string_equal(date_print(&t, INT64_C(253402300799)), "9999-12-31T23:59:59Z");
	assert_string_equal(date_print(&t, INT64_C(253402300800)), "0001-01-01T00:00:00Z");
	assert_false(date_parse(SLICE("0000-01-01T00:00:00+01:00"), &back));
	assert_false(date_parse(SLICE("9999-12-31T23:59:59-01:00"), &back));
	/* Every day of four centuries, and an odd second within it. */
	for (int64_t day = -135140; day < 10957; day++) {
		int64_t when = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;

		assert_true(date_parse(slice_cstr(date_print(&t, when)), &back));
		assert_true(back == when);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_no_date),
					    cmocka_unit_test(test_print) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
