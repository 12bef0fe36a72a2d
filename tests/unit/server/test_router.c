/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_router.c - targets, paths and variables. What is found, redirected and unknown is what Clair answered: the
 * numbers are those of conformance/clair/http.
 */
#include "check.h"
#include "server/router.h"

static struct arena arena = ARENA_INIT(1 << 20);

static enum route_found find(const char *path, const char *query, struct route_match *m)
{
	struct err err = ERR_INIT;
	enum route_found found;

	assert_int_equal(route_find(LISTENER_API, SERVICE_INDEXER | SERVICE_MATCHER, slice_cstr(path),
				    slice_cstr(query), &arena, &found, m, &err),
			 STATUS_OK);
	return found;
}

static void check_redirect(const char *path, const char *query, const char *to)
{
	struct route_match m;

	assert_int_equal(find(path, query, &m), ROUTE_REDIRECT);
	check_text(m.location, to);
}

static void test_targets(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} good[] = {
		{ "/a/b?c=d?e", "/a/b", "c=d?e" },
		{ "http://h/indexer/api/v1/index_state", "/indexer/api/v1/index_state", "" }, /* 320 */
		{ "HTTPS://h:1?x", "", "x" },
		{ "http://h", "/", "" },
	};
	struct slice path, query;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		bool ok = target_split(slice_cstr(good[i].target), &path, &query);

		assert_int_equal(ok, good[i].path[0] == '/');
		if (ok) {
			check_text(path, good[i].path);
			check_text(query, good[i].query);
		}
	}
	assert_false(target_split(SLICE("*"), &path, &query));
	assert_false(target_split(SLICE("h:443"), &path, &query));
	assert_false(target_split(SLICE_EMPTY, &path, &query));
}

static void test_redirects(void **state)
{
	(void)state;
	check_redirect("/indexer/api/v1", "", "/indexer/api/v1/");				/* 308 */
	check_redirect("//robots.txt", "", "/robots.txt");					/* as 312 */
	check_redirect("/indexer/api/v1//robots.txt", "a=b", "/indexer/api/v1/robots.txt?a=b"); /* as 180 */
	check_redirect("/x/../robots.txt", "", "/robots.txt");					/* as 181 */
	check_redirect("/x/./y/..", "", "/x/");
	check_redirect("/../../robots.txt", "", "/robots.txt");
}

static void test_unknown(void **state)
{
	struct route_match m;

	(void)state;
	assert_int_equal(find("/nope", "", &m), ROUTE_UNKNOWN);		   /* 306 */
	assert_int_equal(find("/indexer", "", &m), ROUTE_UNKNOWN);	   /* 309 */
	assert_int_equal(find("/indexer/api/v1/", "", &m), ROUTE_UNKNOWN); /* 307 */
	assert_int_equal(find("/metrics", "", &m), ROUTE_UNKNOWN);	   /* 313 */
	assert_int_equal(find("/notifier/api/v1", "", &m), ROUTE_UNKNOWN); /* 437: no notifier here */
	assert_int_equal(find("/robots.txt/", "", &m), ROUTE_UNKNOWN);
	assert_int_equal(find("/robots%2Etxt", "", &m), ROUTE_FOUND);
	assert_int_equal(find("%2Frobots.txt", "", &m), ROUTE_MALFORMED);
	assert_int_equal(find("/%2Frobots.txt", "", &m), ROUTE_UNKNOWN);
	assert_int_equal(find("/%zz", "", &m), ROUTE_MALFORMED);
	assert_int_equal(find("/%4", "", &m), ROUTE_MALFORMED);
	assert_int_equal(find("", "", &m), ROUTE_MALFORMED);
}

