/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_writer.c - texts written out, misuse, and that what is written reads back. */
#include "check.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static struct err err = ERR_INIT;

static void write_sample(struct json_writer *w)
{
	json_object(w);
	json_member_str(w, "s", SLICE("a\"b"));
	json_key(w, "list");
	json_array(w);
	json_u64(w, UINT64_MAX);
	json_i64(w, INT64_MIN);
	json_array(w);
	json_close(w);
	json_object(w);
	json_close(w);
	json_null(w);
	json_raw(w, SLICE("[0]"));
	json_close(w);
	json_member_u64(w, "n", 0);
	json_member_bool(w, "t", true);
	json_member_cstr(w, "c", NULL);
	json_close(w);
}

static void test_layout(void **state)
{
	struct buf b = new_buf();
	struct json_writer w;

	(void)state;
	json_writer_init(&w, &b, 0);
	write_sample(&w);
	CHECK_OK(json_writer_end(&w, &err));
	check_text(buf_slice(&b),
		   "{\"s\":\"a\\\"b\",\"list\":[18446744073709551615,-9223372036854775808,[],{},null,[0]],"
		   "\"n\":0,\"t\":true,\"c\":\"\"}");
	buf_reset(&b);
	json_writer_init(&w, &b, 2);
	write_sample(&w);
	CHECK_OK(json_writer_end(&w, &err));
	check_text(buf_slice(&b),
		   "{\n  \"s\": \"a\\\"b\",\n  \"list\": [\n    18446744073709551615,\n    -9223372036854775808,\n"
		   "    [],\n    {},\n    null,\n    [0]\n  ],\n  \"n\": 0,\n  \"t\": true,\n  \"c\": \"\"\n}");
	buf_fini(&b);
}

static void check_string(struct slice s, bool html, const char *want)
{
	struct buf b = new_buf();
	struct json_writer w;

	json_writer_init(&w, &b, 0);
	w.html_escape = html;
	json_string(&w, s);
	CHECK_OK(json_writer_end(&w, &err));
	check_text(buf_slice(&b), want);
	buf_fini(&b);
}

