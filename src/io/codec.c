/* SPDX-License-Identifier: Apache-2.0 */
/* codec.c - recognises a compression by its first bytes and guards what comes out of it. */
#include "base/ckd.h"
#include "io/decoder.h"
#include "io/turn.h"

#include <stdlib.h>

#define HEAD_BYTES 16

static const struct codec *const codecs[CODEC_COUNT] = {
	[CODEC_PLAIN] = NULL,
#define CODEC(name, what) [CODEC_##name] = &codec_##name,
#include "io/codecs.def"
#undef CODEC
};

const char *codec_name(enum codec_id id)
{
	return id == CODEC_PLAIN ? "plain" : codecs[id]->name;
}

bool decoder_input_init(struct decoder_input *in, struct source *inner, int turn_fd)
{
	memset(in, 0, sizeof(*in));
	in->inner = inner;
	in->turn_fd = turn_fd;
	in->buf = malloc(DECODER_INPUT_BYTES);
	return in->buf != NULL;
}

void decoder_input_fini(struct decoder_input *in)
{
	if (in->in_turn)
		turn_give(in->turn_fd, TURN_DECODER);
	source_free(in->inner);
	free(in->buf);
}

void decoder_input_wait(struct decoder_input *in, uint64_t memory)
{
	if (in->in_turn || memory <= CODEC_MEMORY_FREE)
		return;
	turn_take(in->turn_fd, TURN_DECODER);
	in->in_turn = true;
}

/* To the brim: what comes out must not depend on the pieces in which it comes in. */
static enum status fill_up(struct decoder_input *in, struct err *err)
{
	while (in->len < DECODER_INPUT_BYTES) {
		size_t n;
		enum status st = source_read(in->inner, in->buf + in->len, DECODER_INPUT_BYTES - in->len, &n, err);

		if (st != STATUS_OK)
			return in->len > 0 ? STATUS_OK : st; /* it fails again next time */
		if (n == 0)
			break;
		in->len += n;
	}
	return STATUS_OK;
}

enum status decoder_input_fill(struct decoder_input *in, struct err *err)
{
	if (in->at < in->len || in->ended)
		return STATUS_OK;
	in->at = in->len = 0;
	TRY(fill_up(in, err));
	in->ended = in->len == 0;
	return STATUS_OK;
}

enum status decoder_input_more(struct decoder_input *in, size_t want, struct err *err)
{
	TRY(decoder_input_fill(in, err));
	if (in->len - in->at >= want || in->ended)
		return STATUS_OK;
	memmove(in->buf, in->buf + in->at, in->len - in->at);
	in->len -= in->at;
	in->at = 0;
	return fill_up(in, err);
}

enum status decoder_input_skip_zeros(struct decoder_input *in, bool *out_any, struct err *err)
{
	*out_any = false;
	for (;;) {
		TRY(decoder_input_fill(in, err));
		while (in->at < in->len && in->buf[in->at] == 0) {
			in->at++;
			*out_any = true;
		}
		if (in->ended || in->at < in->len)
			return STATUS_OK;
	}
}

uint64_t decoder_input_offset(const struct decoder_input *in)
{
	return in->inner->pos - (in->len - in->at);
}

enum status decoder_hand_out(struct source *s, enum status st, size_t n, const struct err *err)
{
	if (st == STATUS_OK || n == 0)
		return st;
	s->failed = *err;
	return STATUS_OK;
}

/* The bytes that were looked at come out again before the rest. */
struct replay_source {
	struct source base;
	struct source *inner; /* owned */
	uint8_t head[HEAD_BYTES];
	size_t at, len;
};

static enum status replay_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct replay_source *r = (struct replay_source *)s;
	size_t n = MIN(cap, r->len - r->at);

	if (n == 0)
		return source_read(r->inner, buf, cap, out_n, err);
	memcpy(buf, r->head + r->at, n);
	r->at += n;
	*out_n = n;
	return STATUS_OK;
}

static uint64_t replay_advance(struct source *s, uint64_t n)
{
	struct replay_source *r = (struct replay_source *)s;

	return r->at == r->len ? source_advance(r->inner, n) : 0;
}

static void replay_close(struct source *s)
{
	source_free(((struct replay_source *)s)->inner);
	free(s);
}

