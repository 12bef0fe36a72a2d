/* SPDX-License-Identifier: Apache-2.0 */
/* zip_view.c - walks the central directory of a zip in memory and unpacks single members. */
#include "io/zip_view.h"

#include "base/ckd.h"
#include "base/cursor.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#define END_BYTES ZIP_BYTES_MIN
#define COMMENT_MAX 65535
#define END64_BYTES 56
#define LOCATOR_BYTES 20
#define RECORD_BYTES 46
#define LOCAL_BYTES 30
#define EXTRA_ZIP64 1
#define METHOD_STORED 0
#define METHOD_DEFLATED 8

/* ---- the end of the archive ---- */

static bool is_mark(struct slice bytes, uint64_t at, const char *mark)
{
	return at <= bytes.len && bytes.len - at >= 4 && memcmp(bytes.ptr + at, mark, 4) == 0;
}

/* The last record of an end, whose comment reaches to the end of the bytes or beyond (then it was cut off). */
static bool find_end(struct slice bytes, uint64_t *out)
{
	uint64_t lowest = bytes.len > END_BYTES + COMMENT_MAX ? bytes.len - END_BYTES - COMMENT_MAX : 0;

	if (bytes.len < END_BYTES)
		return false;
	for (uint64_t at = bytes.len - END_BYTES + 1; at-- > lowest;) {
		if (bytes.ptr[at] == 'P' && is_mark(bytes, at, "PK\5\6")) {
			*out = at;
			return true;
		}
	}
	return false;
}

struct end {
	uint64_t size, offset; /* of the central directory, as the end says */
	uint64_t at;	       /* where the directory has to end */
};

/* True if there is a zip64 end, which then counts. */
static bool read_end64(struct slice bytes, uint64_t end_at, struct end *out)
{
	struct cursor c;
	uint64_t at;

	if (end_at < LOCATOR_BYTES || !is_mark(bytes, end_at - LOCATOR_BYTES, "PK\6\7"))
		return false;
	c = cursor_at(bytes, (size_t)(end_at - LOCATOR_BYTES + 8));
	if (!cursor_u64le(&c, &at))
		return false;
	/* With bytes before the archive it is not where the locator says, but right before it. */
	if (!is_mark(bytes, at, "PK\6\6")) {
		if (end_at < LOCATOR_BYTES + END64_BYTES)
			return false;
		at = end_at - LOCATOR_BYTES - END64_BYTES;
		if (!is_mark(bytes, at, "PK\6\6"))
			return false;
	}
	c = cursor_at(bytes, (size_t)at + 40);
	out->at = at;
	return cursor_u64le(&c, &out->size) && cursor_u64le(&c, &out->offset);
}

static bool read_end(struct slice bytes, uint64_t end_at, struct end *out)
{
	struct cursor c = cursor_at(bytes, (size_t)end_at + 12);
	uint32_t size, offset;

	if (read_end64(bytes, end_at, out))
		return true;
	if (!cursor_u32le(&c, &size) || !cursor_u32le(&c, &offset))
		return false;
	*out = (struct end){ size, offset, end_at };
	return true;
}

enum status zip_view_open(struct slice bytes, struct zip_view *out, struct err *err)
{
	struct end end;
	uint64_t at, begin;

	if (!find_end(bytes, &at))
		return err_set(err, STATUS_MALFORMED,
			       "zip: no end of a central directory: it is no zip archive, or a part of one");
	if (!read_end(bytes, at, &end))
		return err_at(err, STATUS_MALFORMED, at, "zip: the end of the central directory is cut");
	/* What was put before the archive moves all of it; gaps after the directory are tolerated. */
	if (end.size > end.at)
		return err_at(err, STATUS_MALFORMED, at, "zip: the central directory is larger than the file");
	begin = end.at - end.size;
	if (end.offset > begin || (end.size > 0 && !is_mark(bytes, begin, "PK\1\2"))) {
		if (end.offset > end.at || end.size > end.at - end.offset || !is_mark(bytes, end.offset, "PK\1\2"))
			return err_at(err, STATUS_MALFORMED, at,
				      "zip: there is no central directory where the end says");
		begin = end.offset;
	}
	*out = (struct zip_view){
		.bytes = bytes, .shift = begin - end.offset, .begin = begin, .at = begin, .end = begin + end.size
	};
	return STATUS_OK;
}

void zip_view_rewind(struct zip_view *z)
{
	z->at = z->begin;
}

/* ---- members ---- */

/* Sizes and the offset that do not fit 32 bits are in an extra field, in this order and only those. */
static bool read_zip64(struct slice extra, struct zip_entry *e, uint64_t *header)
{
	uint64_t *const wide[] = { &e->size, &e->packed, header };
	struct cursor c = cursor_at(extra, 0);
	uint16_t id, len;

	while (cursor_u16le(&c, &id) && cursor_u16le(&c, &len)) {
		struct slice field;
		struct cursor in;

		if (!cursor_take(&c, len, &field))
			return false;
		if (id != EXTRA_ZIP64)
			continue;
		in = cursor_at(field, 0);
		for (size_t i = 0; i < ARRAY_LEN(wide); i++)
			if (*wide[i] == UINT32_MAX && !cursor_u64le(&in, wide[i]))
				return false;
		return true;
	}
	return true; /* a member may really have 4 GiB less one byte */
}

