/* SPDX-License-Identifier: Apache-2.0 */
/* pe_version.c - finding and reading the version resource of a PE program. */
#include "index/package/pe_version.h"

#include "base/cursor.h"

#define VERSION_TYPE 16u
#define SUBDIRECTORY UINT32_C(0x80000000)
#define ENTRIES_MAX 4096u	/* of a directory; Windows' own largest has some hundred icons */
#define LEVELS 3		/* type, name, language */
#define VERSION_BYTES_MAX 65535 /* its length has 16 bits */
#define TEXT_UNITS_MAX 1024	/* of UTF-16; a longer text is cut */
#define BLOCKS_MAX 1024		/* of a version in all */

/* ---- the tree of resources ---- */

static bool bytes_of_tree(const struct exe_pieces *p, const struct exe *e, uint64_t at, uint64_t n, struct slice *out)
{
	return at <= e->resources.size && n <= e->resources.size - at &&
	       exe_bytes(p, e->resources.offset + at, n, out);
}

static bool is_inside(const struct exe *e, uint64_t at, uint64_t n)
{
	return at <= e->resources.size && n <= e->resources.size - at;
}

/* The entry of an id, or the first one (id 0): what it leads to. */
static enum pe_version_found find_entry(const struct exe_pieces *p, const struct exe *e, uint64_t at, uint32_t id,
					uint32_t *out)
{
	uint16_t named = 0, numbered = 0;
	struct cursor c = cursor_at(SLICE_EMPTY, 0);
	uint32_t n;

	if (!is_inside(e, at, 16))
		return PE_VERSION_DAMAGED;
	if (!bytes_of_tree(p, e, at, 16, &c.in))
		return PE_VERSION_ABSENT;
	if (!cursor_skip(&c, 12) || !cursor_u16le(&c, &named) || !cursor_u16le(&c, &numbered))
		return PE_VERSION_DAMAGED;
	n = (uint32_t)named + numbered;
	if (n > ENTRIES_MAX || !is_inside(e, at + 16, (uint64_t)n * 8))
		return PE_VERSION_DAMAGED;
	if (!bytes_of_tree(p, e, at + 16, (uint64_t)n * 8, &c.in))
		return PE_VERSION_ABSENT;
	c.pos = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t name, to;

		if (cursor_u32le(&c, &name) && cursor_u32le(&c, &to) && (id == 0 || name == id)) {
			*out = to;
			return PE_VERSION_FOUND;
		}
	}
	return PE_VERSION_NONE;
}

static enum pe_version_found find_blob(const struct exe_pieces *p, const struct exe *e, struct slice *out)
{
	uint32_t to = SUBDIRECTORY, rva, size;
	struct cursor c = cursor_at(SLICE_EMPTY, 0);
	uint64_t offset, left;

	if (e->resources.size == 0)
		return PE_VERSION_NONE;
	for (unsigned level = 0; level < LEVELS; level++) {
		enum pe_version_found found;

		if (!(to & SUBDIRECTORY))
			return PE_VERSION_DAMAGED;
		found = find_entry(p, e, to & ~SUBDIRECTORY, level == 0 ? VERSION_TYPE : 0, &to);
		if (found != PE_VERSION_FOUND)
			return found == PE_VERSION_NONE && level > 0 ? PE_VERSION_DAMAGED : found;
	}
	if ((to & SUBDIRECTORY) || !is_inside(e, to, 16))
		return PE_VERSION_DAMAGED;
	if (!bytes_of_tree(p, e, to, 16, &c.in))
		return PE_VERSION_ABSENT;
	if (!cursor_u32le(&c, &rva) || !cursor_u32le(&c, &size) || size == 0 || size > VERSION_BYTES_MAX ||
	    !exe_locate(e, e->base + rva, &offset, &left) || left < size)
		return PE_VERSION_DAMAGED;
	return exe_bytes(p, offset, size, out) ? PE_VERSION_FOUND : PE_VERSION_ABSENT;
}

/* ---- texts ---- */

