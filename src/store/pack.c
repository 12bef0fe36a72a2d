/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - how digests, lists of numbers and reports look in a row, whatever the engine. */
#include "store/store_ops.h"

#include "base/limits.h"

#include <stdio.h>
#include <sys/random.h>
#include <zstd.h>

/*
 * Size and check sum of the report, 8 bytes each, the lowest first; the highest byte of the size is the form of what
 * follows: zstd of the bytes themselves, or of their shape.
 */
#define REPORT_HEAD 16
#define REPORT_FORM 56
#define REPORT_SHAPE 1u
#define REPORT_LEVEL 3
#define SHAPE_LEVEL 4
#define SHAPE_GROWTH 2 /* at most, a mark before every byte */

static size_t digest_bytes(enum digest_algo algo)
{
	return algo == DIGEST_SHA256 ? 32 : algo == DIGEST_SHA512 ? 64 : 0;
}

size_t store_digest_pack(const struct digest *d, uint8_t out[STORE_DIGEST_BYTES])
{
	size_t n = digest_bytes(d->algo);

	out[0] = (uint8_t)d->algo;
	memcpy(out + 1, d->bytes, n);
	return n + 1;
}

bool store_digest_unpack(struct slice *rest, struct digest *out)
{
	size_t n;

	if (rest->len == 0 || rest->ptr[0] > DIGEST_SHA512)
		return false;
	*out = (struct digest){ .algo = (enum digest_algo)rest->ptr[0] };
	n = digest_bytes(out->algo);
	if (rest->len < n + 1)
		return false;
	memcpy(out->bytes, rest->ptr + 1, n);
	*rest = slice_from(*rest, n + 1);
	return true;
}

enum status store_digests_pack(const struct digest *d, size_t n, struct buf *out, struct err *err)
{
	uint8_t one[STORE_DIGEST_BYTES];

	for (size_t i = 0; i < n; i++)
		buf_add(out, slice_make(one, store_digest_pack(&d[i], one)));
	return buf_check(out, "digests", err);
}

enum status store_digests_unpack(struct slice packed, struct arena *arena, const struct digest **out, size_t *out_n,
				 struct err *err)
{
	VEC(struct digest) list = { NULL, 0, 0 };

	while (packed.len > 0) {
		struct digest *d = VEC_PUSH(&list, arena);

		if (!d)
			return err_nomem(err, "digests");
		if (!store_digest_unpack(&packed, d))
			return err_set(err, STATUS_MALFORMED, "a list of digests in the store is damaged");
	}
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status store_ids_pack(const uint64_t *ids, size_t n, struct buf *out, struct err *err)
{
	uint64_t last = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t more = ids[i] - last;

		for (; more >= 0x80; more >>= 7)
			buf_add_byte(out, (uint8_t)(more | 0x80));
		buf_add_byte(out, (uint8_t)more);
		last = ids[i];
	}
	return buf_check(out, "numbers", err);
}

bool store_ids_next(struct slice *rest, uint64_t *last)
{
	uint64_t more = 0;

	for (unsigned shift = 0; rest->len > 0 && shift < 64; shift += 7) {
		uint8_t byte = rest->ptr[0];

		*rest = slice_from(*rest, 1);
		more |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*last += more;
			return true;
		}
	}
	return false;
}

static void put_u64(uint8_t *out, uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_u64(const uint8_t *in)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v |= (uint64_t)in[i] << 8 * i;
	return v;
}

/* The shape, if it is known to give the same bytes again. */
static enum status make_shape(struct slice report, const struct store_report_texts *texts, struct buf *shape,
			      bool *out_good, struct err *err)
{
	struct buf AUTO(buf_fini) again = BUF_INIT(report.len + 1);

	TRY(store_shape(report, texts, shape, err));
	*out_good =
		store_unshape(buf_slice(shape), texts, &again, err) == STATUS_OK && slice_eq(buf_slice(&again), report);
	return STATUS_OK;
}

static void free_compressor(ZSTD_CCtx **c)
{
	ZSTD_freeCCtx(*c);
}

static void free_decompressor(ZSTD_DCtx **d)
{
	ZSTD_freeDCtx(*d);
}

/* words: the bytes are a shape. */
static enum status compress(struct slice bytes, bool words, uint64_t size, uint64_t sum, struct buf *out,
			    struct err *err)
{
	ZSTD_CCtx AUTO(free_compressor) *c = ZSTD_createCCtx();
	size_t bound = ZSTD_compressBound(bytes.len), n;
	uint8_t *p = buf_reserve(out, REPORT_HEAD + bound);

