/* SPDX-License-Identifier: Apache-2.0 */
/* test_metrics.c - the text for Prometheus (its exposition format 0.0.4), cumulative buckets, the cap on series. */
#include "check.h"
#include "server/metrics.h"

#include <pthread.h>

static void check_has(struct metrics *m, const char *line, bool wanted)
{
	struct buf out = BUF_INIT(16 << 20);

	metrics_print(m, &out);
	assert_int_equal(out.failed, STATUS_OK);
	if (slice_has(buf_slice(&out), slice_cstr(line)) != wanted)
		fail_msg("%s: %s\n%.*s", line, wanted ? "missing" : "there", SLICE_ARG(buf_slice(&out)));
	buf_fini(&out);
}

static void test_text(void **state)
{
	static const char *const values[] = { "/a\"b\\c\nd", "200", "get" };
	struct metrics *m = metrics_new();

	(void)state;
	metric_add(m, METRIC_http_indexerv1_total, values, 1);
	metric_add(m, METRIC_http_indexerv1_total, values, 2);
	check_has(m,
		  "# TYPE clair_http_indexerv1_request_total counter\n"
		  "clair_http_indexerv1_request_total{handler=\"/a\\\"b\\\\c\\nd\",code=\"200\",method=\"get\"} 3\n",
		  true);
	metric_set(m, METRIC_process_fds, NULL, 7);
	metric_set(m, METRIC_process_fds, NULL, 6.5);
	check_has(m, "\nprocess_open_fds 6.5\n", true);
	check_has(m, "process_max_fds", false);
	metrics_free(m);
}

static void test_histogram(void **state)
{
	static const char *const values[] = { "h", "200", "get" };
	struct metrics *m = metrics_new();

	(void)state;
	metric_observe(m, METRIC_http_indexerv1_seconds, values, 0.5); /* a bound belongs to its bucket */
	metric_observe(m, METRIC_http_indexerv1_seconds, values, 0.6);
	metric_observe(m, METRIC_http_indexerv1_seconds, values, 1000);
#define SERIES(what) "clair_http_indexerv1_request_duration_seconds" what "{handler=\"h\",code=\"200\",method=\"get\""
	check_has(m, SERIES("_bucket") ",le=\"0.1\"} 0\n", true);
	check_has(m, SERIES("_bucket") ",le=\"0.5\"} 1\n", true);
	check_has(m, SERIES("_bucket") ",le=\"0.7\"} 2\n", true);
	check_has(m, SERIES("_bucket") ",le=\"300\"} 2\n", true);
	check_has(m, SERIES("_bucket") ",le=\"+Inf\"} 3\n", true);
	check_has(m, SERIES("_sum") "} 1001.1", true);
	check_has(m, SERIES("_count") "} 3\n", true);
	metrics_free(m);
}

static void count_points(void *ctx, const struct metric_point *p)
{
	size_t *n = ctx;

	if (p->id == METRIC_http_indexerv1_total)
		(*n)++;
}

/* Values that a client could choose do not make memory grow for ever. */
static void test_cap(void **state)
{
	struct metrics *m = metrics_new();
	size_t n = 0;

	(void)state;
	for (int i = 0; i < METRIC_SERIES + 50; i++) {
		char text[16];
		const char *const values[] = { text, "200", "get" };

		snprintf(text, sizeof(text), "%d", i);
		metric_add(m, METRIC_http_indexerv1_total, values, 1);
	}
	metrics_each(m, count_points, &n);
	assert_int_equal(n, METRIC_SERIES);
	metrics_free(m);
}

static void *add_many(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		char text[16];
		const char *const values[] = { text, "200", "get" };

		snprintf(text, sizeof(text), "%d", i % 100);
		metric_add(arg, METRIC_http_indexerv1_total, values, 1);
	}
	return NULL;
}

static void sum_points(void *ctx, const struct metric_point *p)
{
	double *sum = ctx;

	*sum += p->value;
}

/* Nothing is lost between threads, new series included. */
static void test_threads(void **state)
{
	struct metrics *m = metrics_new();
	pthread_t threads[4];
	double sum = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, m), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	metrics_each(m, sum_points, &sum);
	assert_true(sum == 80000);
	metrics_free(m);
}

static void test_names(void **state)
{
	enum metric_id id;

	(void)state;
	assert_true(metric_from_name(SLICE("clair_http_matcherv1_request_total"), &id));
	assert_int_equal(id, METRIC_http_matcherv1_total);
	assert_false(metric_from_name(SLICE("no_such"), &id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	cmocka_unit_test(test_histogram), cmocka_unit_test(test_cap),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
