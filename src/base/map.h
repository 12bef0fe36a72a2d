/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - hash map from bytes to a 64-bit value; keys are borrowed and must outlive the map.
 *
 * Open addressing, seeded per map from the kernel, so that hostile keys cannot collide on purpose.
 */
#ifndef LIMPID_BASE_MAP_H
#define LIMPID_BASE_MAP_H

#include "base/slice.h"

struct map_entry;

struct map {
	struct map_entry *at; /* owned */
	size_t len;
	size_t cap; /* power of two, or 0 */
	uint64_t seed;
};

#define MAP_INIT { NULL, 0, 0, 0 }

void map_fini(struct map *m);
/* Set key to value, replacing an older one. False when memory is short. */
bool map_put(struct map *m, struct slice key, uint64_t value) NODISCARD;
bool map_get(const struct map *m, struct slice key, uint64_t *out);
/* Pointer to the value of key, inserted as 0 if absent; NULL when memory is short. Valid until the next insertion. */
uint64_t *map_slot(struct map *m, struct slice key, bool *out_new) NODISCARD;

#endif
