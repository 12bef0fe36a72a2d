/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.c - fuzz target: decompression gives the same however its input comes and whoever reads it. First byte: the
 * pieces.
 */
#include "../tests/support/pieces.h"
#include "base/buf.h"
#include "io/codec.h"

#include <stdlib.h>

#define BYTES_MAX ((size_t)1 << 20)

struct result {
	enum status status;
	enum codec_id id;
	struct buf bytes;
	struct err err;
};

static void decode(struct result *r, struct slice stored, size_t inner_step, size_t step, bool threaded)
{
	struct limits limits = limits_default;
	struct source *s = NULL;
	size_t n = 0;

	limits.layer_bytes = BYTES_MAX;
	*r = (struct result){ .id = CODEC_COUNT, .bytes = BUF_INIT(2 * BYTES_MAX), .err = ERR_INIT };
	r->status = codec_open(&piece_source(stored, inner_step)->base, &limits, &r->id, &s, &r->err);
	if (r->status != STATUS_OK)
		return;
	if (threaded)
		s = source_threaded(s);
	do {
		uint8_t *room = buf_reserve(&r->bytes, step);

		if (!room)
			abort(); /* more than the limit came */
		r->status = source_read(s, room, step, &n, &r->err);
		r->bytes.len += r->status == STATUS_OK ? n : 0;
	} while (r->status == STATUS_OK && n > 0);
	source_free(s);
}

static void check(const struct result *r, struct slice stored)
{
	if (r->bytes.len > BYTES_MAX || r->id >= CODEC_COUNT)
		abort();
	if (r->status != STATUS_OK && (r->err.code != r->status || r->err.offset > stored.len || !r->err.msg[0]))
		abort();
	if (r->id == CODEC_PLAIN && r->status == STATUS_OK && !slice_eq(buf_slice(&r->bytes), stored))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces, threaded;
	struct slice stored;

	if (size == 0 || size > (1 << 16))
		return 0;
	stored = slice_make(data + 1, size - 1);
	decode(&whole, stored, size, 65536, false);
	check(&whole, stored);
	/* Whatever the pieces it comes in: the same bytes, the same end. */
	decode(&pieces, stored, 1 + data[0] % 16, 65536, false);
	if (pieces.status != whole.status || pieces.id != whole.id || pieces.err.offset != whole.err.offset ||
	    !slice_eq(buf_slice(&pieces.bytes), buf_slice(&whole.bytes)))
		abort();
	buf_fini(&pieces.bytes);
	/* Read by a thread, in other pieces. Only a failure may come earlier or later then. */
	decode(&threaded, stored, size, 1 + (size_t)data[0] * 7, (data[0] & 31) == 0);
	check(&threaded, stored);
	if (threaded.id != whole.id ||
	    (threaded.status == STATUS_OK && whole.status == STATUS_OK &&
	     !slice_eq(buf_slice(&threaded.bytes), buf_slice(&whole.bytes))) ||
	    (!slice_starts(buf_slice(&threaded.bytes), buf_slice(&whole.bytes)) &&
	     !slice_starts(buf_slice(&whole.bytes), buf_slice(&threaded.bytes))))
		abort();
	buf_fini(&threaded.bytes);
	buf_fini(&whole.bytes);
	return 0;
}
