/* SPDX-License-Identifier: Apache-2.0 */
/* zstd.c - Zstandard (RFC 8878) by libzstd: several frames, skippable ones too. */
#include "io/decoder.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* 128 MiB: what `zstd --ultra -22 --long` makes; the tool itself refuses more unless asked. */
#define WINDOW_LOG_MAX 27
#define HEADER_BYTES ((size_t)18) /* of a frame, at most */
#define FRAME_BEGIN ((size_t)5)	  /* bytes from which a frame's header tells its length */

struct zstd_source {
	struct source base;
	struct decoder_input in;
	ZSTD_DStream *stream; /* owned */
	size_t hint;	      /* bytes that the library wants next */
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

static enum status failure(size_t rc, uint64_t offset, struct err *err)
{
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return err_at(err, STATUS_LIMIT, offset, "zstd: the window is larger than %d MiB",
			      1 << (WINDOW_LOG_MAX - 20));
	case ZSTD_error_memory_allocation:
		return err_nomem(err, "zstd");
	case ZSTD_error_frameParameter_unsupported:
	case ZSTD_error_dictionary_wrong:
		return err_at(err, STATUS_UNSUPPORTED, offset, "zstd: %s", ZSTD_getErrorName(rc));
	default:
		return err_at(err, STATUS_MALFORMED, offset, "zstd: %s", ZSTD_getErrorName(rc));
	}
}

/* Of the frame whose header (RFC 8878, 3.1.1.1) begins head; 0 if that is none, or skippable. */
static uint64_t window_of(struct slice head)
{
	static const uint8_t dictionary_bytes[] = { 0, 1, 2, 4 }, size_bytes[] = { 1, 2, 4, 8 };
	uint64_t base, size = 0;
	size_t at;
	uint8_t flags;

	if (head.len < 6 || memcmp(head.ptr, "\x28\xb5\x2f\xfd", 4) != 0)
		return 0;
	flags = head.ptr[4];
	if (!(flags & 0x20)) {
		base = UINT64_C(1) << (10 + (head.ptr[5] >> 3));
		return base + base / 8 * (head.ptr[5] & 7);
	}
	/* A single segment is kept whole: the size of the content counts. */
	at = 5 + (size_t)dictionary_bytes[flags & 3];
	for (size_t i = 0; i < size_bytes[flags >> 6] && at + i < head.len; i++)
		size |= (uint64_t)head.ptr[at + i] << (8 * i);
	return size;
}

static enum status decode_some(struct zstd_source *z, ZSTD_outBuffer *out, struct err *err)
{
	uint64_t offset = decoder_input_offset(&z->in);
	/* One block at a time: a failure loses what the same call has decoded. */
	ZSTD_inBuffer in = { z->in.buf, MIN(z->in.len, z->in.at + z->hint), z->in.at };
	size_t rc = ZSTD_decompressStream(z->stream, out, &in);

	z->in.at = in.pos;
	if (ZSTD_isError(rc))
		return failure(rc, offset, err);
	z->in_frame = rc != 0;
	z->hint = rc != 0 ? rc : FRAME_BEGIN;
	if (z->in.ended && out->pos == 0 && z->in_frame)
		return err_at(err, STATUS_MALFORMED, offset, "zstd: the compressed data ends early");
	return STATUS_OK;
}

static enum status zstd_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct zstd_source *z = (struct zstd_source *)s;
	ZSTD_outBuffer out = { buf, cap, 0 };
	enum status st = STATUS_OK;

	while (st == STATUS_OK && out.pos == 0) {
		st = z->in_frame ? decoder_input_fill(&z->in, err) : decoder_input_more(&z->in, HEADER_BYTES, err);
		if (st == STATUS_OK && z->in.ended && !z->in_frame)
			break;
		if (st == STATUS_OK && !z->in_frame)
			decoder_input_wait(&z->in, window_of(slice_make(z->in.buf + z->in.at, z->in.len - z->in.at)));
		if (st == STATUS_OK)
			st = decode_some(z, &out, err);
	}
	*out_n = out.pos;
	return decoder_hand_out(s, st, *out_n, err);
}

static void zstd_close(struct source *s)
{
	struct zstd_source *z = (struct zstd_source *)s;

	ZSTD_freeDStream(z->stream);
	decoder_input_fini(&z->in);
	free(z);
}

static struct source *zstd_open(struct source *inner, int turn_fd)
{
	static const struct source_ops ops = { zstd_read, zstd_close };
	struct zstd_source *z = calloc(1, sizeof(*z));

	if (!z) {
		source_free(inner);
		return NULL;
	}
	z->base.ops = &ops;
	z->hint = FRAME_BEGIN;
	z->stream = ZSTD_createDStream();
	if (!decoder_input_init(&z->in, inner, turn_fd) || !z->stream ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		zstd_close(&z->base);
		return NULL;
	}
	return &z->base;
}

const struct codec codec_zstd = { "zstd", zstd_claims, zstd_open };
