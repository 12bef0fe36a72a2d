/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - what changed between two segments: a merge of their sorted rows. */
#include "segment/layout.h"
#include "segment/reader.h"

struct side {
	const struct segment *s;
	uint32_t at, n;
	struct arena arena;
	struct affected row;
	struct slice id, detail;
	uint64_t hash;
};

static void side_fini(struct side *x)
{
	arena_fini(&x->arena);
}

static enum status load(struct side *x, struct err *err)
{
	uint32_t advisory;

	if (x->at >= x->n)
		return STATUS_OK;
	arena_reset(&x->arena);
	TRY(segment_row(x->s, x->at, &x->arena, &x->row, &advisory, err));
	TRY(segment_advisory_id(x->s, advisory, &x->id, err));
	x->hash = segment_advisory_hash(x->s, advisory);
	return segment_row_raw(x->s, x->at, &x->detail, &advisory, err);
}

/* In the order in which the writer sorts. */
static int order(const struct side *a, const struct side *b)
{
	int c;

	if (a->at >= a->n || b->at >= b->n)
		return (int)(a->at >= a->n) - (int)(b->at >= b->n);
	c = slice_cmp(a->row.scope, b->row.scope);
	if (c == 0)
		c = slice_cmp(a->row.package, b->row.package);
	if (c == 0)
		c = layout_id_cmp(a->id, b->id);
	if (c == 0 && a->hash != b->hash)
		c = a->hash < b->hash ? -1 : 1;
	return c != 0 ? c : slice_cmp(a->detail, b->detail);
}

enum status segment_diff(const struct segment *a, const struct segment *b, const struct segment_diff_sink *sink,
			 struct err *err)
{
	struct side AUTO(side_fini)
		x = { .s = a, .n = (uint32_t)segment_get_stats(a)->rows, .arena = ARENA_INIT(2 * LAYOUT_BODY_MAX) };
	struct side AUTO(side_fini)
		y = { .s = b, .n = (uint32_t)segment_get_stats(b)->rows, .arena = ARENA_INIT(2 * LAYOUT_BODY_MAX) };

	TRY(load(&x, err));
	TRY(load(&y, err));
	while (x.at < x.n || y.at < y.n) {
		int c = order(&x, &y);

		if (c < 0)
			TRY(sink->row(sink->ctx, SEGMENT_REMOVED, a, x.at, err));
		if (c > 0)
			TRY(sink->row(sink->ctx, SEGMENT_ADDED, b, y.at, err));
		if (c <= 0) {
			x.at++;
			TRY(load(&x, err));
		}
		if (c >= 0) {
			y.at++;
			TRY(load(&y, err));
		}
	}
	return STATUS_OK;
}
