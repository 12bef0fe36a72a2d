/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip.c - gzip (RFC 1952) by ISA-L igzip: several members, check sums, zero padding after the last one.
 *
 * igzip does not say by itself that a stream was cut: the end is only good when block_state says that the member,
 * check sum included, is finished.
 */
#include "io/decoder.h"

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
	isal_inflate_reset(&g->state);
	g->state.crc_flag = ISAL_GZIP;
	g->in_member = true;
	return STATUS_OK;
}

static enum status inflate_some(struct gzip_source *g, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	uint64_t offset = decoder_input_offset(&g->in);
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
	if (rc == ISAL_INCORRECT_CHECKSUM)
		return err_at(err, STATUS_MALFORMED, offset, "gzip: the check sum does not fit the data");
	if (rc < 0)
		return err_at(err, STATUS_MALFORMED, offset, "gzip: the compressed data is damaged (%d)", rc);
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

static struct source *gzip_open(struct source *inner)
{
	static const struct source_ops ops = { gzip_read, gzip_close };
	struct gzip_source *g = calloc(1, sizeof(*g));

	if (!g) {
		source_free(inner);
		return NULL;
	}
	g->base.ops = &ops;
	isal_inflate_init(&g->state);
	if (!decoder_input_init(&g->in, inner)) {
		gzip_close(&g->base);
		return NULL;
	}
	return &g->base;
}

const struct codec codec_gzip = { "gzip", gzip_claims, gzip_open };