/* Every row is found by its own pattern, and no two rows share one. */
static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < PATHS; i++) {
		const struct route_path *p = &route_paths[i];
		struct slice fixed = slice_cstr(p->pattern), path;
		struct err err = ERR_INIT;
		enum route_found found;
		struct route_match m;

		slice_cut(fixed, '{', &fixed, NULL);
		assert_true(arena_printf(&arena, &path, "%.*s%s", SLICE_ARG(fixed),
					 fixed.len < strlen(p->pattern) ? "a/b/c/" : ""));
		assert_int_equal(route_find(p->listener, ~0u, path, SLICE_EMPTY, &arena, &found, &m, &err), STATUS_OK);
		assert_int_equal(found, ROUTE_FOUND);
		assert_ptr_equal(m.path, p);
		if (m.variable != VARIABLE_NONE)
			check_text(m.last, "c");
		assert_true(route_methods(p->id, ", ", &arena).len > 0);
	}
}

static void test_decode(void **state)
{
	struct slice out;

	(void)state;
	assert_true(percent_decode(SLICE("a+b%20%C3%a9"), true, &arena, &out));
	check_text(out, "a b \xc3\xa9");
	assert_true(percent_decode(SLICE("a+b"), false, &arena, &out));
	check_text(out, "a+b");
	assert_false(percent_decode(SLICE("%"), false, &arena, &out));
	assert_false(percent_decode(SLICE("%a"), false, &arena, &out));
	assert_false(percent_decode(SLICE("%g0"), false, &arena, &out));
	/* path.Base of Go */
	check_text(path_last(SLICE("/a/b//")), "b");
	check_text(path_last(SLICE("//")), "/");
	check_text(path_last(SLICE_EMPTY), ".");
}

static void test_query(void **state)
{
	struct asked a;
	struct slice out;

	(void)state;
	ask(&a);
	a.req.query = SLICE("latest=%zz&kind=a%20b+c&kind=x&;=1&empty=&bare");
	assert_true(request_query(&a.req, "kind", &out));
	check_text(out, "a b c");
	assert_false(request_query(&a.req, "latest", &out));
	assert_true(request_query(&a.req, "empty", &out));
	assert_true(request_query(&a.req, "bare", &out));
	assert_int_equal(out.len, 0);
	asked_fini(&a);
}

static void test_digests(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "index_report", "invalid digest format" },				/* 184 */
		{ "md5:00000000000000000000000000000000", "unknown algorthm \"md5\"" }, /* 186 */
		{ "sha256:00", "bad checksum length: 1" },				/* 187 */
		{ "sha256:000", "unable to decode digest as hex" },			/* 188 */
		{ "sha256:gg", "unable to decode digest as hex" },			/* 189 */
		{ "sha256:", "bad checksum length: 0" },				/* 192 */
		{ "SHA256:00", "unknown algorthm \"SHA256\"" },				/* 176 */
	};
	struct digest d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_INIT;

		assert_false(request_digest(slice_cstr(bad[i].text), &d, &err));
		assert_string_equal(err.msg, bad[i].message);
	}
}

/* 524, 236, 237: the forms of an UUID. */
static void test_uuid(void **state)
{
	static const char *const good[] = { "82894ca4-ac06-4874-aa11-0123456789ab",
					    "{82894CA4-AC06-4874-AA11-0123456789AB}",
					    "urn:uuid:82894ca4-ac06-4874-aa11-0123456789ab",
					    "82894ca4ac064874aa110123456789ab" };
	static const char *const bad[] = { "",
					   "nope",
					   "82894ca4-ac06-4874-aa11-0123456789a",
					   "82894ca4-ac06-4874-aa11-0123456789ag",
					   "82894ca4ac06-4874-aa11-0123456789ab-",
					   "(82894ca4-ac06-4874-aa11-0123456789ab)" };
	uint8_t u[16];
	struct uuid_text t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(uuid_parse(slice_cstr(good[i]), u));
		assert_string_equal(uuid_print(&t, u), good[0]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(uuid_parse(slice_cstr(bad[i]), u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets), cmocka_unit_test(test_redirects), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_rows),	cmocka_unit_test(test_decode),	  cmocka_unit_test(test_query),
		cmocka_unit_test(test_digests), cmocka_unit_test(test_uuid),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	arena_fini(&arena);
	return rc;
}