/* UTF-16LE up to a NUL, as UTF-8; of white space, one blank. What is no text is left out: halves of pairs, controls. */
static bool to_utf8(struct slice units, struct arena *a, struct slice *out)
{
	size_t n = MIN(units.len / 2, (size_t)TEXT_UNITS_MAX), len = 0;
	uint8_t *text = arena_alloc(a, n * 3 + 1);

	if (!text)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint32_t c = units.ptr[2 * i] | (uint32_t)units.ptr[2 * i + 1] << 8;

		if (c == 0)
			break;
		if (c >= 0xd800 && c < 0xdc00 && i + 1 < n && units.ptr[2 * i + 3] >> 2 == 0xdc >> 2) {
			c = 0x10000 + ((c & 0x3ff) << 10) +
			    ((units.ptr[2 * i + 2] | (uint32_t)units.ptr[2 * i + 3] << 8) & 0x3ff);
			i++;
		} else if (c >= 0xd800 && c < 0xe000) {
			continue;
		}
		if ((c < 0x20 && is_space((uint8_t)c)) || c == 0xa0)
			c = ' ';
		if (c < 0x20 || (c == ' ' && len > 0 && text[len - 1] == ' '))
			continue;
		if (c < 0x80) {
			text[len++] = (uint8_t)c;
		} else if (c < 0x800) {
			text[len++] = (uint8_t)(0xc0 | c >> 6);
			text[len++] = (uint8_t)(0x80 | (c & 0x3f));
		} else if (c < 0x10000) {
			text[len++] = (uint8_t)(0xe0 | c >> 12);
			text[len++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
			text[len++] = (uint8_t)(0x80 | (c & 0x3f));
		} else {
			text[len++] = (uint8_t)(0xf0 | c >> 18);
			text[len++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
			text[len++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
			text[len++] = (uint8_t)(0x80 | (c & 0x3f));
		}
	}
	*out = slice_make(text, len);
	return true;
}

/* Is the UTF-16LE text this one of ASCII? */
static bool is_key(struct slice units, const char *ascii)
{
	size_t n = strlen(ascii);

	if (units.len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (units.ptr[2 * i] != (uint8_t)ascii[i] || units.ptr[2 * i + 1] != 0)
			return false;
	return true;
}

/* ---- blocks: length, length of the value, type, key, padding, value, padding, blocks ---- */

struct reader {
	struct slice blob;
	struct arena *arena;
	struct pe_version *out;
	unsigned blocks;
	bool nomem;
};

struct block {
	size_t end; /* in the blob, as all positions here: paddings count from its beginning */
	struct slice key;
	size_t value; /* behind the key's padding */
	uint16_t value_len;
};

static size_t aligned(size_t at)
{
	return (at + 3) & ~(size_t)3;
}

/* The block at *at, before end; *at moves behind it. */
static bool next_block(struct reader *r, size_t *at, size_t end, struct block *b)
{
	struct cursor c = cursor_at(r->blob, aligned(*at));
	uint16_t len, type;
	size_t begin = c.pos, key;

	if (r->blocks++ >= BLOCKS_MAX || begin >= end || !cursor_u16le(&c, &len) || !cursor_u16le(&c, &b->value_len) ||
	    !cursor_u16le(&c, &type) || len < 6)
		return false;
	b->end = MIN(begin + len, end);
	key = c.pos;
	while (c.pos + 2 <= b->end && (r->blob.ptr[c.pos] != 0 || r->blob.ptr[c.pos + 1] != 0))
		c.pos += 2;
	if (c.pos + 2 > b->end)
		return false;
	b->key = slice_make(r->blob.ptr + key, c.pos - key);
	b->value = MIN(aligned(c.pos + 2), b->end);
	*at = b->end;
	return true;
}

/* "ProductVersion" and its value. Some writers count its length in bytes, others in units: the block's end counts. */
static void read_string(struct reader *r, const struct block *b)
{
	const struct {
		const char *key;
		struct slice *to;
	} wanted[] = {
		{ "CompanyName", &r->out->company },	       { "FileDescription", &r->out->description },
		{ "FileVersion", &r->out->file_version },      { "InternalName", &r->out->internal_name },
		{ "OriginalFilename", &r->out->original_name }, { "ProductName", &r->out->product_name },
		{ "ProductVersion", &r->out->product_version },
	};

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (!is_key(b->key, wanted[i].key) || wanted[i].to->len > 0)
			continue;
		r->nomem |= !to_utf8(slice_make(r->blob.ptr + b->value, b->end - b->value), r->arena, wanted[i].to);
		*wanted[i].to = slice_trim(*wanted[i].to);
	}
}

static void read_tables(struct reader *r, const struct block *info)
{
	struct block table, string;
	size_t at = info->value;

	while (next_block(r, &at, info->end, &table)) {
		size_t inner = table.value;

		while (next_block(r, &inner, table.end, &string))
			read_string(r, &string);
	}
}

enum pe_version_found pe_version_find(const struct exe_pieces *p, const struct exe *e, struct arena *a,
				      struct pe_version *out)
{
	struct reader r = { .arena = a, .out = out };
	struct block root, child;
	enum pe_version_found found;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	found = find_blob(p, e, &r.blob);
	if (found != PE_VERSION_FOUND)
		return found;
	if (!next_block(&r, &at, r.blob.len, &root) || !is_key(root.key, "VS_VERSION_INFO"))
		return PE_VERSION_DAMAGED;
	at = MIN(root.value + root.value_len, root.end);
	while (next_block(&r, &at, root.end, &child))
		if (is_key(child.key, "StringFileInfo"))
			read_tables(&r, &child);
	return r.nomem ? PE_VERSION_NOMEM : PE_VERSION_FOUND;
}
