/* SPDX-License-Identifier: Apache-2.0 */
/* test_updates.c - when sets run, that one does not delay another, and what happens to children that die or hang. */
#include "service/updates.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* In place of limpid-update: notes which set it was called for, and does what a file of that name says. */
static const char script[] = "#!/bin/sh\n"
			     "while [ $# -gt 0 ]; do\n"
			     "  case $1 in --set) set_=$2;; --db) db=$2;; --keep) keep=$2;; esac; shift\n"
			     "done\n"
			     "name=$(echo $set_ | tr / -)\n"
			     "echo begin $keep \"$LIMPID_STORE\" >> $db/ran-$name\n"
			     "echo \"this is $set_\" >&2\n"
			     "[ -f $db/do-$name ] && . $db/do-$name\n"
			     "echo end >> $db/ran-$name\n";

struct world {
	char dir[64], program[80];
	struct store_pool *pool;
	struct updates *updates;
	struct slice sets[3];
	struct updates_options options;
};

static struct err err;

static void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("%s: %s", status_text(st), err.msg);
}

static void put_file(const char *path, const char *text, int mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void does(struct world *w, const char *set, const char *what)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/do-%s", w->dir, set);
	put_file(path, what, 0600);
}

/* How often a word was written by a set's runs. */
static unsigned count(struct world *w, const char *set, const char *word)
{
	char path[128], line[256];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ran-%s", w->dir, set);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		n += strncmp(line, word, strlen(word)) == 0;
	if (f)
		fclose(f);
	return n;
}

static void wait_for(struct world *w, const char *set, const char *word, unsigned n)
{
	for (int i = 0; i < 1000 && count(w, set, word) < n; i++)
		usleep(10000);
	if (count(w, set, word) < n)
		fail_msg("%s: \"%s\" was not written %u times", set, word, n);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct store_pool_options pool = { .store = { .busy_ms = 5000, .cache_bytes = 1 << 20 }, .max = 4 };

	err = (struct err)ERR_INIT;
	strcpy(w->dir, "/tmp/limpid-updates-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->program, sizeof(w->program), "%s/update", w->dir);
	put_file(w->program, script, 0700);
	check(store_pool_open(w->dir, &pool, &w->pool, &err));
	w->sets[0] = SLICE("alpine");
	w->sets[1] = SLICE("debian");
	w->sets[2] = SLICE("rhel-vex"); /* not read by limpid */
	w->options = (struct updates_options){ .store = w->pool,
					       .program = w->program,
					       .data_dir = w->dir,
					       .sets = w->sets,
					       .n_sets = 3,
					       .period_ns = UINT64_C(3600000000000),
					       .timeout_ns = UINT64_C(60000000000),
					       .on_start = true,
					       .keep = 7 };
	*state = w;
	return 0;
}

static void start(struct world *w)
{
	check(updates_new(&w->options, &w->updates, &err));
	check(updates_start(w->updates, &err));
}

static int end(void **state)
{
	struct world *w = *state;
	char command[128];
	int failed;

	updates_free(w->updates);
	store_pool_close(w->pool);
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	failed = system(command);
	free(w);
	return failed;
}

static struct updates_state state_of(struct world *w, const char *set, struct arena *arena)
{
	struct updates_state *all;
	size_t n;

	check(updates_states(w->updates, arena, &all, &n, &err));
	for (size_t i = 0; i < n; i++)
		if (slice_eq(all[i].set, slice_cstr(set)))
			return all[i];
	fail_msg("there is no set %s", set);
	return (struct updates_state){ 0 };
}

static void test_runs_at_start(void **state)
{
	struct world *w = *state;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct updates_state s;

	start(w);
	wait_for(w, "alpine", "end", 1);
	wait_for(w, "debian", "end", 1);
	assert_int_equal(count(w, "alpine", "begin 7"), 1);
	for (int i = 0; i < 300 && (s = state_of(w, "alpine", &arena)).running; i++)
		usleep(10000);
	assert_false(s.running);
	assert_int_equal(s.exit_status, 0);
	/* An hour, and up to a minute either way. */
	assert_true(s.next_s >= s.ended_s + 3540 && s.next_s <= s.ended_s + 3660);
	assert_true(slice_eq(s.said, SLICE("this is alpine")));
}

static void test_slow_one_delays_nobody(void **state)
{
	struct world *w = *state;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);

	does(w, "alpine", "exec sleep 100\n");
	start(w);
	wait_for(w, "debian", "end", 1);
	assert_true(state_of(w, "alpine", &arena).running);
	assert_int_equal(count(w, "alpine", "end"), 0);
	/* The end of the service ends it, too: end() would hang. */
}

