/* SPDX-License-Identifier: Apache-2.0 */
/* zlib.c - one zlib stream in memory. */
#include "io/zlib.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#define PIECE_BYTES ((size_t)64 << 10)

static enum status unpack(struct inflate_state *s, struct slice in, struct buf *out, struct err *err)
{
	if (in.len > UINT32_MAX)
		return err_set(err, STATUS_LIMIT, "zlib: 4 GiB or more");
	isal_inflate_init(s);
	s->crc_flag = ISAL_ZLIB;
	s->next_in = (uint8_t *)(uintptr_t)in.ptr;
	s->avail_in = (uint32_t)in.len;
	while (s->block_state != ISAL_BLOCK_FINISH) {
		uint8_t *room = buf_reserve(out, PIECE_BYTES);
		uint32_t before = s->avail_in;
		int rc;

		if (!room)
			return buf_check(out, "zlib", err);
		s->next_out = room;
		s->avail_out = (uint32_t)PIECE_BYTES;
		rc = isal_inflate(s);
		out->len += PIECE_BYTES - s->avail_out;
		if (rc != ISAL_DECOMP_OK)
			return err_set(err, STATUS_MALFORMED, "zlib: the data is damaged (%d)", rc);
		if (s->block_state != ISAL_BLOCK_FINISH && s->avail_out == PIECE_BYTES && s->avail_in == before)
			return err_set(err, STATUS_MALFORMED, "zlib: the data ends early");
	}
	return STATUS_OK;
}

enum status zlib_unpack(struct slice in, struct buf *out, struct err *err)
{
	struct inflate_state *s = malloc(sizeof(*s)); /* tens of KiB */
	enum status st;

	if (!s)
		return err_nomem(err, "zlib");
	st = unpack(s, in, out, err);
	free(s);
	return st;
}
