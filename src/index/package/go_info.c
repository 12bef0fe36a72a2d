/* SPDX-License-Identifier: Apache-2.0 */
/* go_info.c - finding and reading the build information of a Go program. */
#include "index/package/go_info.h"

#include "base/cursor.h"

#define HEADER_BYTES 32
#define ALIGNMENT 16
#define SENTINEL_BYTES 16 /* at both ends of the module text, so that it can be found in memory */

static const struct slice magic = SLICE_INIT("\xff Go buildinf:");

enum { FLAG_BIG_ENDIAN = 1, FLAG_INLINE = 2 };

/* ---- Go 1.18 and later: two strings follow, each after its length ---- */

static bool take_string(struct cursor *c, struct slice *out)
{
	uint64_t n;

	return cursor_uvarint(c, &n) && n <= cursor_left(c) && cursor_take(c, (size_t)n, out);
}

/* left: bytes that the file has from the header on, of which blob is what is at hand. */
static enum go_info_found read_inline(struct slice blob, uint64_t left, struct go_info *out)
{
	struct cursor c = cursor_at(blob, HEADER_BYTES);

	if (take_string(&c, &out->version) && take_string(&c, &out->modules))
		return GO_INFO_FOUND;
	return blob.len < left ? GO_INFO_ABSENT : GO_INFO_DAMAGED;
}

/* ---- Go 1.13 to 1.17: addresses of two string headers, which are an address and a length ---- */

struct pointers {
	const struct exe_pieces *p;
	const struct exe *e;
	unsigned size;
	bool big_endian;
};

static uint64_t pointer_at(const struct pointers *ptr, struct slice s, size_t at)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < ptr->size && at + i < s.len; i++)
		v |= (uint64_t)s.ptr[at + i] << 8 * (ptr->big_endian ? ptr->size - 1 - i : i);
	return v;
}

static enum go_info_found bytes_at(const struct pointers *ptr, uint64_t addr, uint64_t n, struct slice *out)
{
	uint64_t offset, left;

	if (n == 0) {
		*out = SLICE_EMPTY;
		return GO_INFO_FOUND;
	}
	if (!exe_locate(ptr->e, addr, &offset, &left) || left < n)
		return GO_INFO_DAMAGED;
	return exe_bytes(ptr->p, offset, n, out) ? GO_INFO_FOUND : GO_INFO_ABSENT;
}

static enum go_info_found string_at(const struct pointers *ptr, uint64_t addr, struct slice *out)
{
	struct slice header;
	enum go_info_found found = bytes_at(ptr, addr, 2 * ptr->size, &header);

	if (found != GO_INFO_FOUND)
		return found;
	return bytes_at(ptr, pointer_at(ptr, header, 0), pointer_at(ptr, header, ptr->size), out);
}

static enum go_info_found read_pointers(const struct exe_pieces *p, const struct exe *e, struct slice blob,
					struct go_info *out)
{
	struct pointers ptr = { p, e, blob.ptr[14], (blob.ptr[15] & FLAG_BIG_ENDIAN) != 0 };
	enum go_info_found version, modules;

	if (ptr.size != 4 && ptr.size != 8)
		return GO_INFO_DAMAGED;
	version = string_at(&ptr, pointer_at(&ptr, blob, 16), &out->version);
	if (version != GO_INFO_FOUND)
		return version;
	modules = string_at(&ptr, pointer_at(&ptr, blob, 16 + ptr.size), &out->modules);
	if (modules == GO_INFO_DAMAGED)
		out->modules = SLICE_EMPTY; /* not built from modules: the string is empty, its address anything */
	return modules == GO_INFO_ABSENT ? modules : GO_INFO_FOUND;
}

/* ---- finding it ---- */

/* The text without what marks its ends; without these it is none. */
static struct slice without_sentinels(struct slice s)
{
	if (s.len < 2 * SENTINEL_BYTES + 1 || s.ptr[s.len - SENTINEL_BYTES - 1] != '\n')
		return SLICE_EMPTY;
	return slice_make(s.ptr + SENTINEL_BYTES, s.len - 2 * SENTINEL_BYTES);
}

static enum go_info_found read_blob(const struct exe_pieces *p, const struct exe *e, struct slice blob, uint64_t left,
				    struct go_info *out)
{
	enum go_info_found found;

	if (blob.len < HEADER_BYTES)
		return left < HEADER_BYTES ? GO_INFO_DAMAGED : GO_INFO_ABSENT;
	found = blob.ptr[15] & FLAG_INLINE ? read_inline(blob, left, out) : read_pointers(p, e, blob, out);
	if (found != GO_INFO_FOUND)
		return found;
	out->modules = without_sentinels(out->modules);
	return out->version.len > 0 ? GO_INFO_FOUND : GO_INFO_DAMAGED;
}