struct record {
	uint32_t packed, size, offset;
	uint16_t name, extra, comment;
};

static bool read_record(struct cursor *c, struct zip_entry *e, struct record *r)
{
	return cursor_skip(c, 8) && cursor_u16le(c, &e->flags) && cursor_u16le(c, &e->method) && cursor_skip(c, 4) &&
	       cursor_u32le(c, &e->crc) && cursor_u32le(c, &r->packed) && cursor_u32le(c, &r->size) &&
	       cursor_u16le(c, &r->name) && cursor_u16le(c, &r->extra) && cursor_u16le(c, &r->comment) &&
	       cursor_skip(c, 8) && cursor_u32le(c, &r->offset);
}

enum status zip_view_next(struct zip_view *z, struct zip_entry *out, struct err *err)
{
	struct slice directory = slice_take(z->bytes, (size_t)z->end), extra, comment;
	struct cursor c = cursor_at(directory, (size_t)z->at);
	struct zip_entry e = { .offset = z->at };
	struct record r;
	uint64_t header;

	if (z->at >= z->end)
		return STATUS_NOTFOUND;
	z->at = z->end; /* unless it goes well */
	if (!is_mark(directory, e.offset, "PK\1\2") || !read_record(&c, &e, &r) || !cursor_take(&c, r.name, &e.name) ||
	    !cursor_take(&c, r.extra, &extra) || !cursor_take(&c, r.comment, &comment))
		return err_at(err, STATUS_MALFORMED, e.offset, "zip: the central directory is damaged");
	e.packed = r.packed;
	e.size = r.size;
	header = r.offset;
	if (!read_zip64(extra, &e, &header) || CKD_ADD(&e.header, header, z->shift))
		return err_at(err, STATUS_MALFORMED, e.offset, "zip: the zip64 field of a member is damaged");
	z->at = c.pos;
	*out = e;
	return STATUS_OK;
}

enum status zip_view_packed(const struct zip_view *z, const struct zip_entry *e, struct slice *out, struct err *err)
{
	struct slice local = slice_from(z->bytes, (size_t)MIN(e->header, (uint64_t)z->bytes.len));
	struct cursor c = cursor_at(local, 26);
	uint16_t name, extra;
	struct slice packed;

	if (e->flags & 1)
		return err_at(err, STATUS_UNSUPPORTED, e->offset, "zip: the member is encrypted");
	if (!is_mark(local, 0, "PK\3\4") || local.len < LOCAL_BYTES || !cursor_u16le(&c, &name) ||
	    !cursor_u16le(&c, &extra) || !cursor_skip(&c, (size_t)name + extra) || e->packed > cursor_left(&c) ||
	    !cursor_take(&c, (size_t)e->packed, &packed))
		return err_at(err, STATUS_MALFORMED, e->offset, "zip: the member is not where the directory says");
	*out = packed;
	return STATUS_OK;
}

static enum status inflate_all(struct slice packed, const struct zip_entry *e, uint8_t *out, struct err *err)
{
	struct inflate_state *s = malloc(sizeof(*s)); /* tens of KiB */
	bool whole;

	if (!s)
		return err_nomem(err, "zip");
	isal_inflate_init(s);
	s->next_in = (uint8_t *)(uintptr_t)packed.ptr;
	s->avail_in = (uint32_t)packed.len;
	s->next_out = out;
	s->avail_out = (uint32_t)e->size;
	whole = isal_inflate_stateless(s) == ISAL_DECOMP_OK && s->avail_out == 0;
	free(s);
	return whole ? STATUS_OK
		     : err_at(err, STATUS_MALFORMED, e->offset,
			      "zip: the member's data is damaged, or is not of the size that the directory says");
}

enum status zip_view_unpack(const struct zip_view *z, const struct zip_entry *e, uint8_t *out, struct err *err)
{
	struct slice packed;

	TRY(zip_view_packed(z, e, &packed, err));
	if (e->method != METHOD_STORED && e->method != METHOD_DEFLATED)
		return err_at(err, STATUS_UNSUPPORTED, e->offset, "zip: the member is packed by method %u", e->method);
	if (e->size > UINT32_MAX || packed.len > UINT32_MAX)
		return err_at(err, STATUS_LIMIT, e->offset, "zip: the member has 4 GiB or more");
	if (e->method == METHOD_STORED) {
		if (packed.len != e->size)
			return err_at(err, STATUS_MALFORMED, e->offset, "zip: the member is stored, but of two sizes");
		if (e->size > 0)
			memcpy(out, packed.ptr, packed.len);
	} else {
		TRY(inflate_all(packed, e, out, err));
	}
	if (crc32_gzip_refl(0, out, e->size) != e->crc)
		return err_at(err, STATUS_MALFORMED, e->offset, "zip: the check sum does not fit the member's data");
	return STATUS_OK;
}
