/* SPDX-License-Identifier: Apache-2.0 */
/* encoder.c - gzip by ISA-L, zstd by libzstd, piece by piece. */
#include "io/encoder.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <zstd.h>

#define ENCODER_BYTES ((size_t)128 << 10)
#define ENCODER_ZSTD_LEVEL 6

struct encoder {
	enum codec_id codec;
	struct encoder_out out;
	ZSTD_CCtx *zstd;	   /* owned */
	struct isal_zstream *gzip; /* owned */
	uint8_t *level;		   /* owned; working memory of gzip */
	uint8_t buf[ENCODER_BYTES];
};

static bool begin_zstd(struct encoder *e)
{
	e->zstd = ZSTD_createCCtx();
	return e->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, ENCODER_ZSTD_LEVEL)) &&
	       !ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_checksumFlag, 1));
}

static bool begin_gzip(struct encoder *e)
{
	e->gzip = calloc(1, sizeof(*e->gzip));
	e->level = malloc(ISAL_DEF_LVL2_DEFAULT);
	if (!e->gzip || !e->level)
		return false;
	isal_deflate_init(e->gzip);
	e->gzip->gzip_flag = IGZIP_GZIP;
	e->gzip->level = 2;
	e->gzip->level_buf = e->level;
	e->gzip->level_buf_size = ISAL_DEF_LVL2_DEFAULT;
	return true;
}

enum status encoder_open(enum codec_id codec, const struct encoder_out *out, struct encoder **encoder, struct err *err)
{
	struct encoder *e;

	if (codec != CODEC_PLAIN && codec != CODEC_gzip && codec != CODEC_zstd)
		return err_set(err, STATUS_UNSUPPORTED, "%s is not written", codec_name(codec));
	e = calloc(1, sizeof(*e));
	if (!e)
		return err_nomem(err, "compression");
	e->codec = codec;
	e->out = *out;
	if ((codec == CODEC_zstd && !begin_zstd(e)) || (codec == CODEC_gzip && !begin_gzip(e))) {
		encoder_free(e);
		return err_nomem(err, "compression");
	}
	*encoder = e;
	return STATUS_OK;
}

static enum status run_zstd(struct encoder *e, struct slice in, bool end, struct err *err)
{
	ZSTD_inBuffer from = { in.ptr, in.len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer to = { e->buf, sizeof(e->buf), 0 };

		left = ZSTD_compressStream2(e->zstd, &to, &from, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(err, STATUS_BUG, "zstd: %s", ZSTD_getErrorName(left));
		if (to.pos > 0)
			TRY(e->out.write(e->out.ctx, slice_make(e->buf, to.pos), err));
	} while (end ? left > 0 : from.pos < from.size);
	return STATUS_OK;
}

static enum status run_gzip(struct encoder *e, struct slice in, bool end, struct err *err)
{
	struct isal_zstream *z = e->gzip;

	/* The library counts with 32 bits. */
	if (in.len > UINT32_MAX)
		return err_set(err, STATUS_LIMIT, "a piece of %zu bytes", in.len);
	z->next_in = (uint8_t *)(uintptr_t)in.ptr;
	z->avail_in = (uint32_t)in.len;
	z->end_of_stream = end;
	z->flush = NO_FLUSH;
	do {
		z->next_out = e->buf;
		z->avail_out = sizeof(e->buf);
		if (isal_deflate(z) != COMP_OK)
			return err_set(err, STATUS_BUG, "gzip: the bytes cannot be compressed");
		if (z->avail_out < sizeof(e->buf))
			TRY(e->out.write(e->out.ctx, slice_make(e->buf, sizeof(e->buf) - z->avail_out), err));
	} while (z->avail_in > 0 || z->avail_out == 0 || (end && z->internal_state.state != ZSTATE_END));
	return STATUS_OK;
}

enum status encoder_put(struct encoder *e, struct slice bytes, struct err *err)
{
	if (bytes.len == 0)
		return STATUS_OK;
	if (e->codec == CODEC_zstd)
		return run_zstd(e, bytes, false, err);
	return e->codec == CODEC_gzip ? run_gzip(e, bytes, false, err) : e->out.write(e->out.ctx, bytes, err);
}

enum status encoder_finish(struct encoder *e, struct err *err)
{
	if (e->codec == CODEC_zstd)
		return run_zstd(e, SLICE_EMPTY, true, err);
	return e->codec == CODEC_gzip ? run_gzip(e, SLICE_EMPTY, true, err) : STATUS_OK;
}

void encoder_free(struct encoder *e)
{
	if (!e)
		return;
	ZSTD_freeCCtx(e->zstd);
	free(e->gzip);
	free(e->level);
	free(e);
}
