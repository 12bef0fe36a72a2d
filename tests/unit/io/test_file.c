/* SPDX-License-Identifier: Apache-2.0 */
/* test_file.c - mapping, reading, and files that appear whole or not at all. */
#include "io/file.h"
#include "streams.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/limpid-file-XXXXXX";
static char text[PATH_MAX];

static const char *in_root(const char *name)
{
	snprintf(text, sizeof(text), "%s/%s", root, name);
	return text;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	chmod(root, 0700);
	return nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* Names in the directory, "." and ".." aside. */
static size_t count_files(void)
{
	DIR *d = opendir(root);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void write_file(const char *name, struct slice bytes)
{
	int fd = open(in_root(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
	close(fd);
}

static void check_file(const char *name, const char *want)
{
	struct buf got = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	check_status(file_read(in_root(name), &got, &err), STATUS_OK, &err);
	assert_true(slice_eq(buf_slice(&got), slice_cstr(want)));
	buf_fini(&got);
}

static void test_map(void **state)
{
	struct file_map m = { { (const uint8_t *)"x", 1 } };
	struct err err = ERR_INIT;

	(void)state;
	write_file("a", SLICE("content"));
	check_status(file_map_open(in_root("a"), &m, &err), STATUS_OK, &err);
	assert_true(slice_eq(m.bytes, SLICE("content")));
	file_map_close(&m);
	assert_int_equal(m.bytes.len, 0);
	file_map_close(&m);
	write_file("a", SLICE_EMPTY);
	check_status(file_map_open(in_root("a"), &m, &err), STATUS_OK, &err);
	assert_int_equal(m.bytes.len, 0);
	file_map_close(&m);
	check_status(file_map_open(in_root("none"), &m, &err), STATUS_NOTFOUND, &err);
	assert_non_null(strstr(err.msg, "none"));
	check_status(file_map_open(root, &m, &err), STATUS_INVALID, &err);
	/* A pipe that nobody writes to is refused, not waited for. */
	assert_int_equal(mkfifo(in_root("pipe"), 0600), 0);
	check_status(file_map_open(in_root("pipe"), &m, &err), STATUS_INVALID, &err);
}

static void test_read(void **state)
{
	struct buf b = BUF_INIT(50000);
	struct err err = ERR_INIT;
	uint8_t *noise = malloc(50001);

	(void)state;
	assert_non_null(noise);
	fill_noise(noise, 50001, 5);
	write_file("a", slice_make(noise, 50000));
	check_status(file_read(in_root("a"), &b, &err), STATUS_OK, &err);
	assert_true(slice_eq(buf_slice(&b), slice_make(noise, 50000)));
	/* It appends, and the cap is for all. */
	write_file("a", SLICE("x"));
	check_status(file_read(in_root("a"), &b, &err), STATUS_LIMIT, &err);
	buf_reset(&b);
	write_file("a", slice_make(noise, 50001));
	check_status(file_read(in_root("a"), &b, &err), STATUS_LIMIT, &err);
	buf_reset(&b);
	check_status(file_read(in_root("none"), &b, &err), STATUS_NOTFOUND, &err);
	check_status(file_read(root, &b, &err), STATUS_IO, &err);
	assert_int_equal(err.sys_errno, EISDIR);
	buf_fini(&b);
	free(noise);
}

static void test_writer_commits(void **state)
{
	struct file_writer *w = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	mode_t mask = umask(027);

	(void)state;
	write_file("a", SLICE("old"));
	check_status(file_writer_open(in_root("a"), &w, &err), STATUS_OK, &err);
	check_status(file_writer_put(w, SLICE("new "), &err), STATUS_OK, &err);
	assert_int_equal(write(file_writer_fd(w), "content", 7), 7);
	check_file("a", "old");
	check_status(file_writer_commit(w, NULL, &err), STATUS_OK, &err);
	umask(mask);
	check_file("a", "new content");
	assert_int_equal(count_files(), 1);
	assert_int_equal(stat(in_root("a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* Under another name: the first one is not touched. */
	check_status(file_writer_open(in_root("a"), &w, &err), STATUS_OK, &err);
	check_status(file_writer_put(w, SLICE("other"), &err), STATUS_OK, &err);
	check_status(file_writer_commit(w, "b", &err), STATUS_OK, &err);
	check_file("a", "new content");
	check_file("b", "other");
	assert_int_equal(count_files(), 2);
}

static void test_writer_in_the_working_directory(void **state)
{
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct file_writer *w = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(chdir(root), 0);
	check_status(file_writer_open("a", &w, &err), STATUS_OK, &err);
	check_status(file_writer_commit(w, NULL, &err), STATUS_OK, &err);
	check_status(file_writer_open("a", &w, &err), STATUS_OK, &err);
	check_status(file_writer_commit(w, "b", &err), STATUS_OK, &err);
	assert_int_equal(fchdir(before), 0);
	close(before);
	assert_int_equal(count_files(), 2);
	check_file("a", "");
	check_file("b", "");
}

static void test_writer_leaves_nothing(void **state)
{
	struct file_writer *w = NULL;
	struct err err = ERR_INIT;
	char long_name[300];

	(void)state;
	write_file("a", SLICE("old"));
	check_status(file_writer_open(in_root("a"), &w, &err), STATUS_OK, &err);
	check_status(file_writer_put(w, SLICE("new"), &err), STATUS_OK, &err);
	file_writer_abort(w);
	file_writer_abort(NULL);
	check_file("a", "old");
	assert_int_equal(count_files(), 1);
	/* A commit that cannot be: the name is that of a directory. */
	assert_int_equal(mkdir(in_root("d"), 0700), 0);
	check_status(file_writer_open(in_root("a"), &w, &err), STATUS_OK, &err);
	check_status(file_writer_commit(w, "d", &err), STATUS_IO, &err);
	assert_int_equal(count_files(), 2);
	check_status(file_writer_open(in_root("a"), &w, &err), STATUS_OK, &err);
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	check_status(file_writer_commit(w, long_name, &err), STATUS_IO, &err);
	assert_int_equal(err.sys_errno, ENAMETOOLONG);
	assert_int_equal(count_files(), 2);
	check_status(file_writer_open(in_root("none/a"), &w, &err), STATUS_NOTFOUND, &err);
}

/* A writer that is killed when it has written, and not committed yet. */
static void kill_a_writer(const char *path)
{
	int wait_status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct file_writer *w = NULL;
		struct err err = ERR_INIT;

		if (file_writer_open(path, &w, &err) == STATUS_OK &&
		    file_writer_put(w, SLICE("half of it"), &err) == STATUS_OK)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFSIGNALED(wait_status));
}

static bool have_unnamed; /* files without a name; false in the second round */

static void test_writer_is_killed(void **state)
{
	struct file_writer *w = NULL;
	struct err err = ERR_INIT;

	(void)state;
	write_file("a", SLICE("old"));
	kill_a_writer(in_root("a"));
	kill_a_writer(in_root("a"));
	check_file("a", "old");
	/* With names: the second one has deleted what the first one left. */
	assert_int_equal(count_files(), have_unnamed ? 1 : 2);
	/* Another's, and what only looks like it, stays. */
	write_file("b.0123456789abcdef", SLICE("x"));
	write_file("a.0123456789abcde", SLICE("x"));
	write_file("a.0123456789abcdefa", SLICE("x"));
	write_file("a.0123456789abcdeg", SLICE("x"));
	assert_int_equal(mkdir(in_root("a.0123456789abcdef"), 0700), 0);
	check_status(file_writer_open(in_root("a"), &w, &err), STATUS_OK, &err);
	assert_int_equal(file_writer_temporary(w) == NULL, have_unnamed);
	check_status(file_writer_put(w, SLICE("new"), &err), STATUS_OK, &err);
	check_status(file_writer_commit(w, NULL, &err), STATUS_OK, &err);
	check_file("a", "new");
	assert_int_equal(count_files(), 6);
}

/* Two who write the same file do not take each other's for left behind. */
static void test_writers_at_once(void **state)
{
	struct file_writer *w[3] = { NULL };
	struct err err = ERR_INIT;

	(void)state;
	write_file("a", SLICE("old"));
	write_file("a.00000000000000ff", SLICE("left behind"));
	for (size_t i = 0; i < ARRAY_LEN(w); i++) {
		check_status(file_writer_open(in_root("a"), &w[i], &err), STATUS_OK, &err);
		check_status(file_writer_put(w[i], slice_take(SLICE("012"), i + 1), &err), STATUS_OK, &err);
	}
	for (size_t i = 0; i < ARRAY_LEN(w); i++) {
		check_status(file_writer_commit(w[i], NULL, &err), STATUS_OK, &err);
		check_file("a", i == 0 ? "0" : i == 1 ? "01" : "012");
	}
	assert_int_equal(count_files(), 1);
}

static void test_writer_on_a_full_disk(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err err = ERR_INIT;

	(void)state;
	if (fd < 0)
		skip();
	check_status(file_write_all(fd, SLICE_EMPTY, &err), STATUS_OK, &err);
	check_status(file_write_all(fd, SLICE("x"), &err), STATUS_IO, &err);
	assert_int_equal(err.sys_errno, ENOSPC);
	close(fd);
	check_status(file_write_all(-1, SLICE("x"), &err), STATUS_IO, &err);
}

static void test_write_all_in_pieces(void **state)
{
	static uint8_t noise[300000], got[300000];
	struct err err = ERR_INIT;
	size_t done = 0;
	int ends[2];
	pid_t child;

	(void)state;
	/* A pipe takes 64 KiB at a time. */
	fill_noise(noise, sizeof(noise), 6);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0)
		_exit(file_write_all(ends[1], slice_make(noise, sizeof(noise)), &err) != STATUS_OK);
	close(ends[1]);
	while (done < sizeof(got)) {
		ssize_t n = read(ends[0], got + done, MIN(sizeof(got) - done, (size_t)5000));

		assert_true(n > 0);
		done += (size_t)n;
	}
	close(ends[0]);
	assert_memory_equal(got, noise, sizeof(noise));
}

static void test_mkdirs(void **state)
{
	struct err err = ERR_INIT;
	char long_path[PATH_MAX + 10];
	struct stat st;

	(void)state;
	check_status(file_mkdirs(in_root("a/b//c/"), &err), STATUS_OK, &err);
	assert_int_equal(stat(in_root("a/b/c"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	check_status(file_mkdirs(in_root("a/b/c"), &err), STATUS_OK, &err);
	write_file("file", SLICE("x"));
	check_status(file_mkdirs(in_root("file"), &err), STATUS_IO, &err);
	check_status(file_mkdirs(in_root("file/x"), &err), STATUS_IO, &err);
	check_status(file_mkdirs("", &err), STATUS_INVALID, &err);
	check_status(file_mkdirs("/", &err), STATUS_OK, &err);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	check_status(file_mkdirs(long_path, &err), STATUS_INVALID, &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* From here on the file system has no files without a name: vfat, overlayfs of older kernels, NFS. */
static bool without_unnamed(void)
{
	const struct scmp_arg_cmp unnamed = SCMP_A2(SCMP_CMP_MASKED_EQ, O_TMPFILE, O_TMPFILE);
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	bool ok = f && seccomp_rule_add(f, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(openat), 1, unnamed) == 0 &&
		  seccomp_load(f) == 0;

	seccomp_release(f);
	return ok && open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) < 0;
}

int main(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), failed;
	const struct CMUnitTest tests[] = {
		TEST(test_map),
		TEST(test_read),
		TEST(test_writer_commits),
		TEST(test_writer_in_the_working_directory),
		TEST(test_writer_leaves_nothing),
		TEST(test_writer_is_killed),
		TEST(test_writers_at_once),
		cmocka_unit_test(test_writer_on_a_full_disk),
		cmocka_unit_test(test_write_all_in_pieces),
		TEST(test_mkdirs),
	};

	have_unnamed = fd >= 0;
	close(fd);
	failed = cmocka_run_group_tests_name("files", tests, NULL, NULL);
	have_unnamed = false;
	if (without_unnamed())
		failed += cmocka_run_group_tests_name("files, none of them without a name", tests, NULL, NULL);
	return failed;
}
