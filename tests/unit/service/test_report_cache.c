/* SPDX-License-Identifier: Apache-2.0 */
/* test_report_cache.c - what is kept, what goes first, and that many who ask make one report. */
#include "service/report_cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct report_key key_of(unsigned n)
{
	struct report_key k = { { 0 } };

	memcpy(k.bytes, &n, sizeof(n));
	return k;
}

static struct report_body *body_of(const char *text)
{
	struct buf b = BUF_INIT(1 << 20);
	struct report_body *body;

	buf_add_cstr(&b, text);
	body = report_body_new(&b, false);
	assert_non_null(body);
	assert_null(b.ptr);
	return body;
}

static struct report_body *get(struct report_cache *c, unsigned n)
{
	struct report_key key = key_of(n);
	struct err err = ERR_INIT;
	struct report_body *out;

	assert_int_equal(report_cache_get(c, &key, 1000, &out, &err), STATUS_OK);
	return out;
}

/* As whoever gets nothing does. */
static void make(struct report_cache *c, unsigned n, const char *text)
{
	struct report_key key = key_of(n);
	struct report_body *body = body_of(text);

	assert_null(get(c, n));
	report_cache_put(c, &key, body);
	report_body_unref(body);
}

static bool has(struct report_cache *c, unsigned n)
{
	struct report_key key = key_of(n);
	struct report_body *body = get(c, n);

	if (!body)
		report_cache_failed(c, &key);
	report_body_unref(body);
	return body != NULL;
}

static void test_kept(void **state)
{
	struct report_cache *c = report_cache_new(1 << 20);
	struct report_body *body;
	struct report_cache_stats stats;

	(void)state;
	make(c, 1, "one");
	make(c, 2, "two");
	body = get(c, 1);
	assert_true(slice_eq(body->bytes, SLICE("one")));
	report_body_unref(body);
	/* Keys that share a bucket are told apart. */
	make(c, 1u << 16 | 1, "other");
	body = get(c, 1);
	assert_true(slice_eq(body->bytes, SLICE("one")));
	report_cache_stats(c, &stats);
	assert_int_equal(stats.entries, 3);
	assert_int_equal(stats.hits, 2);
	assert_int_equal(stats.misses, 3);
	/* What is being sent outlives the cache. */
	report_cache_free(c);
	assert_true(slice_eq(body->bytes, SLICE("one")));
	report_body_unref(body);
}

/* Room for some bodies of 1000 bytes: which are used least recently go. */
static void test_bounded(void **state)
{
	struct report_cache *c = report_cache_new(10000);
	char text[1001];
	struct report_cache_stats stats;

	(void)state;
	memset(text, 'x', 1000);
	text[1000] = '\0';
	for (unsigned i = 0; i < 8; i++)
		make(c, i, text);
	report_cache_stats(c, &stats);
	assert_int_equal(stats.entries, 8);
	assert_true(has(c, 0)); /* used: 1 is the oldest now */
	for (unsigned i = 8; i < 12; i++) {
		make(c, i, text);
		report_cache_stats(c, &stats);
		assert_true(stats.bytes <= 10000);
	}
	assert_true(has(c, 0));
	assert_false(has(c, 1));
	assert_false(has(c, 2));
	assert_true(has(c, 11));
	assert_true(stats.evicted >= 3);
	report_cache_free(c);
}

static void test_too_large(void **state)
{
	struct report_cache *c = report_cache_new(500);
	char text[1001];

	(void)state;
	make(c, 1, "small");
	memset(text, 'x', 1000);
	text[1000] = '\0';
	make(c, 2, text);
	assert_false(has(c, 2));
	assert_true(has(c, 1));
	report_cache_free(c);
	c = report_cache_new(0);
	make(c, 1, "x");
	assert_false(has(c, 1));
	report_cache_free(c);
}

static void test_failed(void **state)
{
	struct report_cache *c = report_cache_new(1 << 20);
	struct report_key key = key_of(7);

	(void)state;
	assert_null(get(c, 7));
	report_cache_failed(c, &key);
	make(c, 7, "the second try");
	assert_true(has(c, 7));
	report_cache_free(c);
}

/* ---- many who ask at once ---- */

struct crowd {
	struct report_cache *cache;
	atomic_uint made, got;
	bool first_fails;
};

static void *ask(void *arg)
{
	struct crowd *crowd = arg;
	struct report_key key = key_of(3);
	struct report_body *body;
	struct err err = ERR_INIT;

	if (report_cache_get(crowd->cache, &key, 10000, &body, &err) != STATUS_OK)
		return NULL;
	if (!body) {
		unsigned before = atomic_fetch_add(&crowd->made, 1);

		usleep(20000);
		if (crowd->first_fails && before == 0) {
			report_cache_failed(crowd->cache, &key);
			return NULL;
		}
		body = body_of("made");
		report_cache_put(crowd->cache, &key, body);
	}
	if (slice_eq(body->bytes, SLICE("made")))
		atomic_fetch_add(&crowd->got, 1);
	report_body_unref(body);
	return NULL;
}

static void run_crowd(struct crowd *crowd)
{
	pthread_t threads[16];

	crowd->cache = report_cache_new(1 << 20);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, crowd), 0);
	for (size_t i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	report_cache_free(crowd->cache);
}

static void test_made_once(void **state)
{
	struct crowd crowd = { .first_fails = false };

	(void)state;
	run_crowd(&crowd);
	assert_int_equal(crowd.made, 1);
	assert_int_equal(crowd.got, 16);
}

/* He who made it failed: one of those who wait takes over. */
static void test_made_again(void **state)
{
	struct crowd crowd = { .first_fails = true };

	(void)state;
	run_crowd(&crowd);
	assert_int_equal(crowd.made, 2);
	assert_int_equal(crowd.got, 15);
}

/* Nobody waits for ever for one who does not come back. */
static void test_not_waited_for(void **state)
{
	struct report_cache *c = report_cache_new(1 << 20);
	struct report_key key = key_of(1);
	struct report_body *body;
	struct err err = ERR_INIT;

	(void)state;
	assert_null(get(c, 1));
	assert_int_equal(report_cache_get(c, &key, 10, &body, &err), STATUS_OK);
	assert_null(body);
	report_cache_free(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),	       cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_too_large),      cmocka_unit_test(test_failed),
		cmocka_unit_test(test_made_once),      cmocka_unit_test(test_made_again),
		cmocka_unit_test(test_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
