/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_zygote.c - layers as streams through children of a zygote: the same reports as without, second passes, crashes,
 * hangs, peers that stop, many threads, and a zygote that dies.
 *
 * usage: test_zygote [--zygote]; the latter is the replacement of a zygote
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/worker.h"
#include "index/zygote.h"

#include "fakes.h"
#include "layers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static char *respawn[] = { NULL, (char *)"--zygote", NULL };

struct fixture {
	struct tarball tar;
	struct limits limits;
	struct zygote_options options;
	struct zygote *zygote;
	struct digest digest;
	struct arena arena;
	struct layer_report report;
	struct err err;
	unsigned passes;
	size_t piece; /* bytes fed at once */
	_Atomic bool stop;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->limits = limits_default;
	f->options.limits = &f->limits;
	f->arena = (struct arena)ARENA_INIT(SIZE_MAX);
	f->tar = tarball_begin();
	f->piece = 700;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zygote_free(f->zygote);
	tarball_fini(&f->tar);
	arena_fini(&f->arena);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	assert_int_equal(zygote_start(&f->options, &f->zygote, &f->err), STATUS_OK);
}

static enum status feed(struct fixture *f, struct zygote_job *job, struct slice bytes)
{
	while (bytes.len > 0) {
		TRY(zygote_job_feed(job, slice_take(bytes, f->piece), &f->err));
		bytes = slice_from(bytes, f->piece);
	}
	return STATUS_OK;
}

static enum status read_layer(struct fixture *f, const struct scan_alias *aliases, size_t n)
{
	struct zygote_request req = { .digest = f->digest, .aliases = aliases, .n_aliases = n, .stop = &f->stop };
	enum zygote_news news = ZYGOTE_AGAIN;
	struct zygote_job *job;
	enum status st;

	TRY(zygote_job_start(f->zygote, &req, &job, &f->err));
	for (f->passes = 0, st = STATUS_OK; st == STATUS_OK && news == ZYGOTE_AGAIN; f->passes++) {
		st = feed(f, job, buf_slice(&f->tar.buf));
		if (st == STATUS_OK)
			st = zygote_job_wait(job, &f->arena, &news, &f->report, &f->err);
	}
	zygote_job_free(job);
	return st;
}

static void finish_tar(struct fixture *f)
{
	struct err err = ERR_INIT;

	tarball_end(&f->tar);
	assert_int_equal(digest_of(DIGEST_SHA256, buf_slice(&f->tar.buf), &f->digest, &err), STATUS_OK);
}

static void print(struct layer_report *r, struct buf *out)
{
	struct err err = ERR_INIT;

	r->bytes_stored = 0; /* which only who feeds knows */
	assert_int_equal(layer_report_print(r, out, &err), STATUS_OK);
}

/* What worker_run() says about the same layer as a file. */
static void is_as_of_a_file(struct fixture *f)
{
	struct image_layer layer = tarball_layer(&f->tar);
	struct worker_options options = { .limits = &f->limits };
	struct sandbox_level level;
	struct worker_job job = { 0 };
	struct buf texts[2] = { BUF_INIT(1 << 20), BUF_INIT(1 << 20) };
	struct rules *rules;
	size_t n;
	const struct detector *const *list = detectors(&n);

	layer.digest = f->digest;
	assert_int_equal(rules_compile(list, n, &rules, &f->err), STATUS_OK);
	job.scan = (struct scan_job){ .layer = &layer, .rules = rules, .limits = &f->limits };
	assert_int_equal(worker_run(&job, 1, &options, &level, &f->err), STATUS_OK);
	print(&job.report, &texts[0]);
	print(&f->report, &texts[1]);
	assert_true(texts[0].len > 0 && slice_eq(buf_slice(&texts[0]), buf_slice(&texts[1])));
	worker_job_fini(&job);
	rules_free(rules);
	for (size_t i = 0; i < 2; i++)
		buf_fini(&texts[i]);
}

static void test_the_same_report(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "a 1\n!owned usr/bin/x\nb 2\n");
	tarball_file(&f->tar, "x\xff.info/META", "lib 4\n");
	tarball_add(&f->tar, '2', "lib", "usr/lib", NULL, 0);
	tarball_file(&f->tar, "a/.wh.b", "");
	finish_tar(f);
	start(f);
	assert_int_equal(read_layer(f, NULL, 0), STATUS_OK);
	assert_int_equal(f->passes, 1);
	assert_int_equal(f->report.packages.len, 3);
	assert_true(f->report.complete);
	is_as_of_a_file(f);
}

static void test_a_second_pass(void **state)
{
	struct fixture *f = *state;

	/* A wanted hard link to a file that nobody wanted when it came. */
	tarball_file(&f->tar, "data/x", "a 1\n");
	tarball_add(&f->tar, '1', "db/status", "data/x", NULL, 0);
	finish_tar(f);
	start(f);
	assert_int_equal(read_layer(f, NULL, 0), STATUS_OK);
	assert_int_equal(f->passes, 2);
	assert_int_equal(f->report.packages.len, 1);
	is_as_of_a_file(f);
}

