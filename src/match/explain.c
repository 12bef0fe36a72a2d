/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - every row about an id, and what it means for the packages of an image. */
#include "match/match.h"

#include "match/rules.h"
#include "match/scopes.h"
#include "match/sources.h"
#include "model/enrichment.h"

#include <stdlib.h>

/* Scopes of one advisory that are named; a flaw of the kernel has dozens. */
#define SCOPES_NAMED 12

struct explainer {
	const struct index_report *index;
	const struct segment_set *set;
	const struct match_options *options;
	struct arena *arena;
	struct arena scratch; /* of one row */
	struct scopes scopes;
	struct match_explanation *out;
	/* the advisory being explained */
	const struct segment *seg;
	struct slice source;
	struct advisory advisory;
	struct slice others; /* scopes that the image does not have, joined */
	size_t n_others;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "explanation");
}

static enum status add_verdict(struct explainer *x, enum match_answer answer, size_t package,
			       const struct affected *row, const char *reason, struct err *err)
{
	struct match_verdict *v = VEC_PUSH(&x->out->verdicts, x->arena);

	if (!v)
		return nomem(err);
	*v = (struct match_verdict){
		.answer = answer, .package = package, .advisory = x->advisory, .source = x->source
	};
	if ((row && !affected_copy(row, x->arena, &v->row)) || !arena_copy(x->arena, slice_cstr(reason), &v->reason))
		return nomem(err);
	return STATUS_OK;
}

static enum match_answer answer_of(enum verdict v)
{
	switch (v) {
	case VERDICT_AFFECTED:
		return MATCH_REPORTED;
	case VERDICT_UNDECIDED:
	case VERDICT_BAD_VERSION:
	case VERDICT_BAD_ROW:
		return MATCH_UNDECIDED;
	case VERDICT_FIXED:
	case VERDICT_NOT_AFFECTED:
	case VERDICT_OTHER_BUILD:
	case VERDICT_OTHER_NAME:
		break;
	}
	return MATCH_NOT_AFFECTED;
}

/* The package as the row means it: a vendor's build for its own rows, for others what that was built of. */
static const struct package *package_for(const struct explainer *x, size_t i, const struct affected *row)
{
	const struct scope_line *line = scopes_line(&x->scopes, i);

	if (line)
		return vendor_of_scope(row->scope, NULL) != VENDOR_NONE ? &line->built : &line->base;
	return &x->index->packages.at[i].package;
}

/* One row against one package under one of its names; *any is set if the row speaks of it. */
static enum status explain_package(struct explainer *x, size_t i, const struct affected *row, bool *any,
				   struct err *err)
{
	const struct package *p = package_for(x, i, row);
	struct candidate candidates[2];
	size_t n = rules_candidates(p, candidates);

	for (size_t c = 0; c < n; c++) {
		struct verdict_text why;
		struct judgement j;

		if (!rules_same_name(p, candidates[c].name, row->package))
			continue;
		j = rules_judge(x->index, p, row, candidates[c].name, &why);
		/* Of a source's binaries the one that shares its name would say the same twice. */
		if (j.verdict == VERDICT_OTHER_NAME)
			continue;
		*any = true;
		if (!rules_has_version(p) && j.verdict != VERDICT_AFFECTED)
			TRY(add_verdict(x, MATCH_UNDECIDED, i, row,
					"the installed version does not follow its scheme: nothing can be said", err));
		else if (j.verdict == VERDICT_AFFECTED && (p->flags & PACKAGE_OWNED) && !x->options->owned)
			TRY(add_verdict(x, MATCH_SUPPRESSED, i, row,
					"affected by its version, but its files belong to a package of the system's "
					"package manager, whose own advisories count",
					err));
		else if (j.verdict == VERDICT_AFFECTED && (p->flags & PACKAGE_DEV) && !x->options->dev)
			TRY(add_verdict(x, MATCH_SUPPRESSED, i, row,
					"affected by its version, but only who works on the project needs it, says the "
					"lock file",
					err));
		else
			TRY(add_verdict(x, answer_of(j.verdict), i, row, why.text, err));
	}
	return STATUS_OK;
}

