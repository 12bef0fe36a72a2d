/* SPDX-License-Identifier: Apache-2.0 */
/* strpool.h - texts kept once, known by the number in which they came. Private to segment/. */
#ifndef LIMPID_SEGMENT_STRPOOL_H
#define LIMPID_SEGMENT_STRPOOL_H

#include "base/buf.h"

struct strpool_slot;

struct strpool {
	struct buf heap;	    /* uvarint length and bytes, again and again */
	uint32_t *offsets;	    /* owned; of each text in the heap */
	struct strpool_slot *slots; /* owned */
	size_t n, room, cap;	    /* texts, room in offsets, slots */
};

/* max_bytes: of all texts together; offsets have 32 bits. */
#define STRPOOL_INIT(max_bytes)                                                                                        \
	{                                                                                                              \
		BUF_INIT(MIN((size_t)(max_bytes), (size_t)UINT32_MAX)), NULL, NULL, 0, 0, 0                            \
	}

void strpool_fini(struct strpool *p);
/* Number of the text; STATUS_LIMIT past the cap. */
enum status strpool_put(struct strpool *p, struct slice s, uint32_t *out, struct err *err) NODISCARD;
/* The text of a number with its length before it, as it lies in a segment; borrowed until the next put. */
static inline struct slice strpool_coded(const struct strpool *p, uint32_t number)
{
	size_t begin = p->offsets[number], end = number + 1 < p->n ? p->offsets[number + 1] : p->heap.len;

	return slice_make(p->heap.ptr + begin, end - begin);
}

/* The text alone. */
static inline struct slice strpool_at(const struct strpool *p, uint32_t number)
{
	struct slice coded = strpool_coded(p, number);
	size_t head = 1;

	while (head < coded.len && (coded.ptr[head - 1] & 0x80))
		head++;
	return slice_from(coded, head);
}
/* No more puts: give back the memory that only they need. */
void strpool_freeze(struct strpool *p);

#endif
