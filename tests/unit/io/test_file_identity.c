/* SPDX-License-Identifier: Apache-2.0 */
/* test_file_identity.c - whatever changes gives a file another name, and one that just changed has none. */
#include "io/file_identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define EXT4 0xef53u
#define NFS 0x6969u

static const struct stat settled = { .st_mode = S_IFREG | 0644,
				     .st_dev = 0x801,
				     .st_ino = 1234,
				     .st_size = 567,
				     .st_mtim = { 1700000000, 1 },
				     .st_ctim = { 1700000100, 2 } };
#define LATER (1700000100 + FILE_IDENTITY_SETTLED_S)

static struct file_identity name_of(const struct stat *st)
{
	struct file_identity id;

	assert_true(file_identity_of(st, EXT4, LATER, &id));
	return id;
}

static void test_its_text(void **state)
{
	(void)state;
	assert_string_equal(name_of(&settled).text, "file 8:1 1234 567 1700000000.000000001 1700000100.000000002");
}

static void test_every_change_shows(void **state)
{
	struct stat changed[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changed); i++)
		changed[i] = settled;
	changed[0].st_dev++;
	changed[1].st_ino++;
	changed[2].st_size++;
	changed[3].st_mtim.tv_nsec++;
	changed[4].st_ctim.tv_nsec++;
	changed[5].st_ctim.tv_sec--;
	for (size_t i = 0; i < ARRAY_LEN(changed); i++)
		assert_string_not_equal(name_of(&changed[i]).text, name_of(&settled).text);
}

static void test_who_has_none(void **state)
{
	struct file_identity id;
	struct stat st = settled;

	(void)state;
	assert_false(file_identity_of(&st, EXT4, LATER - 1, &id));
	assert_false(file_identity_of(&st, NFS, LATER, &id));
	st.st_mtim.tv_sec = LATER; /* set by somebody, or by a clock that was wrong */
	assert_false(file_identity_of(&st, EXT4, LATER, &id));
	st = settled;
	st.st_mode = S_IFDIR | 0755;
	assert_false(file_identity_of(&st, EXT4, LATER, &id));
}

static void test_a_real_file(void **state)
{
	char path[] = "/tmp/limpid-identity-XXXXXX";
	int fd = mkstemp(path);
	struct file_identity first, second;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(fstat(fd, &st), 0);
	assert_false(file_identity(fd, st.st_ctim.tv_sec + 1, &first));
	if (!file_identity(fd, st.st_ctim.tv_sec + 3600, &first)) {
		close(fd);
		skip(); /* a file system that does not count */
	}
	assert_int_equal(write(fd, "x", 1), 1);
	assert_true(file_identity(fd, st.st_ctim.tv_sec + 3600, &second));
	assert_string_not_equal(first.text, second.text);
	close(fd);
	assert_false(file_identity(fd, st.st_ctim.tv_sec + 3600, &second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_text),
		cmocka_unit_test(test_every_change_shows),
		cmocka_unit_test(test_who_has_none),
		cmocka_unit_test(test_a_real_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
