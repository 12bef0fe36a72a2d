/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - looks things up in a mapped segment; every offset of the file is checked where it is used. */
#include "segment/segment.h"

#include "io/file.h"
#include "segment/layout.h"
#include "segment/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

struct segment {
	struct file_map map; /* owned when path-opened */
	struct slice bytes;
	struct layout_header h;
	struct segment_meta meta;
	struct segment_stats stats;
	struct digest digest;
};

static enum status damaged(struct err *err, const char *what)
{
	return err_set(err, STATUS_MALFORMED, "segment: %s is damaged", what);
}

static struct slice section(const struct segment *s, enum layout_section i)
{
	return slice_take(slice_from(s->bytes, (size_t)s->h.section[i].offset), (size_t)s->h.section[i].len);
}

/* Field of a table entry; the header says that the whole table lies in its section. */
static uint32_t u32_at(const struct segment *s, enum layout_section i, size_t at)
{
	struct slice t = section(s, i);

	if (at > t.len || t.len - at < 4)
		return 0;
	return (uint32_t)t.ptr[at] | (uint32_t)t.ptr[at + 1] << 8 | (uint32_t)t.ptr[at + 2] << 16 |
	       (uint32_t)t.ptr[at + 3] << 24;
}

static bool text_at(const struct segment *s, uint32_t offset, struct slice *out)
{
	struct slice heap = section(s, LAYOUT_STRINGS);
	struct cursor c;

	if (offset >= heap.len)
		return false;
	c = cursor_at(heap, offset);
	return layout_take_text(&c, out);
}

static enum status read_meta(struct segment *s, struct err *err)
{
	struct cursor c = cursor_at(section(s, LAYOUT_META), 0);
	uint64_t upstream;

	if (!layout_take_text(&c, &s->meta.source) || !layout_take_text(&c, &s->meta.feed) ||
	    !layout_take_text(&c, &s->meta.origin) || !cursor_u64le(&c, &upstream))
		return damaged(err, "its description");
	s->meta.upstream_s = (int64_t)upstream;
	s->stats = (struct segment_stats){ s->h.advisories, s->h.rows, s->h.scopes, s->h.file_size };
	return STATUS_OK;
}

static enum status open_bytes(struct segment *s, struct err *err)
{
	TRY(layout_header_parse(s->bytes, &s->h, err));
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
	struct digest_text text;
	struct segment *s;
	struct slice hex;
	char path[4096];
	enum status st;

	slice_cut(slice_cstr(digest_print(&text, digest)), ':', NULL, &hex);
	if ((size_t)snprintf(path, sizeof(path), "%s/%.*s.seg", dir, SLICE_ARG(hex)) >= sizeof(path))
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
		text_at(s, u32_at(s, LAYOUT_SCOPES, i * LAYOUT_SCOPE_BYTES), &name);
	return name;
}

/* First entry and end of scope i in a table that the scope's field `at` points into. */
static void scope_span(const struct segment *s, size_t i, size_t at, uint32_t total, uint32_t *first, uint32_t *end)
{
	*first = MIN(u32_at(s, LAYOUT_SCOPES, i * LAYOUT_SCOPE_BYTES + at), total);
	*end = i + 1 < s->h.scopes ? MIN(u32_at(s, LAYOUT_SCOPES, (i + 1) * LAYOUT_SCOPE_BYTES + at), total) : total;
	*end = MAX(*first, *end);
}

static enum status find_scope(const struct segment *s, struct slice scope, size_t *out, struct err *err)
{
	size_t low = 0, high = s->h.scopes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct slice name;
		int c;

		if (!text_at(s, u32_at(s, LAYOUT_SCOPES, mid * LAYOUT_SCOPE_BYTES), &name))
			return damaged(err, "the table of scopes");
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

		if (!text_at(s, u32_at(s, LAYOUT_KEYS, (size_t)mid * LAYOUT_KEY_BYTES), &name))
			return damaged(err, "the table of packages");
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
	uint32_t first = MIN(u32_at(s, LAYOUT_KEYS, (size_t)key * LAYOUT_KEY_BYTES + 4), s->h.rows);
	uint32_t end = key + 1 < s->h.keys ?
			       MIN(u32_at(s, LAYOUT_KEYS, (size_t)(key + 1) * LAYOUT_KEY_BYTES + 4), s->h.rows) :
			       s->h.rows;

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

		if (u32_at(s, t, mid * bytes + at) <= row)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

static enum status take_row(const struct segment *s, uint32_t row, struct slice scope, struct slice package,
			    struct arena *arena, struct affected *out, uint32_t *out_advisory, struct err *err)
{
	struct slice detail;
	struct affected a;

