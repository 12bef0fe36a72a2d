/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c - writes and reads the pieces of a segment file; every read is bounded. */
#include "segment/layout.h"

#include <stdio.h>

/* 2: rows have a state of the fix, in bits that were 0 before. */
#define VERSION 2u
#define VERSION_OLDEST 1u

uint64_t layout_hash(struct slice bytes, uint64_t seed)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;

	for (size_t i = 0; i < bytes.len; i++)
		h = (h ^ bytes.ptr[i]) * UINT64_C(0x100000001b3);
	return h;
}

int layout_fold_cmp(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
			return to_lower(a.ptr[i]) < to_lower(b.ptr[i]) ? -1 : 1;
	return a.len < b.len ? -1 : a.len > b.len;
}

int layout_id_cmp(struct slice a, struct slice b)
{
	int c = layout_fold_cmp(a, b);

	return c != 0 ? c : slice_cmp(a, b);
}

const char *layout_file_name(struct layout_name *n, const struct digest *d)
{
	struct digest_text text;
	struct slice hex;

	slice_cut(slice_cstr(digest_print(&text, d)), ':', NULL, &hex);
	snprintf(n->text, sizeof(n->text), "%.*s" LAYOUT_SUFFIX, SLICE_ARG(hex));
	return n->text;
}

void layout_u32(struct buf *b, uint32_t v)
{
	uint8_t p[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	buf_add(b, slice_make(p, sizeof(p)));
}

void layout_u64(struct buf *b, uint64_t v)
{
	layout_u32(b, (uint32_t)v);
	layout_u32(b, (uint32_t)(v >> 32));
}

void layout_uvarint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_add_byte(b, (uint8_t)(v | 0x80));
	buf_add_byte(b, (uint8_t)v);
}

void layout_text(struct buf *b, struct slice s)
{
	if (s.len < 0x80) /* nearly all */
		buf_add_byte(b, (uint8_t)s.len);
	else
		layout_uvarint(b, s.len);
	buf_add(b, s);
}

bool layout_take_text(struct cursor *c, struct slice *out)
{
	uint64_t len;

	return cursor_uvarint(c, &len) && len <= cursor_left(c) && cursor_take(c, (size_t)len, out);
}

enum status layout_header_print(const struct layout_header *h, uint8_t *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(LAYOUT_HEADER_BYTES);

	buf_add_cstr(&b, LAYOUT_MAGIC);
	layout_u32(&b, VERSION);
	layout_u32(&b, (uint32_t)LAYOUT_HEADER_BYTES);
	layout_u64(&b, h->file_size);
	for (size_t i = 0; i < LAYOUT_SECTIONS; i++) {
		layout_u64(&b, h->section[i].offset);
		layout_u64(&b, h->section[i].len);
	}
	layout_u32(&b, h->scopes);
	layout_u32(&b, h->keys);
	layout_u32(&b, h->rows);
	layout_u32(&b, h->advisories);
	layout_u32(&b, h->blocks);
	layout_u32(&b, h->aliases);
	while (b.failed == STATUS_OK && b.len < LAYOUT_HEADER_BYTES - 8)
		buf_add_byte(&b, 0);
	layout_u64(&b, layout_hash(buf_slice(&b), 0));
	TRY(buf_check(&b, "the header of a segment", err));
	memcpy(out, b.ptr, LAYOUT_HEADER_BYTES);
	return STATUS_OK;
}

static bool take_header(struct cursor *c, struct layout_header *h, uint32_t *version)
{
	uint32_t size;
	bool good = cursor_skip(c, strlen(LAYOUT_MAGIC)) && cursor_u32le(c, version) && cursor_u32le(c, &size) &&
		    size == LAYOUT_HEADER_BYTES && cursor_u64le(c, &h->file_size);

	for (size_t i = 0; good && i < LAYOUT_SECTIONS; i++)
		good = cursor_u64le(c, &h->section[i].offset) && cursor_u64le(c, &h->section[i].len);
	return good && cursor_u32le(c, &h->scopes) && cursor_u32le(c, &h->keys) && cursor_u32le(c, &h->rows) &&
	       cursor_u32le(c, &h->advisories) && cursor_u32le(c, &h->blocks) && cursor_u32le(c, &h->aliases);
}

static bool fits(const struct layout_header *h, enum layout_section s, uint64_t count, uint64_t bytes)
{
	return count * bytes <= h->section[s].len;
}

enum status layout_header_parse(struct slice file, struct layout_header *out, struct err *err)
{
	struct cursor c = cursor_at(file, 0);
	struct cursor sum = cursor_at(file, LAYOUT_HEADER_BYTES - 8);
	struct layout_header h = { 0 };
	uint64_t wanted;
	uint32_t version;

