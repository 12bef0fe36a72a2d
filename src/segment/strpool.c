/* SPDX-License-Identifier: Apache-2.0 */
/* strpool.c - a set of texts with 32-bit numbers: 12 to 20 bytes beside each text, so that a million stay small. */
#include "segment/strpool.h"

#include "segment/layout.h"

#include <stdlib.h>

/* Half of the hash lies beside the number: a probe reads the text of hardly any other entry. */
struct strpool_slot {
	uint32_t hash;
	uint32_t text; /* number + 1; 0 = free */
};

void strpool_fini(struct strpool *p)
{
	buf_fini(&p->heap);
	free(p->offsets);
	free(p->slots);
}

static size_t probe(const struct strpool *p, struct slice s, uint32_t hash)
{
	size_t i = hash & (p->cap - 1);

	while (p->slots[i].text != 0 && (p->slots[i].hash != hash || !slice_eq(strpool_at(p, p->slots[i].text - 1), s)))
		i = (i + 1) & (p->cap - 1);
	return i;
}

static bool grow(struct strpool *p)
{
	size_t cap = p->cap ? p->cap * 2 : 1024;
	struct strpool_slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < p->cap; i++) {
		size_t at = p->slots[i].hash & (cap - 1);

		if (p->slots[i].text == 0)
			continue;
		while (slots[at].text != 0)
			at = (at + 1) & (cap - 1);
		slots[at] = p->slots[i];
	}
	free(p->slots);
	p->slots = slots;
	p->cap = cap;
	return true;
}

static bool grow_offsets(struct strpool *p)
{
	size_t room = p->room ? p->room + p->room / 2 : 1024;
	uint32_t *grown = reallocarray(p->offsets, room, sizeof(*grown));

	if (!grown)
		return false;
	p->offsets = grown;
	p->room = room;
	return true;
}

enum status strpool_put(struct strpool *p, struct slice s, uint32_t *out, struct err *err)
{
	uint32_t hash = (uint32_t)slice_hash(s, 0);
	size_t at;

	if ((p->n * 4 >= p->cap * 3 && !grow(p)) || (p->n == p->room && !grow_offsets(p)))
		return err_nomem(err, "segment");
	at = probe(p, s, hash);
	if (p->slots[at].text == 0) {
		size_t offset = p->heap.len;

		layout_text(&p->heap, s);
		TRY(buf_check(&p->heap, "the texts of a segment", err));
		p->offsets[p->n++] = (uint32_t)offset;
		p->slots[at].hash = hash;
		p->slots[at].text = (uint32_t)p->n;
	}
	*out = p->slots[at].text - 1;
	return STATUS_OK;
}

void strpool_freeze(struct strpool *p)
{
	free(p->slots);
	p->slots = NULL;
	p->cap = 0;
}
