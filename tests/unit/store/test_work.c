/* SPDX-License-Identifier: Apache-2.0 */
/* test_work.c - the queue, news of changes, segments on their way, update operations by ref. */
#include "support.h"

#include "io/file.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the queue ---- */

static void expect_taken(struct store *s, const char *queue, size_t max, unsigned lease_s, const char *bodies)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf got = BUF_INIT(1000);
	struct store_job *jobs;
	size_t n;

	check(store_queue_take(s, slice_cstr(queue), max, lease_s, &arena, &jobs, &n, &err));
	for (size_t i = 0; i < n; i++) {
		buf_add(&got, jobs[i].body);
		buf_printf(&got, "%u ", jobs[i].attempts);
	}
	check_slice(buf_slice(&got), bodies);
	buf_fini(&got);
	arena_fini(&arena);
}

static void test_queue(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_job *jobs;
	size_t n;

	check(store_queue_put(s, SLICE("q"), SLICE("late"), clock_s + 100, &err));
	check(store_queue_put(s, SLICE("q"), SLICE("b"), clock_s, &err));
	check(store_queue_put(s, SLICE("q"), SLICE("c"), clock_s, &err));
	check(store_queue_put(s, SLICE("q"), SLICE("a"), clock_s - 1, &err));
	check(store_queue_put(s, SLICE("other"), SLICE("\0\xff"), clock_s, &err));
	store_close(s);
	s = place_open(*state);
	expect_taken(s, "q", 2, 10, "a1 b1 ");
	expect_taken(s, "q", 5, 10, "c1 ");
	expect_taken(s, "q", 5, 10, "");
	/* Who took them has died. */
	clock_s += 10;
	check(store_queue_take(s, SLICE("q"), 10, 10, &arena, &jobs, &n, &err));
	assert_int_equal(n, 3);
	assert_int_equal(jobs[0].attempts, 2);
	assert_int_equal(jobs[0].since_s, clock_s - 10);
	check(store_queue_done(s, &jobs[0], &err));
	check(store_queue_again(s, &jobs[1], clock_s + 5, &err));
	/* The third one's time runs out; another takes it, and the first may neither end nor delay it. */
	clock_s += 10;
	expect_taken(s, "q", 5, 10, "c3 a3 ");
	check_fails(store_queue_done(s, &jobs[2], &err), STATUS_CONFLICT, "another one has taken it");
	check_fails(store_queue_again(s, &jobs[2], 0, &err), STATUS_CONFLICT, "another one has taken it");
	check_fails(store_queue_done(s, &jobs[0], &err), STATUS_CONFLICT, "another one has taken it");
	clock_s += 1000;
	expect_taken(s, "q", 5, 10, "c4 a4 late1 ");
	check(store_queue_take(s, SLICE("other"), 1, 1, &arena, &jobs, &n, &err));
	assert_int_equal(n, 1);
	assert_true(slice_eq(jobs[0].body, SLICE("\0\xff")));
	store_close(s);
	arena_fini(&arena);
}

#define ENTRIES 120u

struct takers {
	const char *dir;
	int results; /* a pipe: the numbers of the entries taken */
};

static int take_all(void *ctx)
{
	const struct takers *t = ctx;
	struct store *s = place_open(t->dir);

	for (;;) {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct store_job *jobs;
		size_t n;

		check(store_queue_take(s, SLICE("q"), 3, 1000, &arena, &jobs, &n, &err));
		for (size_t i = 0; i < n; i++) {
			if (write(t->results, jobs[i].body.ptr, 1) != 1)
				return 2;
			check(store_queue_done(s, &jobs[i], &err));
		}
		arena_fini(&arena);
		if (n == 0)
			break;
	}
	store_close(s);
	return 0;
}

/* Four processes empty a queue: every entry is taken by one of them. */
static void test_queue_of_many(void **state)
{
	struct store *s = place_open(*state);
	unsigned seen[ENTRIES] = { 0 };
	int results[2];
	struct takers t;
	pid_t children[4];

	for (uint8_t i = 0; i < ENTRIES; i++)
		check(store_queue_put(s, SLICE("q"), slice_make(&i, 1), clock_s, &err));
	store_close(s);
	assert_int_equal(pipe(results), 0);
	t = (struct takers){ *state, results[1] };
	for (size_t i = 0; i < 4; i++)
		children[i] = start_child(take_all, &t);
	for (size_t i = 0; i < 4; i++)
		expect_success(children[i]);
	close(results[1]);
	for (uint8_t number; read(results[0], &number, 1) == 1;)
		seen[number]++;
	close(results[0]);
	for (size_t i = 0; i < ENTRIES; i++)
		assert_int_equal(seen[i], 1);
}

