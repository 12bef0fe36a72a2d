/* SPDX-License-Identifier: Apache-2.0 */
/* layers_spaces.c - namespaces of the old layer API, and the advisories in them: the feeds' and those of users. */
#include "server/layers_spaces.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the sources that speak of a namespace ---- */

static int by_source(const void *pa, const void *pb)
{
	const struct space_source *a = pa, *b = pb;

	return slice_cmp(a->name, b->name);
}

static bool is_of(const struct segment *s, size_t scope, struct slice space, struct arena *arena, bool *out)
{
	struct slice found;

	if (!layers_namespace_of_scope(segment_scope(s, scope), arena, &found))
		return false;
	*out = slice_eq(found, space);
	return true;
}

enum status space_open(const struct segment_set *set, struct slice name, struct arena *arena, struct space *out,
		       struct err *err)
{
	VEC(struct space_source) list = { NULL, 0, 0 };

	*out = (struct space){ .name = name };
	for (size_t i = 0; i < segment_set_count(set); i++) {
		const struct segment_set_entry *entry;
		const struct segment *s = segment_set_at(set, i, &entry);

		for (size_t k = 0; s && k < segment_get_stats(s)->scopes; k++) {
			struct space_source *one;
			bool match;

			if (!is_of(s, k, name, arena, &match))
				return err_nomem(err, "a namespace");
			if (!match)
				continue;
			one = VEC_PUSH(&list, arena);
			if (!one)
				return err_nomem(err, "a namespace");
			*one = (struct space_source){ .name = entry->source,
						      .segment = s,
						      .scope = segment_scope(s, k) };
		}
	}
	if (list.len > 1)
		qsort(list.at, list.len, sizeof(*list.at), by_source);
	out->sources = list.at;
	out->n = list.len;
	return STATUS_OK;
}

/* ---- which advisories of a segment are of the scope ---- */

static enum status mark(struct space_source *s, struct arena *arena, struct err *err)
{
	struct segment_rows rows;
	struct arena AUTO(arena_fini) scratch = ARENA_INIT((size_t)1 << 24);

	if (s->marked)
		return STATUS_OK;
	s->n_advisories = segment_get_stats(s->segment)->advisories;
	s->marked = arena_alloc(arena, s->n_advisories / 8 + 1);
	if (!s->marked)
		return err_nomem(err, "a namespace");
	TRY(segment_scope_rows(s->segment, s->scope, &rows, err));
	for (uint32_t i = 0; i < rows.n; i++) {
		struct affected row;
		uint32_t advisory;

		arena_reset(&scratch);
		TRY(segment_row(s->segment, rows.first + i, &scratch, &row, &advisory, err));
		/* What a vendor says does not affect is no vulnerability of the namespace. */
		if (row.status == AFFECTED_YES && advisory < s->n_advisories)
			s->marked[advisory / 8] |= (uint8_t)(1u << advisory % 8);
	}
	return STATUS_OK;
}

static bool is_marked(const struct space_source *s, uint64_t advisory)
{
	return advisory < s->n_advisories && (s->marked[advisory / 8] & (1u << advisory % 8)) != 0;
}

/* Does the source have an advisory of exactly this id in its scope? *number: which. */
static enum status find_in(struct space_source *s, struct slice id, struct arena *arena, bool *out, uint32_t *number,
			   struct err *err)
{
	uint32_t found[64];
	size_t n;

	*out = false;
	TRY(mark(s, arena, err));
	TRY(segment_by_alias(s->segment, id, found, ARRAY_LEN(found), &n, err));
	for (size_t i = 0; i < MIN(n, ARRAY_LEN(found)) && !*out; i++) {
		struct slice own;

		TRY(segment_advisory_id(s->segment, found[i], &own, err));
		*out = is_marked(s, found[i]) && slice_eq(own, id);
		*number = found[i];
	}
	return STATUS_OK;
}

/* ---- one advisory ---- */

static enum status add_fix(const struct affected *row, struct arena *arena, struct layers_advisory *out,
			   struct err *err)
{
	struct slice fix = affected_offered_fix(row);
	struct layers_fix *fixes = arena_array(arena, out->n_fixes + 1, sizeof(*fixes));

	if (!fixes)
		return err_nomem(err, "fixes");
	if (out->n_fixes > 0)
		memcpy(fixes, out->fixes, out->n_fixes * sizeof(*fixes));
	/* The texts are the segment's. */
	fixes[out->n_fixes++] = (struct layers_fix){ row->package, slice_cstr(layers_format_of_scheme(row->scheme)),
						     fix.len > 0 ? fix : SLICE("None") };
	out->fixes = fixes;
	return STATUS_OK;
}