/* Position of the mark from `from` on, at an address that is a multiple of 16; SIZE_MAX if it is not there. */
static size_t find_magic(struct slice s, uint64_t addr, size_t from)
{
	size_t i = from + (size_t)(-(addr + from) % ALIGNMENT);

	for (; i + magic.len <= s.len; i += ALIGNMENT)
		if (s.ptr[i] == 0xff && memcmp(s.ptr + i, magic.ptr, magic.len) == 0)
			return i;
	return SIZE_MAX;
}

/* What follows the mark may go on behind the area, up to the end of the segment around it. */
static enum go_info_found read_at(const struct exe_pieces *p, const struct exe *e, const struct exe_area *area,
				  size_t at, struct go_info *out)
{
	uint64_t offset = area->offset + at, left = area->size - at, mapped_offset, mapped_left;

	if (exe_locate(e, area->addr + at, &mapped_offset, &mapped_left) && mapped_offset == offset)
		left = MAX(left, mapped_left);
	return read_blob(p, e, exe_bytes_from(p, offset, left), left, out);
}

static enum go_info_found find_in(const struct exe_pieces *p, const struct exe *e, const struct exe_area *area,
				  struct go_info *out)
{
	struct slice s = exe_bytes_from(p, area->offset, area->size);
	enum go_info_found found = GO_INFO_NONE;

	/* A program may hold the mark as a constant, to look for it: what follows makes no sense then; the next counts.
	 */
	for (size_t at = 0; (at = find_magic(s, area->addr, at)) != SIZE_MAX; at += ALIGNMENT) {
		found = read_at(p, e, area, at, out);
		if (found != GO_INFO_DAMAGED)
			return found;
	}
	if (s.len == area->size)
		return found;
	/* Reading a large program a second time has to be worth it. */
	return s.len == 0 || e->go_note ? GO_INFO_ABSENT : found;
}

enum go_info_found go_info_find(const struct exe_pieces *p, const struct exe *e, struct go_info *out)
{
	enum go_info_found found = GO_INFO_NONE, damaged = GO_INFO_NONE;

	memset(out, 0, sizeof(*out));
	if (e->section.size > 0)
		found = find_in(p, e, &e->section, out);
	for (size_t i = 0; i < e->n_writable && (found == GO_INFO_NONE || found == GO_INFO_DAMAGED); i++) {
		damaged = MAX(damaged, found);
		found = find_in(p, e, &e->writable[i], out);
	}
	return found == GO_INFO_NONE ? damaged : found;
}

/* ---- the module text ---- */

bool go_info_line(struct slice *rest, struct go_line *out)
{
	struct slice line, fields;

	while (slice_line(rest, &line)) {
		if (!slice_cut(line, '\t', &out->word, &fields))
			continue;
		if (slice_eq(out->word, SLICE("build"))) {
			slice_cut(fields, '=', &out->path, &out->version);
			return true;
		}
		slice_cut(fields, '\t', &out->path, &fields);
		slice_cut(fields, '\t', &out->version, NULL);
		return true;
	}
	return false;
}

static struct slice digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.ptr[n]))
		n++;
	return slice_take(s, n);
}

/* "1.19", "1.19.1", "1.21rc2": how many bytes of s are such; 0 if it begins otherwise. */
static size_t release_len(struct slice s)
{
	struct slice rest = s;

	for (;;) {
		struct slice number = digits(rest);

		if (number.len == 0)
			return 0;
		rest = slice_from(rest, number.len);
		if (rest.len == 0 || rest.ptr[0] != '.')
			break;
		rest = slice_from(rest, 1);
	}
	if (slice_starts(rest, SLICE("rc")))
		rest = slice_from(rest, 2 + digits(slice_from(rest, 2)).len);
	else if (slice_starts(rest, SLICE("beta")))
		rest = slice_from(rest, 4 + digits(slice_from(rest, 4)).len);
	return s.len - rest.len;
}

struct slice go_info_release(struct slice version)
{
	struct slice s = version;
	size_t n;

	if (!slice_starts(s, SLICE("go")))
		return version;
	s = slice_from(s, 2);
	n = release_len(s);
	if (n == 0)
		return version;
	if (n == s.len || s.ptr[n] == ' ' || s.ptr[n] == '-' || s.ptr[n] == '+')
		return slice_take(s, n);
	return s;
}
