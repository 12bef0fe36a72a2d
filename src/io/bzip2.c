/* SPDX-License-Identifier: Apache-2.0 */
/* bzip2.c - bzip2 by libbz2, several streams. */
#include "io/decoder.h"

#include <bzlib.h>
#include <stdlib.h>

struct bzip2_source {
	struct source base;
	struct decoder_input in;
	bz_stream stream;
	bool in_stream;
};

static bool bzip2_claims(struct slice head)
{
	return head.len >= 4 && slice_starts(head, SLICE("BZh")) && head.ptr[3] >= '1' && head.ptr[3] <= '9';
}

static enum status bzip2_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct bzip2_source *b = (struct bzip2_source *)s;
	unsigned room = (unsigned)MIN(cap, (size_t)1 << 30);

	*out_n = 0;
	while (*out_n == 0) {
		uint64_t offset;
		int rc;

		TRY(decoder_input_fill(&b->in, err));
		offset = decoder_input_offset(&b->in);
		if (b->in.ended && b->in_stream)
			return err_at(err, STATUS_MALFORMED, offset, "bzip2: the compressed data ends early");
		if (b->in.ended)
			return STATUS_OK;
		if (!b->in_stream) {
			if (BZ2_bzDecompressInit(&b->stream, 0, 0) != BZ_OK)
				return err_nomem(err, "bzip2");
			b->in_stream = true;
		}
		b->stream.next_in = (char *)b->in.buf + b->in.at;
		b->stream.avail_in = (unsigned)(b->in.len - b->in.at);
		b->stream.next_out = (char *)buf;
		b->stream.avail_out = room;
		rc = BZ2_bzDecompress(&b->stream);
		b->in.at = b->in.len - b->stream.avail_in;
		*out_n = room - b->stream.avail_out;
		if (rc == BZ_STREAM_END) {
			BZ2_bzDecompressEnd(&b->stream);
			b->in_stream = false;
		} else if (rc != BZ_OK) {
			return err_at(err, STATUS_MALFORMED, offset, "bzip2: the compressed data is damaged (%d)", rc);
		}
	}
	return STATUS_OK;
}

static void bzip2_close(struct source *s)
{
	struct bzip2_source *b = (struct bzip2_source *)s;

	if (b->in_stream)
		BZ2_bzDecompressEnd(&b->stream);
	decoder_input_fini(&b->in);
	free(b);
}

static struct source *bzip2_open(struct source *inner)
{
	static const struct source_ops ops = { bzip2_read, bzip2_close };
	struct bzip2_source *b = calloc(1, sizeof(*b));

	if (!b) {
		source_free(inner);
		return NULL;
	}
	b->base.ops = &ops;
	if (!decoder_input_init(&b->in, inner)) {
		bzip2_close(&b->base);
		return NULL;
	}
	return &b->base;
}

const struct codec codec_bzip2 = { "bzip2", bzip2_claims, bzip2_open };