static void test_aliases(void **state)
{
	struct fixture *f = *state;
	struct scan_alias alias = { .real = SLICE("opt/db"), .wanted = SLICE("db/status") };

	tarball_file(&f->tar, "opt/db", "a 1\nb 2\n");
	finish_tar(f);
	start(f);
	assert_int_equal(read_layer(f, &alias, 1), STATUS_OK);
	assert_int_equal(f->report.packages.len, 2);
	assert_true(slice_eq(f->report.files.at[0].alias, SLICE("db/status")));
}

static void test_a_crash_costs_one_layer(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "a 1\n!crash\n");
	finish_tar(f);
	start(f);
	assert_int_equal(read_layer(f, NULL, 0), STATUS_CRASHED);
	assert_non_null(strstr(f->err.msg, "killed by signal 6"));
	tarball_fini(&f->tar);
	f->tar = tarball_begin();
	tarball_file(&f->tar, "db/status", "a 1\n");
	finish_tar(f);
	assert_int_equal(read_layer(f, NULL, 0), STATUS_OK);
	assert_int_equal(zygote_state(f->zygote).replaced, 0);
}

static void test_a_hang_ends(void **state)
{
	struct fixture *f = *state;

	f->limits.worker_seconds = 1;
	tarball_file(&f->tar, "db/status", "!hang\n");
	finish_tar(f);
	start(f);
	/* Wall time, or the child's own limit of CPU time, whichever is first. */
	assert_int_not_equal(read_layer(f, NULL, 0), STATUS_OK);
	assert_true(f->err.code == STATUS_TIMEOUT || f->err.code == STATUS_CRASHED);
}

static void test_bytes_that_are_no_layer(void **state)
{
	struct fixture *f = *state;

	/* Far more than a socket holds: the child knows after its first read, and the rest is dropped. */
	for (unsigned i = 0; i < 300000; i++)
		buf_add(&f->tar.buf, SLICE("this is not a tar archive, "));
	finish_tar(f);
	f->piece = 65536;
	start(f);
	assert_int_equal(read_layer(f, NULL, 0), STATUS_OK);
	assert_false(f->report.complete);
	assert_true(f->report.diags.len > 0);
}

static void test_the_caller_gives_up(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "a 1\n");
	finish_tar(f);
	start(f);
	atomic_store(&f->stop, true);
	assert_int_equal(read_layer(f, NULL, 0), STATUS_CANCELLED);
}

static void kill_zygote(struct fixture *f)
{
	int pid = zygote_state(f->zygote).pid;

	assert_true(pid > 1);
	kill(pid, SIGKILL);
	/* The socket tells as soon as it is gone. */
	usleep(200000);
}

static void test_a_dead_zygote_is_told(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "a 1\n");
	finish_tar(f);
	start(f);
	kill_zygote(f);
	assert_int_equal(read_layer(f, NULL, 0), STATUS_CRASHED);
	assert_int_equal(zygote_state(f->zygote).pid, 0);
}

static void test_a_dead_zygote_is_replaced(void **state)
{
	struct fixture *f = *state;

	f->options.respawn = respawn;
	tarball_file(&f->tar, "db/status", "a 1\n");
	finish_tar(f);
	start(f);
	for (unsigned i = 1; i <= 2; i++) {
		kill_zygote(f);
		assert_int_equal(read_layer(f, NULL, 0), STATUS_OK);
		assert_int_equal(f->report.packages.len, 1);
		assert_int_equal(zygote_state(f->zygote).replaced, i);
	}
	is_as_of_a_file(f);
}

struct user {
	struct fixture f;
	pthread_t thread;
	unsigned good;
};

static void *read_some(void *ctx)
{
	struct user *u = ctx;

	for (unsigned i = 0; i < 8; i++) {
		if (read_layer(&u->f, NULL, 0) == STATUS_OK && u->f.report.packages.len == 1)
			u->good++;
		arena_reset(&u->f.arena);
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	struct fixture *f = *state;
	static struct user users[8];

	tarball_file(&f->tar, "db/status", "a 1\n");
	finish_tar(f);
	start(f);
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		users[i].f = *f;
		assert_int_equal(pthread_create(&users[i].thread, NULL, read_some, &users[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		pthread_join(users[i].thread, NULL);
		arena_fini(&users[i].f.arena);
		assert_int_equal(users[i].good, 8);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same_report),
		TEST(test_a_second_pass),
		TEST(test_aliases),
		TEST(test_a_crash_costs_one_layer),
		TEST(test_a_hang_ends),
		TEST(test_bytes_that_are_no_layer),
		TEST(test_the_caller_gives_up),
		TEST(test_a_dead_zygote_is_told),
		TEST(test_a_dead_zygote_is_replaced),
		TEST(test_many_threads),
	};

	if (argc > 1 && strcmp(argv[1], "--zygote") == 0)
		return zygote_main(ZYGOTE_FD);
	respawn[0] = argv[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
