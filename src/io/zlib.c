/* SPDX-License-Identifier: Apache-2.0 */
/* zlib.c - one zlib stream or member of gzip in memory. */
#include "io/zlib.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#define PIECE_BYTES ((size_t)64 << 10)

static enum status unpack(struct inflate_state *s, struct slice in, struct buf *out, const char *what, struct err *err)
{
	if (in.len > UINT32_MAX)
		return err_set(err, STATUS_LIMIT, "%s: 4 GiB or more", what);
	s->next_in = (uint8_t *)(uintptr_t)in.ptr;
	s->avail_in = (uint32_t)in.len;
	while (s->block_state != ISAL_BLOCK_FINISH) {
		uint8_t *room = buf_reserve(out, PIECE_BYTES);
		uint32_t before = s->avail_in;
		int rc;

		if (!room)
			return buf_check(out, what, err);
		s->next_out = room;
		s->avail_out = (uint32_t)PIECE_BYTES;
		rc = isal_inflate(s);
		out->len += PIECE_BYTES - s->avail_out;
		if (rc != ISAL_DECOMP_OK)
			return err_set(err, STATUS_MALFORMED, "%s: the data is damaged (%d)", what, rc);
		if (s->block_state != ISAL_BLOCK_FINISH && s->avail_out == PIECE_BYTES && s->avail_in == before)
			return err_set(err, STATUS_MALFORMED, "%s: the data ends early", what);
	}
	return STATUS_OK;
}

static enum status unpack_as(uint32_t form, struct slice in, struct buf *out, const char *what, struct err *err)
{
	struct inflate_state *s = malloc(sizeof(*s)); /* tens of KiB */
	enum status st;

	if (!s)
		return err_nomem(err, what);
	isal_inflate_init(s);
	s->crc_flag = form;
	st = unpack(s, in, out, what, err);
	free(s);
	return st;
}

enum status zlib_unpack(struct slice in, struct buf *out, struct err *err)
{
	return unpack_as(ISAL_ZLIB, in, out, "zlib", err);
}

enum status gzip_unpack(struct slice in, struct buf *out, struct err *err)
{
	return unpack_as(ISAL_GZIP, in, out, "gzip", err);
}
