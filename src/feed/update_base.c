/* SPDX-License-Identifier: Apache-2.0 */
/* update_base.c - what a document of changes leaves as it was: advisories taken over from the segment in force. */
#include "feed/update_impl.h"

#include <stdlib.h>

/* Advisories at a time: all rows are looked at for each lot. */
#define LOT 8192u

struct place {
	uint32_t advisory, row;
};

struct taking {
	const struct segment *seg;
	const struct advisory_sink *out;
	struct arena lot; /* the places of a lot */
	struct arena one; /* an advisory's rows */
	struct segment_bodies bodies;
	VEC(struct place) places;
};

static enum status on_row(void *ctx, const struct segment *s, uint32_t row, struct err *err)
{
	struct taking *t = ctx;
	struct place *place = VEC_PUSH(&t->places, &t->lot);
	struct affected ignored;

	if (!place)
		return err_nomem(err, "a source");
	arena_reset(&t->one);
	place->row = row;
	return segment_row(s, row, &t->one, &ignored, &place->advisory, err);
}

static int by_advisory(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->advisory != y->advisory)
		return x->advisory < y->advisory ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static enum status emit(struct taking *t, const struct place *places, size_t n, struct err *err)
{
	struct advisory a;
	struct affected *rows;
	uint32_t ignored;

	arena_reset(&t->one);
	rows = arena_array(&t->one, n, sizeof(*rows));
	if (!rows)
		return err_nomem(err, "a source");
	for (size_t i = 0; i < n; i++)
		TRY(segment_row(t->seg, places[i].row, &t->one, &rows[i], &ignored, err));
	TRY(segment_bodies_get(&t->bodies, t->seg, places[0].advisory, &a, err));
	a.affected = rows;
	a.n_affected = n;
	return t->out->emit(t->out->ctx, &a, err);
}

static enum status take_lot(struct taking *t, const uint32_t *advisories, size_t n, struct err *err)
{
	const struct segment_row_sink sink = { on_row, t };
	size_t same;

	t->places.at = NULL;
	t->places.len = t->places.cap = 0;
	arena_reset(&t->lot);
	TRY(segment_rows_of(t->seg, advisories, n, &sink, err));
	if (t->places.len > 1)
		qsort(t->places.at, t->places.len, sizeof(*t->places.at), by_advisory);
	for (size_t i = 0; i < t->places.len; i += same) {
		for (same = 1; i + same < t->places.len && t->places.at[i + same].advisory == t->places.at[i].advisory;
		     same++)
			;
		TRY(emit(t, &t->places.at[i], same, err));
	}
	return STATUS_OK;
}

static enum status take_all(struct taking *t, const struct map *replaced, struct err *err)
{
	uint64_t total = segment_get_stats(t->seg)->advisories, ignored;
	uint32_t lot[LOT];
	size_t n = 0;

	for (uint32_t i = 0; i < total; i++) {
		struct slice id;

		TRY(segment_advisory_id(t->seg, i, &id, err));
		if (!map_get(replaced, id, &ignored))
			lot[n++] = i;
		if (n == LOT || (i + 1 == total && n > 0)) {
			TRY(take_lot(t, lot, n, err));
			n = 0;
		}
	}
	return STATUS_OK;
}

enum status update_take_over(const char *dir, const struct digest *base, const struct map *replaced,
			     const struct advisory_sink *out, struct err *err)
{
	struct taking t = { .out = out,
			    .lot = ARENA_INIT((size_t)256 << 20),
			    .one = ARENA_INIT((size_t)256 << 20),
			    .bodies = SEGMENT_BODIES_INIT };
	struct segment *seg;
	enum status st;

	TRY(segment_open(dir, base, &seg, err));
	t.seg = seg;
	st = take_all(&t, replaced, err);
	segment_bodies_fini(&t.bodies);
	arena_fini(&t.lot);
	arena_fini(&t.one);
	segment_free(seg);
	return st;
}
