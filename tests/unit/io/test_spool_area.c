/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of io/spool.h's area: the one file for everything that is too large for memory. */
#include "io/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY 100

static struct spool *read_text(struct spool_area *area, char c, size_t n, uint64_t max, enum status expected)
{
	char *text = malloc(n);
	struct source *src;
	struct spool *spool = NULL;
	struct err err = ERR_INIT;

	memset(text, c, n);
	src = source_from_slice(slice_make(text, n));
	assert_non_null(src);
	assert_int_equal(spool_read_into(area, src, MEMORY, max, &spool, &err), expected);
	source_free(src);
	free(text);
	return spool;
}

static void assert_all(struct spool *spool, char c, size_t n)
{
	struct slice bytes;
	struct err err = ERR_INIT;

	assert_int_equal(spool_slice(spool, &bytes, &err), STATUS_OK);
	assert_int_equal(bytes.len, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(bytes.ptr[i], c);
}

static off_t file_size(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

static void test_side_by_side(void **state)
{
	struct spool_area area = { .fd = memfd_create("test", MFD_CLOEXEC) };
	struct spool *small, *a, *b;

	(void)state;
	small = read_text(&area, 's', MEMORY, 1000000, STATUS_OK);
	assert_int_equal(file_size(area.fd), 0);
	a = read_text(&area, 'a', 150000, 1000000, STATUS_OK);
	b = read_text(&area, 'b', 200000, 1000000, STATUS_OK);
	assert_all(small, 's', MEMORY);
	assert_all(a, 'a', 150000);
	assert_all(b, 'b', 200000);
	spool_free(a);
	assert_all(b, 'b', 200000);
	spool_free(b);
	assert_int_equal(file_size(area.fd), 0);
	assert_int_equal(area.live, 0);
	spool_free(small);
	close(area.fd);
}

/* The cap is of the area: the second spool has what the first one left. */
static void test_cap(void **state)
{
	struct spool_area area = { .fd = memfd_create("test", MFD_CLOEXEC) };
	struct spool *a;

	(void)state;
	a = read_text(&area, 'a', 600000, 1000000, STATUS_OK);
	assert_null(read_text(&area, 'b', 600000, 1000000, STATUS_LIMIT));
	assert_all(a, 'a', 600000);
	spool_free(a);
	a = read_text(&area, 'c', 1000000, 1000000, STATUS_OK);
	assert_all(a, 'c', 1000000);
	spool_free(a);
	assert_null(read_text(&area, 'd', 1000001, 1000000, STATUS_LIMIT));
	assert_int_equal(area.live, 0);
	close(area.fd);
}

/* A process that has the file keeps others waiting, and one that dies with it does not. */
static void test_processes_take_turns(void **state)
{
	struct spool_area area = { .fd = memfd_create("test", MFD_CLOEXEC) };
	_Atomic int *ending = mmap(NULL, sizeof(*ending), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ready[2], wait_status;
	struct spool *mine;
	char byte;
	pid_t pid;

	(void)state;
	assert_ptr_not_equal(ending, MAP_FAILED);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		read_text(&area, 'x', 300000, 1000000, STATUS_OK);
		usleep(write(ready[1], "", 1) == 1 ? 50000 : 0);
		*ending = 1;
		_exit(7); /* without giving it back */
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	mine = read_text(&area, 'y', 200000, 1000000, STATUS_OK);
	assert_int_equal(*ending, 1);
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	assert_int_equal(WEXITSTATUS(wait_status), 7);
	assert_all(mine, 'y', 200000);
	spool_free(mine);
	close(area.fd);
	close(ready[0]);
	close(ready[1]);
	munmap((void *)ending, sizeof(*ending));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_processes_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
