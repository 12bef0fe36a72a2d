/* SPDX-License-Identifier: Apache-2.0 */
/* change.c - a diff of segments by (scope, package, id). */
#include "notify/change.h"

#include "model/clair_vulnerability.h"

#include <stdlib.h>

#define BATCH 256u
#define BATCH_BYTES ((size_t)4 << 20)
#define MEMORY ((size_t)256 << 20)

const char *notify_reason_name(unsigned reason)
{
	static const char *const names[] = { "", "added", "removed", "changed" };

	return reason < ARRAY_LEN(names) ? names[reason] : "";
}

/* Rows of one key, by their numbers. */
struct numbers {
	uint32_t *at; /* owned */
	size_t n, cap;
};

struct differ {
	const struct segment *before, *after;
	enum severity least;
	const struct notify_changes_sink *sink;
	struct arena arena; /* of the batch */
	struct notify_change batch[BATCH];
	size_t n;
	struct arena key_arena;
	struct slice scope, package, id; /* key at hand, in key_arena */
	bool have_key;
	struct numbers removed, added;
	struct segment_bodies bodies;
	struct arena row; /* scratch */
};

static void differ_fini(struct differ *d)
{
	arena_fini(&d->arena);
	arena_fini(&d->key_arena);
	arena_fini(&d->row);
	free(d->removed.at);
	free(d->added.at);
	segment_bodies_fini(&d->bodies);
}

static enum status push(struct numbers *list, uint32_t number, struct err *err)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 16;
		uint32_t *at = realloc(list->at, cap * sizeof(*at));

		if (!at)
			return err_nomem(err, "a difference");
		list->at = at;
		list->cap = cap;
	}
	list->at[list->n++] = number;
	return STATUS_OK;
}

static bool is_in(const struct numbers *list, uint32_t number)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i] == number)
			return true;
	return false;
}

static enum status flush(struct differ *d, struct err *err)
{
	if (d->n > 0)
		TRY(d->sink->changes(d->sink->ctx, d->batch, d->n, err));
	d->n = 0;
	arena_reset(&d->arena);
	return STATUS_OK;
}

/* ---- one side ---- */

static enum status summarise(struct differ *d, const struct segment *s, const struct advisory *body,
			     const struct affected *row, struct slice *out, struct err *err)
{
	struct clair_vulnerability v = { .id = "",
					 .updater = segment_get_meta(s)->source,
					 .advisory = body,
					 .row = row,
					 .severity = clair_row_severity(body, row),
					 .fix = row->fixed_version,
					 .type = clair_scope_language(row->scope) };
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)16 << 20);
	struct distribution distribution;
	struct json_writer w;

	if (v.type == PACKAGE_NONE && distribution_of_scope(row->scope, &distribution))
		v.distribution = &distribution;
	json_writer_init(&w, &text, 0);
	w.html_escape = true;
	TRY(clair_put_summary(&w, &v, &d->arena, err));
	TRY(json_writer_end(&w, err));
	return arena_copy(&d->arena, buf_slice(&text), out) ? STATUS_OK : err_nomem(err, "a difference");
}

struct side_maker {
	VEC(struct notify_row) rows;
	struct notify_side side;
};

static bool keep_names(struct differ *d, const struct advisory *body, struct judge_question *q)
{
	struct slice *names = arena_array(&d->arena, body->n_aliases + 1, sizeof(*names));
	bool good = names && arena_copy(&d->arena, body->id, &names[0]);

	for (size_t i = 0; good && i < body->n_aliases; i++)
		good = arena_copy(&d->arena, body->aliases[i], &names[i + 1]);
	q->names = names;
	q->n_names = body->n_aliases + 1;
	return good;
}

static enum status add_row(struct differ *d, const struct segment *s, uint32_t number, struct side_maker *m,
			   struct err *err)
{
	struct notify_row *added;
	struct advisory body;
	struct affected row;
	uint32_t advisory;

	arena_reset(&d->row);
	TRY(segment_row(s, number, &d->row, &row, &advisory, err));
	if (row.status != AFFECTED_YES)
		return STATUS_OK;
	TRY(segment_bodies_get(&d->bodies, s, advisory, &body, err));
	added = VEC_PUSH(&m->rows, &d->arena);
	if (!added || !affected_copy(&row, &d->arena, &added->q.row))
		return err_nomem(err, "a difference");
	added->q.name = added->q.row.package;
	added->q.scope = added->q.row.scope;
	if (!keep_names(d, &body, &added->q))
		return err_nomem(err, "a difference");
	added->q.severity = clair_row_severity(&body, &row);
	if (m->side.summary.len == 0)
		TRY(summarise(d, s, &body, &row, &m->side.summary, err));
	m->side.severity = MAX(m->side.severity, added->q.severity);
	m->side.rows = m->rows.at;
	m->side.n = m->rows.len;
	return STATUS_OK;
}

static enum status add_rows(struct differ *d, const struct segment *s, const struct numbers *list, struct side_maker *m,
			    struct err *err)
{
	for (size_t i = 0; i < list->n; i++)
		TRY(add_row(d, s, list->at[i], m, err));
	return STATUS_OK;
}