static enum status note_scope(struct explainer *x, struct slice scope, struct err *err)
{
	struct slice rest = x->others, part;

	while (slice_word(&rest, '|', &part))
		if (slice_eq(part, scope))
			return STATUS_OK;
	if (++x->n_others > SCOPES_NAMED)
		return STATUS_OK;
	if (x->others.len == 0)
		return arena_copy(x->arena, scope, &x->others) ? STATUS_OK : nomem(err);
	return arena_printf(x->arena, &x->others, "%.*s|%.*s", SLICE_ARG(x->others), SLICE_ARG(scope)) ? STATUS_OK
												       : nomem(err);
}

/* One row against every installed package it could mean. */
static enum status explain_row(struct explainer *x, const struct affected *row, struct err *err)
{
	bool scope_seen = false, any = false;

	for (size_t i = 0; i < x->index->packages.len; i++) {
		const struct scope *scope = scopes_of(&x->scopes, &x->index->packages.at[i]);
		const struct scope_line *line = scopes_line(&x->scopes, i);

		if (line && vendor_of_scope(row->scope, NULL) != VENDOR_NONE)
			scope = &x->scopes.of_vendors[line->vendor].scope;
		if (!scope || !scopes_has(scope, row->scope) ||
		    !scopes_concerns(x->index, &x->index->packages.at[i], row->scope))
			continue;
		scope_seen = true;
		TRY(explain_package(x, i, row, &any, err));
	}
	if (!scope_seen)
		return note_scope(x, row->scope, err);
	return any ? STATUS_OK
		   : add_verdict(x, MATCH_NOT_INSTALLED, SIZE_MAX, row, "the package is not installed", err);
}

static enum status explain_rows(struct explainer *x, uint32_t advisory, struct err *err)
{
	size_t n = (size_t)segment_get_stats(x->seg)->scopes;

	for (size_t s = 0; s < n; s++) {
		struct segment_rows rows;

		TRY(segment_scope_rows(x->seg, segment_scope(x->seg, s), &rows, err));
		for (uint32_t i = 0; i < rows.n; i++) {
			struct affected row;
			uint32_t of;

			arena_reset(&x->scratch);
			TRY(segment_row(x->seg, rows.first + i, &x->scratch, &row, &of, err));
			if (of == advisory)
				TRY(explain_row(x, &row, err));
		}
	}
	return STATUS_OK;
}

static enum status explain_advisory(struct explainer *x, uint32_t advisory, struct err *err)
{
	size_t before = x->out->verdicts.len;
	struct affected row = { .scope = SLICE_EMPTY };

	TRY(segment_advisory(x->seg, advisory, x->arena, &x->advisory, err));
	x->others = SLICE_EMPTY;
	x->n_others = 0;
	if (x->advisory.withdrawn_s != DATE_NONE) {
		struct slice reason;
		struct date_text day;

		if (!arena_printf(x->arena, &reason, "the source withdrew it on %.10s",
				  date_print(&day, x->advisory.withdrawn_s)))
			return nomem(err);
		return add_verdict(x, MATCH_WITHDRAWN, SIZE_MAX, NULL, (const char *)reason.ptr, err);
	}
	TRY(explain_rows(x, advisory, err));
	if (x->out->verdicts.len > before || x->n_others == 0)
		return STATUS_OK;
	row.scope = x->others;
	return add_verdict(x, MATCH_OTHER_SCOPE, SIZE_MAX, &row,
			   "it is about systems or ecosystems that are not in this image", err);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static enum status explain_segment(struct explainer *x, struct slice id, struct err *err)
{
	uint32_t none[1], *list;
	size_t n, again;

	TRY(segment_by_alias(x->seg, id, none, 0, &n, err));
	if (n == 0)
		return STATUS_OK;
	list = arena_array(x->arena, n, sizeof(*list));
	if (!list)
		return nomem(err);
	TRY(segment_by_alias(x->seg, id, list, n, &again, err));
	qsort(list, n, sizeof(*list), by_number);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || list[i] != list[i - 1])
			TRY(explain_advisory(x, list[i], err));
	return STATUS_OK;
}

