/* SPDX-License-Identifier: Apache-2.0 */
/* delta.c - zstd with the earlier segment as what came before, both with their tables turned by columns. */
#include "carry/delta.h"

#include "segment/segment.h"

#include <stdlib.h>
#include <zstd.h>

#define LEVEL 12
#define HASH_LOG 20
#define CHAIN_LOG 21

static void free_context(ZSTD_CCtx **c)
{
	ZSTD_freeCCtx(*c);
}

static void free_decoder(ZSTD_DCtx **d)
{
	ZSTD_freeDCtx(*d);
}

static void free_bytes(uint8_t **p)
{
	free(*p);
}

static enum status turned(struct slice file, uint8_t **out, struct err *err)
{
	*out = malloc(file.len + 1);
	return *out ? segment_to_columns(file, *out, err) : err_nomem(err, "a change");
}

/* The window reaches from the end of the one to the beginning of the other. */
static int window_log(size_t bytes)
{
	int log = 17;

	while (log < 27 && ((size_t)1 << log) < bytes)
		log++;
	return log;
}

enum status delta_make(struct slice base, struct slice target, struct buf *out, struct err *err)
{
	ZSTD_CCtx AUTO(free_context) *zstd = ZSTD_createCCtx();
	uint8_t AUTO(free_bytes) *before = NULL;
	uint8_t AUTO(free_bytes) *after = NULL;
	uint8_t *to;
	size_t bound = ZSTD_compressBound(target.len), n;

	if (base.len > DELTA_BYTES_MAX || target.len > DELTA_BYTES_MAX - base.len)
		return err_set(err, STATUS_LIMIT, "segments of %zu and %zu bytes", base.len, target.len);
	if (!zstd)
		return err_nomem(err, "a change");
	TRY(turned(base, &before, err));
	TRY(turned(target, &after, err));
	to = buf_reserve(out, bound);
	if (!to)
		return buf_check(out, "a change", err);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_log(base.len + target.len));
	/* What the level would take for such a window is four times as much memory, for a change no smaller. */
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, HASH_LOG);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_chainLog, CHAIN_LOG);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_enableLongDistanceMatching, 1);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	n = ZSTD_CCtx_refPrefix(zstd, before, base.len);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(zstd, to, bound, after, target.len);
	if (ZSTD_isError(n))
		return err_set(err, STATUS_BUG, "zstd: %s", ZSTD_getErrorName(n));
	out->len += n;
	return STATUS_OK;
}

enum status delta_apply(struct slice base, struct slice delta, uint8_t *target, size_t target_bytes, struct err *err)
{
	ZSTD_DCtx AUTO(free_decoder) *zstd = ZSTD_createDCtx();
	uint8_t AUTO(free_bytes) *before = NULL;
	uint8_t AUTO(free_bytes) *after = NULL;
	size_t n;

	if (base.len > DELTA_BYTES_MAX || target_bytes > DELTA_BYTES_MAX - base.len)
		return err_set(err, STATUS_LIMIT, "segments of %zu and %zu bytes", base.len, target_bytes);
	after = malloc(target_bytes + 1);
	if (!zstd || !after)
		return err_nomem(err, "a change");
	TRY(turned(base, &before, err));
	n = ZSTD_DCtx_refPrefix(zstd, before, base.len);
	if (!ZSTD_isError(n))
		n = ZSTD_decompressDCtx(zstd, after, target_bytes, delta.ptr, delta.len);
	if (ZSTD_isError(n) || n != target_bytes)
		return err_set(err, STATUS_MALFORMED, "a change that does not fit: %s",
			       ZSTD_isError(n) ? ZSTD_getErrorName(n) : "it is too short");
	return segment_from_columns(slice_make(after, target_bytes), target, err);
}
