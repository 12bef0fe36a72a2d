/* SPDX-License-Identifier: Apache-2.0 */
/* bun_lockb.c - reading bun.lockb: packages, who asks for whom. */
#include "index/package/bun_lockb.h"

#include "base/cursor.h"

static const struct slice head = SLICE_INIT("#!/usr/bin/env bun\nbun-lockfile-format-v0\n");

enum { HASH_BYTES = 32, TEXT_BYTES = 8, DEPENDENCY_BYTES = 26, ARRAYS = 6 };
enum { FORMAT_U32 = 2, FORMAT_U64 = 3 }; /* how wide the numbers of versions are */
enum { RESOLUTION_U32 = 64, RESOLUTION_U64 = 72 };
/* Where a package comes from; git, archives and what is not known yet are the rest. */
enum { FROM_ROOT = 1, FROM_NPM = 2, FROM_FOLDER = 4, FROM_LINK = 64, FROM_WORKSPACE = 72 };
enum { ASKED_DEV = 1 << 3 };

struct lockb {
	struct lock *lock;
	struct slice file;
	uint32_t format;
	size_t n; /* packages */
	struct slice names, resolutions, asks; /* columns of the table; the last: begin and count in the arrays */
	struct slice array[ARRAYS]; /* trees, hoisted, resolutions, dependencies, lists of texts, texts */
	size_t *entries; /* of each package in the list, or LOCK_NONE */
};

enum { RESOLVED = 2, DEPENDENCIES = 3, TEXTS = 5 };

static uint64_t number(struct slice s, size_t at, unsigned width)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < width && at + i < s.len; i++)
		v |= (uint64_t)s.ptr[at + i] << 8 * i;
	return v;
}

/* Up to eight bytes stand in place; of a longer text, its offset and its length with the highest bit set. */
static struct slice text_at(const struct lockb *b, struct slice s, size_t at)
{
	struct slice place = slice_take(slice_from(s, at), TEXT_BYTES);
	size_t offset, len;

	if (place.len < TEXT_BYTES)
		return SLICE_EMPTY;
	if (!(place.ptr[TEXT_BYTES - 1] & 0x80)) {
		slice_cut(place, 0, &place, NULL);
		return place;
	}
	offset = (size_t)number(place, 0, 4);
	len = (size_t)number(place, 4, 4) & 0x7fffffff;
	return offset <= b->array[TEXTS].len && len <= b->array[TEXTS].len - offset ?
		       slice_make(b->array[TEXTS].ptr + offset, len) :
		       SLICE_EMPTY;
}

/* ---- the layout ---- */

static bool range(const struct lockb *b, uint64_t begin, uint64_t end, struct slice *out)
{
	if (begin > end || end > b->file.len)
		return false;
	*out = slice_make(b->file.ptr + begin, (size_t)(end - begin));
	return true;
}

static bool take_column(struct slice *table, size_t n, size_t each, struct slice *out)
{
	if (each > 0 && table->len / each < n)
		return false;
	*out = slice_take(*table, n * each);
	*table = slice_from(*table, n * each);
	return true;
}

static bool read_table(struct lockb *b, struct cursor *c)
{
	uint64_t n, alignment, fields, begin, end;
	size_t each = b->format == FORMAT_U64 ? RESOLUTION_U64 : RESOLUTION_U32;
	struct slice table, hashes;

	if (!cursor_u64le(c, &n) || !cursor_u64le(c, &alignment) || !cursor_u64le(c, &fields) ||
	    !cursor_u64le(c, &begin) || !cursor_u64le(c, &end) || !range(b, begin, end, &table) ||
	    n > table.len / TEXT_BYTES)
		return false;
	b->n = (size_t)n;
	return take_column(&table, b->n, TEXT_BYTES, &b->names) && take_column(&table, b->n, 8, &hashes) &&
	       take_column(&table, b->n, each, &b->resolutions) && take_column(&table, b->n, 8, &b->asks) &&
	       cursor_seek(c, (size_t)end);
}

static bool read_arrays(struct lockb *b, struct cursor *c)
{
	for (size_t i = 0; i < ARRAYS; i++) {
		uint64_t begin, end;

		if (!cursor_u64le(c, &begin) || !cursor_u64le(c, &end) || begin < c->pos ||
		    !range(b, begin, end, &b->array[i]) || !cursor_seek(c, (size_t)end))
			return false;
	}
	return true;
}

static enum status read_layout(struct lockb *b, struct err *err)
{
	struct cursor c = cursor_at(b->file, head.len);
	uint64_t end;

