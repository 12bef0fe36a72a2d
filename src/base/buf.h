/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - growing bytes with a maximum.
 *
 * A buffer cannot be made without a cap. Failure is sticky: after a failed append all further ones do nothing, so a
 * run of appends is checked once with buf_check().
 */
#ifndef LIMPID_BASE_BUF_H
#define LIMPID_BASE_BUF_H

#include "base/err.h"

struct buf {
	uint8_t *ptr;        /* owned */
	size_t len;
	size_t alloc;
	size_t max;          /* bytes it may hold at most */
	enum status failed;  /* STATUS_OK, STATUS_LIMIT or STATUS_NOMEM */
};

#define BUF_INIT(max_bytes) { NULL, 0, 0, (max_bytes), STATUS_OK }

void buf_fini(struct buf *b);
/* Keep the memory, drop the content and the failure. */
void buf_reset(struct buf *b);
void buf_add_cstr(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Room for n more bytes at ptr + len, or NULL (and failed is set). The caller adds what it wrote to len. */
uint8_t *buf_reserve(struct buf *b, size_t n);
static inline void buf_add(struct buf *b, struct slice bytes)
{
	/* Reports are written byte by byte: nearly always there is room. */
	bool fits = b->failed == STATUS_OK && bytes.len < b->alloc - b->len;
	uint8_t *p = fits ? b->ptr + b->len : buf_reserve(b, bytes.len);

	if (!p || bytes.len == 0)
		return;
	memcpy(p, bytes.ptr, bytes.len);
	b->len += bytes.len;
}
static inline void buf_add_byte(struct buf *b, uint8_t byte)
{
	buf_add(b, slice_make(&byte, 1));
}
/* STATUS_OK, or the first failure with a message that names `what`. */
enum status buf_check(const struct buf *b, const char *what, struct err *err) NODISCARD;
/* The content, borrowed until the next change. */
static inline struct slice buf_slice(const struct buf *b)
{
	return slice_make(b->ptr, b->len);
}

#endif
