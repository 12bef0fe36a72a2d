/* SPDX-License-Identifier: Apache-2.0 */
/* test_show.c - what is printed of settings: the sample loads, what is shown loads as the same, and nothing secret is
 * in it. */
#include "check.h"

#include "config/mask.h"
#include "config/show.h"

static const char *const variables[] = { "DB_PASSWORD",
					 "p",
					 "CLAIR_PSK",
					 "c2VjcmV0LWZvci10aGUtbGFiLXNlc3Npb24=",
					 "AMQP_PASSWORD",
					 "p",
					 "STOMP_PASSCODE",
					 "p",
					 "SMTP_PASSWORD",
					 "p",
					 "HARBOR_API_KEY",
					 "p",
					 "ADMISSION_TOKEN",
					 "p",
					 "CLAIR_PAGE_KEY",
					 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
					 "JAEGER_PASSWORD",
					 "p",
					 NULL };

static void get_sample(struct buf *out)
{
	struct err err = ERR_INIT;

	assert_int_equal(config_sample(out, &err), STATUS_OK);
	buf_add_byte(out, '\0');
}

static void test_sample(void **state)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(1 << 20);
	struct config c, standard;
	struct err err;

	(void)state;
	get_sample(&text);
	check_good((const char *)text.ptr, "sample.yaml", CONFIG_COMBO, NULL, &c);
	assert_int_equal(c.n_problems, 0);
	assert_int_equal(check_load("", "c.yaml", CONFIG_COMBO, NULL, &standard, &err), STATUS_OK);
	assert_int_equal(c.matcher.period, standard.matcher.period);
	assert_memory_equal(&c.limpid.limits, &limits_default, sizeof(limits_default));
	assert_memory_equal(&c.limpid.http.max_body, &standard.limpid.http.max_body,
			    sizeof(c.limpid.http) - offsetof(struct config_http, max_body));
	config_fini(&c);
	config_fini(&standard);
}

/* Every line "#key: value" without its mark: all settings that have an effect, at once. */
static void test_sample_whole(void **state)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(1 << 20), whole = BUF_INIT(1 << 20);
	struct slice rest, line;
	const struct setting *rows;
	struct config c;
	size_t n;

	(void)state;
	get_sample(&text);
	rest = slice_make(text.ptr, text.len - 1);
	while (slice_line(&rest, &line)) {
		size_t mark = slice_find_byte(line, '#');
		bool is_setting = mark != SIZE_MAX && mark + 1 < line.len && is_lower(line.ptr[mark + 1]) &&
				  slice_trim(slice_take(line, mark)).len == 0;

		if (is_setting) {
			buf_add(&whole, slice_take(line, mark));
			buf_add(&whole, slice_from(line, mark + 1));
		} else {
			buf_add(&whole, line);
		}
		buf_add_byte(&whole, '\n');
	}
	buf_add_byte(&whole, '\0');
	check_good((const char *)whole.ptr, "whole.yaml", CONFIG_COMBO, variables, &c);
	rows = config_settings(&n);
	for (size_t i = 0; i < n; i++)
		if (!(rows[i].flags & (SETTING_DEPRECATED | SETTING_NO_EFFECT)) &&
		    c.origins[i].kind != CONFIG_FROM_FILE && !c.origins[i].mended)
			fail_msg("%s is not in the sample", rows[i].path);
	assert_true(c.notifier.amqp.present && c.notifier.stomp.user_present && c.auth.psk && c.tls.present);
	config_fini(&c);
}

static void show(const struct config *c, struct buf *out)
{
	struct err err = ERR_INIT;

	assert_int_equal(config_show(c, true, false, out, &err), STATUS_OK);
	buf_add_byte(out, '\0');
}

/* What is shown, loaded and shown again, is the same; a secret is three stars then. */
static void test_round_trip(void **state)
{
	static const char *const texts[] = {
		"",
		"tls: {}\nlog_level: 'Info'\nupdaters: {sets: [], config: {a: {b: [1, {c: null}], 'x y': \"q\\n\"}}}\n"
		"matchers: {names: [yes, 'no', 'null', '1', 'a: b', '#x', \"é\\t\"]}\n",
		"notifier: {connstring: 'host=h', webhook: {target: 'http://t/', callback: 'http://c/', headers: {A: "
		"[x, y], B: [z]}}}\n"
		"trace: {name: otlp, probability: 0.125, otlp: {http: {endpoint: 'c:1', headers: {k: v}, compression: "
		"gzip}}}\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf AUTO(buf_fini) first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
		struct config c;
		struct err err;

		(void)check_load(texts[i], "c.yaml", CONFIG_COMBO, NULL, &c, &err);
		show(&c, &first);
		config_fini(&c);
		(void)check_load((const char *)first.ptr, "d.yaml", CONFIG_COMBO, NULL, &c, &err);
		/* tls: {} alone is an error, but one that is shown. */
		assert_true(c.n_errors == (i == 1));
		show(&c, &second);
		config_fini(&c);
		assert_string_equal((const char *)first.ptr, (const char *)second.ptr);
	}
}

