/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip.c - gzip (RFC 1952) by ISA-L igzip: several members, check sums, zero padding after the last one.
 *
 * igzip does not say by itself that a stream was cut: the end is only good when block_state says that the member,
 * check sum included, is finished. Members' headers are read here: igzip 2.30 refuses valid ones that have both a check
 * sum and other fields, and takes reserved flags.
 */
#include "io/decoder.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

struct gzip_source {
	struct source base;
	struct decoder_input in;
	struct inflate_state state; /* tens of KiB */
	bool in_member;             /* between a member's header and its check sum */
	bool ended;
};

static bool gzip_claims(struct slice head)
{
	return head.len >= 3 && head.ptr[0] == 0x1f && head.ptr[1] == 0x8b && head.ptr[2] == 8;
}

/* ---- a member's header ---- */

enum { FLAG_HEADER_CRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_RESERVED = 0xe0 };

/* The next n bytes, or those up to a NUL; out (NULL: drop them) has room for n. *crc goes on. */
static enum status take(struct gzip_source *g, uint8_t *out, uint64_t n, bool to_nul, uint32_t *crc, struct err *err)
{
	while (n > 0) {
		const uint8_t *nul, *from;
		size_t len;

		TRY(decoder_input_fill(&g->in, err));
		if (g->in.ended)
			return err_at(err, STATUS_MALFORMED, decoder_input_offset(&g->in),
				      "gzip: the compressed data ends inside a header");
		from = g->in.buf + g->in.at;
		len = (size_t)MIN(n, (uint64_t)(g->in.len - g->in.at));
		nul = to_nul ? memchr(from, 0, len) : NULL;
		len = nul ? (size_t)(nul - from) + 1 : len;
		if (out) {
			memcpy(out, from, len);
			out += len;
		}
		*crc = crc32_gzip_refl(*crc, from, len);
		g->in.at += len;
		n = nul ? 0 : n - len;
	}
	return STATUS_OK;
}

static enum status take_header(struct gzip_source *g, struct err *err)
{
	uint64_t offset = decoder_input_offset(&g->in);
	uint8_t fixed[10], two[2];
	uint32_t crc = 0, want;

	TRY(take(g, fixed, sizeof(fixed), false, &crc, err));
	if (fixed[0] != 0x1f || fixed[1] != 0x8b || fixed[2] != 8)
		return err_at(err, STATUS_MALFORMED, offset, "gzip: bytes after the end of the compressed data");
	if (fixed[3] & FLAGS_RESERVED)
		return err_at(err, STATUS_MALFORMED, offset, "gzip: a header has reserved flags (0x%02x)", fixed[3]);
	if (fixed[3] & FLAG_EXTRA) {
		TRY(take(g, two, 2, false, &crc, err));
		TRY(take(g, NULL, (uint64_t)two[0] | (uint64_t)two[1] << 8, false, &crc, err));
	}
	if (fixed[3] & FLAG_NAME)
		TRY(take(g, NULL, UINT64_MAX, true, &crc, err));
	if (fixed[3] & FLAG_COMMENT)
		TRY(take(g, NULL, UINT64_MAX, true, &crc, err));
	if (!(fixed[3] & FLAG_HEADER_CRC))
		return STATUS_OK;
	want = crc & 0xffff;
	TRY(take(g, two, 2, false, &crc, err));
	if (want != ((uint32_t)two[0] | (uint32_t)two[1] << 8))
		return err_at(err, STATUS_MALFORMED, offset, "gzip: the check sum of a header does not fit it");
	return STATUS_OK;
}

/* ---- the data ---- */

/* At a boundary: does another member follow, or the end? Zero bytes are padding after the last one. */
static enum status next_member(struct gzip_source *g, struct err *err)
{
	bool padding = false;

	if (decoder_input_offset(&g->in) > 0)
		TRY(decoder_input_skip_zeros(&g->in, &padding, err));
	TRY(decoder_input_fill(&g->in, err));
	g->ended = g->in.ended;
	if (g->ended)
		return STATUS_OK;
	if (padding || g->in.buf[g->in.at] != 0x1f)
		return err_at(err, STATUS_MALFORMED, decoder_input_offset(&g->in),
			      "gzip: bytes after the end of the compressed data");
	TRY(take_header(g, err));
	isal_inflate_reset(&g->state);
	g->state.crc_flag = ISAL_GZIP_NO_HDR_VER; /* of the check sum behind the data */
	g->in_member = true;
	return STATUS_OK;
}

static enum status inflate_some(struct gzip_source *g, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	uint64_t begin = decoder_input_offset(&g->in), offset;
	size_t before = g->in.at;
	int rc;

	cap = MIN(cap, (size_t)1 << 30);
	g->state.next_in = g->in.buf + g->in.at;
	g->state.avail_in = (uint32_t)(g->in.len - g->in.at);
	g->state.next_out = buf;
	g->state.avail_out = (uint32_t)cap;
	rc = isal_inflate(&g->state);
	*out_n = cap - g->state.avail_out;
	g->in.at = g->in.len - g->state.avail_in;
	offset = decoder_input_offset(&g->in);
	if (rc == ISAL_INCORRECT_CHECKSUM)
		return err_at(err, STATUS_MALFORMED, offset, "gzip: the check sum does not fit the data");
	if (rc < 0) /* and what is left of the input is not reliable */
		return err_at(err, STATUS_MALFORMED, begin, "gzip: the compressed data is damaged (%d)", rc);
	if (g->state.block_state == ISAL_BLOCK_FINISH)
		g->in_member = false;
	else if (*out_n == 0 && g->in.ended)
		return err_at(err, STATUS_MALFORMED, offset, "gzip: the compressed data ends early");
	else if (*out_n == 0 && g->in.at == before)
		return err_at(err, STATUS_BUG, offset, "gzip: the decoder does not go on");
	return STATUS_OK;
}

static enum status gzip_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct gzip_source *g = (struct gzip_source *)s;
	enum status st = STATUS_OK;

	*out_n = 0;
	while (st == STATUS_OK && *out_n == 0 && !g->ended) {
		if (!g->in_member) {
			st = next_member(g, err);
			continue;
		}
		st = decoder_input_fill(&g->in, err);
		/* Output may still be waiting inside igzip when the input has ended. */
		if (st == STATUS_OK)
			st = inflate_some(g, buf, cap, out_n, err);
	}
	return decoder_hand_out(s, st, *out_n, err);
}

static void gzip_close(struct source *s)
{
	decoder_input_fini(&((struct gzip_source *)s)->in);
	free(s);
}

static struct source *gzip_open(struct source *inner, int turn_fd)
{
	static const struct source_ops ops = { gzip_read, gzip_close };
	struct gzip_source *g = calloc(1, sizeof(*g));

	if (!g) {
		source_free(inner);
		return NULL;
	}
	g->base.ops = &ops;
	isal_inflate_init(&g->state);
	if (!decoder_input_init(&g->in, inner, turn_fd)) {
		gzip_close(&g->base);
		return NULL;
	}
	return &g->base;
}

const struct codec codec_gzip = { "gzip", gzip_claims, gzip_open };
