/* SPDX-License-Identifier: Apache-2.0 */
/* test_concurrency.c - many processes on one store, locks between them, and processes that are killed at any moment. */
#include "support.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 6u
#define ROUNDS 25u

struct job {
	const char *dir;
	uint32_t number;
	int ready, go; /* ends of pipes */
};

static void wait_for_go(const struct job *j)
{
	char byte;

	if (write(j->ready, "r", 1) != 1 || read(j->go, &byte, 1) < 0)
		_exit(98);
}

/* Puts and reads layers, publishes its own source, and looks at everybody's. */
static int work(void *ctx)
{
	const struct job *j = ctx;
	struct store *s;
	char name[32];

	wait_for_go(j);
	s = place_open(j->dir);
	snprintf(name, sizeof(name), "source-%u", j->number);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct buf got = BUF_INIT(4096);
		struct store_source mine = some_source(name, j->number * 1000 + i), *all;
		uint8_t noise[300];
		char key[32], ref[37];
		size_t n;

		snprintf(key, sizeof(key), "layer-%u", i % 7);
		fill_noise(noise, sizeof(noise), i % 7);
		check(store_cache_put(s, slice_cstr(key), slice_make(noise, sizeof(noise)), &err));
		check(store_cache_get(s, slice_cstr(key), &got, &err));
		if (!slice_eq(buf_slice(&got), slice_make(noise, sizeof(noise))))
			return 2;
		check(store_publish(s, &mine, ref, &err));
		if (ref[0] == '\0')
			return 3;
		check(store_sources(s, &arena, &all, &n, &err));
		/* Each row is one that was published whole. */
		for (size_t k = 0; k < n; k++)
			if (all[k].records != (uint64_t)7 * (uint64_t)(all[k].last_attempt_s - 1700000000))
				return 4;
		buf_fini(&got);
		arena_fini(&arena);
	}
	store_close(s);
	return 0;
}

/* All begin at once, with a store that is not there yet. */
static void test_many_processes(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store_operation *ops;
	struct store_source *all;
	struct job jobs[PROCESSES];
	pid_t children[PROCESSES];
	int ready[2], go[2];
	struct store *s;
	char byte;
	size_t n;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	for (uint32_t i = 0; i < PROCESSES; i++) {
		jobs[i] = (struct job){ *state, i + 1, ready[1], go[0] };
		children[i] = start_child(work, &jobs[i]);
	}
	for (uint32_t i = 0; i < PROCESSES; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	for (uint32_t i = 0; i < PROCESSES; i++)
		assert_int_equal(write(go[1], "g", 1), 1);
	for (uint32_t i = 0; i < PROCESSES; i++)
		expect_success(children[i]);
	s = place_open(*state);
	check(store_sources(s, &arena, &all, &n, &err));
	assert_int_equal(n, PROCESSES);
	for (uint32_t i = 0; i < n; i++) {
		struct store_source want = some_source(i == 0 ? "source-1" : "", (i + 1) * 1000 + ROUNDS);

		want.name = all[i].name;
		check_source(&all[i], &want);
	}
	check(store_operations(s, SLICE(""), 10000, &arena, &ops, &n, &err));
	assert_int_equal(n, PROCESSES * ROUNDS);
	store_close(s);
	for (size_t i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	arena_fini(&arena);
}

/* ---- locks ---- */

static int hold_lock(void *ctx)
{
	const struct job *j = ctx;
	struct store *s = place_open(j->dir);

	check(store_lock(s, SLICE("source"), &err));
	if (write(j->ready, "r", 1) != 1)
		return 2;
	pause();
	return 3;
}

/* A server needs a moment to see that somebody has died. */
static void lock_soon(struct store *s, struct slice name)
{
	enum status st = STATUS_CONFLICT;

	for (unsigned i = 0; st == STATUS_CONFLICT && i < 500; i++) {
		st = store_lock(s, name, &err);
		if (st == STATUS_CONFLICT)
			usleep(10000);
	}
	check(st);
}

static void test_locks_between_processes(void **state)
{
	struct store *s = place_open(*state);
	struct job j = { .dir = *state };
	int ready[2], status;
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	j.ready = ready[1];
	child = start_child(hold_lock, &j);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	check_fails(store_lock(s, SLICE("source"), &err), STATUS_CONFLICT, "another process");
	check(store_lock(s, SLICE("other source"), &err));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	lock_soon(s, SLICE("source")); /* it went with the process */
	store_close(s);
	close(ready[0]);
	close(ready[1]);
}

static void test_locks_of_handles(void **state)
{
	struct store *a = place_open(*state), *b = place_open(*state);
	char name[16];

	check(store_lock(a, SLICE("x"), &err));
	check_fails(store_lock(b, SLICE("x"), &err), STATUS_CONFLICT, "another process");
	check_fails(store_lock(a, SLICE("x"), &err), STATUS_CONFLICT, "another process"); /* not twice either */
	check(store_lock(b, SLICE("y"), &err));
	store_unlock(a, SLICE("x"));
	store_unlock(a, SLICE("never locked"));
	check(store_lock(b, SLICE("x"), &err));
	store_close(b);
	check(store_lock(a, SLICE("x"), &err)); /* released by close */
	check(store_lock(a, SLICE("y"), &err));
	for (unsigned i = 0; i < 510; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		check(store_lock(a, slice_cstr(name), &err));
	}
	check_fails(store_lock(a, SLICE("one more"), &err), STATUS_LIMIT, "more than 512 locks");
	store_unlock(a, SLICE("n3"));
	check(store_lock_check(a, SLICE("n4"), &err));
	check_fails(store_lock_check(a, SLICE("n3"), &err), STATUS_CONFLICT, "n3 is not locked");
	check(store_lock(a, SLICE("one more"), &err));
	b = place_open(*state);
	check(store_lock(b, SLICE("n3"), &err));
	store_unlock_all(a);
	check(store_lock(b, SLICE("one more"), &err));
	check(store_lock(b, SLICE("x"), &err));
	store_close(a);
	store_close(b);
}

/* ---- killed ---- */

struct progress {
	uint32_t begun, done; /* publications */
};

struct victim {
	const char *dir;
	volatile struct progress *progress; /* shared */
};

/* Every manifest has a package of its own and one that all have; the one before the last is deleted. */
static void put_manifest(struct store *s, uint32_t number)
{
	struct store_package packages[] = { { .name = SLICE("own") }, { .name = SLICE("shared") } };
	struct store_manifest m = { .digest = some_digest(number) };
	struct digest old = some_digest(number - 2);
	char version[16];
	bool gone;

	snprintf(version, sizeof(version), "%u", number);
	packages[0].version = slice_cstr(version);
	check(store_manifest_put(s, &m, slice_cstr(version),
				 (struct store_group[]){ { &packages[0], 1 }, { packages, 2 } }, 2, &err));
	if (number > 2)
		check(store_manifests_delete(s, &old, 1, &gone, &err));
}

static int publish_for_ever(void *ctx)
{
	const struct victim *v = ctx;
	struct store *s = place_open(v->dir);

	for (uint32_t i = v->progress->done + 1; i < UINT32_MAX; i++) {
		struct store_source in = some_source("victim", i);
		uint8_t noise[2000];
		char ref[37], key[32];

		v->progress->begun = i;
		check(store_publish(s, &in, ref, &err));
		put_manifest(s, i);
		v->progress->done = i;
		fill_noise(noise, sizeof(noise), i);
		snprintf(key, sizeof(key), "layer-%u", i % 50);
		check(store_cache_put(s, slice_cstr(key), slice_make(noise, sizeof(noise)), &err));
	}
	return 1;
}

/* The last manifest that was put is there whole; what is found by package is there, and there are three at most. */
static void check_manifests(struct store *s, uint32_t done)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf report = BUF_INIT(100);
	struct store_package_row *rows;
	struct digest last = some_digest(done);
	struct store_affected *found;
	struct store_manifest m;
	char version[16];
	size_t n, have;

	if (done == 0)
		return;
	check(store_manifest_get(s, &last, &arena, &m, &report, &err));
	snprintf(version, sizeof(version), "%u", done);
	check_slice(buf_slice(&report), version);
	check(store_packages_named(s, SLICE("shared"), 0, 10, &arena, &rows, &n, &err));
	assert_int_equal(n, 1);
	check(store_manifests_with(s, &rows[0].id, 1, 0, 10, &arena, &found, &have, &err));
	assert_in_range(have, 1, 3);
	check(store_packages_named(s, SLICE("own"), 0, 10, &arena, &rows, &n, &err));
	assert_int_equal(n, have);
	for (size_t i = 0; i < have; i++)
		check(store_manifest_get(s, &found[i].digest, &arena, &m, NULL, &err));
	buf_fini(&report);
	arena_fini(&arena);
}

static void check_integrity(const char *dir)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;
	char path[512];

	snprintf(path, sizeof(path), "%s/state.db", dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(q, 0), "ok");
	sqlite3_finalize(q);
	sqlite3_close(db);
}

