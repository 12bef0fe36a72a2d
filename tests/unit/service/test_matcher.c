/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_matcher.c - reports follow the advisories in force, are made once, and never mix two sets.
 *
 * Two sources whose segments are published together, generation by generation: a report that named two generations
 * would have read a mixed set.
 */
#include "io/file.h"
#include "segment/segment.h"
#include "service/matcher.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define HASH "sha256:abababababababababababababababababababababababababababababababab"
#define LAYER "sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

static const char index_json[] =
	"{\"manifest_hash\":\"" HASH "\",\"state\":\"IndexFinished\",\"success\":true,\"err\":\"\",\"repository\":{},"
	"\"packages\":{\"1\":{\"name\":\"openssl\",\"version\":\"1-r0\"},\"2\":{\"name\":\"musl\",\"version\":\"1-r0\"}"
	"},"
	"\"distributions\":{\"1\":{\"did\":\"alpine\",\"version\":\"3.40\"}},\"environments\":{"
	"\"1\":[{\"package_db\":\"lib/apk/db/installed\",\"introduced_in\":\"" LAYER "\",\"distribution_id\":\"1\"}],"
	"\"2\":[{\"package_db\":\"lib/apk/db/installed\",\"introduced_in\":\"" LAYER "\",\"distribution_id\":\"1\"}]}}";

struct world {
	char dir[64];
	struct store_pool *pool;
	struct matcher *matcher;
	const char *identity; /* of the index report; NULL: there is none */
	atomic_uint written;  /* reports that were made */
	atomic_uint asked;    /* for the bytes of the index report */
};

static struct err err;

static void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("%s: %s", status_text(st), err.msg);
}

static enum status index_of(void *ctx, const struct digest *manifest, bool want, struct arena *arena,
			    struct matcher_index *out, struct err *why)
{
	struct world *w = ctx;

	(void)manifest;
	(void)arena;
	if (!w->identity)
		return err_set(why, STATUS_NOTFOUND, "none");
	atomic_fetch_add(&w->asked, want);
	out->identity = slice_cstr(w->identity);
	out->bytes = want ? slice_make(index_json, sizeof(index_json) - 1) : SLICE_EMPTY;
	return STATUS_OK;
}

static struct world *the_world;

/* The ids that were found, and whether something was missing. */
static enum status write_ids(const struct vulnerability_report *r, struct buf *out, struct err *why)
{
	(void)why;
	atomic_fetch_add(&the_world->written, 1);
	for (size_t i = 0; i < r->findings.len; i++)
		buf_printf(out, "%.*s ", SLICE_ARG(r->findings.at[i].advisory.id));
	return STATUS_OK;
}

static void publish_one(struct world *w, struct store *s, const char *source, const char *package, unsigned generation)
{
	char dir[80], id[32];
	struct segment_writer *writer;
	struct segment_stats stats;
	struct version_range range = { .fixed = SLICE("2-r0") };
	struct affected row = { .scope = SLICE("alpine:3.40"),
				.package = slice_cstr(package),
				.name_kind = AFFECTED_NAME_SOURCE,
				.scheme = SCHEME_apk,
				.ranges = &range,
				.n_ranges = 1 };
	struct advisory a = { .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = &row,
			      .n_affected = 1 };
	struct segment_meta meta = { .source = slice_cstr(source), .feed = SLICE("alpine"), .upstream_s = DATE_NONE };
	struct store_source row_of_source = { .name = slice_cstr(source),
					      .feed = SLICE("alpine"),
					      .last_attempt_s = date_now(),
					      .last_success_s = date_now(),
					      .last_change_s = date_now(),
					      .next_s = DATE_NONE,
					      .records = 1 };
	char ref[37];

	snprintf(dir, sizeof(dir), "%s/segments", w->dir);
	snprintf(id, sizeof(id), "CVE-%u", generation);
	a.id = slice_cstr(id);
	check(file_mkdirs(dir, &err));
	check(segment_writer_open(dir, &meta, &limits_default, &writer, &err));
	check(segment_writer_add(writer, &a, &err));
	check(segment_writer_finish(writer, &row_of_source.segment, &stats, &err));
	check(store_publish(s, &row_of_source, ref, &err));
}

static void publish(struct world *w, const char *source, const char *package, unsigned generation)
{
	struct store *s;

	check(store_pool_take(w->pool, 1000, &s, &err));
	publish_one(w, s, source, package, generation);
	store_pool_give(w->pool, s);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct store_pool_options pool = { .store = { .busy_ms = 5000, .cache_bytes = 1 << 20 }, .max = 8 };
	struct matcher_options options = {
		.data_dir = w->dir, .reports = { index_of, w }, .write = write_ids, .cache_bytes = 1 << 20
	};

	err = (struct err)ERR_INIT;
	strcpy(w->dir, "/tmp/limpid-matcher-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	check(store_pool_open(w->dir, &pool, &w->pool, &err));
	options.store = w->pool;
	check(store_open_url(w->dir, &pool.store, &options.watch, &err));
	check(matcher_new(&options, &w->matcher, &err));
	w->identity = "first";
	the_world = w;
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	char command[128];
	int failed;

	matcher_free(w->matcher);
	store_pool_close(w->pool);
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	failed = system(command);
	free(w);
	return failed;
}

struct answer {
	char text[256], tag[40];
};

static enum status ask(struct world *w, struct answer *out)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)16 << 20);
	struct matcher_request request;
	struct report_body *body;
	struct digest manifest;
	enum status st;
	struct err why = ERR_INIT;

	assert_true(digest_parse(SLICE(HASH), &manifest));
	TRY(matcher_request(w->matcher, &manifest, &arena, &request, &why));
	st = matcher_report(&request, &arena, &body, &why);
	snprintf(out->tag, sizeof(out->tag), "%s", request.tag);
	matcher_request_fini(&request);
	if (st != STATUS_OK)
		return st;
	snprintf(out->text, sizeof(out->text), "%.*s", SLICE_ARG(body->bytes));
	report_body_unref(body);
	return STATUS_OK;
}

