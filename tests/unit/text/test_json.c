/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c - trees, look-ups, nesting. */
#include "check.h"
#include "text/json.h"

static struct err err = ERR_INIT;

static void parse(const char *text, struct json_doc *doc)
{
	CHECK_OK(json_parse(slice_cstr(text), &limits_default, doc, &err));
}

static void test_get(void **state)
{
	struct json_doc doc;
	uint64_t n = 7;

	(void)state;
	parse("\xef\xbb\xbf {\"a\": \"x\", \"n\": 18446744073709551615, \"neg\": -1, \"f\": 1.5, \"t\": true, "
	      "\"a\": \"last\", \"nul\\u0000key\": \"z\", \"e\": \"\\u00e9\\n\"}",
	      &doc);
	check_text(json_get_str(doc.root, "a"), "last");
	check_text(json_get_str(doc.root, "e"), "\xc3\xa9\n");
	check_text(json_get_str(doc.root, "n"), "");
	check_text(json_get_str(doc.root, "nul"), "");
	assert_null(json_get(doc.root, "absent"));
	assert_null(json_get(json_get(doc.root, "a"), "a"));
	assert_null(json_get(NULL, "a"));
	assert_true(json_get_u64(doc.root, "n", &n));
	assert_true(n == UINT64_MAX);
	n = 7;
	assert_false(json_get_u64(doc.root, "neg", &n));
	assert_false(json_get_u64(doc.root, "f", &n));
	assert_false(json_get_u64(doc.root, "absent", &n));
	assert_int_equal(n, 7);
	assert_true(json_get_bool(doc.root, "t"));
	assert_false(json_get_bool(doc.root, "n"));
	assert_false(json_get_bool(doc.root, "absent"));
	json_doc_free(&doc);
	assert_null(doc.root);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *text;
		uint64_t offset;
	} rows[] = {
		{ "", 0 },		  { "\xef\xbb\xbf", 3 },     { "{", 1 },		{ "{\"a\":}", 5 },
		{ "[1,]", 2 },		  { "[1] x", 4 },	     { "\xef\xbb\xbf[1] x", 7 }, { "[\"a\xff\"]", 3 },
		{ "[\"\xed\xa0\x80\"]", 2 }, { "[\"tab\there\"]", 5 }, { "[NaN]", 1 },		{ "[1}", 2 },
		{ "// c\n1", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_doc doc = { NULL, NULL };

		if (json_parse(slice_cstr(rows[i].text), &limits_default, &doc, &err) != STATUS_MALFORMED)
			fail_msg("accepted: %s", rows[i].text);
		if (err.offset != rows[i].offset)
			fail_msg("%s: offset %llu, want %llu (%s)", rows[i].text, (unsigned long long)err.offset,
				 (unsigned long long)rows[i].offset, err.msg);
		assert_null(doc.doc);
	}
}

static void nested(struct buf *b, size_t depth, char open, char close)
{
	buf_reset(b);
	/* Brackets in strings and after escaped quotes do not count. */
	buf_add_cstr(b, "[\"[[[[{{{{\\\"[[[[\",");
	for (size_t i = 1; i < depth; i++)
		buf_add_cstr(b, open == '{' ? "{\"k\":" : "[");
	buf_add_byte(b, '1');
	for (size_t i = 1; i < depth; i++)
		buf_add_byte(b, (uint8_t)close);
	buf_add_byte(b, ']');
}

static void test_depth(void **state)
{
	struct limits limits = limits_default;
	struct buf b = new_buf();
	struct json_doc doc;

	(void)state;
	limits.document_depth = 5;
	nested(&b, 5, '{', '}');
	CHECK_OK(json_parse(buf_slice(&b), &limits, &doc, &err));
	json_doc_free(&doc);
	nested(&b, 6, '{', '}');
	assert_int_equal(json_parse(buf_slice(&b), &limits, &doc, &err), STATUS_LIMIT);
	nested(&b, 5, '[', ']');
	CHECK_OK(json_parse(buf_slice(&b), &limits, &doc, &err));
	json_doc_free(&doc);
	nested(&b, 6, '[', ']');
	assert_int_equal(json_parse(buf_slice(&b), &limits, &doc, &err), STATUS_LIMIT);
	/* 18 bytes stand before the second bracket, so the sixth is at 22. */
	assert_int_equal(err.offset, 22);
	nested(&b, 5000000, '[', ']');
	assert_int_equal(json_parse(buf_slice(&b), &limits_default, &doc, &err), STATUS_LIMIT);
	buf_fini(&b);
}

static void test_truncated(void **state)
{
	struct slice whole = SLICE("{\"a\": [1, -2.5e3, true, null, \"\\u00e9\\\"\xc3\xa9\"], \"b\": {\"c\": {}}}");
	struct json_doc doc;

	(void)state;
	for (size_t n = 0; n < whole.len; n++) {
		uint8_t *copy = exact_copy(slice_take(whole, n));

		assert_int_equal(json_parse(slice_make(copy, n), &limits_default, &doc, &err), STATUS_MALFORMED);
		free(copy);
	}
	CHECK_OK(json_parse(whole, &limits_default, &doc, &err));
	json_doc_free(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
