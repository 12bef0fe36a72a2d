/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - looks things up in a mapped segment; every offset of the file is checked where it is used. */
#include "segment/segment.h"

#include "segment/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum status segment_damaged(struct err *err, const char *what)
{
	return err_set(err, STATUS_MALFORMED, "segment: %s is damaged", what);
}

bool segment_text(const struct segment *s, uint32_t offset, struct slice *out)
{
	struct slice heap = s->section[LAYOUT_STRINGS];
	struct cursor c;

	if (offset >= heap.len)
		return false;
	/* Nearly every text is shorter than 128 bytes. */
	if (heap.ptr[offset] < 0x80 && heap.ptr[offset] < heap.len - offset) {
		*out = slice_make(heap.ptr + offset + 1, heap.ptr[offset]);
		return true;
	}
	c = cursor_at(heap, offset);
	return layout_take_text(&c, out);
}

static enum status read_meta(struct segment *s, struct err *err)
{
	struct cursor c = cursor_at(s->section[LAYOUT_META], 0);
	uint64_t upstream;

	if (!layout_take_text(&c, &s->meta.source) || !layout_take_text(&c, &s->meta.feed) ||
	    !layout_take_text(&c, &s->meta.origin) || !cursor_u64le(&c, &upstream) || cursor_left(&c) != 0)
		return segment_damaged(err, "its description");
	s->meta.upstream_s = (int64_t)upstream;
	s->stats = (struct segment_stats){ s->h.advisories, s->h.rows, s->h.scopes, s->h.file_size };
	return STATUS_OK;
}

static enum status open_bytes(struct segment *s, struct err *err)
{
	TRY(layout_header_parse(s->bytes, &s->h, err));
	for (size_t i = 0; i < LAYOUT_SECTIONS; i++)
		s->section[i] = slice_make(s->bytes.ptr + s->h.section[i].offset, (size_t)s->h.section[i].len);
	return read_meta(s, err);
}

enum status segment_open_slice(struct slice bytes, struct segment **out, struct err *err)
{
	struct segment *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "segment");
	s->bytes = bytes;
	st = open_bytes(s, err);
	if (st == STATUS_OK)
		*out = s;
	else
		free(s);
	return st;
}

enum status segment_open(const char *dir, const struct digest *digest, struct segment **out, struct err *err)
{
	struct layout_name name;
	struct segment *s;
	char path[4096];
	enum status st;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, layout_file_name(&name, digest)) >= sizeof(path))
		return err_set(err, STATUS_INVALID, "the path is too long: %s", dir);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err, "segment");
	s->digest = *digest;
	st = file_map_open(path, &s->map, err);
	if (st == STATUS_OK) {
		s->bytes = s->map.bytes;
		st = open_bytes(s, err);
		if (st != STATUS_OK)
			err_wrap(err, "%s", path);
	}
	if (st == STATUS_OK)
		*out = s;
	else
		segment_free(s);
	return st;
}

enum status segment_open_of(const char *dir, const struct digest *digest, struct slice source, struct segment **out,
			    struct err *err)
{
	struct layout_name name;
	struct err_quote q;
	struct segment *s;

	TRY(segment_open(dir, digest, &s, err));
	if (slice_eq(s->meta.source, source)) {
		*out = s;
		return STATUS_OK;
	}
	err_set(err, STATUS_MALFORMED, "%s/%s: the segment is of another source, \"%s\"", dir,
		layout_file_name(&name, digest), err_slice(&q, s->meta.source));
	segment_free(s);
	return STATUS_MALFORMED;
}

void segment_free(struct segment *s)
{
	if (!s)
		return;
	file_map_close(&s->map);
	free(s);
}

const struct segment_meta *segment_get_meta(const struct segment *s)
{
	return &s->meta;
}

const struct segment_stats *segment_get_stats(const struct segment *s)
{
	return &s->stats;
}

const struct digest *segment_digest(const struct segment *s)
{
	return &s->digest;
}

struct slice segment_scope(const struct segment *s, size_t i)
{
	struct slice name = SLICE_EMPTY;

	if (i < s->h.scopes)
		segment_text(s, segment_u32(s, LAYOUT_SCOPES, i * LAYOUT_SCOPE_BYTES), &name);
	return name;
}