/* ---- changes ---- */

struct watcher {
	const char *dir;
	int wake[2];
};

static void test_wait(void **state)
{
	struct store *s = place_open(*state);
	struct store_source in = some_source("a", 1);
	uint64_t seen = 0, before;
	char ref[37], byte;
	int wake[2];

	check(store_wait(s, STORE_SOURCES, &seen, 0, -1, &err)); /* 0 has seen nothing */
	check_fails(store_wait(s, STORE_SOURCES, &seen, 0, -1, &err), STATUS_TIMEOUT, "nothing has changed");
	check_fails(store_wait(s, STORE_SOURCES, &seen, 30, -1, &err), STATUS_TIMEOUT, "nothing has changed");
	before = seen;
	check(store_publish(s, &in, ref, &err));
	check(store_wait(s, STORE_SOURCES, &seen, 0, -1, &err));
	assert_true(seen > before);
	/* The queue is another topic. */
	check(store_queue_put(s, SLICE("q"), SLICE("x"), 0, &err));
	check_fails(store_wait(s, STORE_SOURCES, &seen, 30, -1, &err), STATUS_TIMEOUT, "nothing has changed");
	seen = 0;
	check(store_wait(s, STORE_QUEUE, &seen, 0, -1, &err));
	assert_true(seen > 1);
	assert_int_equal(pipe(wake), 0);
	assert_int_equal(write(wake[1], "w", 1), 1);
	check_fails(store_wait(s, STORE_QUEUE, &seen, 10000, wake[0], &err), STATUS_CANCELLED, "woken up");
	assert_int_equal(read(wake[0], &byte, 1), 1);
	close(wake[0]);
	close(wake[1]);
	store_close(s);
}

static int publish_later(void *ctx)
{
	struct store *s = place_open(ctx);
	struct store_source in = some_source("later", 1);
	char ref[37];

	usleep(200000);
	check(store_publish(s, &in, ref, &err));
	store_close(s);
	return 0;
}

/* Another process publishes while this one waits. */
static void test_wait_for_another(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source got;
	uint64_t seen = 0;
	pid_t child;

	check(store_wait(s, STORE_SOURCES, &seen, 0, -1, &err));
	child = start_child(publish_later, *state);
	check(store_wait(s, STORE_SOURCES, &seen, 20000, -1, &err));
	check(store_source_get(s, SLICE("later"), &arena, &got, &err)); /* committed before it is told */
	expect_success(child);
	store_close(s);
	arena_fini(&arena);
}

/* ---- segments ---- */

static void write_segment(const char *path, uint8_t *bytes, size_t n, uint64_t seed, struct digest *out)
{
	struct file_writer *w;

	fill_noise(bytes, n, seed);
	check(digest_of(DIGEST_SHA256, slice_make(bytes, n), out, &err));
	check(file_writer_open(path, &w, &err));
	check(file_writer_put(w, slice_make(bytes, n), &err));
	check(file_writer_commit(w, NULL, &err));
}

static void expect_file(const char *path, struct slice want)
{
	struct file_map map;

	check(file_map_open(path, &map, &err));
	assert_int_equal(map.bytes.len, want.len);
	assert_true(slice_eq(map.bytes, want));
	file_map_close(&map);
}

static void test_segments(void **state)
{
	static uint8_t bytes[(5 << 19) + 7];
	struct store *s = place_open(*state);
	struct digest digest, none = some_digest(99);
	char here[512], there[512];

	snprintf(here, sizeof(here), "%s/here.seg", (const char *)*state);
	snprintf(there, sizeof(there), "%s/there.seg", (const char *)*state);
	write_segment(here, bytes, sizeof(bytes), 3, &digest);
	check_fails(store_segment_put(s, &digest, there, &err), STATUS_NOTFOUND, "there is no segment");
	check(store_segment_put(s, &digest, here, &err));
	check(store_segment_put(s, &digest, here, &err)); /* once is enough */
	check(store_segment_fetch(s, &digest, here, &err));
	check_fails(store_segment_fetch(s, &none, there, &err), STATUS_NOTFOUND, "there is no segment");
	/* With SQLite everybody looks into the same folder. */
	if (remote()) {
		check(store_segment_fetch(s, &digest, there, &err));
		expect_file(there, slice_make(bytes, sizeof(bytes)));
	} else {
		check_fails(store_segment_fetch(s, &digest, there, &err), STATUS_NOTFOUND, "there is no segment");
	}
	store_close(s);
}

