/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tar_oracle.c - libarchive reads the archives of test_tar.c, and finds the same in those that are flagged "a" or
 * "u".
 *
 * usage: test_tar_oracle FILE
 *
 * That test compares limpid with the same lines; so this one says that the lines are right.
 */
#include "io/file.h"
#include "io/tar.h"
#include "archives.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <lzma.h>

static const char *archives_file;

static char letter(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return 'h';
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return 'f';
	case AE_IFDIR:
		return 'd';
	case AE_IFLNK:
		return 'l';
	case AE_IFCHR:
		return 'c';
	case AE_IFBLK:
		return 'b';
	case AE_IFIFO:
		return 'p';
	default:
		return '?';
	}
}

static void add_entry(struct archive *a, struct archive_entry *e, struct buf *lines, struct slice *holes)
{
	char type = letter(e);
	struct slice raw = slice_cstr(archive_entry_pathname(e)), link = SLICE_EMPTY;
	uint8_t *path = malloc(raw.len + 1), *target = NULL;
	struct buf body = BUF_INIT(1 << 24);
	uint64_t size = 0;
	ssize_t n = 1;

	assert_non_null(path);
	if (type == 'l')
		link = slice_cstr(archive_entry_symlink(e));
	if (type == 'h') {
		link = slice_cstr(archive_entry_hardlink(e));
		target = malloc(link.len + 1);
		assert_non_null(target);
		link = path_normalise(link, target);
	}
	while (type == 'f' && n > 0) {
		uint8_t *room = buf_reserve(&body, 65536);

		assert_non_null(room);
		n = archive_read_data(a, room, 65536);
		assert_true(n >= 0);
		body.len += (size_t)n;
	}
	if (type == 'f')
		size = (uint64_t)archive_entry_size(e);
	archive_line(lines, type, archive_entry_perm(e), size, lzma_crc32(body.ptr, body.len, 0),
		     holes && type == 'f' && slice_starts(*holes, SLICE("1")), path_normalise(raw, path), link);
	buf_fini(&body);
	free(path);
	free(target);
}

static void check_record(const struct archive_record *r)
{
	struct archive *a = archive_read_new();
	struct buf lines = BUF_INIT(1 << 24);
	struct slice rest = r->lines, line;
	struct archive_entry *e;
	int rc;

	assert_non_null(a);
	assert_int_equal(archive_read_support_format_tar(a), ARCHIVE_OK);
	archive_read_support_format_empty(a);
	assert_int_equal(archive_read_open_memory(a, r->stored.ptr, r->stored.len), ARCHIVE_OK);
	while ((rc = archive_read_next_header(a, &e)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		/* It does not say whether there are holes: that is taken from the line. */
		struct slice holes = SLICE_EMPTY;

		if (slice_line(&rest, &line))
			for (size_t i = 0; i < 5; i++)
				slice_word(&line, ' ', &holes);
		add_entry(a, e, &lines, &holes);
	}
	if (rc != ARCHIVE_EOF)
		fail_msg("%.*s: libarchive: %s", SLICE_ARG(r->name), archive_error_string(a));
	archive_check_lines(r, &lines, "libarchive");
	archive_read_free(a);
	buf_fini(&lines);
}

static void test_libarchive(void **state)
{
	struct archive_record r = { 0 };
	struct err err = ERR_INIT;
	struct file_map map;
	struct slice rest;
	size_t n = 0;

	(void)state;
	check_status(file_map_open(archives_file, &map, &err), STATUS_OK, &err);
	rest = map.bytes;
	while (archive_next(&rest, &r)) {
		if (archive_flag(&r, 'a') || archive_flag(&r, 'u')) {
			check_record(&r);
			n++;
		}
	}
	assert_true(n > 150);
	file_map_close(&map);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_libarchive) };

	if (argc != 2)
		return 2;
	/* Without it names that are not ASCII are none for libarchive. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	archives_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
