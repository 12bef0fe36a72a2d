/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_bodies.c - bodies wait in the order in which they came and are wanted in another: many are read together, in
 * the order in which they lie in the file, so that neighbours come with one call.
 */
#include "segment/writer_impl.h"

#include <stdlib.h>

/* Reading over what is not wanted costs less than another call, up to here. */
#define GAP_MOST ((uint64_t)4 << 10)
#define PIECE_BYTES ((size_t)64 << 10)

struct wanted {
	uint32_t advisory; /* as added: the order in the file */
	uint32_t to;
};

static int by_place(const void *pa, const void *pb)
{
	const struct wanted *a = pa, *b = pb;

	return a->advisory < b->advisory ? -1 : a->advisory > b->advisory;
}

/* How many of the n there are in the piece of the file that begins with the first of them; its length. */
static size_t measure_piece(const struct segment_writer *w, const struct wanted *list, size_t n, size_t *out_len)
{
	uint64_t begin = writer_advisory(w, list[0].advisory)->body_at, end = begin;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct pending_advisory *a = writer_advisory(w, list[i].advisory);

		if (i > 0 && (a->body_at - end > GAP_MOST || a->body_at + a->body_len - begin > PIECE_BYTES))
			break;
		end = a->body_at + a->body_len;
	}
	*out_len = (size_t)(end - begin);
	return i;
}

static enum status read_list(const struct segment_writer *w, const struct wanted *list, size_t n, uint8_t *out,
			     struct err *err)
{
	uint8_t piece[PIECE_BYTES];

	for (size_t i = 0, end; i < n; i = end) {
		uint64_t from = writer_advisory(w, list[i].advisory)->body_at;
		size_t len;

		end = i + measure_piece(w, list + i, n - i, &len);
		if (end == i + 1) {
			TRY(writer_read(w, w->spill, from, out + list[i].to, len, err));
			continue;
		}
		TRY(writer_read(w, w->spill, from, piece, len, err));
		for (size_t k = i; k < end; k++) {
			const struct pending_advisory *a = writer_advisory(w, list[k].advisory);

			memcpy(out + list[k].to, piece + (a->body_at - from), a->body_len);
		}
	}
	return STATUS_OK;
}

enum status writer_read_bodies(const struct segment_writer *w, const uint32_t *advisories, size_t n, struct buf *out,
			       struct err *err)
{
	struct wanted *list = malloc(n * sizeof(*list));
	enum status st;
	uint8_t *room;
	size_t len = 0;

	if (!list)
		return err_nomem(err, "segment");
	for (size_t i = 0; i < n; i++) {
		list[i] = (struct wanted){ .advisory = advisories[i], .to = (uint32_t)len };
		len += writer_advisory(w, advisories[i])->body_len;
	}
	qsort(list, n, sizeof(*list), by_place);
	room = buf_reserve(out, len);
	st = room ? read_list(w, list, n, room, err) : buf_check(out, "the advisories of a segment", err);
	if (st == STATUS_OK)
		out->len += len;
	free(list);
	return st;
}
