/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that is freed all at once: one arena per scan, feed record or request.
 *
 * Allocation returns NULL when the cap is reached or memory is short; callers return err_nomem().
 */
#ifndef LIMPID_BASE_ARENA_H
#define LIMPID_BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *head; /* owned; the chunk in use */
	size_t used;              /* bytes handed out */
	size_t max;               /* bytes that may be handed out */
};

#define ARENA_INIT(max_bytes) { NULL, 0, (max_bytes) }

void arena_fini(struct arena *a);
/* Free everything but one chunk, for the next record. */
void arena_reset(struct arena *a);
/* Zeroed, aligned for any type; NULL on failure. */
void *arena_alloc(struct arena *a, size_t size) NODISCARD;
/* Zeroed array; NULL on failure or overflow. */
void *arena_array(struct arena *a, size_t count, size_t size) NODISCARD;
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* Copy bytes into the arena, with a NUL after them that is not counted. False on failure. Empty stays empty. */
bool arena_copy(struct arena *a, struct slice s, struct slice *out) NODISCARD;
/* The same as a C string; NULL on failure. */
char *arena_cstr(struct arena *a, struct slice s) NODISCARD;
/* printf into the arena; false on failure. */
bool arena_printf(struct arena *a, struct slice *out, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * A growing array in an arena: VEC(struct package) v = {0}; struct package *p = VEC_PUSH(&v, arena); p is zeroed,
 * NULL on failure. Growing moves the elements, so pointers to them do not survive a push.
 */
#define VEC(type)           \
	struct {            \
		type *at;   \
		size_t len; \
		size_t cap; \
	}
void *arena_vec_push(struct arena *a, void **at, size_t *len, size_t *cap, size_t elem);
#define VEC_PUSH(v, a) \
	((__typeof__((v)->at))arena_vec_push((a), (void **)&(v)->at, &(v)->len, &(v)->cap, sizeof(*(v)->at)))

#endif