static bool has_id(const struct advisory *a, struct slice id)
{
	for (size_t i = 0; i < a->n_aliases; i++)
		if (slice_eq(a->aliases[i], id))
			return true;
	for (size_t i = 0; i < a->n_related; i++)
		if (slice_eq(a->related[i], id))
			return true;
	return slice_eq(a->id, id);
}

/* Does w, of who built the package, speak of the flaw of v, which is about what it was built of? */
static bool overrules(const struct match_verdict *w, const struct match_verdict *v)
{
	if (vendor_of_scope(w->row.scope, NULL) == VENDOR_NONE || vendor_of_scope(v->row.scope, NULL) != VENDOR_NONE ||
	    w->answer == MATCH_NOT_INSTALLED || w->row.package.len == 0)
		return false;
	for (size_t i = 0; i < v->advisory.n_aliases; i++)
		if (has_id(&w->advisory, v->advisory.aliases[i]))
			return true;
	return has_id(&w->advisory, v->advisory.id);
}

/* A vendor's "not affected" takes back what another row of the same package and id says. */
static void settle(struct match_explanation *out)
{
	for (size_t i = 0; i < out->verdicts.len; i++) {
		struct match_verdict *v = &out->verdicts.at[i];

		for (size_t k = 0; v->answer == MATCH_REPORTED && k < out->verdicts.len; k++) {
			const struct match_verdict *w = &out->verdicts.at[k];

			if (w->package == v->package && overrules(w, v)) {
				v->answer = MATCH_SUPPRESSED;
				v->reason = SLICE("affected by the version that it was built of, but who built the "
						  "package speaks of the same flaw, and that counts");
				break;
			}
			if (w->answer != MATCH_NOT_AFFECTED || w->row.status != AFFECTED_NO ||
			    w->package != v->package || !slice_eq(w->advisory.id, v->advisory.id))
				continue;
			v->answer = MATCH_SUPPRESSED;
			v->reason = SLICE("affected by its version, but the vendor says elsewhere: not affected");
		}
	}
}

static enum status explain(struct explainer *x, struct slice id, struct err *err)
{
	TRY(scopes_make(x->index, x->set, x->arena, &x->scopes, err));
	for (size_t s = 0; s < segment_set_count(x->set); s++) {
		const struct segment_set_entry *entry;
		struct slice *place;
		enum enricher enricher;
		enum status st = STATUS_OK;

		x->seg = segment_set_at(x->set, s, &entry);
		/* Enrichers have no advisories. */
		if (enricher_of_source(entry->source, &enricher))
			continue;
		if (!arena_copy(x->arena, entry->source, &x->source))
			return nomem(err);
		if (x->seg)
			st = explain_segment(x, id, err);
		if (st != STATUS_OK && st != STATUS_MALFORMED && st != STATUS_UNSUPPORTED)
			return st;
		place = x->seg && st == STATUS_OK ? VEC_PUSH(&x->out->sources, x->arena)
						  : VEC_PUSH(&x->out->damaged, x->arena);
		if (!place)
			return nomem(err);
		*place = x->source;
	}
	settle(x->out);
	return STATUS_OK;
}

enum status match_explain(const struct index_report *index, const struct segment_set *set,
			  const struct match_options *options, struct slice id, struct arena *arena,
			  struct match_explanation *out, struct err *err)
{
	struct explainer x = { .index = index,
			       .set = set,
			       .options = options,
			       .arena = arena,
			       .scratch = ARENA_INIT((size_t)1 << 30),
			       .out = out };
	struct index_report copy;
	enum status st;

	memset(out, 0, sizeof(*out));
	st = sources_resolve(index, arena, &copy, &x.index, err);
	if (st == STATUS_OK)
		st = explain(&x, id, err);
	arena_fini(&x.scratch);
	return st;
}
