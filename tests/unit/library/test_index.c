/* SPDX-License-Identifier: Apache-2.0 */
/* test_index.c - liblimpid-index: the demonstration's image, read in both ways; what is refused; threads. */
#include "limpid/index.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TARGET "oci-archive:" IMAGE

static const struct limpid_index_options here = { .size = sizeof(here), .how = LIMPID_INDEX_IN_PROCESS };
static const struct limpid_index_options program = { .size = sizeof(program), .program = PROGRAM };

struct text {
	char bytes[1 << 16];
	size_t len, max; /* max: bytes after which write stops */
};

static int keep(void *ctx, const char *bytes, size_t length)
{
	struct text *t = ctx;

	if (t->len + length > t->max)
		return -1;
	memcpy(t->bytes + t->len, bytes, length);
	t->len += length;
	return 0;
}

static limpid_index *opened(const struct limpid_index_options *options)
{
	struct limpid_index_error error;
	limpid_index *x;

	if (limpid_index_open(TARGET, options, &x, &error) != LIMPID_INDEX_OK)
		fail_msg("%s", error.message);
	return x;
}

static void assert_same(const limpid_index *a, const limpid_index *b)
{
	assert_int_equal(limpid_index_packages(a), limpid_index_packages(b));
	assert_string_equal(limpid_index_manifest(a), limpid_index_manifest(b));
	for (size_t i = 0; i < limpid_index_packages(a); i++) {
		const struct limpid_index_package *p = limpid_index_package(a, i), *q = limpid_index_package(b, i);

		assert_string_equal(p->type, q->type);
		assert_string_equal(p->name, q->name);
		assert_string_equal(p->version, q->version);
		assert_string_equal(p->source_name, q->source_name);
		assert_string_equal(p->path, q->path);
		assert_int_equal(p->layer, q->layer);
		assert_int_equal(p->system, q->system);
		assert_int_equal(p->flags, q->flags);
	}
}

/* The same image by the program in its sandbox and in this process: the same packages, the same bytes of reports. */
static void test_both_ways(void **state)
{
	static struct text a = { .max = sizeof(a.bytes) }, b = { .max = sizeof(b.bytes) };
	limpid_index *x = opened(&here), *y = opened(&program);

	(void)state;
	assert_true(limpid_index_packages(x) > 0);
	assert_true(limpid_index_layers(x) > 0);
	assert_int_equal(limpid_index_systems(x), 1);
	assert_string_equal(limpid_index_system(x, 0)->id, "debian");
	assert_true(limpid_index_layer(x, 0)->read);
	assert_null(limpid_index_package(x, limpid_index_packages(x)));
	assert_null(limpid_index_layer(x, LIMPID_INDEX_NONE));
	assert_null(limpid_index_diagnostic(x, limpid_index_diagnostics(x)));
	assert_same(x, y);
	assert_int_equal(limpid_index_report(x, "clair", 0, keep, &a, NULL), LIMPID_INDEX_OK);
	assert_int_equal(limpid_index_report(y, "clair", 0, keep, &b, NULL), LIMPID_INDEX_OK);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.bytes, b.bytes, a.len);
	limpid_index_close(x);
	limpid_index_close(y);
	limpid_index_close(NULL);
}

static int refused(const char *target, const struct limpid_index_options *options)
{
	struct limpid_index_error error = { .status = -1 };
	limpid_index *x = (void *)1;
	int st = limpid_index_open(target, options, &x, &error);

	assert_null(x);
	assert_int_equal(error.status, st);
	assert_true(error.message[0] != '\0');
	return st;
}

static void test_refused(void **state)
{
	struct limpid_index_options o = here;

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct limpid_index_options *how = i ? &program : &here;

		assert_int_equal(refused("oci-archive:/no/such/file", how), LIMPID_INDEX_MISSING);
		assert_int_equal(refused("oci-archive:" PROGRAM, how), LIMPID_INDEX_MALFORMED);
		assert_int_equal(refused("", how), LIMPID_INDEX_INVALID);
		assert_int_equal(refused(NULL, how), LIMPID_INDEX_INVALID);
	}
	assert_int_equal(refused("docker://alpine", &here), LIMPID_INDEX_UNSUPPORTED);
	o.platform = "amd64";
	assert_int_equal(refused(TARGET, &o), LIMPID_INDEX_INVALID);
	o = here;
	o.folder = "/tmp";
	assert_int_equal(refused(TARGET, &o), LIMPID_INDEX_INVALID);
	o.size = 0;
	assert_int_equal(refused(TARGET, &o), LIMPID_INDEX_INVALID);
	o = program;
	o.how = 7;
	assert_int_equal(refused(TARGET, &o), LIMPID_INDEX_INVALID);
	o = program;
	o.program = "/no/such/program";
	assert_int_equal(refused(TARGET, &o), LIMPID_INDEX_MISSING);
	o.program = "/bin/true"; /* says nothing */
	assert_int_equal(refused(TARGET, &o), LIMPID_INDEX_CRASHED);
	o.program = "/bin/echo"; /* says something else */
	assert_int_equal(refused(TARGET, &o), LIMPID_INDEX_MALFORMED);
}

static void test_reports(void **state)
{
	static struct text t = { .max = 100 };
	limpid_index *x = opened(&here);
	struct limpid_index_error error;

	(void)state;
	assert_int_equal(limpid_index_report(x, "sarif", 0, keep, &t, &error), LIMPID_INDEX_INVALID);
	assert_int_equal(limpid_index_report(x, "nothing", 0, keep, &t, &error), LIMPID_INDEX_INVALID);
	assert_int_equal(limpid_index_report(x, "json", 0, keep, &t, &error), LIMPID_INDEX_CALLBACK);
	t = (struct text){ .max = sizeof(t.bytes) };
	assert_int_equal(limpid_index_report(x, "cyclonedx-1.4", 0, keep, &t, &error), LIMPID_INDEX_OK);
	assert_non_null(memmem(t.bytes, t.len, "\"specVersion\": \"1.4\"", 20));
	limpid_index_close(x);
}

/* Each opens by itself, and all look at one. */
static void *work(void *shared)
{
	limpid_index *x = NULL;
	bool same = limpid_index_open(TARGET, &program, &x, NULL) == LIMPID_INDEX_OK &&
		    limpid_index_packages(x) == limpid_index_packages(shared);

	for (size_t i = 0; same && i < limpid_index_packages(shared); i++)
		same = strcmp(limpid_index_package(shared, i)->name, limpid_index_package(x, i)->name) == 0;
	limpid_index_close(x);
	return same ? shared : NULL;
}

static void test_threads(void **state)
{
	limpid_index *shared = opened(&here);
	pthread_t threads[4];
	void *said;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, shared), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &said), 0);
		assert_ptr_equal(said, shared);
	}
	limpid_index_close(shared);
}

/* A caller whose children go without a word. */
static void test_children_are_ignored(void **state)
{
	limpid_index *x;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	x = opened(&program);
	assert_true(limpid_index_packages(x) > 0);
	limpid_index_close(x);
	signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_children_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
