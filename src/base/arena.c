/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - chunked bump allocation. */
#include "base/arena.h"

#include "base/ckd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_LARGEST ((size_t)1 << 20)
#define ALIGN ((size_t)16)

struct arena_chunk {
	struct arena_chunk *next; /* owned; older chunks */
	size_t size;              /* of data */
	size_t used;
	_Alignas(16) unsigned char data[];
};

static void free_chunks(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *next = c->next;

		free(c);
		c = next;
	}
}

void arena_fini(struct arena *a)
{
	free_chunks(a->head);
	a->head = NULL;
	a->used = 0;
}

void arena_reset(struct arena *a)
{
	if (a->head) {
		free_chunks(a->head->next);
		a->head->next = NULL;
		a->head->used = 0;
	}
	a->used = 0;
}

static struct arena_chunk *add_chunk(struct arena *a, size_t need)
{
	size_t size = a->head ? MIN(a->head->size * 2, CHUNK_LARGEST) : CHUNK_FIRST;
	size_t bytes;
	struct arena_chunk *c;

	size = MAX(size, need);
	if (CKD_ADD(&bytes, size, sizeof(*c)))
		return NULL;
	c = malloc(bytes);
	if (!c)
		return NULL;
	c->size = size;
	c->used = 0;
	c->next = a->head;
	a->head = c;
	return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need, total;
	struct arena_chunk *c = a->head;
	void *p;

	if (CKD_ADD(&need, size, ALIGN - 1))
		return NULL;
	need &= ~(ALIGN - 1);
	if (CKD_ADD(&total, a->used, need) || total > a->max)
		return NULL;
	if (!c || c->size - c->used < need)
		c = add_chunk(a, need);
	if (!c)
		return NULL;
	p = c->data + c->used;
	c->used += need;
	a->used = total;
	memset(p, 0, need);
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (CKD_MUL(&bytes, count, size))
		return NULL;
	return arena_alloc(a, bytes);
}

char *arena_cstr(struct arena *a, struct slice s)
{
	size_t bytes;
	char *p;

	if (CKD_ADD(&bytes, s.len, (size_t)1))
		return NULL;
	p = arena_alloc(a, bytes);
	if (p && s.len)
		memcpy(p, s.ptr, s.len);
	return p;
}

bool arena_copy(struct arena *a, struct slice s, struct slice *out)
{
	char *p;

	if (s.len == 0) {
		*out = SLICE_EMPTY;
		return true;
	}
	p = arena_cstr(a, s);
	if (!p)
		return false;
	*out = slice_make(p, s.len);
	return true;
}

bool arena_printf(struct arena *a, struct slice *out, const char *fmt, ...)
{
	va_list ap, again;
	char small[256]; /* most are: they are not made twice */
	int n;
	char *p = NULL;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0)
		p = arena_alloc(a, (size_t)n + 1);
	if (p) {
		if ((size_t)n < sizeof(small))
			memcpy(p, small, (size_t)n);
		else
			vsnprintf(p, (size_t)n + 1, fmt, again);
		*out = slice_make(p, (size_t)n);
	}
	va_end(again);
	return p != NULL;
}

/* What is larger than any chunk has one of its own, which can go when a list has moved out of it. */
static void give_back(struct arena *a, const void *old, size_t bytes)
{
	if (bytes <= CHUNK_LARGEST)
		return;
	for (struct arena_chunk **c = &a->head; *c; c = &(*c)->next) {
		struct arena_chunk *gone = *c;

		if ((const void *)gone->data != old || gone->used != gone->size)
			continue;
		*c = gone->next;
		a->used -= MIN(a->used, gone->size);
		free(gone);
		return;
	}
}

void *arena_vec_push(struct arena *a, void **at, size_t *len, size_t *cap, size_t elem)
{
	unsigned char *p;

	if (*len == *cap) {
		size_t more = *cap ? *cap * 2 : 8;
		void *grown = arena_array(a, more, elem);

		if (!grown)
			return NULL;
		if (*len)
			memcpy(grown, *at, *len * elem);
		give_back(a, *at, *len * elem);
		*at = grown;
		*cap = more;
	}
	p = (unsigned char *)*at + *len * elem;
	(*len)++;
	return p;
}
