/* SPDX-License-Identifier: Apache-2.0 */
/* archives.h - the records that make-archives writes. */
#ifndef LIMPID_TESTS_UNIT_IO_ARCHIVES_H
#define LIMPID_TESTS_UNIT_IO_ARCHIVES_H

#include "base/err.h"
#include "streams.h"

#include <stdio.h>

struct archive_record {
	struct slice name, status, flags;
	uint64_t offset; /* of the failure; UINT64_MAX: not said */
	struct slice stored;
	size_t entries, diags;
	struct slice lines; /* one for each entry */
};

static inline bool archive_flag(const struct archive_record *r, char flag)
{
	return slice_find_byte(r->flags, (uint8_t)flag) != SIZE_MAX;
}

static inline uint64_t archive_number(struct slice *line)
{
	struct slice word;
	uint64_t n = UINT64_MAX;

	assert_true(slice_word(line, ' ', &word));
	if (!slice_eq(word, SLICE("-1")))
		assert_true(slice_to_u64(word, &n));
	return n;
}

static inline bool archive_next(struct slice *rest, struct archive_record *r)
{
	struct slice line, at;
	uint64_t stored;

	if (!slice_line(rest, &line))
		return false;
	assert_true(slice_word(&line, ' ', &r->name) && slice_word(&line, ' ', &r->status));
	r->offset = archive_number(&line);
	assert_true(slice_word(&line, ' ', &r->flags));
	stored = archive_number(&line);
	r->entries = (size_t)archive_number(&line);
	r->diags = (size_t)archive_number(&line);
	r->stored = slice_take(*rest, (size_t)stored);
	assert_int_equal(r->stored.len, stored);
	*rest = at = slice_from(*rest, (size_t)stored);
	for (size_t i = 0; i < r->entries; i++)
		assert_true(slice_line(rest, &line));
	r->lines = slice_take(at, at.len - rest->len);
	return true;
}

static inline void archive_hex(struct buf *out, struct slice bytes)
{
	if (bytes.len == 0)
		buf_add_byte(out, '-');
	for (size_t i = 0; i < bytes.len; i++)
		buf_printf(out, "%02x", bytes.ptr[i]);
}

/* A line as make-archives writes it. */
static inline void archive_line(struct buf *out, char type, unsigned mode, uint64_t size, uint32_t crc, bool sparse,
				struct slice path, struct slice link)
{
	buf_printf(out, "%c %o %llu %u %d ", type, mode, (unsigned long long)size, crc, sparse);
	archive_hex(out, path);
	buf_add_byte(out, ' ');
	archive_hex(out, link);
	buf_add_byte(out, '\n');
}

static inline int archive_compare_lines(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* The lines ordered; the fifth word, whether there are holes, is made the same. */
static inline void archive_sort(struct buf *lines)
{
	struct slice rest = buf_slice(lines), at[64];
	struct buf sorted = BUF_INIT(1 << 20);
	size_t n = 0;

	for (size_t word = 0, i = 0; i < lines->len; i++) {
		word = lines->ptr[i] == '\n' ? 0 : word + (lines->ptr[i] == ' ');
		if (word == 4 && lines->ptr[i] == '1')
			lines->ptr[i] = '0';
	}
	while (slice_line(&rest, &at[n]))
		assert_true(++n < ARRAY_LEN(at));
	qsort(at, n, sizeof(*at), archive_compare_lines);
	for (size_t i = 0; i < n; i++) {
		buf_add(&sorted, at[i]);
		buf_add_byte(&sorted, '\n');
	}
	buf_reset(lines);
	buf_add(lines, buf_slice(&sorted));
	buf_fini(&sorted);
}

/* Fails the test with the first line that differs. */
static inline void archive_check_lines(const struct archive_record *r, struct buf *got, const char *how)
{
	struct buf want = BUF_INIT(1 << 24);
	struct slice g, w, got_line, want_line;

	buf_add(&want, r->lines);
	if (archive_flag(r, 'u')) {
		archive_sort(got);
		archive_sort(&want);
	}
	g = buf_slice(got);
	w = buf_slice(&want);
	while (!slice_eq(g, w)) {
		bool more_got = slice_line(&g, &got_line), more_want = slice_line(&w, &want_line);

		if (!more_got || !more_want || !slice_eq(got_line, want_line))
			fail_msg("%.*s, %s:\n got %.*s\nwant %.*s", SLICE_ARG(r->name), how,
				 SLICE_ARG(more_got ? got_line : SLICE("no more")),
				 SLICE_ARG(more_want ? want_line : SLICE("no more")));
	}
	buf_fini(&want);
}

#endif