static void test_strings(void **state)
{
	(void)state;
	check_string(SLICE(""), false, "\"\"");
	check_string(SLICE("\b\f\n\r\t\"\\/"), false, "\"\\b\\f\\n\\r\\t\\\"\\\\/\"");
	check_string(SLICE("\0a\x1f\x7f"), false, "\"\\u0000a\\u001f\x7f\"");
	check_string(SLICE("<a href='x'>&"), false, "\"<a href='x'>&\"");
	check_string(SLICE("<a href='x'>&"), true, "\"\\u003ca href='x'\\u003e\\u0026\"");
	check_string(SLICE("a\xe2\x80\xa8"
			   "b\xe2\x80\xa9"
			   "c\xe2\x80\xaa"),
		     true, "\"a\\u2028b\\u2029c\xe2\x80\xaa\"");
	check_string(SLICE("\xe2\x80\xa8"), false, "\"\xe2\x80\xa8\"");
	check_string(SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), true, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	/* One replacement for each byte that begins no sequence: overlong, surrogate, too large, cut. */
	check_string(SLICE("\xff"), false, "\"\xef\xbf\xbd\"");
	check_string(SLICE("a\xc0\x80z"), false, "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
	check_string(SLICE("\xed\xa0\x80"), false, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	check_string(SLICE("\xe2\x82"), true, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check_string(SLICE("\xe2\x80"), true, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void check_double(double n, const char *want)
{
	struct buf b = new_buf();
	struct json_writer w;

	json_writer_init(&w, &b, 0);
	json_double(&w, n);
	CHECK_OK(json_writer_end(&w, &err));
	check_text(buf_slice(&b), want);
	buf_fini(&b);
}

/* Expected texts follow ECMA-262 Number::toString, which Go's encoder shares but for "e-9" and the sign of zero. */
static void test_doubles(void **state)
{
	(void)state;
	check_double(0, "0");
	check_double(-0.0, "-0");
	check_double(9, "9");
	check_double(9.8, "9.8");
	check_double(-7.5, "-7.5");
	check_double(0.1, "0.1");
	check_double(0.1 + 0.2, "0.30000000000000004");
	check_double(100, "100");
	check_double(123456.789, "123456.789");
	check_double(1e20, "100000000000000000000");
	check_double(1e21, "1e+21");
	check_double(1.25e-6, "0.00000125");
	check_double(1e-7, "1e-7");
	check_double(0.00087, "0.00087");
	check_double(5e-324, "5e-324");
	check_double(DBL_MAX, "1.7976931348623157e+308");
	check_double((double)NAN, "null");
	check_double((double)INFINITY, "null");
}

typedef void misuse_fn(struct json_writer *w);
static void key_at_top(struct json_writer *w) { json_key(w, "a"); }
static void key_in_array(struct json_writer *w) { json_array(w); json_key(w, "a"); json_null(w); json_close(w); }
static void key_twice(struct json_writer *w)
{
	json_object(w);
	json_key(w, "a");
	json_key(w, "b");
	json_null(w);
	json_close(w);
}
static void no_key(struct json_writer *w) { json_object(w); json_null(w); json_close(w); }
static void no_value(struct json_writer *w) { json_object(w); json_key(w, "a"); json_close(w); }
static void unclosed(struct json_writer *w) { json_object(w); }
static void close_too_often(struct json_writer *w) { json_array(w); json_close(w); json_close(w); }
static void two_values(struct json_writer *w) { json_null(w); json_null(w); }
static void nothing(struct json_writer *w) { (void)w; }
static void too_deep(struct json_writer *w)
{
	for (int i = 0; i < 65; i++)
		json_array(w);
	for (int i = 0; i < 65; i++)
		json_close(w);
}

static void test_misuse(void **state)
{
	static misuse_fn *const rows[] = { key_at_top, key_in_array, key_twice, no_key, no_value,
					   unclosed, close_too_often, two_values, nothing, too_deep };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = new_buf();
		struct json_writer w;

		json_writer_init(&w, &b, i % 3 ? 2 : 0);
		rows[i](&w);
		if (json_writer_end(&w, &err) != STATUS_BUG)
			fail_msg("misuse %zu was not noticed", i);
		buf_fini(&b);
	}
}

static void test_deepest(void **state)
{
	struct buf b = new_buf();
	struct json_writer w;

	(void)state;
	json_writer_init(&w, &b, 0);
	for (int i = 0; i < 64; i++)
		json_array(&w);
	for (int i = 0; i < 64; i++)
		json_close(&w);
	CHECK_OK(json_writer_end(&w, &err));
	assert_int_equal(b.len, 128);
	buf_fini(&b);
}

static void test_full_buffer(void **state)
{
	struct buf b = BUF_INIT(16);
	struct json_writer w;

	(void)state;
	json_writer_init(&w, &b, 0);
	json_string(&w, SLICE("0123456789012345"));
	assert_int_equal(json_writer_end(&w, &err), STATUS_LIMIT);
	buf_fini(&b);
}

static uint64_t rng_state = 88172645463325252U;
static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

/* A random valid text of code points, any of the first 0x2fff but surrogates. */
static size_t random_text(uint8_t out[static 120])
{
	size_t n = rng() % 40, at = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned c = (unsigned)(rng() % (i % 2 ? 0x80 : 0x2fff));

		if (c < 0x80) {
			out[at++] = (uint8_t)c;
		} else if (c < 0x800) {
			out[at++] = (uint8_t)(0xc0 | c >> 6);
			out[at++] = (uint8_t)(0x80 | (c & 0x3f));
		} else {
			out[at++] = (uint8_t)(0xe0 | c >> 12);
			out[at++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
			out[at++] = (uint8_t)(0x80 | (c & 0x3f));
		}
	}
	return at;
}

static void test_round_trip(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct buf b = new_buf();
		struct json_writer w;
		struct json_doc doc;
		uint8_t text[120];
		size_t len = random_text(text);
		uint64_t bits = rng(), n = rng() >> (rng() % 64);
		double d;

		memcpy(&d, &bits, sizeof(d));
		if (!isfinite(d))
			d = (double)(int64_t)bits / 1024;
		json_writer_init(&w, &b, round % 4);
		w.html_escape = round % 2;
		json_array(&w);
		json_string(&w, slice_make(text, len));
		json_u64(&w, n);
		json_i64(&w, (int64_t)bits);
		json_double(&w, d);
		json_object(&w);
		json_key_slice(&w, slice_make(text, len));
		json_bool(&w, false);
		json_close(&w);
		json_close(&w);
		CHECK_OK(json_writer_end(&w, &err));
		CHECK_OK(json_parse(buf_slice(&b), &limits_default, &doc, &err));
		check_slice(json_str(yyjson_arr_get(doc.root, 0)), slice_make(text, len));
		assert_true(yyjson_get_uint(yyjson_arr_get(doc.root, 1)) == n);
		assert_true(yyjson_get_sint(yyjson_arr_get(doc.root, 2)) == (int64_t)bits);
		assert_true(yyjson_get_num(yyjson_arr_get(doc.root, 3)) == d);
		assert_non_null(yyjson_obj_getn(yyjson_arr_get(doc.root, 4), (const char *)text, len));
		json_doc_free(&doc);
		buf_fini(&b);
	}
}

/* Any bytes at all make valid JSON. */
static void test_any_bytes(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct buf b = new_buf();
		struct json_writer w;
		struct json_doc doc;
		uint8_t bytes[64], *copy;
		size_t len = rng() % sizeof(bytes);

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(rng() >> 20);
		copy = exact_copy(slice_make(bytes, len));
		json_writer_init(&w, &b, 0);
		w.html_escape = round % 2;
		json_string(&w, slice_make(copy, len));
		CHECK_OK(json_writer_end(&w, &err));
		CHECK_OK(json_parse(buf_slice(&b), &limits_default, &doc, &err));
		json_doc_free(&doc);
		buf_fini(&b);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),	   cmocka_unit_test(test_strings),   cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_misuse),	   cmocka_unit_test(test_deepest),   cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
