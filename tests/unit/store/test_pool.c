/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool.c - handles for many threads, and locks that outlive a call. */
#include "support.h"

#include "store/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct store_pool *open_pool(const char *dir, unsigned max)
{
	struct store_pool_options options = { .store = { .busy_ms = 20000, .cache_bytes = 1 << 24 }, .max = max };
	struct store_pool *p = NULL;

	check(store_pool_open(remote() ? remote() : dir, &options, &p, &err));
	return p;
}

static void test_bounds(void **state)
{
	struct store_pool *p = open_pool(*state, 3);
	struct store *s[3], *more = NULL;
	struct store_pool_stats stats;

	for (unsigned i = 0; i < 3; i++)
		check(store_pool_take(p, 0, &s[i], &err));
	check_fails(store_pool_take(p, 0, &more, &err), STATUS_TIMEOUT, "all 3 connections");
	check_fails(store_pool_take(p, 20, &more, &err), STATUS_TIMEOUT, "all 3 connections");
	store_pool_stats(p, &stats);
	assert_int_equal(stats.max, 3);
	assert_int_equal(stats.open, 3);
	assert_int_equal(stats.taken, 3);
	assert_int_equal(stats.timeouts, 2);
	assert_int_equal(stats.connects, 3); /* the first one was opened with the pool */
	assert_true(stats.waited_ns >= 20000000);
	/* What one held locked is free when it is given back. */
	check(store_lock(s[0], SLICE("x"), &err));
	check_fails(store_lock(s[1], SLICE("x"), &err), STATUS_CONFLICT, "another process");
	store_pool_give(p, s[0]);
	check(store_lock(s[1], SLICE("x"), &err));
	check(store_pool_take(p, 0, &more, &err));
	assert_ptr_equal(more, s[0]);
	store_pool_give(p, more);
	store_pool_give(p, s[1]);
	store_pool_give(p, s[2]);
	store_pool_give(p, NULL);
	store_pool_stats(p, &stats);
	assert_int_equal(stats.taken, 0);
	store_pool_close(p);
	store_pool_close(NULL);
}

/* ---- threads ---- */

#define THREADS 8u
#define ROUNDS 30u

struct worker {
	struct store_pool *pool;
	uint32_t number;
	const char *failed; /* what went wrong; cmocka's checks are the main thread's */
	struct err err;
};

static const char *one_round(struct worker *w, struct store *s, uint32_t round)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf report = BUF_INIT(100);
	struct store_package packages[] = { { .name = SLICE("shared") }, { .name = SLICE("other") } };
	struct store_manifest m = { .digest = some_digest(w->number * 1000 + round), .state = SLICE("IndexFinished") },
			      got;
	const char *failed = NULL;
	char version[32];

	/* Every thread puts the same packages, among others, at the same time. */
	snprintf(version, sizeof(version), "%u", round);
	packages[0].version = slice_cstr(version);
	if (store_manifest_put(s, &m, SLICE("r"), &(struct store_group){ packages, 2 }, 1, &w->err) != STATUS_OK)
		failed = "put";
	else if (store_manifest_get(s, &m.digest, &arena, &got, &report, &w->err) != STATUS_OK || report.len != 1)
		failed = "get";
	else if (round % 3 == 0 && store_manifests_delete(s, &m.digest, 1, (bool[1]){ false }, &w->err) != STATUS_OK)
		failed = "delete";
	buf_fini(&report);
	arena_fini(&arena);
	return failed;
}

static void *work(void *ctx)
{
	struct worker *w = ctx;

	for (uint32_t i = 0; !w->failed && i < ROUNDS; i++) {
		struct store *s = NULL;

		if (store_pool_take(w->pool, 60000, &s, &w->err) != STATUS_OK)
			w->failed = "take";
		else
			w->failed = one_round(w, s, i);
		store_pool_give(w->pool, s);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct store_pool *p = open_pool(*state, 3);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct store_size sizes[STORE_SIZES];
	struct store *s;
	size_t n;

	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .pool = p, .number = i, .err = ERR_INIT };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		if (workers[i].failed)
			fail_msg("thread %u: %s: %s", i, workers[i].failed, workers[i].err.msg);
	check(store_pool_take(p, 0, &s, &err));
	check(store_sizes(s, sizes, &n, &err));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(sizes[i].name, "manifests") == 0)
			assert_int_equal(sizes[i].rows, THREADS * ROUNDS * 2 / 3);
		if (strcmp(sizes[i].name, "groups of packages") == 0)
			assert_int_equal(sizes[i].rows, ROUNDS * 2 / 3);
		if (strcmp(sizes[i].name, "packages") == 0)
			assert_int_equal(sizes[i].rows, ROUNDS * 2 / 3 + 1);
	}
	store_pool_give(p, s);
	store_pool_close(p);
}

/* ---- locks ---- */

static void test_pool_locks(void **state)
{
	struct store_pool *a = open_pool(*state, 2), *b = open_pool(*state, 2);
	struct store_pool_lock *x, *y, *again = NULL;
	int wake[2];

	check(store_pool_lock(a, SLICE("x"), 0, -1, &x, &err));
	check(store_pool_lock(a, SLICE("y"), 0, -1, &y, &err));
	check_fails(store_pool_lock(a, SLICE("x"), 0, -1, &again, &err), STATUS_CONFLICT,
		    "x is locked by this process");
	check_fails(store_pool_lock(b, SLICE("x"), 0, -1, &again, &err), STATUS_CONFLICT, "another process");
	check_fails(store_pool_lock(b, SLICE("x"), 50, -1, &again, &err), STATUS_CONFLICT, "another process");
	assert_int_equal(pipe(wake), 0);
	assert_int_equal(write(wake[1], "w", 1), 1);
	check_fails(store_pool_lock(b, SLICE("x"), 60000, wake[0], &again, &err), STATUS_CANCELLED, "woken up");
	close(wake[0]);
	close(wake[1]);
	check(store_pool_lock_check(x, &err));
	store_pool_unlock(x);
	check(store_pool_lock(b, SLICE("x"), 0, -1, &again, &err));
	check(store_pool_lock_check(y, &err));
	store_pool_unlock(y);
	store_pool_unlock(again);
	store_pool_unlock(NULL);
	store_pool_close(a);
	store_pool_close(b);
}

static void *unlock_later(void *lock)
{
	usleep(100000);
	store_pool_unlock(lock);
	return NULL;
}

static void test_waiting_for_a_lock(void **state)
{
	struct store_pool *a = open_pool(*state, 2), *b = open_pool(*state, 2);
	struct store_pool_lock *x, *again;
	pthread_t thread;

	for (unsigned i = 0; i < 2; i++) {
		check(store_pool_lock(a, SLICE("x"), 0, -1, &x, &err));
		assert_int_equal(pthread_create(&thread, NULL, unlock_later, x), 0);
		check(store_pool_lock(i ? a : b, SLICE("x"), 20000, -1, &again, &err));
		assert_int_equal(pthread_join(thread, NULL), 0);
		store_pool_unlock(again);
	}
	store_pool_close(a);
	store_pool_close(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bounds),
		TEST(test_threads),
		TEST(test_pool_locks),
		TEST(test_waiting_for_a_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
