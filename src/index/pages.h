/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - what the readers of databases of pages share. */
#ifndef LIMPID_INDEX_PAGES_H
#define LIMPID_INDEX_PAGES_H

#include "base/arena.h"
#include "base/err.h"

/* Numbers of the formats; the caller knows that the bytes are there. */
static inline uint32_t page_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}
static inline uint32_t page_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint32_t page_le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Pages of a database, each of which belongs to one structure. */
struct page_set {
	uint8_t *seen; /* a bit per page; the arena's */
	uint64_t n;
};

/* what: of which database, for the message when memory is short. */
static inline enum status page_set_init(struct page_set *p, uint64_t n, struct arena *arena, const char *what,
					struct err *err)
{
	p->n = n;
	p->seen = arena_alloc(arena, (size_t)(n / 8 + 1));
	return p->seen ? STATUS_OK : err_nomem(err, what);
}

/* False if the page was taken before: a circle, or a page with two owners. page < p->n. */
static inline bool page_set_take(struct page_set *p, uint64_t page)
{
	uint8_t bit = (uint8_t)(1u << (page % 8));

	if (p->seen[page / 8] & bit)
		return false;
	p->seen[page / 8] |= bit;
	return true;
}

#endif
