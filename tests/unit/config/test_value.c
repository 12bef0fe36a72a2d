/* SPDX-License-Identifier: Apache-2.0 */
/* test_value.c - texts of values. Durations are from the documentation of Go's time package, base64 from RFC 4648. */
#include "check.h"

#include "config/value.h"

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns; /* INT64_MIN: not one */
	} rows[] = {
		{ "0", 0 },
		{ "6h", 6 * VALUE_HOUR },
		{ "1h30m", 90 * VALUE_MINUTE },
		{ "1.5h", 90 * VALUE_MINUTE },
		{ ".5s", VALUE_SECOND / 2 },
		{ "1.s", VALUE_SECOND },
		{ "-1.5s", -3 * VALUE_SECOND / 2 },
		{ "+5s", 5 * VALUE_SECOND },
		{ "300ms", 300000000 },
		{ "1us2ns", 1002 },
		{ "1\xc2\xb5s", 1000 },
		{ "1h1h", 2 * VALUE_HOUR },
		{ "2562047h", 2562047 * VALUE_HOUR },
		{ "2562048h", INT64_MIN },
		{ "", INT64_MIN },
		{ "6", INT64_MIN },
		{ "h", INT64_MIN },
		{ ".s", INT64_MIN },
		{ "6 h", INT64_MIN },
		{ "6H", INT64_MIN },
		{ "1d", INT64_MIN },
		{ "-", INT64_MIN },
		{ "99999999999999999999h", INT64_MIN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ns = INT64_MIN;
		bool ok = value_duration(slice_cstr(rows[i].text), &ns);

		if (ok != (rows[i].ns != INT64_MIN) || (ok && ns != rows[i].ns))
			fail_msg("\"%s\": %lld", rows[i].text, (long long)ns);
	}
}

static void test_duration_texts(void **state)
{
	static const int64_t rows[] = { 0,
					1,
					1500,
					1500000,
					VALUE_SECOND,
					90 * VALUE_SECOND,
					6 * VALUE_HOUR,
					90 * VALUE_MINUTE,
					VALUE_HOUR + 1 * VALUE_SECOND,
					-VALUE_MINUTE,
					VALUE_SECOND + 500000000 };
	struct arena AUTO(arena_fini) arena = ARENA_INIT(65536);
	struct slice text;
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(value_duration_text(rows[i], &arena, &text));
		assert_true(value_duration(text, &ns));
		assert_int_equal(ns, rows[i]);
	}
	assert_true(value_duration_text(90 * VALUE_MINUTE, &arena, &text));
	check_text(text, "1h30m");
}

static void test_sizes(void **state)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(65536);
	struct slice text;
	uint64_t n;

	(void)state;
	assert_true(value_bytes(SLICE("64MiB"), &n) && n == 64 << 20);
	assert_true(value_bytes(SLICE("64M"), &n) && n == 64 << 20);
	assert_true(value_bytes(SLICE("5 kB"), &n) && n == 5000);
	assert_true(value_bytes(SLICE("12"), &n) && n == 12);
	assert_false(value_bytes(SLICE("1.5GiB"), &n));
	assert_false(value_bytes(SLICE("-1"), &n));
	assert_false(value_bytes(SLICE("MiB"), &n));
	assert_false(value_bytes(SLICE("99999999TiB"), &n));
	assert_true(value_bytes_text(UINT64_C(3) << 30, &arena, &text));
	check_text(text, "3GiB");
	assert_true(value_bytes_text(4096, &arena, &text));
	check_text(text, "4096");
}

static void test_base64(void **state)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(65536);
	struct slice out;

	(void)state;
	assert_true(base64_decode(SLICE("Zm9vYmFy"), VALUE_BASE64, &arena, &out));
	check_text(out, "foobar");
	assert_true(base64_decode(SLICE("Zm9v\nYmE="), VALUE_BASE64, &arena, &out));
	check_text(out, "fooba");
	assert_true(base64_decode(SLICE("Zg=="), VALUE_BASE64, &arena, &out));
	check_text(out, "f");
	assert_true(base64_decode(SLICE(""), VALUE_BASE64, &arena, &out) && out.len == 0);
	assert_false(base64_decode(SLICE("Zg"), VALUE_BASE64, &arena, &out));
	assert_false(base64_decode(SLICE("Zg="), VALUE_BASE64, &arena, &out));
	assert_false(base64_decode(SLICE("Z==="), VALUE_BASE64, &arena, &out));
	assert_false(base64_decode(SLICE("Zg==Zg=="), VALUE_BASE64, &arena, &out));
	assert_false(base64_decode(SLICE("Z-9_"), VALUE_BASE64, &arena, &out));
}

static void test_addresses(void **state)
{
	struct slice host, port;

	(void)state;
	assert_null(value_host_port(SLICE(":6060"), &host, &port));
	assert_int_equal(host.len, 0);
	assert_null(value_host_port(SLICE("[::1]:80"), &host, &port));
	assert_true(slice_eq(host, SLICE("::1")));
	assert_null(value_host_port(SLICE("db.example:0"), &host, &port));
	assert_non_null(value_host_port(SLICE("nohostport"), &host, &port));
	assert_non_null(value_host_port(SLICE("::1:80"), &host, &port));
	assert_non_null(value_host_port(SLICE("[::1]"), &host, &port));
	assert_non_null(value_host_port(SLICE("[::1]x:80"), &host, &port));
	assert_non_null(value_host_port(SLICE("h:"), &host, &port));
	assert_non_null(value_host_port(SLICE("h:http"), &host, &port));
	assert_non_null(value_host_port(SLICE("h:65536"), &host, &port));
	assert_null(value_http_url(SLICE("http://indexer:6060/")));
	assert_null(value_http_url(SLICE("https://u:p@h/x?y#z")));
	assert_null(value_http_url(SLICE("http://[::1]:80")));
	assert_non_null(value_http_url(SLICE("indexer:6060")));
	assert_non_null(value_http_url(SLICE("ftp://h/")));
	assert_non_null(value_http_url(SLICE("http://")));
	assert_non_null(value_http_url(SLICE("http://h:port/")));
	assert_non_null(value_http_url(SLICE("http://h /")));
}

static void test_numbers(void **state)
{
	double d;
	int64_t n;

	(void)state;
	assert_true(value_integer(SLICE("-12"), &n) && n == -12);
	assert_false(value_integer(SLICE("9223372036854775808"), &n));
	assert_false(value_integer(SLICE("1.0"), &n));
	assert_true(value_float(SLICE("1e-1"), &d) && d > 0.09999 && d < 0.10001);
	assert_true(value_float(SLICE("-2.5"), &d) && d < -2.4999 && d > -2.5001);
	assert_false(value_float(SLICE("1e999"), &d));
	assert_false(value_float(SLICE("."), &d));
	assert_false(value_float(SLICE("1x"), &d));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations), cmocka_unit_test(test_duration_texts), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_base64),	  cmocka_unit_test(test_addresses),	 cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
