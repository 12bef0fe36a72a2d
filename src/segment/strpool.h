/* SPDX-License-Identifier: Apache-2.0 */
/* strpool.h - texts kept once, named by their place in one growing heap. Private to segment/. */
#ifndef LIMPID_SEGMENT_STRPOOL_H
#define LIMPID_SEGMENT_STRPOOL_H

#include "base/buf.h"

struct strpool {
	struct buf heap; /* uvarint length and bytes */
	uint32_t *slots; /* owned; offset + 1, 0 = free */
	size_t n, cap;
};

#define STRPOOL_INIT { BUF_INIT(UINT32_MAX - 1), NULL, 0, 0 }

void strpool_fini(struct strpool *p);
/* Offset of the text in the heap; STATUS_LIMIT past 4 GiB. */
enum status strpool_put(struct strpool *p, struct slice s, uint32_t *out, struct err *err) NODISCARD;
/* The text at an offset that strpool_put() gave; borrowed until the next put. */
struct slice strpool_at(const struct strpool *p, uint32_t offset);

#endif