	if (file.len < LAYOUT_HEADER_BYTES || !slice_starts(file, SLICE(LAYOUT_MAGIC)))
		return err_at(err, STATUS_MALFORMED, 0, "not a segment: the magic number is missing");
	if (!cursor_u64le(&sum, &wanted) || wanted != layout_hash(slice_take(file, LAYOUT_HEADER_BYTES - 8), 0))
		return err_at(err, STATUS_MALFORMED, 0, "segment: the header's check sum does not fit");
	if (!take_header(&c, &h, &version))
		return err_at(err, STATUS_MALFORMED, c.pos, "segment: the header is damaged");
	if (version < VERSION_OLDEST || version > VERSION)
		return err_at(err, STATUS_UNSUPPORTED, 8,
			      "segment: format version %u is not known here; run limpid update", version);
	if (h.file_size != file.len)
		return err_at(err, STATUS_MALFORMED, 16, "segment: %zu bytes instead of %llu", file.len,
			      (unsigned long long)h.file_size);
	for (size_t i = 0; i < LAYOUT_SECTIONS; i++)
		if (h.section[i].offset > file.len || h.section[i].len > file.len - h.section[i].offset)
			return err_at(err, STATUS_MALFORMED, 24 + 16 * i, "segment: section %zu lies outside the file",
				      i);
	if (!fits(&h, LAYOUT_SCOPES, h.scopes, LAYOUT_SCOPE_BYTES) ||
	    !fits(&h, LAYOUT_KEYS, h.keys, LAYOUT_KEY_BYTES) || !fits(&h, LAYOUT_ROWS, h.rows, LAYOUT_ROW_BYTES) ||
	    !fits(&h, LAYOUT_ADVISORIES, h.advisories, LAYOUT_ADVISORY_BYTES) ||
	    !fits(&h, LAYOUT_BLOCKS, h.blocks, LAYOUT_BLOCK_ENTRY_BYTES) ||
	    !fits(&h, LAYOUT_ALIASES, h.aliases, LAYOUT_ALIAS_BYTES))
		return err_at(err, STATUS_MALFORMED, 0, "segment: a table is larger than its section");
	*out = h;
	return STATUS_OK;
}

/* ---- details ---- */

#define DETAIL_FIXED_IS_RANGE 1u /* fixed_version is what the first range says */
/* The first byte: kind of name, status (two bits each), DETAIL_FIXED_IS_RANGE, state of the fix (three bits). */
#define DETAIL_FIX_STATE 5u

void layout_put_detail(struct buf *b, const struct affected *a)
{
	const struct version_scheme *scheme = scheme_get(a->scheme);
	bool same = a->n_ranges > 0 && slice_eq(a->fixed_version, a->ranges[0].fixed);

	buf_add_byte(b, (uint8_t)(a->name_kind | a->status << 2 | (same ? DETAIL_FIXED_IS_RANGE << 4 : 0) |
				  (unsigned)a->fix_state << DETAIL_FIX_STATE));
	layout_text(b, scheme ? slice_cstr(scheme->name) : SLICE_EMPTY);
	layout_uvarint(b, a->n_ranges);
	for (size_t i = 0; i < a->n_ranges; i++) {
		layout_text(b, a->ranges[i].introduced);
		layout_text(b, a->ranges[i].fixed);
		layout_text(b, a->ranges[i].last_affected);
	}
	layout_uvarint(b, a->n_versions);
	for (size_t i = 0; i < a->n_versions; i++)
		layout_text(b, a->versions[i]);
	if (!same)
		layout_text(b, a->fixed_version);
	layout_text(b, a->module);
	layout_text(b, a->arch);
	layout_text(b, a->platforms);
	layout_text(b, a->severity);
}

/* A list of n texts, each of at least one byte, into the arena. */
static bool take_list(struct cursor *c, struct arena *arena, const struct slice **out, size_t *out_n)
{
	struct slice *list = NULL;
	uint64_t n;

	if (!cursor_uvarint(c, &n) || n > cursor_left(c))
		return false;
	if (n > 0) {
		list = arena_array(arena, (size_t)n, sizeof(*list));
		if (!list)
			return false;
	}
	for (size_t i = 0; i < n; i++)
		if (!layout_take_text(c, &list[i]))
			return false;
	*out = list;
	*out_n = (size_t)n;
	return true;
}

