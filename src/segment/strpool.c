/* SPDX-License-Identifier: Apache-2.0 */
/* strpool.c - a set of texts with 32-bit names: 4 bytes of index per text, so that a million stay small. */
#include "segment/strpool.h"

#include "segment/layout.h"

#include <stdlib.h>

void strpool_fini(struct strpool *p)
{
	buf_fini(&p->heap);
	free(p->slots);
}

struct slice strpool_at(const struct strpool *p, uint32_t offset)
{
	struct cursor c = cursor_at(buf_slice(&p->heap), offset);
	struct slice s = SLICE_EMPTY;

	layout_take_text(&c, &s);
	return s;
}

static size_t probe(const struct strpool *p, struct slice s, uint64_t hash)
{
	size_t i = (size_t)hash & (p->cap - 1);

	while (p->slots[i] != 0 && !slice_eq(strpool_at(p, p->slots[i] - 1), s))
		i = (i + 1) & (p->cap - 1);
	return i;
}

static bool grow(struct strpool *p)
{
	size_t cap = p->cap ? p->cap * 2 : 1024;
	uint32_t *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < p->cap; i++) {
		size_t at;

		if (p->slots[i] == 0)
			continue;
		at = (size_t)slice_hash(strpool_at(p, p->slots[i] - 1), 0) & (cap - 1);
		while (slots[at] != 0)
			at = (at + 1) & (cap - 1);
		slots[at] = p->slots[i];
	}
	free(p->slots);
	p->slots = slots;
	p->cap = cap;
	return true;
}

enum status strpool_put(struct strpool *p, struct slice s, uint32_t *out, struct err *err)
{
	size_t at;

	if (p->n * 4 >= p->cap * 3 && !grow(p))
		return err_nomem(err, "segment");
	at = probe(p, s, slice_hash(s, 0));
	if (p->slots[at] == 0) {
		size_t offset = p->heap.len;

		layout_text(&p->heap, s);
		TRY(buf_check(&p->heap, "the texts of a segment", err));
		p->slots[at] = (uint32_t)offset + 1;
		p->n++;
	}
	*out = p->slots[at] - 1;
	return STATUS_OK;
}
