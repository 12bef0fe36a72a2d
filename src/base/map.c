/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - open addressing with linear probing. */
#include "base/map.h"

#include "base/ckd.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

struct map_entry {
	struct slice key; /* borrowed */
	uint64_t hash;    /* 0 = free */
	uint64_t value;
};

void map_fini(struct map *m)
{
	free(m->at);
	m->at = NULL;
	m->len = m->cap = 0;
}

static uint64_t hash_key(const struct map *m, struct slice key)
{
	uint64_t h = slice_hash(key, m->seed);

	return h ? h : 1;
}

static struct map_entry *probe(const struct map *m, struct slice key, uint64_t hash)
{
	size_t i = (size_t)hash & (m->cap - 1);

	while (m->at[i].hash != 0 && !(m->at[i].hash == hash && slice_eq(m->at[i].key, key)))
		i = (i + 1) & (m->cap - 1);
	return &m->at[i];
}

/* Numbers from the kernel, some at once: a call costs as much as many a map. */
static _Thread_local struct {
	uint64_t list[32];
	size_t left;
} seeds;

/* A child that reads what strangers sent must not know what its parent and its siblings will use. */
static void forget_seeds(void)
{
	explicit_bzero(&seeds, sizeof(seeds));
}

static void forget_when_forked(void)
{
	(void)pthread_atfork(NULL, NULL, forget_seeds);
}

static uint64_t next_seed(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (seeds.left == 0) {
		(void)pthread_once(&once, forget_when_forked);
		/* A failed getrandom leaves a fixed seed: slower under attack, never wrong. */
		if (getrandom(seeds.list, sizeof(seeds.list), GRND_NONBLOCK) != (ssize_t)sizeof(seeds.list))
			return 0;
		seeds.left = ARRAY_LEN(seeds.list);
	}
	return seeds.list[--seeds.left];
}

static bool grow(struct map *m)
{
	struct map bigger = { NULL, m->len, m->cap ? m->cap * 2 : 64, m->seed };
	size_t bytes;

	if (CKD_MUL(&bytes, bigger.cap, sizeof(*bigger.at)))
		return false;
	if (m->cap == 0)
		bigger.seed = next_seed();
	bigger.at = calloc(1, bytes);
	if (!bigger.at)
		return false;
	if (m->cap == 0) {
		*m = bigger;
		return true;
	}
	for (size_t i = 0; i < m->cap; i++)
		if (m->at[i].hash != 0)
			*probe(&bigger, m->at[i].key, m->at[i].hash) = m->at[i];
	free(m->at);
	*m = bigger;
	return true;
}

uint64_t *map_slot(struct map *m, struct slice key, bool *out_new)
{
	struct map_entry *e;
	uint64_t hash;

	if (m->len * 4 >= m->cap * 3 && !grow(m))
		return NULL;
	hash = hash_key(m, key);
	e = probe(m, key, hash);
	*out_new = e->hash == 0;
	if (e->hash == 0) {
		e->key = key;
		e->hash = hash;
		e->value = 0;
		m->len++;
	}
	return &e->value;
}

bool map_put(struct map *m, struct slice key, uint64_t value)
{
	bool is_new;
	uint64_t *slot = map_slot(m, key, &is_new);

	if (!slot)
		return false;
	*slot = value;
	return true;
}

bool map_get(const struct map *m, struct slice key, uint64_t *out)
{
	const struct map_entry *e;

	if (m->cap == 0)
		return false;
	e = probe(m, key, hash_key(m, key));
	if (e->hash == 0)
		return false;
	*out = e->value;
	return true;
}