/* First entry and end of scope i in a table that the scope's field `at` points into. */
static void scope_span(const struct segment *s, size_t i, size_t at, uint32_t total, uint32_t *first, uint32_t *end)
{
	*first = MIN(segment_u32(s, LAYOUT_SCOPES, i * LAYOUT_SCOPE_BYTES + at), total);
	*end = i + 1 < s->h.scopes ? MIN(segment_u32(s, LAYOUT_SCOPES, (i + 1) * LAYOUT_SCOPE_BYTES + at), total)
				   : total;
	*end = MAX(*first, *end);
}

static enum status find_scope(const struct segment *s, struct slice scope, size_t *out, struct err *err)
{
	size_t low = 0, high = s->h.scopes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct slice name;
		int c;

		if (!segment_text(s, segment_u32(s, LAYOUT_SCOPES, mid * LAYOUT_SCOPE_BYTES), &name))
			return segment_damaged(err, "the table of scopes");
		c = slice_cmp(name, scope);
		if (c == 0) {
			*out = mid;
			return STATUS_OK;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*out = SIZE_MAX;
	return STATUS_OK;
}

static enum status find_key(const struct segment *s, uint32_t low, uint32_t high, struct slice package, uint32_t *out,
			    struct err *err)
{
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct slice name;
		int c;

		if (!segment_text(s, segment_u32(s, LAYOUT_KEYS, (size_t)mid * LAYOUT_KEY_BYTES), &name))
			return segment_damaged(err, "the table of packages");
		c = slice_cmp(name, package);
		if (c == 0) {
			*out = mid;
			return STATUS_OK;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*out = UINT32_MAX;
	return STATUS_OK;
}

static void key_rows(const struct segment *s, uint32_t key, struct segment_rows *out)
{
	uint32_t first = MIN(segment_u32(s, LAYOUT_KEYS, (size_t)key * LAYOUT_KEY_BYTES + 4), s->h.rows);
	uint32_t end = key + 1 < s->h.keys
			       ? MIN(segment_u32(s, LAYOUT_KEYS, (size_t)(key + 1) * LAYOUT_KEY_BYTES + 4), s->h.rows)
			       : s->h.rows;

	out->first = first;
	out->n = end > first ? end - first : 0;
}

enum status segment_find(const struct segment *s, struct slice scope, struct slice package, struct segment_rows *out,
			 struct err *err)
{
	uint32_t first, end, key = UINT32_MAX;
	size_t i;

	*out = (struct segment_rows){ 0, 0, scope, package };
	TRY(find_scope(s, scope, &i, err));
	if (i == SIZE_MAX)
		return STATUS_OK;
	scope_span(s, i, 4, s->h.keys, &first, &end);
	TRY(find_key(s, first, end, package, &key, err));
	if (key != UINT32_MAX)
		key_rows(s, key, out);
	return STATUS_OK;
}

enum status segment_scope_rows(const struct segment *s, struct slice scope, struct segment_rows *out, struct err *err)
{
	uint32_t first, end;
	size_t i;

	*out = (struct segment_rows){ .n = 0 };
	TRY(find_scope(s, scope, &i, err));
	if (i == SIZE_MAX)
		return STATUS_OK;
	scope_span(s, i, 8, s->h.rows, &first, &end);
	out->first = first;
	out->n = end - first;
	return STATUS_OK;
}

/* The last entry of a table whose u32 at `at` is not past row; the table is sorted by it. */
static uint32_t entry_of_row(const struct segment *s, enum layout_section t, uint32_t n, size_t bytes, size_t at,
			     uint32_t row)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (segment_u32(s, t, mid * bytes + at) <= row)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

enum status segment_row_advisory(const struct segment *s, uint32_t row, uint32_t *out_advisory, struct err *err)
{
	if (row >= s->h.rows)
		return segment_damaged(err, "a row number");
	*out_advisory = segment_u32(s, LAYOUT_ROWS, (size_t)row * LAYOUT_ROW_BYTES + 4);
	return STATUS_OK;
}

enum status segment_row_raw(const struct segment *s, uint32_t row, struct slice *out_detail, uint32_t *out_advisory,
			    struct err *err)
{
	TRY(segment_row_advisory(s, row, out_advisory, err));
	return segment_text(s, segment_u32(s, LAYOUT_ROWS, (size_t)row * LAYOUT_ROW_BYTES), out_detail)
		       ? STATUS_OK
		       : segment_damaged(err, "a row");
}

static enum status take_row(const struct segment *s, uint32_t row, struct slice scope, struct slice package,
			    struct arena *arena, struct affected *out, uint32_t *out_advisory, struct err *err)
{
	struct slice detail;
	struct affected a;

