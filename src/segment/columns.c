/* SPDX-License-Identifier: Apache-2.0 */
/* columns.c - a segment's tables turned by columns and differences, so that two states of a source look alike. */
#include "segment/layout.h"
#include "segment/segment.h"

/* Widths of a table's columns in bytes; 0 ends them. A hash has no neighbours to differ from: it is left as it is. */
struct table {
	enum layout_section section;
	uint8_t widths[6];
	bool hash_last;
};

static const struct table tables[] = {
	{ LAYOUT_SCOPES, { 4, 4, 4 }, false }, { LAYOUT_KEYS, { 4, 4 }, false },
	{ LAYOUT_ROWS, { 4, 4 }, false },      { LAYOUT_ADVISORIES, { 4, 4, 4, 4, 8 }, true },
	{ LAYOUT_BLOCKS, { 8, 4, 4 }, false }, { LAYOUT_ALIASES, { 4, 4 }, false },
};

static uint64_t get(const uint8_t *p, size_t width)
{
	uint64_t n = 0;

	for (size_t i = width; i-- > 0;)
		n = n << 8 | p[i];
	return n;
}

static void put(uint8_t *p, size_t width, uint64_t n)
{
	for (size_t i = 0; i < width; i++)
		p[i] = (uint8_t)(n >> (8 * i));
}

/* One table: entries one after the other <-> columns one after the other, each number less the one before it. */
static void turn(const struct table *t, const uint8_t *in, uint8_t *out, size_t len, bool back)
{
	size_t entry = 0, n, at = 0, field = 0;

	for (size_t i = 0; t->widths[i]; i++)
		entry += t->widths[i];
	n = len / entry;
	for (size_t c = 0; t->widths[c]; c++) {
		bool plain = t->hash_last && t->widths[c + 1] == 0;
		size_t width = t->widths[c];
		uint64_t last = 0;

		for (size_t i = 0; i < n; i++, at += width) {
			size_t there = i * entry + field;
			uint64_t value = get(in + (back ? at : there), width);

			put(out + (back ? there : at), width, plain ? value : back ? value + last : value - last);
			last = back ? value + last : value;
		}
		field += width;
	}
	memcpy(out + n * entry, in + n * entry, len - n * entry);
}

/* The header stays, so that both ways find the tables by it. */
static enum status turn_all(struct slice in, uint8_t *out, bool back, struct err *err)
{
	struct layout_header h;

	TRY(layout_header_parse(in, &h, err));
	if (h.file_size != in.len)
		return err_set(err, STATUS_MALFORMED, "a segment of %llu bytes has %zu",
			       (unsigned long long)h.file_size, in.len);
	memcpy(out, in.ptr, in.len);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		uint64_t at = h.section[tables[i].section].offset, len = h.section[tables[i].section].len;

		if (at < LAYOUT_HEADER_BYTES || at > in.len || len > in.len - at)
			return err_set(err, STATUS_MALFORMED, "a table of a segment lies outside of it");
		turn(&tables[i], in.ptr + at, out + at, (size_t)len, back);
	}
	return STATUS_OK;
}

enum status segment_to_columns(struct slice file, uint8_t *out, struct err *err)
{
	return turn_all(file, out, false, err);
}

enum status segment_from_columns(struct slice turned, uint8_t *out, struct err *err)
{
	return turn_all(turned, out, true, err);
}