/* Killed: told, tried again sooner, and its lock is free for that. */
static void test_killed_child(void **state)
{
	struct world *w = *state;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct updates_state s;

	does(w, "alpine", "kill -9 $$\n");
	start(w);
	for (int i = 0; i < 1000 && (s = state_of(w, "alpine", &arena)).ended_s == DATE_NONE; i++)
		usleep(10000);
	assert_int_equal(s.exit_status, -1);
	assert_true(s.next_s < s.ended_s + 1000);
	does(w, "alpine", "true\n");
	check(updates_trigger(w->updates, SLICE("alpine"), &err));
	wait_for(w, "alpine", "end", 1);
}

static void test_timeout(void **state)
{
	struct world *w = *state;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct updates_state s;

	w->options.timeout_ns = UINT64_C(300000000);
	does(w, "alpine", "exec sleep 100\n");
	start(w);
	for (int i = 0; i < 1000 && (s = state_of(w, "alpine", &arena)).ended_s == DATE_NONE; i++)
		usleep(10000);
	assert_int_equal(s.exit_status, -1);
	assert_true(s.ended_s - s.started_s < 10);
}

static void attempt(struct world *w, const char *name, const char *feed)
{
	struct store_source row = { .name = slice_cstr(name),
				    .feed = slice_cstr(feed),
				    .last_attempt_s = date_now() - 10,
				    .last_success_s = DATE_NONE,
				    .last_change_s = DATE_NONE,
				    .next_s = DATE_NONE };
	struct store *s;

	check(store_pool_take(w->pool, 1000, &s, &err));
	check(store_source_put(s, &row, &err));
	store_pool_give(w->pool, s);
}

/* What another node did ten seconds ago is not done again, unless somebody asks for it. */
static void test_not_twice(void **state)
{
	struct world *w = *state;

	attempt(w, "alpine-main-v3.9-updater", "alpine");
	start(w);
	wait_for(w, "debian", "end", 1);
	assert_int_equal(count(w, "alpine", "begin"), 0);
	check(updates_trigger(w->updates, SLICE("alpine-main-v3.9-updater"), &err));
	wait_for(w, "alpine", "end", 1);
	assert_int_equal(updates_trigger(w->updates, SLICE("nonsense"), &err), STATUS_NOTFOUND);
	assert_int_equal(updates_trigger(w->updates, SLICE("photon"), &err), STATUS_NOTFOUND);
}

/* Another node has the set's lock. */
static void test_one_node_at_a_time(void **state)
{
	struct world *w = *state;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct store *other;
	struct store_options options = { .busy_ms = 1000, .cache_bytes = 1 << 20 };

	check(store_open_url(w->dir, &options, &other, &err));
	check(store_lock(other, SLICE("updates/alpine"), &err));
	start(w);
	wait_for(w, "debian", "end", 1);
	for (int i = 0; i < 100 && !state_of(w, "alpine", &arena).elsewhere; i++)
		usleep(10000);
	assert_true(state_of(w, "alpine", &arena).elsewhere);
	assert_int_equal(count(w, "alpine", "begin"), 0);
	store_close(other);
	check(updates_trigger(w->updates, SLICE("alpine"), &err));
	wait_for(w, "alpine", "end", 1);
}

static void test_not_at_start(void **state)
{
	struct world *w = *state;

	w->options.on_start = false;
	start(w);
	usleep(300000);
	assert_int_equal(count(w, "alpine", "begin"), 0);
	check(updates_trigger(w->updates, SLICE(""), &err));
	wait_for(w, "alpine", "end", 1);
	wait_for(w, "debian", "end", 1);
}

static void test_connstring(void **state)
{
	struct world *w = *state;
	/* Borrowed until the updates end, which is after this function. */
	static char path[] = "PATH=/usr/bin:/bin", stale[] = "LIMPID_STORE=of-another";
	static char *environment[] = { path, stale, NULL };

	w->options.environment = environment;
	w->options.connstring = "postgres://db";
	start(w);
	wait_for(w, "alpine", "end", 1);
	assert_int_equal(count(w, "alpine", "begin 7 postgres://db"), 1);
}

static void test_no_program(void **state)
{
	struct world *w = *state;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct updates_state s;

	w->options.program = "/nonexistent/limpid-update";
	start(w);
	for (int i = 0; i < 300 && (s = state_of(w, "alpine", &arena)).started_s == DATE_NONE; i++)
		usleep(10000);
	assert_false(s.running);
	assert_true(s.next_s > date_now());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_runs_at_start), TEST(test_slow_one_delays_nobody),
		TEST(test_killed_child),  TEST(test_timeout),
		TEST(test_not_twice),	  TEST(test_one_node_at_a_time),
		TEST(test_not_at_start),  TEST(test_connstring),
		TEST(test_no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