static void test_follows_what_is_published(void **state)
{
	struct world *w = *state;
	struct answer a, b;
	struct matcher_state before, after;

	assert_false(matcher_ready(w->matcher));
	publish(w, "alpine-main", "openssl", 1);
	check(matcher_reload(w->matcher, &err));
	assert_true(matcher_ready(w->matcher));
	check(ask(w, &a));
	assert_string_equal(a.text, "CVE-1 ");
	matcher_state(w->matcher, &before);
	publish(w, "alpine-main", "openssl", 2);
	check(ask(w, &b)); /* not looked at yet */
	assert_string_equal(b.tag, a.tag);
	check(matcher_reload(w->matcher, &err));
	check(ask(w, &b));
	assert_string_equal(b.text, "CVE-2 ");
	assert_string_not_equal(b.tag, a.tag);
	matcher_state(w->matcher, &after);
	assert_int_equal(after.swaps, before.swaps + 1);
	assert_int_equal(after.sources, 1);
}

/* The same index report and the same set: made once, however often it is asked for and the store is looked at. */
static void test_made_once(void **state)
{
	struct world *w = *state;
	struct answer a;

	publish(w, "alpine-main", "openssl", 1);
	for (int i = 0; i < 10; i++) {
		check(matcher_reload(w->matcher, &err));
		check(ask(w, &a));
	}
	assert_int_equal(w->written, 1);
	assert_int_equal(w->asked, 1);
	/* Another index report of the manifest is another report. */
	w->identity = "second";
	check(ask(w, &a));
	assert_int_equal(w->written, 2);
	w->identity = NULL;
	assert_int_equal(ask(w, &a), STATUS_NOTFOUND);
}

/* A run that found nothing new leaves tags as they are; one that fails is told in coverage, so it does not. */
static void test_tags(void **state)
{
	struct world *w = *state;
	struct answer a, b;
	struct store_source row;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct store *s;

	publish(w, "alpine-main", "openssl", 1);
	check(matcher_reload(w->matcher, &err));
	check(ask(w, &a));
	check(store_pool_take(w->pool, 1000, &s, &err));
	check(store_source_get(s, SLICE("alpine-main"), &arena, &row, &err));
	row.last_success_s -= 3600;
	check(store_source_put(s, &row, &err));
	check(matcher_reload(w->matcher, &err));
	check(ask(w, &b));
	assert_string_equal(a.tag, b.tag);
	row.error = SLICE("mirror is gone");
	check(store_source_put(s, &row, &err));
	check(matcher_reload(w->matcher, &err));
	check(ask(w, &b));
	assert_string_not_equal(a.tag, b.tag);
	store_pool_give(w->pool, s);
}

/* ---- sets are swapped while reports are made ---- */

struct readers {
	struct world *w;
	atomic_bool stop;
	atomic_uint reports, mixed, failed;
	_Atomic uint64_t slowest_ns;
};

static void *read_on(void *arg)
{
	struct readers *r = arg;

	while (!atomic_load(&r->stop)) {
		uint64_t begin_ns = date_monotonic_ns(), took;
		struct answer a;
		unsigned x = 0, y = 0;

		if (ask(r->w, &a) != STATUS_OK) {
			atomic_fetch_add(&r->failed, 1);
			continue;
		}
		took = date_monotonic_ns() - begin_ns;
		if (took > atomic_load(&r->slowest_ns))
			atomic_store(&r->slowest_ns, took);
		/* One generation of both packages: findings of openssl and musl name the same id. */
		if (sscanf(a.text, "CVE-%u CVE-%u", &x, &y) != 2 || x != y)
			atomic_fetch_add(&r->mixed, 1);
		atomic_fetch_add(&r->reports, 1);
	}
	return NULL;
}

static void test_no_mixed_sets(void **state)
{
	struct world *w = *state;
	struct readers r = { .w = w };
	pthread_t threads[4];
	struct matcher_state last;

	publish(w, "alpine-main", "openssl", 100);
	publish(w, "alpine-community", "musl", 100);
	check(matcher_reload(w->matcher, &err));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
	for (unsigned generation = 101; generation < 140; generation++) {
		publish(w, "alpine-main", "openssl", generation);
		publish(w, "alpine-community", "musl", generation);
		check(matcher_reload(w->matcher, &err));
	}
	atomic_store(&r.stop, true);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(r.mixed, 0);
	assert_int_equal(r.failed, 0);
	assert_true(r.reports > 100);
	matcher_state(w->matcher, &last);
	assert_true(last.swaps >= 39);
}

/* The thread that follows the store finds what others publish. */
static void test_follower(void **state)
{
	struct world *w = *state;
	struct answer a = { .text = "" };

	check(matcher_start(w->matcher, &err));
	publish(w, "alpine-main", "openssl", 5);
	for (int i = 0; i < 500 && strcmp(a.text, "CVE-5 ") != 0; i++) {
		usleep(10000);
		check(ask(w, &a));
	}
	assert_string_equal(a.text, "CVE-5 ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_follows_what_is_published),
		TEST(test_made_once),
		TEST(test_tags),
		TEST(test_no_mixed_sets),
		TEST(test_follower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