static enum status has_key(struct differ *d, const struct segment *s, uint32_t number, bool *out, struct err *err)
{
	struct affected row;
	uint32_t advisory;
	struct slice id;

	arena_reset(&d->row);
	TRY(segment_row(s, number, &d->row, &row, &advisory, err));
	TRY(segment_advisory_id(s, advisory, &id, err));
	*out = slice_eq(row.scope, d->scope) && slice_eq(row.package, d->package) && slice_eq(id, d->id);
	return STATUS_OK;
}

/* The rows of the key lie side by side: those around the ones that are known and are not in the list stayed the same.
 */
static enum status add_unchanged(struct differ *d, const struct segment *s, const struct numbers *known,
				 struct side_maker *before, struct side_maker *after, struct err *err)
{
	uint32_t first = known->at[0], end = known->at[0] + 1;
	bool same = true;

	while (first > 0 && same) {
		TRY(has_key(d, s, first - 1, &same, err));
		first -= same;
	}
	for (same = true; end < segment_get_stats(s)->rows && same; end += same)
		TRY(has_key(d, s, end, &same, err));
	for (uint32_t i = first; i < end; i++) {
		if (is_in(known, i))
			continue;
		TRY(add_row(d, s, i, before, err));
		TRY(add_row(d, s, i, after, err));
	}
	return STATUS_OK;
}

/* ---- one key ---- */

static bool same_fixes(const struct notify_side *a, const struct notify_side *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (!slice_eq(a->rows[i].q.row.fixed_version, b->rows[i].q.row.fixed_version))
			return false;
	return a->n == b->n;
}

bool notify_change_finish(struct notify_change *c, enum severity least)
{
	c->differs = c->before.severity != c->after.severity || !same_fixes(&c->before, &c->after);
	return (c->before.n > 0 && c->before.severity >= least) || (c->after.n > 0 && c->after.severity >= least);
}

static enum status finish_key(struct differ *d, struct err *err)
{
	struct side_maker before = { .side = { .n = 0 } }, after = { .side = { .n = 0 } };
	struct notify_change *c = &d->batch[d->n];

	if (d->added.n + d->removed.n == 0)
		return STATUS_OK;
	TRY(add_rows(d, d->before, &d->removed, &before, err));
	TRY(add_rows(d, d->after, &d->added, &after, err));
	if (d->added.n > 0 && d->before)
		TRY(add_unchanged(d, d->after, &d->added, &before, &after, err));
	else if (d->removed.n > 0)
		TRY(add_unchanged(d, d->before, &d->removed, &before, &after, err));
	d->added.n = d->removed.n = 0;
	*c = (struct notify_change){ .before = before.side, .after = after.side };
	if (!arena_copy(&d->arena, d->package, &c->package) || !arena_copy(&d->arena, d->scope, &c->scope) ||
	    !arena_copy(&d->arena, d->id, &c->id))
		return err_nomem(err, "a difference");
	if (notify_change_finish(c, d->least))
		d->n++;
	return d->n == BATCH || d->arena.used > BATCH_BYTES ? flush(d, err) : STATUS_OK;
}

static enum status on_row(void *ctx, enum segment_change change, const struct segment *s, uint32_t number,
			  struct err *err)
{
	struct differ *d = ctx;
	bool same = false;
	struct affected row;
	uint32_t advisory;
	struct slice id;

	if (d->have_key)
		TRY(has_key(d, s, number, &same, err));
	if (!same) {
		TRY(finish_key(d, err));
		arena_reset(&d->row);
		arena_reset(&d->key_arena);
		TRY(segment_row(s, number, &d->row, &row, &advisory, err));
		TRY(segment_advisory_id(s, advisory, &id, err));
		if (!arena_copy(&d->key_arena, row.scope, &d->scope) ||
		    !arena_copy(&d->key_arena, row.package, &d->package) || !arena_copy(&d->key_arena, id, &d->id))
			return err_nomem(err, "a difference");
		d->have_key = true;
	}
	return push(change == SEGMENT_ADDED ? &d->added : &d->removed, number, err);
}

enum status notify_diff(const struct segment *before, const struct segment *after, enum severity least,
			const struct notify_changes_sink *sink, struct err *err)
{
	struct differ AUTO(differ_fini) d = { .before = before,
					      .after = after,
					      .least = least,
					      .sink = sink,
					      .arena = ARENA_INIT(MEMORY),
					      .key_arena = ARENA_INIT(MEMORY),
					      .bodies = SEGMENT_BODIES_INIT,
					      .row = ARENA_INIT(MEMORY) };
	struct segment_diff_sink rows = { on_row, &d };

	if (before)
		TRY(segment_diff(before, after, &rows, err));
	for (uint64_t i = 0; !before && i < segment_get_stats(after)->rows; i++)
		TRY(on_row(&d, SEGMENT_ADDED, after, (uint32_t)i, err));
	TRY(finish_key(&d, err));
	return flush(&d, err);
}
