/* SPDX-License-Identifier: Apache-2.0 */
/* at.c - sources as they were at a moment, of any engine. */
#include "store/store.h"

/* Operations come newest first. */
static const struct store_operation *in_force(const struct store_operation *ops, size_t n, struct slice source,
					      int64_t at_s)
{
	for (size_t i = 0; i < n; i++)
		if (ops[i].date_s <= at_s && slice_eq(ops[i].source, source))
			return &ops[i];
	return NULL;
}

enum status store_sources_at(struct store *s, int64_t at_s, struct arena *arena, struct store_source **out,
			     size_t *out_n, struct err *err)
{
	struct store_operation *ops;
	size_t n_ops;

	TRY(store_sources(s, arena, out, out_n, err));
	TRY(store_operations(s, SLICE_EMPTY, SIZE_MAX >> 1, arena, &ops, &n_ops, err));
	for (size_t i = 0; i < *out_n; i++) {
		struct store_source *row = &(*out)[i];
		const struct store_operation *op = in_force(ops, n_ops, row->name, at_s);

		row->error = row->held_back = SLICE_EMPTY;
		row->last_attempt_s = row->next_s = DATE_NONE;
		if (!op || !digest_eq(&op->segment, &row->segment))
			row->records = 0;
		row->segment = op ? op->segment : (struct digest){ .algo = DIGEST_NONE };
		row->last_change_s = op ? op->date_s : DATE_NONE;
		row->last_success_s = op ? MIN(row->last_success_s, at_s) : DATE_NONE;
	}
	return STATUS_OK;
}
