/* SPDX-License-Identifier: Apache-2.0 */
/* streams.h - cmocka, and the sources and readers that the tests of io/ share. */
#ifndef LIMPID_TESTS_UNIT_IO_STREAMS_H
#define LIMPID_TESTS_UNIT_IO_STREAMS_H

#include "../../support/pieces.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

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