	TRY(segment_row_raw(s, row, &detail, out_advisory, err));
	TRY(layout_take_detail(detail, arena, &a, err));
	a.scope = scope;
	a.package = package;
	*out = a;
	return STATUS_OK;
}

enum status segment_row(const struct segment *s, uint32_t row, struct arena *arena, struct affected *out,
			uint32_t *out_advisory, struct err *err)
{
	struct slice scope, package;
	uint32_t key, i;

	if (row >= s->h.rows || s->h.keys == 0 || s->h.scopes == 0)
		return segment_damaged(err, "a row number");
	key = entry_of_row(s, LAYOUT_KEYS, s->h.keys, LAYOUT_KEY_BYTES, 4, row);
	i = entry_of_row(s, LAYOUT_SCOPES, s->h.scopes, LAYOUT_SCOPE_BYTES, 8, row);
	if (!segment_text(s, segment_u32(s, LAYOUT_KEYS, (size_t)key * LAYOUT_KEY_BYTES), &package) ||
	    !segment_text(s, segment_u32(s, LAYOUT_SCOPES, (size_t)i * LAYOUT_SCOPE_BYTES), &scope))
		return segment_damaged(err, "a row");
	return take_row(s, row, scope, package, arena, out, out_advisory, err);
}

enum status segment_found_row(const struct segment *s, const struct segment_rows *rows, uint32_t i, struct arena *arena,
			      struct affected *out, uint32_t *out_advisory, struct err *err)
{
	if (i >= rows->n || rows->first >= s->h.rows || i >= s->h.rows - rows->first)
		return segment_damaged(err, "a row number");
	return take_row(s, rows->first + i, rows->scope, rows->package, arena, out, out_advisory, err);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

enum status segment_rows_of(const struct segment *s, const uint32_t *advisories, size_t n,
			    const struct segment_row_sink *sink, struct err *err)
{
	for (uint32_t row = 0; n > 0 && row < s->h.rows; row++) {
		uint32_t advisory = segment_u32(s, LAYOUT_ROWS, (size_t)row * LAYOUT_ROW_BYTES + 4);

		if (advisory < advisories[0] || advisory > advisories[n - 1])
			continue;
		if (bsearch(&advisory, advisories, n, sizeof(*advisories), compare_numbers))
			TRY(sink->row(sink->ctx, s, row, err));
	}
	return STATUS_OK;
}

enum status segment_advisory_id(const struct segment *s, uint32_t advisory, struct slice *out, struct err *err)
{
	if (advisory >= s->h.advisories ||
	    !segment_text(s, segment_u32(s, LAYOUT_ADVISORIES, (size_t)advisory * LAYOUT_ADVISORY_BYTES), out))
		return segment_damaged(err, "an advisory's id");
	return STATUS_OK;
}

void segment_advisory_entry(const struct segment *s, uint32_t advisory, struct segment_advisory_entry *out)
{
	size_t at = (size_t)advisory * LAYOUT_ADVISORY_BYTES;

	out->id = segment_u32(s, LAYOUT_ADVISORIES, at);
	out->block = segment_u32(s, LAYOUT_ADVISORIES, at + 4);
	out->at = segment_u32(s, LAYOUT_ADVISORIES, at + 8);
	out->len = segment_u32(s, LAYOUT_ADVISORIES, at + 12);
	out->hash =
		(uint64_t)segment_u32(s, LAYOUT_ADVISORIES, at + 20) << 32 | segment_u32(s, LAYOUT_ADVISORIES, at + 16);
}

uint64_t segment_advisory_hash(const struct segment *s, uint32_t advisory)
{
	struct segment_advisory_entry e;

	if (advisory >= s->h.advisories)
		return 0;
	segment_advisory_entry(s, advisory, &e);
	return e.hash;
}

enum status segment_unpack(const struct segment *s, ZSTD_DCtx *zstd, uint32_t block, struct arena *arena,
			   struct slice *out, struct err *err)
{
	struct slice frames = s->section[LAYOUT_BODIES];
	struct cursor c = cursor_at(s->section[LAYOUT_BLOCKS], (size_t)block * LAYOUT_BLOCK_ENTRY_BYTES);
	uint32_t packed, unpacked;
	uint64_t offset;
	uint8_t *p;
	size_t n;

