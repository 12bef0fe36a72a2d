/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_split.c - members of large texts, broken ones among them. */
#include "check.h"
#include "text/json.h"

static struct err err = ERR_INIT;

/* What the walk told, as text: "key@offset=json;" and "!key@offset:status;". */
struct told {
	struct buf text;
	size_t stop_after; /* members until STATUS_CANCELLED; 0 = never */
	size_t n, n_bad;
	enum status last_bad;
};

static enum status on_member(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *e)
{
	struct told *t = ctx;
	char *json = yyjson_val_write(value, 0, NULL);

	(void)e;
	assert_non_null(json);
	buf_add(&t->text, key);
	buf_printf(&t->text, "@%llu=%s;", (unsigned long long)offset, json);
	free(json);
	t->n++;
	return t->n == t->stop_after ? STATUS_CANCELLED : STATUS_OK;
}

static void on_bad(void *ctx, struct slice key, const struct err *e)
{
	struct told *t = ctx;

	t->n_bad++;
	t->last_bad = e->code;
	buf_add_byte(&t->text, '!');
	buf_add(&t->text, key);
	buf_printf(&t->text, "@%llu:%s;", (unsigned long long)e->offset, status_text(e->code));
}

static enum status split(struct told *t, struct slice text, const struct limits *limits)
{
	const struct json_split sink = { .visit = on_member, .bad = on_bad, .ctx = t };
	uint8_t *copy = exact_copy(text);
	enum status st;

	t->text = new_buf();
	t->n = t->n_bad = 0;
	st = json_split(slice_make(copy, text.len), limits, &sink, &err);
	free(copy);
	return st;
}

static void check_split(const char *text, enum status want_st, const char *want)
{
	struct told t = { 0 };
	enum status st = split(&t, slice_cstr(text), &limits_default);

	if (st != want_st)
		fail_msg("%s: status %d, want %d (%s)", text, st, want_st, err.msg);
	check_text(buf_slice(&t.text), want);
	buf_fini(&t.text);
}

static void test_members(void **state)
{
	(void)state;
	check_split("{}", STATUS_OK, "");
	check_split(" [ ] \n", STATUS_OK, "");
	check_split("[1,\"a]\\\"}\", [2,[3]] ,null]", STATUS_OK, "@1=1;@3=\"a]\\\"}\";@12=[2,[3]];@21=null;");
	check_split("\xef\xbb\xbf\r\n{\"a\" :\t{\"b\":\"}\"} , \"c\":-1.5e2}", STATUS_OK,
		    "a@12={\"b\":\"}\"};c@28=-150.0;");
	/* A duplicate is handed out twice: the later one stands, so callers overwrite. */
	check_split("{\"a\":1,\"a\":2}", STATUS_OK, "a@5=1;a@11=2;");
	check_split("{\"\\u0061\\n\\\"\":1,\"\xc3\xa9\":2,\"\":3}", STATUS_OK, "a\n\"@14=1;\xc3\xa9@21=2;@26=3;");
}

static bool enter_list(void *ctx, struct slice key)
{
	(void)ctx;
	return slice_eq(key, SLICE("list"));
}

static void check_entered(const char *text, const struct limits *limits, enum status want_st, const char *want)
{
	struct told t = { .text = new_buf() };
	const struct json_split sink = { .visit = on_member, .bad = on_bad, .enter = enter_list, .ctx = &t };
	uint8_t *copy = exact_copy(slice_cstr(text));

	assert_int_equal(json_split(slice_make(copy, strlen(text)), limits, &sink, &err), want_st);
	check_text(buf_slice(&t.text), want);
	free(copy);
	buf_fini(&t.text);
}

