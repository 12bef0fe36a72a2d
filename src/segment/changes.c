/* SPDX-License-Identifier: Apache-2.0 */
/* changes.c - which advisories one segment has and another has not, or tells otherwise. */
#include "segment/layout.h"
#include "segment/reader.h"

#include <stdlib.h>

/* A segment, or none, as a list of ids in order; several advisories may have one id. */
struct list {
	const struct segment *s; /* NULL: empty */
	uint32_t at, n;
	uint32_t end;	 /* of those that have the id of `at` */
	struct slice id; /* of `at` */
	uint8_t *marked; /* per advisory: a row of it is not in the other one. Owned; NULL: none is */
};

struct lists {
	struct list side[2];
};

static void lists_fini(struct lists *l)
{
	free(l->side[0].marked);
	free(l->side[1].marked);
}

static enum status list_init(struct list *l, const struct segment *s, struct err *err)
{
	l->s = s;
	l->n = s ? (uint32_t)segment_get_stats(s)->advisories : 0;
	l->marked = calloc((size_t)l->n + 1, 1);
	return l->marked ? STATUS_OK : err_nomem(err, "a difference");
}

static enum status on_row(void *ctx, enum segment_change change, const struct segment *s, uint32_t row, struct err *err)
{
	struct lists *lists = ctx;
	struct list *l = &lists->side[change == SEGMENT_ADDED];
	uint32_t advisory;
	struct slice detail;

	TRY(segment_row_raw(s, row, &detail, &advisory, err));
	if (advisory < l->n)
		l->marked[advisory] = 1;
	return STATUS_OK;
}

/* Find the id at hand, and how many have it. */
static enum status load(struct list *l, struct err *err)
{
	if (l->at >= l->n)
		return STATUS_OK;
	TRY(segment_advisory_id(l->s, l->at, &l->id, err));
	for (l->end = l->at + 1; l->end < l->n; l->end++) {
		struct slice next;

		TRY(segment_advisory_id(l->s, l->end, &next, err));
		if (!slice_eq(next, l->id))
			break;
	}
	return STATUS_OK;
}

static int order(const struct list *a, const struct list *b)
{
	int c;

	if (a->at >= a->n || b->at >= b->n)
		return (int)(a->at >= a->n) - (int)(b->at >= b->n);
	/* Ids that differ in case alone come in the order of their bytes. */
	c = layout_id_cmp(a->id, b->id);
	return c != 0 ? c : slice_cmp(a->id, b->id);
}

static bool differ(const struct list *a, const struct list *b)
{
	bool other = a->end - a->at != b->end - b->at;

	for (uint32_t i = a->at; i < a->end; i++)
		other |= a->marked[i] != 0;
	for (uint32_t i = b->at; i < b->end; i++)
		other |= b->marked[i] != 0;
	for (uint32_t i = 0; !other && i < a->end - a->at; i++)
		other = segment_advisory_hash(a->s, a->at + i) != segment_advisory_hash(b->s, b->at + i);
	return other;
}

static enum status merge(struct list *a, struct list *b, const struct segment_changes_sink *sink, struct err *err)
{
	TRY(load(a, err));
	TRY(load(b, err));
	while (a->at < a->n || b->at < b->n) {
		int c = order(a, b);

		if (c < 0)
			TRY(sink->advisory(sink->ctx, SEGMENT_ADVISORY_REMOVED, a->id, err));
		else if (c > 0)
			TRY(sink->advisory(sink->ctx, SEGMENT_ADVISORY_ADDED, b->id, err));
		else if (differ(a, b))
			TRY(sink->advisory(sink->ctx, SEGMENT_ADVISORY_CHANGED, b->id, err));
		if (c <= 0) {
			a->at = a->end;
			TRY(load(a, err));
		}
		if (c >= 0) {
			b->at = b->end;
			TRY(load(b, err));
		}
	}
	return STATUS_OK;
}

enum status segment_changes(const struct segment *a, const struct segment *b, const struct segment_changes_sink *sink,
			    struct err *err)
{
	struct lists AUTO(lists_fini) l = { .side = { { .at = 0 }, { .at = 0 } } };
	const struct segment_diff_sink rows = { on_row, &l };

	TRY(list_init(&l.side[0], a, err));
	TRY(list_init(&l.side[1], b, err));
	if (a && b && !digest_eq(segment_digest(a), segment_digest(b)))
		TRY(segment_diff(a, b, &rows, err));
	return merge(&l.side[0], &l.side[1], sink, err);
}