	if (!text_at(s, u32_at(s, LAYOUT_ROWS, (size_t)row * LAYOUT_ROW_BYTES), &detail))
		return damaged(err, "a row");
	TRY(layout_take_detail(detail, arena, &a, err));
	a.scope = scope;
	a.package = package;
	*out_advisory = u32_at(s, LAYOUT_ROWS, (size_t)row * LAYOUT_ROW_BYTES + 4);
	*out = a;
	return STATUS_OK;
}

enum status segment_row(const struct segment *s, uint32_t row, struct arena *arena, struct affected *out,
			uint32_t *out_advisory, struct err *err)
{
	struct slice scope, package;
	uint32_t key, i;

	if (row >= s->h.rows || s->h.keys == 0 || s->h.scopes == 0)
		return damaged(err, "a row number");
	key = entry_of_row(s, LAYOUT_KEYS, s->h.keys, LAYOUT_KEY_BYTES, 4, row);
	i = entry_of_row(s, LAYOUT_SCOPES, s->h.scopes, LAYOUT_SCOPE_BYTES, 8, row);
	if (!text_at(s, u32_at(s, LAYOUT_KEYS, (size_t)key * LAYOUT_KEY_BYTES), &package) ||
	    !text_at(s, u32_at(s, LAYOUT_SCOPES, (size_t)i * LAYOUT_SCOPE_BYTES), &scope))
		return damaged(err, "a row");
	return take_row(s, row, scope, package, arena, out, out_advisory, err);
}

enum status segment_found_row(const struct segment *s, const struct segment_rows *rows, uint32_t i, struct arena *arena,
			      struct affected *out, uint32_t *out_advisory, struct err *err)
{
	if (i >= rows->n || rows->first >= s->h.rows || i >= s->h.rows - rows->first)
		return damaged(err, "a row number");
	return take_row(s, rows->first + i, rows->scope, rows->package, arena, out, out_advisory, err);
}

enum status segment_advisory_id(const struct segment *s, uint32_t advisory, struct slice *out, struct err *err)
{
	if (advisory >= s->h.advisories ||
	    !text_at(s, u32_at(s, LAYOUT_ADVISORIES, (size_t)advisory * LAYOUT_ADVISORY_BYTES), out))
		return damaged(err, "an advisory's id");
	return STATUS_OK;
}

uint64_t segment_advisory_hash(const struct segment *s, uint32_t advisory)
{
	size_t at = (size_t)advisory * LAYOUT_ADVISORY_BYTES + 16;

	if (advisory >= s->h.advisories)
		return 0;
	return (uint64_t)u32_at(s, LAYOUT_ADVISORIES, at + 4) << 32 | u32_at(s, LAYOUT_ADVISORIES, at);
}

/* Unpack a block into the arena. */
static enum status unpack(const struct segment *s, ZSTD_DCtx *zstd, uint32_t block, struct arena *arena,
			  struct slice *out, struct err *err)
{
	struct slice all = section(s, LAYOUT_BLOCKS), frames, frame;
	struct cursor c = cursor_at(all, (size_t)block * LAYOUT_BLOCK_ENTRY_BYTES);
	uint32_t packed, unpacked;
	uint64_t offset;
	uint8_t *p;
	size_t n;

	frames = slice_from(all, (size_t)s->h.blocks * LAYOUT_BLOCK_ENTRY_BYTES);
	if (block >= s->h.blocks || !cursor_u64le(&c, &offset) || !cursor_u32le(&c, &packed) ||
	    !cursor_u32le(&c, &unpacked) || offset > frames.len || packed > frames.len - offset ||
	    unpacked > (uint32_t)64 << 20)
		return damaged(err, "the table of blocks");
	frame = slice_take(slice_from(frames, (size_t)offset), packed);
	p = arena_alloc(arena, unpacked ? unpacked : 1);
	if (!p)
		return err_nomem(err, "advisory");
	n = zstd ? ZSTD_decompressDCtx(zstd, p, unpacked, frame.ptr, frame.len) :
		   ZSTD_decompress(p, unpacked, frame.ptr, frame.len);
	if (ZSTD_isError(n) || n != unpacked)
		return damaged(err, "a block of advisories");
	*out = slice_make(p, n);
	return STATUS_OK;
}

struct body_place {
	uint32_t block, at, len;
};

static enum status find_body(const struct segment *s, uint32_t advisory, struct slice *id, struct body_place *out,
			     struct err *err)
{
	struct cursor c = cursor_at(section(s, LAYOUT_ADVISORIES), (size_t)advisory * LAYOUT_ADVISORY_BYTES + 4);

