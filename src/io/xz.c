/* SPDX-License-Identifier: Apache-2.0 */
/* xz.c - xz (several streams, stream padding) and the older lzma_alone, by liblzma. */
#include "io/decoder.h"

#include <lzma.h>
#include <stdlib.h>

/* `xz -9` needs 65 MiB to decode; 7-Zip's and xz's largest settings that are in use have a dictionary of 128 MiB. */
#define MEMORY_MAX ((uint64_t)160 << 20)

struct xz_source {
	struct source base;
	struct decoder_input in;
	lzma_stream stream;
	bool ended;
};

static bool is_lzma_alone(struct slice head)
{
	uint32_t dictionary, lowest;

	if (head.len < 13 || head.ptr[0] != 0x5d)
		return false;
	dictionary = (uint32_t)head.ptr[1] | (uint32_t)head.ptr[2] << 8 | (uint32_t)head.ptr[3] << 16 |
		     (uint32_t)head.ptr[4] << 24;
	lowest = dictionary & -dictionary;
	/* The size is not known (all ones) or below 256 GiB. */
	return dictionary >= 4096 && (dictionary == lowest || dictionary == 3 * lowest) &&
	       (memcmp(head.ptr + 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8) == 0 ||
		(head.ptr[9] < 64 && head.ptr[10] == 0 && head.ptr[11] == 0 && head.ptr[12] == 0));
}

static bool xz_claims(struct slice head)
{
	static const uint8_t magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

	/* lzma_alone has no magic: the usual properties, and a dictionary of 2^n or 3 * 2^n bytes, which no text or
	 * tar header has there. */
	return slice_starts(head, slice_make(magic, sizeof(magic))) || is_lzma_alone(head);
}

static enum status decode_some(struct xz_source *x, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	uint64_t offset;
	lzma_ret rc;

	x->stream.next_in = x->in.buf + x->in.at;
	x->stream.avail_in = x->in.len - x->in.at;
	x->stream.next_out = buf;
	x->stream.avail_out = cap;
	rc = lzma_code(&x->stream, x->in.ended ? LZMA_FINISH : LZMA_RUN);
	x->in.at = x->in.len - x->stream.avail_in;
	offset = decoder_input_offset(&x->in);
	*out_n = cap - x->stream.avail_out;
	switch (rc) {
	case LZMA_OK:
		return STATUS_OK;
	case LZMA_STREAM_END:
		x->ended = true;
		return STATUS_OK;
	case LZMA_MEMLIMIT_ERROR:
		/* Nothing is lost: it goes on with a higher limit. */
		decoder_input_wait(&x->in, lzma_memusage(&x->stream));
		if (lzma_memlimit_set(&x->stream, MEMORY_MAX) == LZMA_OK)
			return STATUS_OK;
		return err_at(err, STATUS_LIMIT, offset, "xz: more than %llu MiB are needed to decode it",
			      (unsigned long long)(MEMORY_MAX >> 20));
	case LZMA_MEM_ERROR:
		return err_nomem(err, "xz");
	case LZMA_OPTIONS_ERROR:
		return err_at(err, STATUS_UNSUPPORTED, offset, "xz: a filter that the library does not know");
	case LZMA_BUF_ERROR:
		return err_at(err, STATUS_MALFORMED, offset, "xz: the compressed data ends early");
	default:
		return err_at(err, STATUS_MALFORMED, offset, "xz: the compressed data is damaged (%d)", (int)rc);
	}
}

static enum status xz_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct xz_source *x = (struct xz_source *)s;
	enum status st = STATUS_OK;

	*out_n = 0;
	while (st == STATUS_OK && *out_n == 0 && !x->ended) {
		st = decoder_input_fill(&x->in, err);
		if (st == STATUS_OK)
			st = decode_some(x, buf, cap, out_n, err);
	}
	return decoder_hand_out(s, st, *out_n, err);
}

static void xz_close(struct source *s)
{
	struct xz_source *x = (struct xz_source *)s;

	lzma_end(&x->stream);
	decoder_input_fini(&x->in);
	free(x);
}

static struct source *xz_open(struct source *inner, int turn_fd)
{
	static const struct source_ops ops = { xz_read, xz_close };
	struct xz_source *x = calloc(1, sizeof(*x));

	if (!x) {
		source_free(inner);
		return NULL;
	}
	x->base.ops = &ops;
	if (!decoder_input_init(&x->in, inner, turn_fd) ||
	    lzma_auto_decoder(&x->stream, CODEC_MEMORY_FREE, LZMA_CONCATENATED) != LZMA_OK) {
		xz_close(&x->base);
		return NULL;
	}
	return &x->base;
}

const struct codec codec_xz = { "xz", xz_claims, xz_open };
