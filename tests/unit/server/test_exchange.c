/* SPDX-License-Identifier: Apache-2.0 */
/* test_exchange.c - a request from its head to its answer, without a network. Numbers are those of
 * conformance/clair/http. */
#include "check.h"
#include "server/auth.h"
#include "server/exchange.h"
#include "server/openapi.h"

static struct server_context context;
static struct http_options options;

static void set_up(enum route_listener listener)
{
	context = (struct server_context){ .started = 1784920248 };
	options = (struct http_options){ .listener = listener, .services = ~0u, .max_body = 100, .compression = true };
}

struct line {
	const char *name, *value;
};

/* The head of a request; n lines. *go_on: the body may come. */
static struct exchange *head(const char *method, const char *target, const struct line *lines, size_t n, bool *go_on)
{
	struct exchange *ex = exchange_new(&context, &options, slice_cstr(target));

	assert_non_null(ex);
	for (size_t i = 0; i < n; i++)
		assert_true(exchange_header(ex, slice_cstr(lines[i].name), slice_cstr(lines[i].value)));
	*go_on = exchange_begin(ex, slice_cstr(method), SLICE("192.0.2.1:1234"));
	return ex;
}

static struct slice header(const struct exchange *ex, const char *name)
{
	for (size_t i = 0; i < ex->resp.n_headers; i++) {
		if (slice_eq_nocase(ex->resp.headers[i].name, slice_cstr(name)))
			return ex->resp.headers[i].value;
	}
	return SLICE_EMPTY;
}

static void check_refused(const char *method, const char *target, int code, const char *body, const char *allow)
{
	bool go_on;
	struct exchange *ex = head(method, target, NULL, 0, &go_on);

	assert_false(go_on);
	assert_int_equal(ex->resp.code, code);
	check_text(buf_slice(&ex->resp.body), body);
	check_text(header(ex, "allow"), allow);
	exchange_free(ex);
}

static void test_refused(void **state)
{
	(void)state;
	set_up(LISTENER_API);
	check_refused("POST", "/openapi/v1", 405,
		      "{\"code\":\"method-not-allowed\",\"message\":\"endpoint only allows GET\"}", "GET"); /* 297 */
	check_refused("HEAD", "/openapi/v1", 405,
		      "{\"code\":\"method-not-allowed\",\"message\":\"endpoint only allows GET\"}", "GET"); /* 298 */
	check_refused("GET", "/nope", 404, "404 page not found\n", "");					    /* 306 */
	check_refused("GET", "/indexer/api/v1", 307, "<a href=\"/indexer/api/v1/\">Temporary Redirect</a>.\n\n",
		      ""); /* 308 */
	check_refused("POST", "/indexer/api/v1", 307, "", "");
	check_refused("GET", "/a//\"b'", 307, "<a href=\"/a/%22b&#39;\">Temporary Redirect</a>.\n\n", "");
	check_refused("OPTIONS", "*", 400, "400 Bad Request", "");
	set_up(LISTENER_INTROSPECTION);
	check_refused("POST", "/readyz", 405, "", "GET"); /* 332 */
	check_refused("GET", "/", 404, "404 page not found\n", "");
}

static void test_framing(void **state)
{
	static const struct line bad[][2] = {
		{ { "Content-Length", "2" }, { "content-length", "3" } }, /* 322 */
		{ { "Content-Length", "2" }, { "Transfer-Encoding", "chunked" } },
		{ { "Transfer-Encoding", "gzip, chunked" }, { "X", "" } },
		{ { "Transfer-Encoding", "chunked" }, { "Transfer-Encoding", "identity" } },
		{ { "Content-Length", "2, 2" }, { "X", "" } },
		{ { "Content-Length", "-1" }, { "X", "" } },
	};
	bool go_on;

	(void)state;
	set_up(LISTENER_API);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct exchange *ex = head("GET", "/robots.txt", bad[i], 2, &go_on);

		assert_false(go_on);
		assert_int_equal(ex->resp.code, 400);
		assert_true(ex->close);
		exchange_free(ex);
	}
}

/* Announced or not, a body over the cap is 413. */
static void test_too_large(void **state)
{
	static const struct line announced[] = { { "Content-Length", "101" } };
	struct exchange *ex;
	bool go_on;

	(void)state;
	set_up(LISTENER_API);
	ex = head("GET", "/robots.txt", announced, 1, &go_on);
	assert_false(go_on);
	assert_int_equal(ex->resp.code, 413);
	assert_true(ex->close);
	exchange_free(ex);
}

