/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c - the capped growing buffer. */
#include "base/buf.h"

#include "base/ckd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_fini(struct buf *b)
{
	free(b->ptr);
	b->ptr = NULL;
	b->len = b->alloc = 0;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = STATUS_OK;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	size_t need, grow;
	uint8_t *p;

	if (b->failed != STATUS_OK)
		return NULL;
	if (CKD_ADD(&need, b->len, n) || need > b->max) {
		b->failed = STATUS_LIMIT;
		return NULL;
	}
	if (need <= b->alloc && b->ptr)
		return b->ptr + b->len;
	grow = b->alloc < 128 ? 256 : b->alloc + b->alloc / 2;
	grow = MIN(MAX(grow, need), b->max);
	p = realloc(b->ptr, grow ? grow : 1);
	if (!p) {
		b->failed = STATUS_NOMEM;
		return NULL;
	}
	b->ptr = p;
	b->alloc = grow;
	return p + b->len;
}

void buf_add_cstr(struct buf *b, const char *s)
{
	buf_add(b, slice_cstr(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	uint8_t *p;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0) {
		p = buf_reserve(b, (size_t)n + 1);
		if (p) {
			vsnprintf((char *)p, (size_t)n + 1, fmt, again);
			b->len += (size_t)n;
		}
	}
	va_end(again);
}

enum status buf_check(const struct buf *b, const char *what, struct err *err)
{
	if (b->failed == STATUS_LIMIT)
		return err_set(err, STATUS_LIMIT, "%s is longer than %zu bytes", what, b->max);
	if (b->failed != STATUS_OK)
		return err_nomem(err, what);
	return STATUS_OK;
}