	TRY(segment_advisory_id(s, advisory, id, err));
	if (!cursor_u32le(&c, &out->block) || !cursor_u32le(&c, &out->at) || !cursor_u32le(&c, &out->len))
		return damaged(err, "the table of advisories");
	return STATUS_OK;
}

static enum status take_body(struct slice block, const struct body_place *place, struct arena *arena,
			     struct advisory *out, struct err *err)
{
	if (place->at > block.len || place->len > block.len - place->at)
		return damaged(err, "the table of advisories");
	return layout_take_body(slice_take(slice_from(block, place->at), place->len), arena, out, err);
}

enum status segment_advisory(const struct segment *s, uint32_t advisory, struct arena *arena, struct advisory *out,
			     struct err *err)
{
	struct body_place place;
	struct slice bytes, id, copy;
	struct advisory a;

	TRY(find_body(s, advisory, &id, &place, err));
	TRY(unpack(s, NULL, place.block, arena, &bytes, err));
	TRY(take_body(bytes, &place, arena, &a, err));
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

enum status segment_bodies_get(struct segment_bodies *b, const struct segment *s, uint32_t advisory,
			       struct advisory *out, struct err *err)
{
	struct body_place place;
	struct advisory a;
	struct slice id;

	TRY(find_body(s, advisory, &id, &place, err));
	if (!b->zstd && !(b->zstd = ZSTD_createDCtx()))
		return err_nomem(err, "advisory");
	if (b->of != s || b->block != place.block) {
		b->of = NULL;
		arena_reset(&b->unpacked);
		TRY(unpack(s, b->zstd, place.block, &b->unpacked, &b->bytes, err));
		b->of = s;
		b->block = place.block;
	}
	arena_reset(&b->lists);
	TRY(take_body(b->bytes, &place, &b->lists, &a, err));
	a.id = id;
	*out = a;
	return STATUS_OK;
}

static int fold_cmp(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
			return to_lower(a.ptr[i]) < to_lower(b.ptr[i]) ? -1 : 1;
	return a.len < b.len ? -1 : a.len > b.len;
}

enum status segment_by_alias(const struct segment *s, struct slice id, uint32_t *out, size_t max, size_t *out_n,
			     struct err *err)
{
	size_t low = 0, high = s->h.aliases;
	struct slice text;

	*out_n = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (!text_at(s, u32_at(s, LAYOUT_ALIASES, mid * LAYOUT_ALIAS_BYTES), &text))
			return damaged(err, "the index of ids");
		if (fold_cmp(text, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < s->h.aliases; low++) {
		if (!text_at(s, u32_at(s, LAYOUT_ALIASES, low * LAYOUT_ALIAS_BYTES), &text))
			return damaged(err, "the index of ids");
		if (fold_cmp(text, id) != 0)
			break;
		if (*out_n < max)
			out[*out_n] = u32_at(s, LAYOUT_ALIASES, low * LAYOUT_ALIAS_BYTES + 4);
		(*out_n)++;
	}
	return STATUS_OK;
}

static enum status verify_rows(const struct segment *s, struct arena *arena, struct err *err)
{
	for (uint32_t i = 0; i < s->h.rows; i++) {
		struct affected a;
		uint32_t advisory;

		arena_reset(arena);
		TRY(segment_row(s, i, arena, &a, &advisory, err));
		if (advisory >= s->h.advisories)
			return damaged(err, "a row");
	}
	return STATUS_OK;
}

enum status segment_verify(const struct segment *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)256 << 20);
	struct digest found;

	if (s->digest.algo != DIGEST_NONE) {
		TRY(digest_of(s->digest.algo, s->bytes, &found, err));
		if (!digest_eq(&found, &s->digest))
			return err_set(err, STATUS_MISMATCH, "segment: its bytes are not what its digest says");
	}
	TRY(verify_rows(s, &arena, err));
	for (uint32_t i = 0; i < s->h.advisories; i++) {
		struct advisory a;

		arena_reset(&arena);
		TRY(segment_advisory(s, i, &arena, &a, err));
	}
	for (uint32_t i = 0; i < s->h.aliases; i++) {
		struct slice text;

		if (!text_at(s, u32_at(s, LAYOUT_ALIASES, (size_t)i * LAYOUT_ALIAS_BYTES), &text) ||
		    u32_at(s, LAYOUT_ALIASES, (size_t)i * LAYOUT_ALIAS_BYTES + 4) >= s->h.advisories)
			return damaged(err, "the index of ids");
	}
	return STATUS_OK;
}
