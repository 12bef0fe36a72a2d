/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - every row about an id, and what it means for the packages of an image. */
#include "match/match.h"

#include "match/coverage.h"
#include "match/rules.h"

struct explainer {
	const struct index_report *index;
	const struct match_options *options;
	struct arena *arena;
	match_verdicts *out;
};

static enum status add_verdict(struct explainer *x, size_t package, const struct segment *seg,
			       const struct segment_set_entry *entry, uint32_t advisory, const struct affected *row,
			       bool reported, const char *reason, struct err *err)
{
	struct match_verdict *v = VEC_PUSH(x->out, x->arena);

	if (!v)
		return err_nomem(err, "explanation");
	v->package = package;
	v->reported = reported;
	TRY(segment_advisory(seg, advisory, x->arena, &v->advisory, err));
	if (!affected_copy(row, x->arena, &v->row) || !arena_copy(x->arena, entry->source, &v->source) ||
	    !arena_copy(x->arena, slice_cstr(reason), &v->reason))
		return err_nomem(err, "explanation");
	return STATUS_OK;
}

/* One row against every installed package it could mean. */
static enum status explain_row(struct explainer *x, const struct segment *seg, const struct segment_set_entry *entry,
			       uint32_t advisory, const struct affected *row, struct err *err)
{
	bool scope_seen = false, any = false;

	for (size_t i = 0; i < x->index->packages.len; i++) {
		const struct index_package *p = &x->index->packages.at[i];
		struct candidate candidates[2];
		size_t n = rules_candidates(&p->package, candidates);
		struct slice scope;

		TRY(match_scope(x->index, p, x->arena, &scope, err));
		if (!slice_eq(scope, row->scope))
			continue;
		scope_seen = true;
		for (size_t c = 0; c < n; c++) {
			struct verdict_text why;
			struct slice version;
			enum verdict verdict;

			if (!slice_eq(candidates[c].name, row->package))
				continue;
			any = true;
			verdict = rules_judge(x->index, &p->package, row, candidates[c].name, &version, &why);
			if (verdict == VERDICT_AFFECTED && !match_wants(&p->package, x->options))
				TRY(add_verdict(
					x, i, seg, entry, advisory, row, false,
					"affected by its version, but it belongs to a system package, whose own "
					"advisories count",
					err));
			else
				TRY(add_verdict(x, i, seg, entry, advisory, row, verdict == VERDICT_AFFECTED, why.text,
						err));
		}
	}
	if (scope_seen && !any)
		return add_verdict(x, SIZE_MAX, seg, entry, advisory, row, false, "the package is not installed", err);
	return STATUS_OK;
}

static enum status explain_segment(struct explainer *x, const struct segment *seg,
				   const struct segment_set_entry *entry, const uint32_t *advisories, size_t n,
				   struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(SIZE_MAX);
	size_t scopes = (size_t)segment_get_stats(seg)->scopes;

	for (size_t s = 0; s < scopes; s++) {
		struct segment_rows rows;

		TRY(segment_scope_rows(seg, segment_scope(seg, s), &rows, err));
		for (uint32_t i = 0; i < rows.n; i++) {
			struct affected row;
			uint32_t advisory;

			arena_reset(&scratch);
			TRY(segment_row(seg, rows.first + i, &scratch, &row, &advisory, err));
			for (size_t k = 0; k < n; k++)
				if (advisories[k] == advisory)
					TRY(explain_row(x, seg, entry, advisory, &row, err));
		}
	}
	return STATUS_OK;
}

enum status match_explain(const struct index_report *index, const struct segment_set *set,
			  const struct match_options *options, struct slice id, struct arena *arena,
			  match_verdicts *out, struct err *err)
{
	struct explainer x = { index, options, arena, out };

	for (size_t s = 0; s < segment_set_count(set); s++) {
		const struct segment_set_entry *entry;
		const struct segment *seg = segment_set_at(set, s, &entry);
		uint32_t advisories[256];
		size_t n = 0;

		if (!seg)
			continue;
		TRY(segment_by_alias(seg, id, advisories, ARRAY_LEN(advisories), &n, err));
		if (n > 0)
			TRY(explain_segment(&x, seg, entry, advisories, MIN(n, ARRAY_LEN(advisories)), err));
	}
	return STATUS_OK;
}
