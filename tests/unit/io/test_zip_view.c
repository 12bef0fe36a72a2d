/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_zip_view.c - the archives that make-zips made, walked in place: what Python reads is read the same.
 *
 * usage: test_zip_view FILE
 */
#include "io/file.h"
#include "io/zip_view.h"
#include "streams.h"

#include <stdlib.h>

static const char *zips_file;

struct record {
	struct slice name, stored;
	bool good; /* libzip, with its checks, opens it */
	size_t members;
};

static uint64_t number(struct slice *line)
{
	struct slice word;
	uint64_t n = 0;

	assert_true(slice_word(line, ' ', &word) && slice_to_u64(word, &n));
	return n;
}

static bool next_record(struct slice *rest, struct record *r)
{
	struct slice line, word;
	size_t stored;

	if (!slice_line(rest, &line))
		return false;
	assert_true(slice_word(&line, ' ', &r->name));
	assert_true(slice_word(&line, ' ', &word));
	r->good = slice_eq(word, SLICE("OK"));
	assert_true(slice_word(&line, ' ', &word));
	stored = (size_t)number(&line);
	r->members = (size_t)number(&line);
	r->stored = slice_take(*rest, stored);
	*rest = slice_from(*rest, stored);
	return true;
}

static uint8_t hex_at(struct slice s, size_t i)
{
	return (uint8_t)(hex_value(s.ptr[i]) << 4 | hex_value(s.ptr[i + 1]));
}

/* "STATUS SIZE CRC DIRECTORY NAME", NAME in hex. */
static void check_member(struct zip_view *z, struct slice line)
{
	struct slice status, crc, directory, name = SLICE_EMPTY;
	struct err err = ERR_INIT;
	struct zip_entry e;
	uint8_t *out;
	uint64_t size;

	assert_true(slice_word(&line, ' ', &status));
	size = number(&line);
	assert_true(slice_word(&line, ' ', &crc) && slice_word(&line, ' ', &directory));
	slice_word(&line, ' ', &name);
	assert_int_equal(zip_view_next(z, &e, &err), STATUS_OK);
	assert_int_equal(e.name.len, name.len / 2);
	for (size_t i = 0; i < e.name.len; i++)
		assert_true(e.name.ptr[i] == hex_at(name, 2 * i) || e.name.ptr[i] == 0); /* libzip's NUL is a blank */
	assert_int_equal(e.size, size);
	if (!slice_eq(status, SLICE("OK")) || size > (64u << 20))
		return;
	out = malloc(size + 1);
	assert_non_null(out);
	assert_int_equal(zip_view_unpack(z, &e, out, &err),
			 e.method == 0 || e.method == 8 ? STATUS_OK : STATUS_UNSUPPORTED); /* libzip has more methods */
	free(out);
}

static void members_are_what_others_read(void **state)
{
	struct buf file = BUF_INIT(SIZE_MAX);
	struct err err = ERR_INIT;
	struct slice rest, line;
	struct record r;
	size_t good = 0;

	(void)state;
	assert_int_equal(file_read(zips_file, &file, &err), STATUS_OK);
	rest = buf_slice(&file);
	while (next_record(&rest, &r)) {
		struct zip_view z = { .begin = 0 };
		struct zip_entry e;

		if (r.good) {
			assert_int_equal(zip_view_open(r.stored, &z, &err), STATUS_OK);
			good++;
		}
		for (size_t i = 0; i < r.members; i++) {
			assert_true(slice_line(&rest, &line));
			if (r.good)
				check_member(&z, line);
		}
		if (r.good)
			assert_int_equal(zip_view_next(&z, &e, &err), STATUS_NOTFOUND);
	}
	assert_true(good > 5);
	buf_fini(&file);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_what_others_read),
	};

	if (argc != 2)
		return 2;
	zips_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
