/* SPDX-License-Identifier: Apache-2.0 */
/* cursor.c - bounded binary reads. */
#include "base/cursor.h"

bool cursor_take(struct cursor *c, size_t n, struct slice *out)
{
	if (cursor_left(c) < n)
		return false;
	*out = slice_make(c->in.ptr + c->pos, n);
	c->pos += n;
	return true;
}

bool cursor_skip(struct cursor *c, size_t n)
{
	if (cursor_left(c) < n)
		return false;
	c->pos += n;
	return true;
}

bool cursor_seek(struct cursor *c, size_t pos)
{
	if (pos > c->in.len)
		return false;
	c->pos = pos;
	return true;
}

static bool take_le(struct cursor *c, size_t n, uint64_t *out)
{
	struct slice s;
	uint64_t v = 0;

	if (!cursor_take(c, n, &s))
		return false;
	for (size_t i = n; i-- > 0;)
		v = v << 8 | s.ptr[i];
	*out = v;
	return true;
}

static bool take_be(struct cursor *c, size_t n, uint64_t *out)
{
	struct slice s;
	uint64_t v = 0;

	if (!cursor_take(c, n, &s))
		return false;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | s.ptr[i];
	*out = v;
	return true;
}

#define READER(name, type, take)                             \
	bool name(struct cursor *c, type *out)               \
	{                                                    \
		uint64_t v;                                  \
                                                             \
		if (!take(c, sizeof(type), &v))              \
			return false;                        \
		*out = (type)v;                              \
		return true;                                 \
	}

READER(cursor_u8, uint8_t, take_le)
READER(cursor_u16le, uint16_t, take_le)
READER(cursor_u32le, uint32_t, take_le)
READER(cursor_u64le, uint64_t, take_le)
READER(cursor_u16be, uint16_t, take_be)
READER(cursor_u32be, uint32_t, take_be)
READER(cursor_u64be, uint64_t, take_be)

bool cursor_uvarint(struct cursor *c, uint64_t *out)
{
	struct cursor t = *c;
	uint64_t v = 0;
	uint8_t b;

	/* Most numbers are lengths of short texts. */
	if (c->pos < c->in.len && c->in.ptr[c->pos] < 0x80) {
		*out = c->in.ptr[c->pos++];
		return true;
	}
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (!cursor_u8(&t, &b))
			return false;
		if (shift == 63 && b > 1)
			return false;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*c = t;
			*out = v;
			return true;
		}
	}
	return false;
}