static void test_entered(void **state)
{
	struct limits shallow = limits_default;

	(void)state;
	check_entered("{\"a\":1,\"list\":[2, {\"list\":[3]}],\"b\":4}", &limits_default, STATUS_OK,
		      "a@5=1;@15=2;@18={\"list\":[3]};b@36=4;");
	check_entered("{\"list\":{\"c\":5},\"d\":6}", &limits_default, STATUS_OK, "c@13=5;d@20=6;");
	check_entered("{\"l\\u0069st\":[],\"list\":7,\"e\":[8]}", &limits_default, STATUS_OK, "list@23=7;e@29=[8];");
	/* An array has no keys to enter by. */
	check_entered("[{\"list\":[9]}]", &limits_default, STATUS_OK, "@1={\"list\":[9]};");
	check_entered("{\"list\":[1,}", &limits_default, STATUS_MALFORMED, "@9=1;");
	check_entered("{\"list\":[1", &limits_default, STATUS_MALFORMED, "@9=1;");
	check_entered("{\"list\":[1]", &limits_default, STATUS_MALFORMED, "@9=1;");
	/* The list and what holds it are two levels. */
	shallow.document_depth = 3;
	check_entered("{\"list\":[[1],[[2]]]}", &shallow, STATUS_OK, "@9=[1];!@14:over a limit;");
}

static void test_bad_members(void **state)
{
	(void)state;
	check_split("{\"a\":[1,],\"b\":2}", STATUS_OK, "!a@7:malformed;b@14=2;");
	check_split("{\"a\":12x,\"b\":tru,\"c\":3}", STATUS_OK, "!a@7:malformed;!b@16:malformed;c@21=3;");
	check_split("{\"a\":{]],\"b\":2}", STATUS_MALFORMED, "!a@6:malformed;");
	check_split("{\"a\":\"\xff\",\"\xff\":1,\"t\tb\":2,\"\\x\":3,\"c\":4}", STATUS_OK,
		    "!a@6:malformed;!\xff@10:malformed;!t\tb@17:malformed;!\\x@25:malformed;c@34=4;");
}