static enum status replay_open(struct source *inner, struct replay_source **out, struct err *err)
{
	static const struct source_ops ops = { replay_read, replay_close };
	struct replay_source *r = calloc(1, sizeof(*r));
	size_t n = 1;

	if (!r) {
		source_free(inner);
		return err_nomem(err, "decompression");
	}
	r->base.ops = &ops;
	r->base.advance = replay_advance;
	r->inner = inner;
	while (r->len < HEAD_BYTES && n > 0) {
		enum status st = source_read(inner, r->head + r->len, HEAD_BYTES - r->len, &n, err);

		if (st != STATUS_OK) {
			source_free(&r->base);
			return st;
		}
		r->len += n;
	}
	*out = r;
	return STATUS_OK;
}

struct guard_source {
	struct source base;
	struct source *decoded;	     /* owned */
	const struct source *stored; /* borrowed: what decoded reads from */
	const struct limits *limits; /* borrowed */
};

/* Of the n bytes that have come those within max are handed out. True if that is not all: the next read fails. */
static bool is_over(const struct guard_source *g, uint64_t max, size_t *n)
{
	uint64_t left = max - MIN(max, g->base.pos);
	bool over = *n > left;

	*n = (size_t)MIN((uint64_t)*n, left);
	return over;
}

static enum status guard_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct guard_source *g = (struct guard_source *)s;
	uint64_t left = g->limits->layer_bytes - MIN(g->limits->layer_bytes, s->pos), allowed;

	/* One byte more than is allowed tells a stream that ends at the limit from one that goes on. */
	if (cap > left)
		cap = (size_t)left + 1;
	TRY(source_read(g->decoded, buf, cap, out_n, err));
	if (is_over(g, g->limits->layer_bytes, out_n))
		err_at(&s->failed, STATUS_LIMIT, g->stored->pos, "more than %llu bytes unpacked (limits.layer_bytes)",
		       (unsigned long long)g->limits->layer_bytes);
	if (!CKD_MUL(&allowed, g->stored->pos, g->limits->layer_ratio) &&
	    is_over(g, MAX(allowed, g->limits->layer_ratio_floor), out_n))
		err_at(&s->failed, STATUS_LIMIT, g->stored->pos,
		       "unpacks to more than %llu times its size (limits.layer_ratio)",
		       (unsigned long long)g->limits->layer_ratio);
	return STATUS_OK;
}

/* Only where nothing is decoded. */
static uint64_t guard_advance(struct source *s, uint64_t n)
{
	struct guard_source *g = (struct guard_source *)s;

	return source_advance(g->decoded, MIN(n, g->limits->layer_bytes - MIN(g->limits->layer_bytes, s->pos)));
}

static void guard_close(struct source *s)
{
	source_free(((struct guard_source *)s)->decoded);
	free(s);
}

enum status codec_open(struct source *inner, const struct limits *limits, enum codec_id *out_codec, struct source **out,
		       struct err *err)
{
	return codec_open_in_turn(inner, limits, -1, out_codec, out, err);
}

enum status codec_open_in_turn(struct source *inner, const struct limits *limits, int turn_fd, enum codec_id *out_codec,
			       struct source **out, struct err *err)
{
	static const struct source_ops ops = { guard_read, guard_close };
	struct replay_source *replay = NULL;
	struct guard_source *guard;
	enum codec_id id = CODEC_PLAIN;

	TRY(replay_open(inner, &replay, err));
	for (size_t i = CODEC_PLAIN + 1; i < CODEC_COUNT && id == CODEC_PLAIN; i++)
		if (codecs[i]->claims(slice_make(replay->head, replay->len)))
			id = (enum codec_id)i;
	guard = calloc(1, sizeof(*guard));
	if (!guard) {
		source_free(&replay->base);
		return err_nomem(err, "decompression");
	}
	guard->base.ops = &ops;
	guard->base.advance = id == CODEC_PLAIN ? guard_advance : NULL;
	guard->stored = &replay->base;
	guard->limits = limits;
	guard->decoded = id == CODEC_PLAIN ? &replay->base : codecs[id]->open(&replay->base, turn_fd);
	if (!guard->decoded) {
		free(guard);
		return err_nomem(err, "decompression");
	}
	*out_codec = id;
	*out = &guard->base;
	return STATUS_OK;
}
