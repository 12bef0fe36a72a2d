/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_detector_golden.c - every case below tests/golden/detector: DETECTOR/CASE/{root/ or make, limits, expect.jsonl}.
 *
 * argv[1] is that folder. root/ holds the files of a layer under their paths in the image: they are offered to the
 * detector's rules as a scan would do it, with mode, companion, byte ranges and second pass. What is large or binary is
 * made at test time: `make` is a Python script that is called with the path of an empty directory, which is root/ then.
 * limits holds lines "NAME VALUE" for fields of struct limits. expect.jsonl: see detector_print.h.
 */
#include "detector_print.h"

#include "io/file.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES_MAX 100 /* of one kind in expect.jsonl */

static const char *folder;
static size_t n_cases, n_bad;

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *at)
{
	(void)sb;
	(void)type;
	(void)at;
	return remove(path);
}

/* The files a script makes, in a directory of their own; false if the case has no script. */
static bool make_root(const char *dir, char *root, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	char script[4096];
	int status;
	pid_t pid;

	snprintf(script, sizeof(script), "%s/make", dir);
	if (access(script, R_OK) != 0)
		return false;
	snprintf(root, size, "%s/detector-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(root));
	pid = fork();
	if (pid == 0) {
		execlp("python3", "python3", "-B", script, root, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail_msg("%s: the script failed", script);
	return true;
}

static void set_limit(struct limits *limits, const char *dir, struct slice name, struct slice value)
{
	uint64_t n;

	if (!slice_to_u64(value, &n))
		fail_msg("%s/limits: no number", dir);
#define LIMIT_ROW(field, default_value, setting, why)                                                                  \
	if (slice_eq(name, SLICE(#field))) {                                                                           \
		limits->field = n;                                                                                     \
		return;                                                                                                \
	}
	LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
	fail_msg("%s/limits: there is no such limit", dir);
}

static void read_limits(const char *dir, struct limits *limits)
{
	struct buf text = BUF_INIT(4096);
	struct err err = ERR_INIT;
	char path[4096];
	struct slice rest, line;

	snprintf(path, sizeof(path), "%s/limits", dir);
	if (access(path, F_OK) != 0)
		return;
	assert_int_equal(file_read(path, &text, &err), STATUS_OK);
	rest = buf_slice(&text);
	while (slice_line(&rest, &line)) {
		struct slice name, value;

		if (line.len == 0)
			continue;
		slice_cut(line, ' ', &name, &value);
		set_limit(limits, dir, name, value);
	}
	buf_fini(&text);
}

static void check_case(const struct detector *d, const char *dir)
{
	struct buf want = BUF_INIT((size_t)16 << 20), got = BUF_INIT((size_t)64 << 20);
	struct limits limits = limits_default;
	struct err err = ERR_INIT;
	char root[4096], expect[4096];
	bool made = make_root(dir, root, sizeof(root));

	if (!made)
		snprintf(root, sizeof(root), "%s/root", dir);
	read_limits(dir, &limits);
	snprintf(expect, sizeof(expect), "%s/expect.jsonl", dir);
	if (file_read(expect, &want, &err) != STATUS_OK) {
		fprintf(stderr, "%s: %s\n", expect, err.msg);
		n_bad++;
	}
	if (detector_print(d, root, &limits, LINES_MAX, &got, &err) != STATUS_OK)
		fail_msg("%s: %s", dir, err.msg);
	if (!slice_eq(buf_slice(&got), buf_slice(&want))) {
		fprintf(stderr, "%s: got\n%.*s", dir, (int)got.len, (const char *)got.ptr);
		n_bad++;
	}
	if (made)
		nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	buf_fini(&want);
	buf_fini(&got);
	n_cases++;
}

static void test_cases(void **state)
{
	size_t n;
	const struct detector *const *list = detectors(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char dir[2048], path[3072];
		size_t before = n_cases;
		struct dirent *e;
		DIR *d;

		snprintf(dir, sizeof(dir), "%s/%s", folder, list[i]->name);
		d = opendir(dir);
		if (!d)
			fail_msg("%s: there is no golden case of this detector", dir);
		while ((e = readdir(d)) != NULL) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
			check_case(list[i], path);
		}
		closedir(d);
		assert_true(n_cases > before);
	}
	assert_int_equal(n_bad, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	if (argc != 2)
		return 2;
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