static void test_broken_frame(void **state)
{
	static const struct {
		const char *text, *want;
		uint64_t offset;
	} rows[] = {
		{ "", "", 0 },
		{ "  ", "", 2 },
		{ "7", "", 0 },
		{ "\"a\"", "", 0 },
		{ "{\"a\":1", "a@5=1;", 6 },
		{ "{\"a\":1,}", "a@5=1;", 7 },
		{ "[1,]", "@1=1;", 3 },
		{ "[1,,2]", "@1=1;", 3 },
		{ "[1 2]", "@1=1;", 3 },
		{ "{\"a\" 1}", "", 5 },
		{ "{\"a\"::1}", "", 5 },
		{ "{a:1}", "", 1 },
		{ "{\"a\":1 \"b\":2}", "a@5=1;", 7 },
		{ "{\"a\":1]", "a@5=1;", 6 },
		{ "[1}", "@1=1;", 2 },
		{ "[1] [2]", "@1=1;", 4 },
		{ "[1,\"abc", "@1=1;", 3 },
		{ "[1,\"abc\\", "@1=1;", 3 },
		{ "{\"a\":1,\"abc", "a@5=1;", 7 },
		{ "{\"a\":1,\"b\":{\"c\":\"}\"", "a@5=1;", 11 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check_split(rows[i].text, STATUS_MALFORMED, rows[i].want);
		if (err.offset != rows[i].offset)
			fail_msg("%s: offset %llu, want %llu", rows[i].text, (unsigned long long)err.offset,
				 (unsigned long long)rows[i].offset);
	}
}

static void test_limits(void **state)
{
	struct limits limits = limits_default;
	struct told t = { 0 };

	(void)state;
	limits.record_bytes = 8;
	limits.field_bytes = 4;
	limits.document_depth = 3;
	CHECK_OK(split(&t, SLICE("{\"a\":\"123456\",\"b\":\"1234567\",\"long!\":1,\"c\":[[1]],\"d\":[[[1]]],\"e\":5}"),
		       &limits));
	check_text(buf_slice(&t.text), "a@5=\"123456\";!b@18:over a limit;!long!@28:over a limit;c@42=[[1]];"
				       "!d@54:over a limit;e@64=5;");
	buf_fini(&t.text);
}

static void test_stop(void **state)
{
	struct told t = { .stop_after = 2 };

	(void)state;
	CHECK_OK(split(&t, SLICE("[1,2,3,broken"), &limits_default));
	assert_int_equal(t.n, 2);
	buf_fini(&t.text);
}

static enum status failing(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *e)
{
	(void)ctx, (void)key, (void)value;
	return err_at(e, STATUS_CONFLICT, offset, "no");
}

static void test_visit_fails(void **state)
{
	const struct json_split sink = { .visit = failing };

	(void)state;
	assert_int_equal(json_split(SLICE("[ 1, 2]"), &limits_default, &sink, &err), STATUS_CONFLICT);
	assert_int_equal(err.offset, 2);
}

/* Each cut of a good text is malformed, and what was told is a prefix of what the whole tells. */
static void test_truncated(void **state)
{
	struct slice whole =
		SLICE("{\"a\": {\"b\": [1, 2, {\"c\": \"x\\\"y\"}]}, \"d\\u0041\": \"e\", \"f\": 12, \"g\": {}}");
	struct told all = { 0 }, part = { 0 };

	(void)state;
	CHECK_OK(split(&all, whole, &limits_default));
	assert_int_equal(all.n, 4);
	for (size_t n = 0; n < whole.len; n++) {
		assert_int_equal(split(&part, slice_take(whole, n), &limits_default), STATUS_MALFORMED);
		assert_int_equal(part.n_bad, 0);
		/* "12" cut after its first digit reads as 1, in a frame that is then found broken. */
		if (part.n < 3)
			assert_true(slice_starts(buf_slice(&all.text), buf_slice(&part.text)));
		buf_fini(&part.text);
	}
	buf_fini(&all.text);
}

/* The marks stand at every distance from a 16-byte border. */
static void test_alignment(void **state)
{
	struct buf b = new_buf();
	struct told t = { 0 };

	(void)state;
	for (size_t pad = 0; pad < 40; pad++) {
		buf_reset(&b);
		buf_add_byte(&b, '[');
		for (size_t i = 0; i < 40; i++) {
			buf_add_cstr(&b, "{\"k\":\"");
			for (size_t j = 0; j < (i + pad) % 37; j++)
				buf_add_cstr(&b, j % 5 == 4 ? "\\\\" : j % 5 == 2 ? "{" : "x");
			buf_add_cstr(&b, i < 39 ? "\"},\n" : "\"}]");
		}
		CHECK_OK(split(&t, buf_slice(&b), &limits_default));
		assert_int_equal(t.n, 40);
		assert_int_equal(t.n_bad, 0);
		buf_fini(&t.text);
	}
	buf_fini(&b);
}

/* A member of several MiB between small ones: the pool grows and is given back. */
static void test_large_member(void **state)
{
	struct buf b = new_buf();
	struct told t = { 0 };

	(void)state;
	buf_add_cstr(&b, "{\"a\":[1],\"big\":[");
	for (size_t i = 0; i < 1000000; i++)
		buf_add_cstr(&b, "[1],");
	buf_add_cstr(&b, "0],\"z\":[2]}");
	CHECK_OK(split(&t, buf_slice(&b), &limits_default));
	assert_int_equal(t.n, 3);
	assert_true(slice_ends(buf_slice(&t.text), SLICE("=[2];")));
	buf_fini(&t.text);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),	    cmocka_unit_test(test_entered),
		cmocka_unit_test(test_bad_members), cmocka_unit_test(test_broken_frame),
		cmocka_unit_test(test_limits),	    cmocka_unit_test(test_stop),
		cmocka_unit_test(test_visit_fails), cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_alignment),   cmocka_unit_test(test_large_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