/* The row and the newest operation say the same segment, and it is the last that was published, or the one at work. */
static void check_after_kill(const char *dir, volatile struct progress *p)
{
	struct arena arena = ARENA_INIT((size_t)1 << 24);
	struct store_collected collected;
	struct store *s;
	struct store_operation *ops;
	struct store_source row, want;
	struct store_cache_stats stats;
	uint32_t number;
	size_t n;

	place_settle();
	s = place_open(dir);
	check(store_collect(s, &collected, &err));
	check_manifests(s, p->done);
	if (store_source_get(s, SLICE("victim"), &arena, &row, &err) == STATUS_NOTFOUND) {
		assert_int_equal(p->done, 0);
	} else {
		number = (uint32_t)(row.records / 7);
		want = some_source("victim", number);
		check_source(&row, &want);
		assert_true(number == p->done || number == p->begun);
		check(store_operations(s, SLICE("victim"), 100000, &arena, &ops, &n, &err));
		assert_int_equal(n, number); /* one each, none twice */
		assert_true(digest_eq(&ops[0].segment, &row.segment));
		p->done = p->begun = number;
		put_manifest(s, number); /* he may have been killed before, in it, or after */
		check_manifests(s, number);
	}
	check(store_cache_stats(s, &stats, &err));
	assert_true(stats.entries <= 50);
	store_close(s);
	if (!remote())
		check_integrity(dir);
	arena_fini(&arena);
}

static void test_killed(void **state)
{
	volatile struct progress *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct victim v = { *state, p };
	uint64_t rng = 7;
	unsigned working = 0;

	assert_true(p != MAP_FAILED);
	for (unsigned i = 0; i < 60; i++) {
		uint32_t until = p->done + 1 + i % 3;
		pid_t child = start_child(publish_for_ever, &v);
		int status;

		/* Some die before they begin; the others at some moment of some publication. */
		for (unsigned k = 0; i % 10 && p->begun < until && k < 10000; k++)
			usleep(1000);
		working += p->begun >= until;
		rng = rng * UINT64_C(6364136223846793005) + 1;
		usleep((unsigned)(rng >> 50) % 3000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		check_after_kill(*state, p);
	}
	assert_true(working >= 50);
	munmap((void *)(uintptr_t)p, sizeof(*p));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_processes),
		TEST(test_locks_between_processes),
		TEST(test_locks_of_handles),
		TEST(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
