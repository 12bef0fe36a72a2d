/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_golden.c - every case below tests/golden/format: FORMAT/CASE/{input*, param, expect.jsonl}.
 *
 * argv[1] is that folder. The whole input is read from a copy that ends with it, so that sanitizers see a read past it,
 * and every beginning of it is tried: an error or not, never a crash.
 */
#include "format_print.h"

#include "io/file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *folder;
static size_t n_cases, n_bad;

/* Beginnings of an input are tried in steps, so that long ones do not take minutes. */
#define CUTS 200

static bool read_file(const char *dir, const char *name, struct buf *out)
{
	char path[8192];
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return file_read(path, out, &err) == STATUS_OK;
}

static bool find_input(const char *dir, char *out, size_t size)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)) != NULL) {
		found = strncmp(e->d_name, "input", 5) == 0;
		if (found)
			snprintf(out, size, "%s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

static void try_beginnings(const struct feed_format *format, struct slice param, struct slice input)
{
	size_t step = input.len / CUTS + 1;

	for (size_t n = 0; n < input.len; n += step) {
		struct buf out = BUF_INIT((size_t)64 << 20);
		uint8_t *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, input.ptr, n);
		format_print(format, param, slice_make(copy, n), &limits_default, &out);
		free(copy);
		buf_fini(&out);
	}
}

static void check_case(const struct feed_format *format, const char *dir)
{
	struct buf input = BUF_INIT((size_t)16 << 20), want = BUF_INIT((size_t)16 << 20), param = BUF_INIT(4096);
	struct buf got = BUF_INIT((size_t)64 << 20);
	char name[300];
	uint8_t *copy;

	if (!find_input(dir, name, sizeof(name)) || !read_file(dir, name, &input) ||
	    !read_file(dir, "expect.jsonl", &want))
		fail_msg("%s: input* or expect.jsonl is missing", dir);
	read_file(dir, "param", &param);
	copy = malloc(input.len ? input.len : 1);
	assert_non_null(copy);
	if (input.len > 0)
		memcpy(copy, input.ptr, input.len);
	format_print(format, slice_trim(buf_slice(&param)), slice_make(copy, input.len), &limits_default, &got);
	free(copy);
	if (!slice_eq(buf_slice(&got), buf_slice(&want))) {
		fprintf(stderr, "%s: got\n%.*s", dir, SLICE_ARG(buf_slice(&got)));
		n_bad++;
	}
	try_beginnings(format, slice_trim(buf_slice(&param)), buf_slice(&input));
	buf_fini(&input);
	buf_fini(&want);
	buf_fini(&param);
	buf_fini(&got);
	n_cases++;
}

static void test_cases(void **state)
{
	static const char *const names[] = {
#define FEED_FORMAT(name, what) #name,
#include "feed/formats.def"
#undef FEED_FORMAT
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char dir[2048], path[4096];
		size_t before = n_cases;
		struct dirent *e;
		DIR *d;

		snprintf(dir, sizeof(dir), "%s/%s", folder, names[i]);
		d = opendir(dir);
		if (!d)
			fail_msg("%s: there is no golden case of this format", dir);
		while ((e = readdir(d)) != NULL) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
			check_case(format_by_name(slice_cstr(names[i])), path);
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
