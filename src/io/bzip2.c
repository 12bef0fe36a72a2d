/* SPDX-License-Identifier: Apache-2.0 */
/* bzip2.c - bzip2 by libbz2, several streams. */
#include "io/decoder.h"

#include <bzlib.h>
#include <stdlib.h>

struct bzip2_source {
	struct source base;
	struct decoder_input in;
	bz_stream stream;
	bool in_stream, ended;
};

static bool bzip2_claims(struct slice head)
{
	return head.len >= 4 && slice_starts(head, SLICE("BZh")) && head.ptr[3] >= '1' && head.ptr[3] <= '9';
}

/* At a boundary: does another stream follow, or the end? */
static enum status next_stream(struct bzip2_source *b, struct err *err)
{
	bool padding = false;

	if (decoder_input_offset(&b->in) > 0)
		TRY(decoder_input_skip_zeros(&b->in, &padding, err));
	TRY(decoder_input_fill(&b->in, err));
	b->ended = b->in.ended;
	if (b->ended)
		return STATUS_OK;
	if (padding || b->in.buf[b->in.at] != 'B')
		return err_at(err, STATUS_MALFORMED, decoder_input_offset(&b->in),
			      "bzip2: bytes after the end of the compressed data");
	if (BZ2_bzDecompressInit(&b->stream, 0, 0) != BZ_OK)
		return err_nomem(err, "bzip2");
	b->in_stream = true;
	return STATUS_OK;
}

static enum status decode_some(struct bzip2_source *b, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	uint64_t offset;
	int rc;

	cap = MIN(cap, (size_t)1 << 30);
	b->stream.next_in = (char *)b->in.buf + b->in.at;
	b->stream.avail_in = (unsigned)(b->in.len - b->in.at);
	b->stream.next_out = (char *)buf;
	b->stream.avail_out = (unsigned)cap;
	rc = BZ2_bzDecompress(&b->stream);
	b->in.at = b->in.len - b->stream.avail_in;
	offset = decoder_input_offset(&b->in);
	*out_n = cap - b->stream.avail_out;
	if (rc == BZ_STREAM_END) {
		BZ2_bzDecompressEnd(&b->stream);
		b->in_stream = false;
		return STATUS_OK;
	}
	if (rc == BZ_MEM_ERROR)
		return err_nomem(err, "bzip2");
	if (rc != BZ_OK)
		return err_at(err, STATUS_MALFORMED, offset, "bzip2: the compressed data is damaged (%d)", rc);
	if (*out_n == 0 && b->in.ended)
		return err_at(err, STATUS_MALFORMED, offset, "bzip2: the compressed data ends early");
	return STATUS_OK;
}

static enum status bzip2_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct bzip2_source *b = (struct bzip2_source *)s;
	enum status st = STATUS_OK;

	*out_n = 0;
	while (st == STATUS_OK && *out_n == 0 && !b->ended) {
		if (!b->in_stream) {
			st = next_stream(b, err);
			continue;
		}
		st = decoder_input_fill(&b->in, err);
		if (st == STATUS_OK)
			st = decode_some(b, buf, cap, out_n, err);
	}
	return decoder_hand_out(s, st, *out_n, err);
}

static void bzip2_close(struct source *s)
{
	struct bzip2_source *b = (struct bzip2_source *)s;

	if (b->in_stream)
		BZ2_bzDecompressEnd(&b->stream);
	decoder_input_fini(&b->in);
	free(b);
}

static struct source *bzip2_open(struct source *inner, int turn_fd)
{
	static const struct source_ops ops = { bzip2_read, bzip2_close };
	struct bzip2_source *b = calloc(1, sizeof(*b));

	if (!b) {
		source_free(inner);
		return NULL;
	}
	b->base.ops = &ops;
	if (!decoder_input_init(&b->in, inner, turn_fd)) {
		bzip2_close(&b->base);
		return NULL;
	}
	return &b->base;
}

const struct codec codec_bzip2 = { "bzip2", bzip2_claims, bzip2_open };