static enum status add_fixes(const struct space_source *s, uint32_t advisory, struct arena *arena,
			     struct layers_advisory *out, struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT((size_t)1 << 24);
	struct segment_rows rows;

	TRY(segment_scope_rows(s->segment, s->scope, &rows, err));
	for (uint32_t i = 0; i < rows.n; i++) {
		struct affected row;
		uint32_t of;

		arena_reset(&scratch);
		TRY(segment_row(s->segment, rows.first + i, &scratch, &row, &of, err));
		if (of == advisory && row.status == AFFECTED_YES)
			TRY(add_fix(&row, arena, out, err));
	}
	return STATUS_OK;
}

enum status space_get(struct space *sp, struct slice id, bool fixes, struct arena *arena, struct layers_advisory *out,
		      struct err *err)
{
	bool any = false;

	for (size_t i = 0; i < sp->n; i++) {
		struct layers_advisory more;
		struct advisory a;
		uint32_t number;
		bool found;

		TRY(find_in(&sp->sources[i], id, arena, &found, &number, err));
		if (!found)
			continue;
		if (!any) {
			TRY(segment_advisory(sp->sources[i].segment, number, arena, &a, err));
			if (!layers_advisory_of(&a, sp->name, arena, &more))
				return err_nomem(err, "a vulnerability");
			*out = more;
			any = true;
		}
		if (fixes)
			TRY(add_fixes(&sp->sources[i], number, arena, out, err));
	}
	return any ? STATUS_OK : err_set(err, STATUS_NOTFOUND, LAYERS_NOT_FOUND);
}

/* ---- a page of them ---- */

/* An earlier source of the namespace has the same: it was listed there. */
static enum status is_listed(struct space *sp, size_t source, struct slice id, const struct layers_advisory *own,
			     size_t n_own, struct arena *arena, bool *out, struct err *err)
{
	uint32_t number;

	*out = false;
	for (size_t i = 0; i < n_own && !*out; i++)
		*out = slice_eq(own[i].space, sp->name) && slice_eq(own[i].name, id);
	for (size_t i = 0; i < source && !*out; i++)
		TRY(find_in(&sp->sources[i], id, arena, out, &number, err));
	return STATUS_OK;
}

/* Advisories of a segment stand in the order of their ids. */
static enum status first_after(const struct space_source *s, struct slice id, uint32_t *out, struct err *err)
{
	uint64_t low = 0, high = s->n_advisories;

	while (low < high && id.len > 0) {
		uint64_t at = low + (high - low) / 2;
		struct slice there;

		TRY(segment_advisory_id(s->segment, (uint32_t)at, &there, err));
		if (slice_cmp(there, id) <= 0)
			low = at + 1;
		else
			high = at;
	}
	*out = (uint32_t)low;
	return STATUS_OK;
}

static enum status list_source(struct space_list *l, size_t source, struct slice after, bool *full, struct err *err)
{
	struct space_source *s = &l->space->sources[source];
	struct segment_bodies bodies = SEGMENT_BODIES_INIT;
	uint32_t at;
	enum status st = mark(s, l->arena, err);

	if (st == STATUS_OK)
		st = first_after(s, after, &at, err);
	for (; st == STATUS_OK && at < s->n_advisories && !*full; at++) {
		struct slice id;
		struct advisory a;
		bool known = false;

		if (!is_marked(s, at))
			continue;
		st = segment_advisory_id(s->segment, at, &id, err);
		if (st == STATUS_OK)
			st = is_listed(l->space, source, id, l->own, l->n_own, l->arena, &known, err);
		if (st != STATUS_OK || known)
			continue;
		st = segment_bodies_get(&bodies, s->segment, at, &a, err);
		if (st == STATUS_OK)
			st = l->put(l, s->name, &a, full, err);
	}
	segment_bodies_fini(&bodies);
	return st;
}

enum status space_walk(struct space_list *l, struct slice source, struct slice after, struct err *err)
{
	bool full = false;

	for (size_t i = 0; i < l->space->n && !full; i++) {
		int c = slice_cmp(l->space->sources[i].name, source);

		if (c < 0)
			continue;
		TRY(list_source(l, i, c == 0 ? after : SLICE_EMPTY, &full, err));
	}
	return STATUS_OK;
}