	if (!p)
		return buf_check(out, "report", err);
	if (!c)
		return err_nomem(err, "report");
	put_u64(p, size);
	put_u64(p + 8, sum);
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, words ? SHAPE_LEVEL : REPORT_LEVEL);
	if (words)
		ZSTD_CCtx_refPrefix(c, store_shape_words, store_shape_words_len);
	n = ZSTD_compress2(c, p + REPORT_HEAD, bound, bytes.ptr, bytes.len);
	if (ZSTD_isError(n))
		return err_set(err, STATUS_BUG, "zstd: %s", ZSTD_getErrorName(n));
	out->len += REPORT_HEAD + n;
	return STATUS_OK;
}

enum status store_report_pack(struct slice report, const struct store_report_texts *texts, struct buf *out,
			      struct err *err)
{
	struct buf AUTO(buf_fini) shape = BUF_INIT(SHAPE_GROWTH * limits_default.report_bytes + 1);
	uint64_t sum = slice_hash(report, 0);
	bool good = false;

	if (report.len > limits_default.report_bytes)
		return err_set(err, STATUS_LIMIT, "a report of %zu bytes; %llu are the most", report.len,
			       (unsigned long long)limits_default.report_bytes);
	if (texts)
		TRY(make_shape(report, texts, &shape, &good, err));
	return good ? compress(buf_slice(&shape), true, report.len | (uint64_t)REPORT_SHAPE << REPORT_FORM, sum, out,
			       err)
		    : compress(report, false, report.len, sum, out, err);
}

bool store_report_has_shape(struct slice packed)
{
	return packed.len >= REPORT_HEAD && get_u64(packed.ptr) >> REPORT_FORM == REPORT_SHAPE;
}

static enum status damaged(struct err *err)
{
	return err_set(err, STATUS_MALFORMED, "a report in the store is damaged");
}

static enum status decompress(struct slice packed, bool words, uint64_t size, struct buf *out, struct err *err)
{
	ZSTD_DCtx AUTO(free_decompressor) *d = ZSTD_createDCtx();
	uint8_t *p = buf_reserve(out, (size_t)size + 1);
	size_t n;

	if (!p)
		return buf_check(out, "report", err);
	if (!d)
		return err_nomem(err, "report");
	if (words)
		ZSTD_DCtx_refPrefix(d, store_shape_words, store_shape_words_len);
	n = ZSTD_decompressDCtx(d, p, (size_t)size, packed.ptr, packed.len);
	if (ZSTD_isError(n) || n != size)
		return damaged(err);
	out->len += n;
	return STATUS_OK;
}

static enum status unpack_shape(struct slice packed, uint64_t size, const struct store_report_texts *texts,
				struct buf *out, struct err *err)
{
	unsigned long long n = ZSTD_getFrameContentSize(packed.ptr, packed.len);
	struct buf AUTO(buf_fini) shape = BUF_INIT(SHAPE_GROWTH * limits_default.report_bytes + 1);

	if (n > SHAPE_GROWTH * size)
		return damaged(err);
	TRY(decompress(packed, true, n, &shape, err));
	return store_unshape(buf_slice(&shape), texts, out, err);
}

enum status store_report_unpack(struct slice packed, const struct store_report_texts *texts, struct buf *out,
				struct err *err)
{
	uint64_t head = packed.len >= REPORT_HEAD ? get_u64(packed.ptr) : UINT64_MAX;
	uint64_t size = head & ((UINT64_C(1) << REPORT_FORM) - 1);
	struct slice body = slice_from(packed, REPORT_HEAD);
	size_t before = out->len;

	if (head >> REPORT_FORM > (texts ? REPORT_SHAPE : 0) || size > limits_default.report_bytes)
		return damaged(err);
	TRY(head >> REPORT_FORM == REPORT_SHAPE ? unpack_shape(body, size, texts, out, err)
						: decompress(body, false, size, out, err));
	if (out->len - before != size || slice_hash(slice_from(buf_slice(out), before), 0) != get_u64(packed.ptr + 8)) {
		out->len = before;
		return damaged(err);
	}
	return STATUS_OK;
}

enum status store_make_ref(char out[37], struct err *err)
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return err_errno(err, "cannot get random bytes");
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		 b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return STATUS_OK;
}

void store_fingerprint(const struct store_source *source, char out[STORE_FINGERPRINT_BYTES])
{
	snprintf(out, STORE_FINGERPRINT_BYTES, "%.*s%s%.*s", SLICE_ARG(source->etag),
		 source->etag.len && source->last_modified.len ? " " : "", SLICE_ARG(source->last_modified));
}