static void test_masks(void **state)
{
	static const struct setting connstring = { .type = SETTING_STRING, .flags = SETTING_PASSWORD };
	static const struct setting secret = { .type = SETTING_STRING, .flags = SETTING_SECRET };
	static const struct {
		const struct setting *s;
		const char *text, *masked;
	} rows[] = {
		{ &secret, "anything", "***" },
		{ &secret, "", "" },
		{ &connstring, "host=h password=p user=u", "host=h password=*** user=u" },
		{ &connstring, "password='it''s' x=y", "password=*** x=y" },
		{ &connstring, "PASSWORD = 'a b\\' c' user=u", "PASSWORD = *** user=u" },
		{ &connstring, "password=a\\ b user=u", "password=*** user=u" },
		{ &connstring, "host=h password='open", "host=h password=***" },
		/* libpq refuses a word without a value: nothing behind it is shown. */
		{ &connstring, "my secret host=h", "my secret host=***" },
		{ &connstring, "postgres://u:p@h/d?sslpassword=x&a=b", "postgres://u:***@h/d?sslpassword=***&a=b" },
		{ &connstring, "postgresql://u@h/d", "postgresql://u@h/d" },
		{ &connstring, "postgresql://u:p@ss/w?o@rd@h/d", "postgresql://u:***@h/d" },
		{ &connstring, "postgresql:///d?host=/run&user=u&password=p",
		  "postgresql:///d?host=/run&user=u&password=***" },
		{ &connstring, "user:p@host", "***" },
		{ NULL, "https://token@h/", "https://***@h/" },
		{ NULL, "https://h/?X-Amz-Security-Token=abc&x=1", "https://h/?X-Amz-Security-Token=***&x=1" },
		{ NULL, "/a/path", "/a/path" },
		{ NULL, "http://h:80/", "http://h:80/" },
	};
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct slice out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(mask_text(rows[i].s, slice_cstr(rows[i].text), &arena, &out));
		if (!slice_eq(out, slice_cstr(rows[i].masked)))
			fail_msg("%s: %.*s", rows[i].text, SLICE_ARG(out));
	}
}

/* A value of every secret setting that nobody may read, and then all that is printed. */
static void test_nothing_secret(void **state)
{
	size_t n;
	const struct setting *rows = config_settings(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct buf AUTO(buf_fini) text = BUF_INIT(1 << 16), out = BUF_INIT(1 << 20);
		struct slice rest = slice_cstr(rows[i].path), key;
		unsigned depth = 0;
		struct config c;
		struct err err;
		const char *value = "\"U0VDUkVU\"";

		if (!(rows[i].flags & (SETTING_SECRET | SETTING_PASSWORD)))
			continue;
		for (bool more = true; more; depth++) {
			more = slice_cut(rest, '.', &key, &rest);
			buf_printf(&text, "{%.*s: ", SLICE_ARG(key));
		}
		if (rows[i].flags & SETTING_PASSWORD)
			value = rows[i].type == SETTING_LIST ? "[\"amqp://u:U0VDUkVU@h\"]"
							     : "\"postgres://u:U0VDUkVU@h\"";
		else if (rows[i].type == SETTING_TEXTS)
			value = "{k: U0VDUkVU}";
		else if (rows[i].type == SETTING_KEY)
			value = "\"U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0U=\"";
		else if (rows[i].type == SETTING_HEADERS)
			value = "{k: [U0VDUkVU]}";
		buf_add_cstr(&text, value);
		while (depth--)
			buf_add_byte(&text, '}');
		buf_add_byte(&text, '\0');
		(void)check_load((const char *)text.ptr, "c.yaml", CONFIG_COMBO, NULL, &c, &err);
		for (size_t k = 0; k < c.n_problems; k++) {
			buf_add(&out, c.problems[k].text);
			buf_add_byte(&out, '\n');
		}
		show(&c, &out);
		if (c.origins[i].kind != CONFIG_FROM_FILE || slice_has(buf_slice(&out), SLICE("U0VDUkVU")) ||
		    slice_has(buf_slice(&out), SLICE("SECRET")))
			fail_msg("%s: %s", rows[i].path, (const char *)out.ptr);
		config_fini(&c);
	}
}

/* Every setting is used, or says in its row that it is not: there is nothing to tell. */
static void test_not_yet(void **state)
{
	struct config c;

	(void)state;
	check_good("", "c.yaml", CONFIG_COMBO, NULL, &c);
	assert_null(config_not_yet(&c, 0));
	config_fini(&c);
	check_good("updaters: {sets: [alpine]}\nmatchers: {names: [alpine]}\ntrace: {otlp: {grpc: {reconnect: 5m}}}\n",
		   "c.yaml", CONFIG_COMBO, NULL, &c);
	assert_null(config_not_yet(&c, 0));
	config_fini(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample), cmocka_unit_test(test_sample_whole),   cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_masks),  cmocka_unit_test(test_nothing_secret), cmocka_unit_test(test_not_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