	if (!slice_starts(b->file, head) || !cursor_u32le(&c, &b->format))
		return err_set(err, STATUS_MALFORMED, "it is no binary lock file of Bun");
	if (b->format != FORMAT_U32 && b->format != FORMAT_U64)
		return err_set(err, STATUS_UNSUPPORTED,
			       "version %u of Bun's binary lock file is not known: 2 and 3 are", b->format);
	if (!cursor_skip(&c, HASH_BYTES) || !cursor_u64le(&c, &end) || end > b->file.len || !read_table(b, &c) ||
	    !read_arrays(b, &c))
		return err_at(err, STATUS_MALFORMED, c.pos, "the parts of the file lie outside of it");
	return STATUS_OK;
}

/* ---- packages ---- */

/* The place of a text, three numbers, and two texts with a hash each: what stands behind - and +. */
static bool version_of(const struct lockb *b, struct slice resolution, struct slice *out)
{
	bool wide = b->format == FORMAT_U64;
	unsigned width = wide ? 8 : 4;
	size_t labels = wide ? 40 : 32;
	struct slice before = text_at(b, resolution, labels), build = text_at(b, resolution, labels + 16);

	return arena_printf(b->lock->in.env->arena, out, "%llu.%llu.%llu%s%.*s%s%.*s",
			    (unsigned long long)number(resolution, 16, width),
			    (unsigned long long)number(resolution, 16 + width, width),
			    (unsigned long long)number(resolution, 16 + (size_t)2 * width, width),
			    before.len > 0 ? "-" : "", SLICE_ARG(before), build.len > 0 ? "+" : "", SLICE_ARG(build));
}

static struct slice resolution_of(const struct lockb *b, size_t i)
{
	size_t each = b->format == FORMAT_U64 ? RESOLUTION_U64 : RESOLUTION_U32;

	return slice_take(slice_from(b->resolutions, i * each), each);
}

static enum status add_package(struct lockb *b, size_t i, struct err *err)
{
	struct slice resolution = resolution_of(b, i), version;

	b->entries[i] = LOCK_NONE;
	switch (resolution.ptr[0]) {
	case FROM_ROOT:
	case FROM_FOLDER:
	case FROM_LINK:
	case FROM_WORKSPACE:
		return STATUS_OK; /* of the project itself */
	case FROM_NPM:
		break;
	default: /* a commit, or an archive somewhere */
		lock_vague(b->lock, 0);
		return STATUS_OK;
	}
	if (!version_of(b, resolution, &version))
		return err_nomem(err, "a lock file");
	return lock_add(b->lock, text_at(b, b->names, i * TEXT_BYTES), version, 0, 0, &b->entries[i], err);
}

/* What a package asks for: its part of the dependencies, and beside them the packages that they mean. */
static enum status add_asks(struct lockb *b, size_t i, size_t *left, struct err *err)
{
	size_t begin = (size_t)number(b->asks, i * 8, 4), n = (size_t)number(b->asks, i * 8 + 4, 4);
	size_t all = b->array[DEPENDENCIES].len / DEPENDENCY_BYTES;
	uint8_t from = resolution_of(b, i).ptr[0];

	if (begin > all || n > all - begin || n > *left || b->array[RESOLVED].len / 4 < all)
		return err_set(err, STATUS_MALFORMED, "package %zu asks for more than there is", i);
	*left -= n;
	for (size_t j = begin; j < begin + n; j++) {
		size_t to = (size_t)number(b->array[RESOLVED], j * 4, 4);
		bool dev = b->array[DEPENDENCIES].ptr[j * DEPENDENCY_BYTES + 16] & ASKED_DEV;

		if (to >= b->n)
			continue; /* of another system, or a peer that nobody brings */
		if (from == FROM_ROOT || from == FROM_WORKSPACE)
			lock_root(b->lock, b->entries[to], dev ? LOCK_DEV : LOCK_USE);
		else
			TRY(lock_ask(b->lock, b->entries[i], b->entries[to], err));
	}
	return STATUS_OK;
}

enum status bun_lockb_read(struct lock *l, struct err *err)
{
	struct lockb b = { .lock = l, .file = l->in.file->bytes };
	size_t left;

	TRY(read_layout(&b, err));
	if (b.n == 0)
		return STATUS_OK;
	b.entries = arena_array(l->in.env->arena, b.n, sizeof(*b.entries));
	if (!b.entries)
		return err_nomem(err, "a lock file");
	for (size_t i = 0; i < b.n; i++)
		TRY(add_package(&b, i, err));
	left = b.array[DEPENDENCIES].len / DEPENDENCY_BYTES;
	for (size_t i = 0; i < b.n; i++)
		TRY(add_asks(&b, i, &left, err));
	return lock_reach(l, true, err);
}
