/* SPDX-License-Identifier: Apache-2.0 */
/* test_process.c - descriptors that are closed, mapped files that are cut, signals that end the process. */
#include "cli/cli.h"
#include "io/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/limpid-process-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/report", root);
	unlink(path);
	return rmdir(root); /* fails if something else was left */
}

/* A process that does it, its standard error in out: its wait status. */
static int in_child(void (*work)(void), char *out, size_t size)
{
	int ends[2], wait_status = 0;
	ssize_t n, at = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		work();
		_exit(99);
	}
	close(ends[1]);
	while ((n = read(ends[0], out + at, size - 1 - (size_t)at)) > 0)
		at += n;
	out[at] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	return wait_status;
}

static void closed_descriptors(void)
{
	char byte = 'x';
	int fd;

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	cli_begin();
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd <= STDERR_FILENO || write(STDOUT_FILENO, &byte, 1) >= 0 || errno != EBADF ||
	    read(STDIN_FILENO, &byte, 1) >= 0 || errno != EBADF)
		_exit(98);
	puts("a report");
	_exit(cli_end(EXIT_DONE));
}

static void test_closed_descriptors(void **state)
{
	char said[500];
	int status = in_child(closed_descriptors, said, sizeof(said));

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_UNREADABLE);
	assert_string_equal(said, "limpid: cannot write to standard output: Bad file descriptor\n");
}

static void good_descriptors(void)
{
	if (!freopen("/dev/null", "w", stdout))
		_exit(98);
	cli_begin();
	puts("a report");
	_exit(cli_end(EXIT_FINDINGS));
}

static void test_good_descriptors(void **state)
{
	char said[500];
	int status = in_child(good_descriptors, said, sizeof(said));

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FINDINGS);
	assert_string_equal(said, "");
}

/* A page of a file that is there no more. */
static void touch_lost_bytes(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	const volatile char *map;

	if (ftruncate(fd, 4096) != 0)
		_exit(98);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || ftruncate(fd, 0) != 0)
		_exit(98);
	_exit(map[0] == 0 ? 97 : 96);
}

static void lose_bytes(void)
{
	cli_begin();
	touch_lost_bytes();
}

#if !UNDER_SANITIZER /* which takes the signal itself */
static void lose_bytes_in_a_worker(void)
{
	int status = 0;
	pid_t child;

	cli_begin();
	child = fork();
	if (child == 0)
		touch_lost_bytes();
	waitpid(child, &status, 0);
	_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS ? 0 : 95);
}
#endif

static void test_lost_bytes(void **state)
{
	char said[500];
	int status = in_child(lose_bytes, said, sizeof(said));

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_UNREADABLE);
	assert_non_null(strstr(said, "was cut"));
#if !UNDER_SANITIZER
	status = in_child(lose_bytes_in_a_worker, said, sizeof(said));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(said, "");
#endif
}

/* A report is begun where files must have names; a worker's end takes nothing away, that of the process does. */
static void begin_a_report(int number)
{
	const struct scmp_arg_cmp unnamed = SCMP_A2(SCMP_CMP_MASKED_EQ, O_TMPFILE, O_TMPFILE);
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	struct cli_output out;
	struct err err = ERR_INIT;
	char path[64];
	int status = 0;
	pid_t child;

	if (!f || seccomp_rule_add(f, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(openat), 1, unnamed) != 0 ||
	    seccomp_load(f) != 0)
		_exit(98);
	snprintf(path, sizeof(path), "%s/report", root);
	cli_begin();
	if (cli_output_open(path, &out, &err) != STATUS_OK || !file_writer_temporary(out.writer))
		_exit(97);
	child = fork();
	if (child == 0)
		raise(number);
	waitpid(child, &status, 0);
	if (!WIFSIGNALED(status) || access(file_writer_temporary(out.writer), F_OK) != 0)
		_exit(96);
	raise(number);
}

static void begin_and_terminate(void)
{
	begin_a_report(SIGTERM);
}

static void begin_and_interrupt(void)
{
	begin_a_report(SIGINT);
}

static void test_signals(void **state)
{
	char said[500];
	int status = in_child(begin_and_terminate, said, sizeof(said));

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	status = in_child(begin_and_interrupt, said, sizeof(said));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_closed_descriptors), TEST(test_good_descriptors),
					    TEST(test_lost_bytes), TEST(test_signals) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
