/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor.h - reading binary formats from a slice; each call fails (false) without moving when bytes are missing.
 */
#ifndef LIMPID_BASE_CURSOR_H
#define LIMPID_BASE_CURSOR_H

#include "base/slice.h"

struct cursor {
	struct slice in; /* borrowed, whole input */
	size_t pos;      /* next byte; never past in.len */
};

static inline struct cursor cursor_at(struct slice in, size_t pos)
{
	return (struct cursor){ in, pos <= in.len ? pos : in.len };
}
static inline size_t cursor_left(const struct cursor *c)
{
	return c->in.len - c->pos;
}
bool cursor_take(struct cursor *c, size_t n, struct slice *out);
bool cursor_skip(struct cursor *c, size_t n);
/* Move to an absolute position; false if it is past the end. */
bool cursor_seek(struct cursor *c, size_t pos);
bool cursor_u8(struct cursor *c, uint8_t *out);
bool cursor_u16le(struct cursor *c, uint16_t *out);
bool cursor_u32le(struct cursor *c, uint32_t *out);
bool cursor_u64le(struct cursor *c, uint64_t *out);
bool cursor_u16be(struct cursor *c, uint16_t *out);
bool cursor_u32be(struct cursor *c, uint32_t *out);
bool cursor_u64be(struct cursor *c, uint64_t *out);
/* Unsigned LEB128 of at most 10 bytes. */
bool cursor_uvarint(struct cursor *c, uint64_t *out);

#endif
