/* SPDX-License-Identifier: Apache-2.0 */
/* test_negotiate.c - Accept, Accept-Encoding, If-None-Match: what Clair answered; numbers of conformance/clair/http. */
#include "check.h"
#include "server/negotiate.h"

#define VENDOR "application/vnd.clair.index_state.v1+json"
static const char *const allowed[] = { VENDOR, "application/json" };

/* want: the type, or the body of the error. */
static void check_accept(const char *first, const char *second, int code, const char *want)
{
	struct asked a;
	const char *got;

	ask(&a);
	if (first)
		with_header(&a, "accept", first);
	if (second)
		with_header(&a, "Accept", second);
	got = NEGOTIATE_TYPE(&a.req, &a.resp, allowed);
	assert_int_equal(a.resp.code, code);
	if (code == 200)
		assert_string_equal(got, want);
	else
		check_text(buf_slice(&a.resp.body), want);
	asked_fini(&a);
}

#define MALFORMED(text) "{\"code\":\"bad-request\",\"message\":\"malformed request: mime: " text "\"}"

static void test_accept(void **state)
{
	(void)state;
	check_accept(NULL, NULL, 200, VENDOR);				     /* 010 */
	check_accept("application/json", NULL, 200, "application/json");     /* 011 */
	check_accept("*/*", NULL, 200, VENDOR);				     /* 036 */
	check_accept("application/*", NULL, 200, VENDOR);		     /* 037 */
	check_accept("application/json;q=0", NULL, 200, "application/json"); /* 038 */
	check_accept("text/plain, application/json;q=0.5, */*;q=0.1", NULL, 200, "application/json");
	check_accept("application/json;q=0.1, " VENDOR ";q=0.9", NULL, 200, VENDOR);
	check_accept(VENDOR, NULL, 200, VENDOR);				 /* 044 */
	check_accept("text/plain", "application/json", 200, "application/json"); /* 046 */
	check_accept("Application/JSON; charset=\"a;,b\"", NULL, 400, MALFORMED("invalid media parameter"));
	check_accept("Application/JSON; charset=\"a;b\";q=1", NULL, 200, "application/json");
	check_accept("application/json,", NULL, 400, MALFORMED("no media type"));	/* 040 */
	check_accept("", NULL, 400, MALFORMED("no media type"));			/* 041 */
	check_accept(";;;", NULL, 400, MALFORMED("no media type"));			/* 043 */
	check_accept("json", NULL, 400, MALFORMED("expected slash after first token")); /* 042 is an empty 500 */
	check_accept("application/json;q", NULL, 400, MALFORMED("invalid media parameter"));
	check_accept("text/html", NULL, 415,
		     "{\"code\":\"internal-error\",\"message\":\"unable to negotiate common media type for "
		     "[application/vnd.clair.index_state.v1+json application/json]\"}"); /* as 167 */
}

static void check_coding(const char *line, enum content_coding want, bool want_told)
{
	struct asked a;
	bool told;

	ask(&a);
	if (line)
		with_header(&a, "Accept-Encoding", line);
	assert_int_equal(negotiate_coding(&a.req, &told), want);
	if (want != CODING_NONE)
		assert_int_equal(told, want_told);
	asked_fini(&a);
}

static void test_encoding(void **state)
{
	(void)state;
	check_coding(NULL, CODING_IDENTITY, false);
	check_coding("gzip", CODING_GZIP, false);	      /* 022 */
	check_coding("deflate", CODING_DEFLATE, false);	      /* 023 */
	check_coding("zstd", CODING_ZSTD, false);	      /* 024 */
	check_coding("identity", CODING_IDENTITY, true);      /* 025 */
	check_coding("br", CODING_IDENTITY, true);	      /* 026 */
	check_coding("*", CODING_GZIP, false);		      /* 027 */
	check_coding("gzip, zstd;q=0.5", CODING_ZSTD, false); /* 028 */
	check_coding("x-gzip", CODING_GZIP, false);	      /* 029 */
	check_coding("br, identity;q=0", CODING_NONE, false); /* 030 */
	check_coding("*;q=0", CODING_NONE, false);	      /* 031 */
	check_coding("gzip;q=0", CODING_IDENTITY, true);      /* 032 */
	check_coding("", CODING_IDENTITY, true);	      /* 034 */
	check_coding("gzip, deflate, br", CODING_GZIP, false);
	check_coding("gzip;q=0.0", CODING_GZIP, false); /* only "q=0" forbids */
	check_coding("gzip;q=x, zstd;q=0.1", CODING_ZSTD, false);
}

/* 033: only the first line counts. */
static void test_first_line(void **state)
{
	struct asked a;
	bool told;

	(void)state;
	ask(&a);
	with_header(&a, "Accept-Encoding", "identity");
	with_header(&a, "Accept-Encoding", "gzip");
	assert_int_equal(negotiate_coding(&a.req, &told), CODING_IDENTITY);
	assert_true(told);
	asked_fini(&a);
}

static void test_none_match(void **state)
{
	static const struct {
		const char *line;
		bool match;
	} lines[] = {
		{ "\"abc\"", true },	     /* 012 */
		{ "W/\"abc\"", false },	     /* 014 */
		{ "\"x\", \"abc\"", false }, /* 015 */
		{ "*", false },		     /* 017 */
		{ "abc", false },
		{ "\"abcd\"", false },
	};
	struct asked a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		ask(&a);
		with_header(&a, "If-None-Match", lines[i].line);
		assert_int_equal(negotiate_not_modified(&a.req, SLICE("abc")), lines[i].match);
		asked_fini(&a);
	}
	ask(&a); /* 016 */
	with_header(&a, "If-None-Match", "\"x\"");
	with_header(&a, "if-none-match", "\"abc\"");
	assert_true(negotiate_not_modified(&a.req, SLICE("abc")));
	asked_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_first_line),
		cmocka_unit_test(test_none_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
