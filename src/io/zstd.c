/* SPDX-License-Identifier: Apache-2.0 */
/* zstd.c - Zstandard (RFC 8878) by libzstd: several frames, skippable ones too. */
#include "io/decoder.h"

#include <stdlib.h>
#include <zstd.h>

/* 128 MiB: what `zstd --ultra -22 --long` makes; the tool itself refuses more unless asked. */
#define WINDOW_LOG_MAX 27

struct zstd_source {
	struct source base;
	struct decoder_input in;
	ZSTD_DStream *stream; /* owned */
	bool in_frame;
};

static bool zstd_claims(struct slice head)
{
	if (head.len < 4)
		return false;
	if (head.ptr[0] == 0x28 && head.ptr[1] == 0xb5 && head.ptr[2] == 0x2f && head.ptr[3] == 0xfd)
		return true;
	/* A skippable frame may come first. */
	return (head.ptr[0] & 0xf0) == 0x50 && head.ptr[1] == 0x2a && head.ptr[2] == 0x4d && head.ptr[3] == 0x18;
}

static enum status zstd_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct zstd_source *z = (struct zstd_source *)s;
	ZSTD_outBuffer out = { buf, cap, 0 };

	*out_n = 0;
	while (out.pos == 0) {
		ZSTD_inBuffer in;
		uint64_t offset;
		size_t rc;

		TRY(decoder_input_fill(&z->in, err));
		if (z->in.ended && !z->in_frame)
			return STATUS_OK;
		offset = decoder_input_offset(&z->in);
		in = (ZSTD_inBuffer){ z->in.buf, z->in.len, z->in.at };
		rc = ZSTD_decompressStream(z->stream, &out, &in);
		if (ZSTD_isError(rc))
			return err_at(err, STATUS_MALFORMED, offset, "zstd: %s", ZSTD_getErrorName(rc));
		if (z->in.ended && out.pos == 0 && rc != 0)
			return err_at(err, STATUS_MALFORMED, offset, "zstd: the compressed data ends early");
		z->in.at = in.pos;
		z->in_frame = rc != 0;
	}
	*out_n = out.pos;
	return STATUS_OK;
}

static void zstd_close(struct source *s)
{
	struct zstd_source *z = (struct zstd_source *)s;

	ZSTD_freeDStream(z->stream);
	decoder_input_fini(&z->in);
	free(z);
}

static struct source *zstd_open(struct source *inner)
{
	static const struct source_ops ops = { zstd_read, zstd_close };
	struct zstd_source *z = calloc(1, sizeof(*z));

	if (!z) {
		source_free(inner);
		return NULL;
	}
	z->base.ops = &ops;
	z->stream = ZSTD_createDStream();
	if (!decoder_input_init(&z->in, inner) || !z->stream ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		zstd_close(&z->base);
		return NULL;
	}
	return &z->base;
}

const struct codec codec_zstd = { "zstd", zstd_claims, zstd_open };
