/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool.c - bounds of a pool: threads, queue, the jobs that are left at its end. */
#include "check.h"
#include "server/pool.h"

#include <pthread.h>
#include <stdatomic.h>

struct job {
	struct pool_job job;
	pthread_mutex_t *gate; /* waits until it can be locked */
	atomic_int *ran;
};

static void run(struct pool_job *job)
{
	struct job *j = (struct job *)job;

	pthread_mutex_lock(j->gate);
	pthread_mutex_unlock(j->gate);
	atomic_fetch_add(j->ran, 1);
}

/* With all threads busy, as many wait as the queue is long, and no more are taken; those that were are all run. */
static void check_bounds(unsigned threads, size_t queue)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct pool *p = pool_new(threads, queue, 256 << 10);
	struct job jobs[64];
	atomic_int ran = 0;
	unsigned taken = 0;
	struct pool_load load;

	assert_non_null(p);
	pthread_mutex_lock(&gate);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i] = (struct job){ .job = { .run = run }, .gate = &gate, .ran = &ran };
		taken += pool_submit(p, &jobs[i].job);
	}
	assert_int_equal(taken, threads + queue);
	pool_load(p, &load);
	assert_int_equal(load.threads, threads);
	assert_int_equal(load.busy + load.waiting, taken);
	assert_int_equal(ran, 0);
	pthread_mutex_unlock(&gate);
	pool_free(p);
	assert_int_equal(ran, taken);
}

static void test_bounds(void **state)
{
	(void)state;
	check_bounds(1, 0);
	check_bounds(4, 0);
	check_bounds(1, 10);
	check_bounds(3, 5);
}

/* Threads are made when they are needed. */
static void test_lazy(void **state)
{
	struct pool *p = pool_new(8, 8, 256 << 10);
	struct pool_load load;

	(void)state;
	pool_load(p, &load);
	assert_int_equal(load.threads, 0);
	pool_free(p);
	pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_bounds), cmocka_unit_test(test_lazy) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