	if (block >= s->h.blocks || !cursor_u64le(&c, &offset) || !cursor_u32le(&c, &packed) ||
	    !cursor_u32le(&c, &unpacked) || offset > frames.len || packed > frames.len - offset ||
	    unpacked > LAYOUT_BLOCK_LONGEST + LAYOUT_BODY_MAX)
		return segment_damaged(err, "the table of blocks");
	p = arena_alloc(arena, unpacked ? unpacked : 1);
	if (!p)
		return err_nomem(err, "advisory");
	n = zstd ? ZSTD_decompressDCtx(zstd, p, unpacked, frames.ptr + offset, packed) :
		   ZSTD_decompress(p, unpacked, frames.ptr + offset, packed);
	if (ZSTD_isError(n) || n != unpacked)
		return segment_damaged(err, "a block of advisories");
	*out = slice_make(p, n);
	return STATUS_OK;
}

enum status segment_body(struct slice block, const struct segment_advisory_entry *e, struct slice *out, struct err *err)
{
	if (e->at > block.len || e->len > block.len - e->at)
		return segment_damaged(err, "the table of advisories");
	*out = slice_make(block.ptr + e->at, e->len);
	return STATUS_OK;
}

enum status segment_advisory(const struct segment *s, uint32_t advisory, struct arena *arena, struct advisory *out,
			     struct err *err)
{
	struct segment_advisory_entry e;
	struct slice block, body, id, copy;
	struct advisory a;

	TRY(segment_advisory_id(s, advisory, &id, err));
	segment_advisory_entry(s, advisory, &e);
	TRY(segment_unpack(s, NULL, e.block, arena, &block, err));
	TRY(segment_body(block, &e, &body, err));
	TRY(layout_take_body(body, arena, &a, err));
	if (!arena_copy(arena, id, &copy))
		return err_nomem(err, "advisory");
	a.id = copy;
	*out = a;
	return STATUS_OK;
}

void segment_bodies_fini(struct segment_bodies *b)
{
	arena_fini(&b->unpacked);
	arena_fini(&b->lists);
	ZSTD_freeDCtx(b->zstd);
	b->zstd = NULL;
	b->of = NULL;
}

enum status segment_bodies_block(struct segment_bodies *b, const struct segment *s, uint32_t block, struct slice *out,
				 struct err *err)
{
	if (!b->zstd && !(b->zstd = ZSTD_createDCtx()))
		return err_nomem(err, "advisory");
	if (b->of != s || b->block != block) {
		b->of = NULL;
		arena_reset(&b->unpacked);
		TRY(segment_unpack(s, b->zstd, block, &b->unpacked, &b->bytes, err));
		b->of = s;
		b->block = block;
	}
	*out = b->bytes;
	return STATUS_OK;
}

enum status segment_bodies_get(struct segment_bodies *b, const struct segment *s, uint32_t advisory,
			       struct advisory *out, struct err *err)
{
	struct segment_advisory_entry e;
	struct slice block, body, id;
	struct advisory a;

	TRY(segment_advisory_id(s, advisory, &id, err));
	segment_advisory_entry(s, advisory, &e);
	TRY(segment_bodies_block(b, s, e.block, &block, err));
	TRY(segment_body(block, &e, &body, err));
	arena_reset(&b->lists);
	TRY(layout_take_body(body, &b->lists, &a, err));
	a.id = id;
	*out = a;
	return STATUS_OK;
}

enum status segment_by_alias(const struct segment *s, struct slice id, uint32_t *out, size_t max, size_t *out_n,
			     struct err *err)
{
	size_t low = 0, high = s->h.aliases;
	struct slice text;

	*out_n = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (!segment_text(s, segment_u32(s, LAYOUT_ALIASES, mid * LAYOUT_ALIAS_BYTES), &text))
			return segment_damaged(err, "the index of ids");
		if (layout_fold_cmp(text, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < s->h.aliases; low++) {
		if (!segment_text(s, segment_u32(s, LAYOUT_ALIASES, low * LAYOUT_ALIAS_BYTES), &text))
			return segment_damaged(err, "the index of ids");
		if (layout_fold_cmp(text, id) != 0)
			break;
		if (*out_n < max)
			out[*out_n] = segment_u32(s, LAYOUT_ALIASES, low * LAYOUT_ALIAS_BYTES + 4);
		(*out_n)++;
	}
	return STATUS_OK;
}