static bool take_ranges(struct cursor *c, struct arena *arena, struct affected *a)
{
	struct version_range *ranges = NULL;
	uint64_t n;

	if (!cursor_uvarint(c, &n) || n > cursor_left(c))
		return false;
	if (n > 0) {
		ranges = arena_array(arena, (size_t)n, sizeof(*ranges));
		if (!ranges)
			return false;
	}
	for (size_t i = 0; i < n; i++)
		if (!layout_take_text(c, &ranges[i].introduced) || !layout_take_text(c, &ranges[i].fixed) ||
		    !layout_take_text(c, &ranges[i].last_affected))
			return false;
	a->ranges = ranges;
	a->n_ranges = (size_t)n;
	return true;
}

enum status layout_take_detail(struct slice detail, struct arena *arena, struct affected *out, struct err *err)
{
	struct cursor c = cursor_at(detail, 0);
	struct affected a = { .scheme = SCHEME_NONE };
	struct slice scheme;
	uint8_t bits = 0;
	bool same, good;

	good = cursor_u8(&c, &bits) && layout_take_text(&c, &scheme) && take_ranges(&c, arena, &a) &&
	       take_list(&c, arena, &a.versions, &a.n_versions);
	same = (bits >> 4 & DETAIL_FIXED_IS_RANGE) != 0;
	good = good && (bits & 3) <= AFFECTED_NAME_ANY && (bits >> 2 & 3) <= AFFECTED_UNDECIDED &&
	       bits >> DETAIL_FIX_STATE < FIX_STATE_COUNT;
	if (good && same && a.n_ranges > 0)
		a.fixed_version = a.ranges[0].fixed;
	else
		good = good && !same && layout_take_text(&c, &a.fixed_version);
	good = good && layout_take_text(&c, &a.module) && layout_take_text(&c, &a.arch) &&
	       layout_take_text(&c, &a.platforms) && layout_take_text(&c, &a.severity) && cursor_left(&c) == 0;
	if (!good)
		return err_at(err, STATUS_MALFORMED, c.pos, "segment: a row is damaged");
	a.name_kind = (enum affected_name)(bits & 3);
	a.status = (enum affected_status)(bits >> 2 & 3);
	a.fix_state = (enum fix_state)(bits >> DETAIL_FIX_STATE);
	a.scheme = scheme_id_by_name(scheme);
	if (scheme.len > 0 && a.scheme == SCHEME_NONE)
		return err_at(err, STATUS_UNSUPPORTED, 1, "segment: a row has a version scheme that is not known here");
	*out = a;
	return STATUS_OK;
}

/* ---- bodies ---- */

static void put_list(struct buf *b, const struct slice *list, size_t n)
{
	layout_uvarint(b, n);
	for (size_t i = 0; i < n; i++)
		layout_text(b, list[i]);
}

void layout_put_body(struct buf *b, const struct advisory *a)
{
	layout_u64(b, (uint64_t)a->issued_s);
	layout_u64(b, (uint64_t)a->modified_s);
	layout_u64(b, (uint64_t)a->withdrawn_s);
	buf_add_byte(b, (uint8_t)a->severity);
	layout_text(b, a->severity_text);
	layout_text(b, a->summary);
	layout_text(b, a->description);
	put_list(b, a->aliases, a->n_aliases);
	put_list(b, a->related, a->n_related);
	put_list(b, a->cvss, a->n_cvss);
	put_list(b, a->links, a->n_links);
}

enum status layout_take_body(struct slice body, struct arena *arena, struct advisory *out, struct err *err)
{
	struct cursor c = cursor_at(body, 0);
	struct advisory a = { .issued_s = DATE_NONE };
	uint64_t issued, modified, withdrawn;
	uint8_t severity = 0;

	if (!cursor_u64le(&c, &issued) || !cursor_u64le(&c, &modified) || !cursor_u64le(&c, &withdrawn) ||
	    !cursor_u8(&c, &severity) || severity >= SEVERITY_COUNT || !layout_take_text(&c, &a.severity_text) ||
	    !layout_take_text(&c, &a.summary) || !layout_take_text(&c, &a.description) ||
	    !take_list(&c, arena, &a.aliases, &a.n_aliases) || !take_list(&c, arena, &a.related, &a.n_related) ||
	    !take_list(&c, arena, &a.cvss, &a.n_cvss) || !take_list(&c, arena, &a.links, &a.n_links) ||
	    cursor_left(&c) != 0)
		return err_at(err, STATUS_MALFORMED, c.pos, "segment: an advisory is damaged");
	a.issued_s = (int64_t)issued;
	a.modified_s = (int64_t)modified;
	a.withdrawn_s = (int64_t)withdrawn;
	a.severity = (enum severity)severity;
	*out = a;
	return STATUS_OK;
}
