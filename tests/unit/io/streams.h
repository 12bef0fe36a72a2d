/* SPDX-License-Identifier: Apache-2.0 */
/* streams.h - cmocka, and the sources and readers that the tests of io/ share. */
#ifndef LIMPID_TESTS_UNIT_IO_STREAMS_H
#define LIMPID_TESTS_UNIT_IO_STREAMS_H

#include "base/buf.h"
#include "io/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

/* Memory in pieces of at most step bytes; at fail_at the read fails with failure, if that is not STATUS_OK. */
struct piece_source {
	struct source base;
	struct slice bytes; /* borrowed */
	size_t at, step, fail_at;
	enum status failure;
	bool *closed; /* borrowed, or NULL */
};

static inline enum status piece_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct piece_source *p = (struct piece_source *)s;
	size_t n = MIN(MIN(cap, p->step), p->bytes.len - p->at);

	if (p->failure != STATUS_OK) {
		n = MIN(n, p->fail_at - p->at);
		if (p->at == p->fail_at)
			return err_at(err, p->failure, p->at, "made to fail");
	}
	if (n > 0)
		memcpy(buf, p->bytes.ptr + p->at, n);
	p->at += n;
	*out_n = n;
	return STATUS_OK;
}

static inline void piece_close(struct source *s)
{
	struct piece_source *p = (struct piece_source *)s;

	if (p->closed)
		*p->closed = true;
	free(p);
}

static inline struct piece_source *piece_source(struct slice bytes, size_t step)
{
	static const struct source_ops ops = { piece_read, piece_close };
	struct piece_source *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->base.ops = &ops;
	p->bytes = bytes;
	p->step = step;
	return p;
}

/* Read to the end, by step bytes; what came before a failure is in out. */
static inline enum status read_all(struct source *s, size_t step, struct buf *out, struct err *err)
{
	uint64_t from = s->pos - out->len;
	size_t n = 0;

	do {
		uint8_t *room = buf_reserve(out, step);
		enum status st;

		if (!room)
			fail_msg("more than %zu bytes came", out->max);
		st = source_read(s, room, step, &n, err);
		if (st != STATUS_OK)
			return st;
		if (n > step)
			fail_msg("%zu bytes in a buffer of %zu", n, step);
		out->len += n;
		if (s->pos - from != out->len)
			fail_msg("pos is %llu after %zu bytes", (unsigned long long)(s->pos - from), out->len);
	} while (n > 0);
	return STATUS_OK;
}

static inline void check_status(enum status got, enum status want, const struct err *err)
{
	if (got != want)
		fail_msg("%s, not %s: %s", status_text(got), status_text(want), err->msg);
	if (want != STATUS_OK && (err->code != want || err->msg[0] == '\0'))
		fail_msg("the error is not filled in");
}

/* Bytes that do not repeat soon; the same each time. */
static inline void fill_noise(uint8_t *p, size_t n, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (uint8_t)(x >> 32);
	}
}

#endif
