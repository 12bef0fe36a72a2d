/* SPDX-License-Identifier: Apache-2.0 */
/* compress.c - one body at a time, with ISA-L and libzstd. */
#include "server/compress.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <zstd.h>

/* Deflate of bytes that cannot be compressed: 5 bytes a block, and the frame of gzip. */
static size_t most_deflated(size_t n)
{
	return n + n / 8 + 512;
}

static bool deflate_body(bool gzip, struct slice in, struct slice *out)
{
	struct isal_zstream z;
	size_t room = most_deflated(in.len);
	uint8_t *to, *level;
	bool ok = false;

	/* The library counts with 32 bits. */
	if (in.len > UINT32_MAX / 2)
		return false;
	to = malloc(room);
	level = malloc(ISAL_DEF_LVL1_DEFAULT);
	if (to && level) {
		isal_deflate_stateless_init(&z);
		z.next_in = (uint8_t *)(uintptr_t)in.ptr;
		z.avail_in = (uint32_t)in.len;
		z.end_of_stream = 1;
		z.next_out = to;
		z.avail_out = (uint32_t)room;
		z.gzip_flag = gzip ? IGZIP_GZIP : IGZIP_DEFLATE;
		z.level = 1;
		z.level_buf = level;
		z.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
		ok = isal_deflate_stateless(&z) == COMP_OK;
	}
	free(level);
	if (ok)
		*out = slice_make(to, z.total_out);
	else
		free(to);
	return ok;
}

static bool zstd_body(struct slice in, struct slice *out)
{
	size_t room = ZSTD_compressBound(in.len), n;
	uint8_t *to = malloc(room);

	if (!to)
		return false;
	n = ZSTD_compress(to, room, in.ptr, in.len, 1);
	if (ZSTD_isError(n)) {
		free(to);
		return false;
	}
	*out = slice_make(to, n);
	return true;
}

bool compress_body(enum content_coding coding, struct slice in, struct slice *out)
{
	switch (coding) {
	case CODING_GZIP:
	case CODING_DEFLATE:
		return deflate_body(coding == CODING_GZIP, in, out);
	case CODING_ZSTD:
		return zstd_body(in, out);
	default:
		return false;
	}
}
