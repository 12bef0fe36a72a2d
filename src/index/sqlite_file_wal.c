/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_file_wal.c - SQLite's write-ahead log: which of its frames a reader of the database has to see.
 *
 * Source: the SQLite documentation, "WAL-mode File Format". What counts is the longest run of frames from the beginning
 * whose salts are the header's and whose running checksum fits, up to its last commit.
 */
#include "index/sqlite_file.h"

#define WAL_HEAD 32
#define FRAME_HEAD 24
#define WAL_MAGIC 0x377f0682u /* its last bit: checksums are taken over big-endian words */
#define WAL_VERSION 3007000u

struct sum {
	uint32_t a, b;
};

/* n is a multiple of 8. */
static struct sum add_big(struct sum s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		s.a += page_be32(p + i) + s.b;
		s.b += page_be32(p + i + 4) + s.a;
	}
	return s;
}

static struct sum add_little(struct sum s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		s.a += page_le32(p + i) + s.b;
		s.b += page_le32(p + i + 4) + s.a;
	}
	return s;
}

static struct sum add(struct sum s, bool big, const uint8_t *p, size_t n)
{
	return big ? add_big(s, p, n) : add_little(s, p, n);
}

static bool fits(struct sum s, const uint8_t *stored)
{
	return s.a == page_be32(stored) && s.b == page_be32(stored + 4);
}

static const char *check_head(struct slice bytes, uint32_t page_size, struct sum *out_sum, bool *out_big)
{
	uint32_t magic;

	if (bytes.len < WAL_HEAD)
		return "it ends in its header";
	magic = page_be32(bytes.ptr);
	if ((magic & ~1u) != WAL_MAGIC)
		return "its magic number is wrong";
	*out_big = magic & 1;
	*out_sum = add((struct sum){ 0, 0 }, *out_big, bytes.ptr, 24);
	if (!fits(*out_sum, bytes.ptr + 24))
		return "the checksum of its header is wrong";
	if (page_be32(bytes.ptr + 4) != WAL_VERSION)
		return "its version is not known";
	if (page_be32(bytes.ptr + 8) != page_size)
		return "its pages are not of the database's size";
	return NULL;
}

/* Frames that count; *out_pages: of the database after the last of them. */
static uint32_t count_frames(const struct sqlite_file *db, struct sum sum, bool big, uint32_t *out_pages)
{
	struct slice bytes = db->log;
	size_t size = FRAME_HEAD + (size_t)db->page_size;
	uint32_t n = 0, committed = 0;

	for (struct slice rest = slice_from(bytes, WAL_HEAD); rest.len >= size; rest = slice_from(rest, size)) {
		const uint8_t *p = rest.ptr;

		if (db->touched)
			db->touched(db->ctx, size);
		if (page_be32(p) == 0 || memcmp(p + 8, bytes.ptr + 16, 8) != 0)
			break;
		sum = add(sum, big, p, 8);
		sum = add(sum, big, p + FRAME_HEAD, db->page_size);
		if (!fits(sum, p + 16))
			break;
		n++;
		if (page_be32(p + 4) != 0) {
			committed = n;
			*out_pages = page_be32(p + 4);
		}
	}
	return committed;
}

enum status sqlite_file_wal_index(const struct sqlite_file *db, uint64_t file_pages, struct sqlite_file_wal *out,
			     const char **why_not, struct err *err)
{
	struct slice bytes = db->log;
	struct sum sum = { 0, 0 };
	bool big = false;
	uint32_t n, n_pages = 0, *frames;
	uint64_t slots;

	*out = (struct sqlite_file_wal){ 0 };
	*why_not = bytes.len == 0 ? NULL : check_head(bytes, db->page_size, &sum, &big);
	if (bytes.len == 0 || *why_not)
		return STATUS_OK;
	n = count_frames(db, sum, big, &n_pages);
	if (n == 0) {
		*why_not = bytes.len > WAL_HEAD ? "nothing in it was committed" : NULL;
		return STATUS_OK;
	}
	/* Every page is in the file or in the log: a database with more of them has gaps. */
	slots = MIN((uint64_t)n_pages, file_pages + n) + 1;
	frames = arena_array(db->arena, (size_t)slots, sizeof(*frames));
	if (!frames)
		return err_nomem(err, "write-ahead log");
	for (uint32_t i = 0; i < n; i++) {
		uint32_t page = page_be32(bytes.ptr + WAL_HEAD + (FRAME_HEAD + (size_t)db->page_size) * i);

		if (page < slots)
			frames[page] = i + 1;
	}
	*out = (struct sqlite_file_wal){ bytes, db->page_size, n_pages, frames, (uint32_t)slots };
	return STATUS_OK;
}

bool sqlite_file_wal_page(const struct sqlite_file_wal *w, uint32_t number, struct slice *out)
{
	size_t size = FRAME_HEAD + (size_t)w->page_size;

	if (number >= w->n_frames || w->frames[number] == 0)
		return false;
	*out = slice_make(w->bytes.ptr + WAL_HEAD + size * (w->frames[number] - 1) + FRAME_HEAD, w->page_size);
	return true;
}