static void test_flood(void **state)
{
	struct exchange *ex = exchange_new(&context, &options, SLICE("/robots.txt"));

	(void)state;
	for (size_t i = 0; i < EXCHANGE_HEADERS; i++)
		assert_true(exchange_header(ex, SLICE("a"), SLICE("b")));
	assert_false(exchange_header(ex, SLICE("a"), SLICE("b")));
	exchange_free(ex);
}

/* No token: 401 before anything else is said, except for /robots.txt (400-404). */
static void test_token_first(void **state)
{
	static const char *const targets[] = { "/openapi/v1", "/nope", "//x", "/openapi/v1?a" };
	bool go_on;

	(void)state;
	set_up(LISTENER_API);
	context.auth = auth_new(SLICE("key"), NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		struct exchange *ex = head("GET", targets[i], NULL, 0, &go_on);

		assert_false(go_on);
		assert_int_equal(ex->resp.code, 401);
		assert_int_equal(ex->resp.body.len, 0);
		exchange_free(ex);
	}
	struct exchange *ex = head("GET", "/robots.txt", NULL, 0, &go_on);

	assert_true(go_on);
	exchange_run(ex);
	assert_int_equal(ex->resp.code, 200);
	check_text(buf_slice(&ex->resp.body), "User-agent: *\nDisallow: /\n"); /* 299 */
	check_text(header(ex, "last-modified"), "Fri, 24 Jul 2026 19:10:48 GMT");
	exchange_free(ex);
	auth_free(context.auth);
}

/* What the client accepts is what it gets; an empty body is not compressed. */
static void test_coding(void **state)
{
	static const struct line gzip[] = { { "Accept-Encoding", "gzip" } };
	static const struct line none[] = { { "Accept-Encoding", "br, identity;q=0" } };
	static const struct line same[] = { { "Accept-Encoding", "gzip" }, { "If-None-Match", "" } };
	struct openapi o;
	struct err err = ERR_INIT;
	struct exchange *ex;
	struct slice tag;
	struct line with_tag[2];
	bool go_on;

	(void)state;
	set_up(LISTENER_API);
	assert_int_equal(openapi_init(&o, 0, &err), STATUS_OK);
	context.openapi = &o;
	ex = head("GET", "/openapi/v1", gzip, 1, &go_on);
	exchange_run(ex);
	assert_int_equal(ex->resp.code, 200);
	check_text(header(ex, "content-encoding"), "gzip");
	check_text(header(ex, "vary"), "Accept-Encoding");
	assert_true(ex->encoded.len > 100 && ex->encoded.ptr[0] == 0x1f && ex->encoded.ptr[1] == 0x8b);
	tag = header(ex, "etag");
	assert_int_equal(tag.len, 66);
	with_tag[0] = same[0];
	with_tag[1] = (struct line){ "If-None-Match", (const char *)tag.ptr };
	struct exchange *again = head("GET", "/openapi/v1", with_tag, 2, &go_on);

	exchange_run(again);
	assert_int_equal(again->resp.code, 304);
	assert_int_equal(header(again, "content-encoding").len, 0);
	assert_null(again->encoded.ptr);
	exchange_free(again);
	exchange_free(ex);
	ex = head("GET", "/openapi/v1", none, 1, &go_on); /* 030 */
	exchange_run(ex);
	assert_int_equal(ex->resp.code, 415);
	check_text(header(ex, "accept-encoding"), "zstd, gzip, deflate");
	assert_true(ex->resp.body.len == 0 && ex->resp.shared.ptr == NULL);
	exchange_free(ex);
	openapi_fini(&o);
}

static void test_readiness(void **state)
{
	struct exchange *ex;
	bool go_on;

	(void)state;
	for (int i = 0; i < 3; i++) {
		set_up(LISTENER_INTROSPECTION);
		atomic_store(&context.ready, i > 0);
		atomic_store(&context.draining, i > 1);
		ex = head("GET", "/readyz", NULL, 0, &go_on);
		assert_true(go_on);
		exchange_run(ex);
		assert_int_equal(ex->resp.code, i == 1 ? 200 : 503);
		check_text(header(ex, "cache-control"), "no-store"); /* 331 */
		exchange_free(ex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_framing),     cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_flood),	  cmocka_unit_test(test_token_first), cmocka_unit_test(test_coding),
		cmocka_unit_test(test_readiness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
