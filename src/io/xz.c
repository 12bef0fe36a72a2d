/* SPDX-License-Identifier: Apache-2.0 */
/* xz.c - xz (several streams, stream padding) and the older lzma_alone, by liblzma. */
#include "io/decoder.h"

#include <lzma.h>
#include <stdlib.h>

/* `xz -9` needs 65 MiB to decode; more is a dictionary that no usual tool makes. */
#define MEMORY_MAX ((uint64_t)256 << 20)

struct xz_source {
	struct source base;
	struct decoder_input in;
	lzma_stream stream;
	bool ended;
};

static bool xz_claims(struct slice head)
{
	static const uint8_t magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

	if (slice_starts(head, slice_make(magic, sizeof(magic))))
		return true;
	/* lzma_alone has no magic: the usual properties, a power of two as dictionary, and no tar begins so. */
	return head.len >= 13 && head.ptr[0] == 0x5d && head.ptr[1] == 0 && head.ptr[2] == 0 && head.ptr[4] < 0x20 &&
	       ((head.ptr[11] == 0 && head.ptr[12] == 0) || (head.ptr[11] == 0xff && head.ptr[12] == 0xff));
}

static enum status xz_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct xz_source *x = (struct xz_source *)s;

	*out_n = 0;
	while (*out_n == 0 && !x->ended) {
		uint64_t offset;
		lzma_ret rc;

		TRY(decoder_input_fill(&x->in, err));
		offset = decoder_input_offset(&x->in);
		x->stream.next_in = x->in.buf + x->in.at;
		x->stream.avail_in = x->in.len - x->in.at;
		x->stream.next_out = buf;
		x->stream.avail_out = cap;
		rc = lzma_code(&x->stream, x->in.ended ? LZMA_FINISH : LZMA_RUN);
		x->in.at = x->in.len - x->stream.avail_in;
		*out_n = cap - x->stream.avail_out;
		if (rc == LZMA_STREAM_END)
			x->ended = true;
		else if (rc == LZMA_MEMLIMIT_ERROR)
			return err_at(err, STATUS_LIMIT, offset, "xz: the dictionary is larger than %llu MiB",
				      (unsigned long long)(MEMORY_MAX >> 20));
		else if (rc == LZMA_BUF_ERROR || (rc == LZMA_OK && x->in.ended && *out_n == 0))
			return err_at(err, STATUS_MALFORMED, offset, "xz: the compressed data ends early");
		else if (rc != LZMA_OK)
			return err_at(err, STATUS_MALFORMED, offset, "xz: the compressed data is damaged (%d)", (int)rc);
	}
	return STATUS_OK;
}

static void xz_close(struct source *s)
{
	struct xz_source *x = (struct xz_source *)s;

	lzma_end(&x->stream);
	decoder_input_fini(&x->in);
	free(x);
}

static struct source *xz_open(struct source *inner)
{
	static const struct source_ops ops = { xz_read, xz_close };
	struct xz_source *x = calloc(1, sizeof(*x));

	if (!x) {
		source_free(inner);
		return NULL;
	}
	x->base.ops = &ops;
	if (!decoder_input_init(&x->in, inner) ||
	    lzma_auto_decoder(&x->stream, MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK) {
		xz_close(&x->base);
		return NULL;
	}
	return &x->base;
}

const struct codec codec_xz = { "xz", xz_claims, xz_open };
