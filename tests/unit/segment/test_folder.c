/* SPDX-License-Identifier: Apache-2.0 */
/* test_folder.c - deleting waits for writing, keeps what is named, and what can be known of a folder without its store.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int lock(const char *dir, enum segment_folder_use use)
{
	int fd = -1;

	check(segment_folder_lock(dir, use, &fd, &err));
	assert_true(fd >= 0);
	return fd;
}

static void expect_busy(const char *dir)
{
	int fd = -1;

	check_fails(segment_folder_lock(dir, SEGMENT_FOLDER_DELETE, &fd, &err), STATUS_CONFLICT,
		    "an update is at work");
	assert_int_equal(fd, -1);
}

static void test_locks(void **state)
{
	int a = lock(*state, SEGMENT_FOLDER_WRITE), b = lock(*state, SEGMENT_FOLDER_WRITE), c;

	expect_busy(*state);
	close(a);
	expect_busy(*state);
	close(b);
	c = lock(*state, SEGMENT_FOLDER_DELETE);
	expect_busy(*state); /* one at a time */
	close(c);
	close(lock(*state, SEGMENT_FOLDER_WRITE));
	check_fails(segment_folder_lock("/nowhere/at/all", SEGMENT_FOLDER_WRITE, &a, &err), STATUS_NOTFOUND,
		    "cannot open");
}

/* A writer that dies holds nothing; one that comes while something is deleted waits. */
static void test_locks_of_processes(void **state)
{
	int pipes[2], status, fd;
	char byte;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		if (segment_folder_lock(*state, SEGMENT_FOLDER_WRITE, &fd, &err) != STATUS_OK ||
		    write(pipes[1], "l", 1) != 1)
			_exit(1);
		pause();
		_exit(2);
	}
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	expect_busy(*state);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	fd = lock(*state, SEGMENT_FOLDER_DELETE);
	child = fork();
	if (child == 0) {
		int mine;

		close(fd); /* a copy of a descriptor holds the lock, too */
		if (segment_folder_lock(*state, SEGMENT_FOLDER_WRITE, &mine, &err) != STATUS_OK ||
		    write(pipes[1], "l", 1) != 1)
			_exit(1);
		_exit(0);
	}
	usleep(50000);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(pipes[0]);
	close(pipes[1]);
}

static struct digest write_one(const char *dir, const char *source, const char *id)
{
	const struct segment_meta m = { slice_cstr(source), S("feed"), S("url"), DATE_NONE };
	const struct advisory a = { .id = slice_cstr(id), NO_DATES };
	struct segment_stats stats;
	struct segment_writer *w;
	struct digest d;

	check(segment_writer_open(dir, &m, &limits_default, &w, &err));
	check(segment_writer_add(w, &a, &err));
	check(segment_writer_finish(w, &d, &stats, &err));
	return d;
}

static void put(const char *dir, const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("12345", f);
	fclose(f);
}

static bool is_there(const char *dir, const struct digest *d)
{
	struct segment *s;
	bool there = segment_open(dir, d, &s, &err) == STATUS_OK;

	if (there)
		segment_free(s);
	return there;
}

static void test_collect(void **state)
{
	static const char *const left[] = { "building.0123456789abcdef", "bodies.aaaaaa", ".fetch-aaaaaa",
					    "00000000000000000000000000000000000000000000000000000000000000ff.seg" };
	static const char *const others[] = { "notes", "building", "abc.seg", "bodiesx",
					      "00000000000000000000000000000000000000000000000000000000000000f.seg" };
	struct digest d[4] = { write_one(*state, "a", "1"),
			       write_one(*state, "a", "2"),
			       write_one(*state, "b", "1"),
			       { DIGEST_NONE, { 0 } } };
	struct digest keep[] = { d[2], d[0], d[3], d[0] }; /* in no order, one twice, one that is none */
	struct segment_collected gone;
	struct segment *s;
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		put(*state, left[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		put(*state, others[i]);
	check(segment_open(*state, &d[1], &s, &err));
	bytes = segment_get_stats(s)->bytes;
	check(segment_folder_collect(*state, keep, ARRAY_LEN(keep), &gone, &err));
	assert_int_equal(gone.segments, 2);
	assert_int_equal(gone.unfinished, 3);
	assert_int_equal(gone.bytes, bytes + 4 * 5);
	assert_true(is_there(*state, &d[0]));
	assert_false(is_there(*state, &d[1]));
	assert_true(is_there(*state, &d[2]));
	check(segment_verify(s, &err)); /* who has it open goes on */
	segment_free(s);
	assert_int_equal(folder_count(*state), 2 + ARRAY_LEN(others));
	check(segment_folder_collect(*state, NULL, 0, &gone, &err));
	assert_int_equal(gone.segments, 2);
	assert_int_equal(folder_count(*state), ARRAY_LEN(others));
	check_fails(segment_folder_collect("/nowhere/at/all", NULL, 0, &gone, &err), STATUS_NOTFOUND, "cannot open");
}

static void set_time(const char *dir, const struct digest *d, time_t when)
{
	const struct timeval times[2] = { { when, 0 }, { when, 0 } };
	struct digest_text t;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.seg", dir, digest_print(&t, d) + strlen("sha256:"));
	assert_int_equal(utimes(path, times), 0);
}

static void test_newest(void **state)
{
	struct digest d[] = { write_one(*state, "a", "1"), write_one(*state, "a", "2"), write_one(*state, "a", "3"),
			      write_one(*state, "b", "1"), write_one(*state, "b", "2") };
	struct arena arena = ARENA_INIT(1 << 20);
	struct segment_set_entry *list;
	size_t n, a;

	set_time(*state, &d[0], 1000);
	set_time(*state, &d[1], 3000);
	set_time(*state, &d[2], 2000);
	set_time(*state, &d[3], 1000);
	set_time(*state, &d[4], 9000);
	write_file(*state, &d[4], SLICE("damaged"));
	put(*state, "building.0123456789abcdef");
	check(segment_folder_newest(*state, &arena, &list, &n, &err));
	assert_int_equal(n, 2);
	a = slice_eq(list[0].source, SLICE("a")) ? 0 : 1;
	assert_true(slice_eq(list[a].source, SLICE("a")));
	assert_true(slice_eq(list[a].feed, SLICE("feed")));
	assert_true(digest_eq(&list[a].digest, &d[1]));
	assert_int_equal(list[a].updated_s, 3000);
	assert_true(slice_eq(list[1 - a].source, SLICE("b")));
	assert_true(digest_eq(&list[1 - a].digest, &d[3])); /* the newer one cannot be opened */
	check(segment_folder_newest("/nowhere/at/all", &arena, &list, &n, &err));
	assert_int_equal(n, 0);
	arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_locks), TEST(test_locks_of_processes), TEST(test_collect),
					    TEST(test_newest) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