/* What a source or an operation names is kept; what was put a moment ago, too. */
static void test_segments_gc(void **state)
{
	struct store *s = place_open(*state);
	struct store_source source = some_source("s", 1);
	struct digest digests[4];
	uint64_t dropped, gone;
	char path[512], ref[37];
	uint8_t bytes[100];

	for (uint64_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%u.seg", (const char *)*state, (unsigned)i);
		write_segment(path, bytes, sizeof(bytes), i, &digests[i]);
		check(store_segment_put(s, &digests[i], path, &err));
	}
	source.segment = digests[0];
	check(store_publish(s, &source, ref, &err)); /* 0: an operation names it */
	source.segment = digests[1];
	check(store_publish(s, &source, ref, &err)); /* 1: both */
	clock_s += 7200;
	snprintf(path, sizeof(path), "%s/3.seg", (const char *)*state);
	check(store_segment_put(s, &digests[3], path, &err)); /* 3: somebody is about to publish it */
	check(store_segments_gc(s, &dropped, &err));
	assert_int_equal(dropped, remote() ? 1 : 0);
	check(store_operations_gc(s, 1, DATE_NONE, &gone, &err));
	check(store_segments_gc(s, &dropped, &err));
	assert_int_equal(dropped, remote() ? 1 : 0);
	for (unsigned i = 0; remote() && i < 4; i++) {
		snprintf(path, sizeof(path), "%s/again%u.seg", (const char *)*state, i);
		if (i == 0 || i == 2)
			check_fails(store_segment_fetch(s, &digests[i], path, &err), STATUS_NOTFOUND,
				    "there is no segment");
		else
			check(store_segment_fetch(s, &digests[i], path, &err));
	}
	store_close(s);
}

/* ---- operations ---- */

static void test_operations(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_operation *list, op;
	char refs[5][37];
	size_t n;

	for (uint32_t i = 0; i < 5; i++) {
		struct store_source in = some_source(i % 2 ? "odd" : i == 4 ? "scores" : "even", i);

		in.kind = i == 4 ? STORE_ENRICHMENT : STORE_VULNERABILITY;
		check(store_publish(s, &in, refs[i], &err));
		clock_s++;
	}
	check(store_operations_latest(s, STORE_VULNERABILITY, &arena, &list, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(list[0].ref, refs[3]);
	assert_string_equal(list[1].ref, refs[2]);
	check(store_operations_latest(s, STORE_ENRICHMENT, &arena, &list, &n, &err));
	assert_int_equal(n, 1);
	assert_int_equal(list[0].kind, STORE_ENRICHMENT);
	check(store_operation_get(s, slice_cstr(refs[1]), &arena, &op, &err));
	check_slice(op.source, "odd");
	assert_true(digest_eq(&op.segment, (struct digest[]){ some_digest(1) }));
	assert_int_equal(op.date_s, clock_s - 4);
	check_slice(op.fingerprint, "\"etag\" Tue, 14 Nov 2023 22:13:20 GMT");
	check(store_operation_delete(s, slice_cstr(refs[1]), &err));
	check(store_operation_delete(s, slice_cstr(refs[1]), &err));
	check_fails(store_operation_get(s, slice_cstr(refs[1]), &arena, &op, &err), STATUS_NOTFOUND,
		    "no update operation");
	check_fails(store_operation_get(s, SLICE("it's"), &arena, &op, &err), STATUS_NOTFOUND, "no update operation");
	store_close(s);
	arena_fini(&arena);
}

/* A kind of a source that was there before there were kinds. */
static void test_kind(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source in = some_source("e", 1), out;

	in.kind = STORE_ENRICHMENT;
	check(store_source_put(s, &in, &err));
	check(store_source_get(s, in.name, &arena, &out, &err));
	assert_int_equal(out.kind, STORE_ENRICHMENT);
	store_close(s);
	arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_queue),    TEST(test_queue_of_many), TEST(test_wait),	      TEST(test_wait_for_another),
		TEST(test_segments), TEST(test_segments_gc),   TEST(test_operations), TEST(test_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
