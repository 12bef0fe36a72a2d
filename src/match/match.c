/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - looks the installed packages up in the segments in force. */
#include "match/match.h"

#include "base/map.h"
#include "match/coverage.h"
#include "match/rules.h"

#include <stdlib.h>

struct run {
	const struct index_report *index;
	const struct segment_set *set;
	const struct match_options *options;
	struct arena *arena;   /* the report's */
	struct arena *scratch; /* reset per row */
	struct vulnerability_report *out;
	size_t package;        /* being matched */
	size_t first_finding;  /* of that package */
	size_t first_suppressed;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "vulnerability report");
}

/* Scope of a package: the ecosystem's, or its distribution's; "" if there is none. */
enum status match_scope(const struct index_report *index, const struct index_package *p, struct arena *arena,
			struct slice *out, struct err *err)
{
	*out = slice_cstr(package_type_scope(p->package.type));
	if (out->len > 0 || p->distribution == INDEX_NO_DISTRIBUTION)
		return STATUS_OK;
	if (!distribution_scope(&index->distributions.at[p->distribution], arena, out))
		return nomem(err);
	return STATUS_OK;
}

/* Matched at all? Main modules without a version, and what the system's package manager owns, are not. */
bool match_wants(const struct package *p, const struct match_options *options)
{
	if ((p->flags & PACKAGE_OWNED) && !options->owned)
		return false;
	return !(p->flags & PACKAGE_BAD_VERSION) && p->version.len > 0;
}

/* "a" and "b" -> "a|b", without doubling. */
static bool join_fixed(struct arena *arena, struct slice *list, struct slice more)
{
	struct slice rest = *list, part;

	if (more.len == 0)
		return true;
	while (slice_word(&rest, '|', &part))
		if (slice_eq(part, more))
			return true;
	if (list->len == 0)
		return arena_copy(arena, more, list);
	return arena_printf(arena, list, "%.*s|%.*s", SLICE_ARG(*list), SLICE_ARG(more));
}

static struct finding *same_finding(const struct run *r, struct slice id)
{
	for (size_t i = r->first_finding; i < r->out->findings.len; i++)
		if (slice_eq(r->out->findings.at[i].advisory.id, id))
			return &r->out->findings.at[i];
	return NULL;
}

static enum severity row_severity(const struct advisory *a, const struct affected *row)
{
	enum severity s;

	return row->severity.len > 0 && severity_by_name(row->severity, &s) ? s : a->severity;
}

static enum status fill_finding(struct run *r, struct finding *f, const struct segment *seg,
				const struct segment_set_entry *entry, uint32_t advisory, const struct affected *row,
				struct slice name, struct slice version, const struct verdict_text *why,
				struct err *err)
{
	TRY(segment_advisory(seg, advisory, r->arena, &f->advisory, err));
	f->package = r->package;
	f->source = entry->source;
	f->segment = entry->digest;
	f->matched_name = name;
	f->matched_version = version;
	if (!affected_copy(row, r->arena, &f->row) || !arena_copy(r->arena, entry->source, &f->source) ||
	    !arena_copy(r->arena, slice_cstr(why->text), &f->comparison))
		return nomem(err);
	f->severity = row_severity(&f->advisory, row);
	return STATUS_OK;
}

static enum status add_row(struct run *r, const struct segment *seg, const struct segment_set_entry *entry,
			   uint32_t number, struct slice name, struct err *err)
{
	const struct package *p = &r->index->packages.at[r->package].package;
	struct affected row;
	struct verdict_text why;
	struct slice version, id;
	uint32_t advisory;
	enum verdict verdict;
	struct finding *f;

	TRY(segment_row(seg, number, r->scratch, &row, &advisory, err));
	verdict = rules_judge(r->index, p, &row, name, &version, &why);
	if (verdict != VERDICT_AFFECTED && verdict != VERDICT_NOT_AFFECTED)
		return STATUS_OK;
	TRY(segment_advisory_id(seg, advisory, &id, err));
	f = same_finding(r, id);
	if (verdict == VERDICT_NOT_AFFECTED) {
		struct suppressed *s = VEC_PUSH(&r->out->suppressed, r->arena);

		if (!s)
			return nomem(err);
		s->reason = SLICE("the vendor says: not affected");
		return fill_finding(r, &s->finding, seg, entry, advisory, &row, name, version, &why, err);
	}
	if (f)
		return join_fixed(r->arena, &f->row.fixed_version, row.fixed_version) ? STATUS_OK : nomem(err);
	f = VEC_PUSH(&r->out->findings, r->arena);
	if (!f)
		return nomem(err);
	return fill_finding(r, f, seg, entry, advisory, &row, name, version, &why, err);
}

static enum status match_in_segment(struct run *r, const struct segment *seg, const struct segment_set_entry *entry,
				    struct slice scope, const struct candidate *c, struct err *err)
{
	struct segment_rows rows;

	TRY(segment_find(seg, scope, c->name, &rows, err));
	for (uint32_t i = 0; i < rows.n; i++) {
		arena_reset(r->scratch);
		TRY(add_row(r, seg, entry, rows.first + i, c->name, err));
	}
	return STATUS_OK;
}

/* A vendor's "not affected" takes back what another row of the same package and id said, and stays visible. */
static void settle_not_affected(struct run *r)
{
	size_t kept = r->first_suppressed;

	for (size_t i = r->first_suppressed; i < r->out->suppressed.len; i++) {
		struct slice id = r->out->suppressed.at[i].finding.advisory.id;
		struct finding *f = same_finding(r, id);

		if (!f)
			continue;
		r->out->suppressed.at[i].finding = *f;
		*f = r->out->findings.at[--r->out->findings.len];
		r->out->suppressed.at[kept++] = r->out->suppressed.at[i];
	}
	r->out->suppressed.len = kept;
}

static int by_severity(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	return slice_cmp(a->advisory.id, b->advisory.id);
}

static enum status match_package(struct run *r, struct slice scope, struct err *err)
{
	struct candidate candidates[2];
	size_t n = rules_candidates(&r->index->packages.at[r->package].package, candidates);

	r->first_finding = r->out->findings.len;
	r->first_suppressed = r->out->suppressed.len;
	for (size_t s = 0; s < segment_set_count(r->set); s++) {
		const struct segment_set_entry *entry;
		const struct segment *seg = segment_set_at(r->set, s, &entry);

		for (size_t c = 0; seg && c < n; c++) {
			enum status st = match_in_segment(r, seg, entry, scope, &candidates[c], err);

			/* A damaged segment costs its own findings, said in coverage; other sources still count. */
			if (st == STATUS_MALFORMED)
				TRY(coverage_add(r->out, r->arena, COVERAGE_NO_FEED, entry->source, 0, err,
						 "its segment is damaged (%s); run: limpid db verify", err->msg));
			else if (st != STATUS_OK)
				return st;
		}
	}
	settle_not_affected(r);
	if (r->out->findings.len > r->first_finding)
		qsort(&r->out->findings.at[r->first_finding], r->out->findings.len - r->first_finding,
		      sizeof(struct finding), by_severity);
	return STATUS_OK;
}

/* Give one flaw number to findings that share an id or an alias, in whatever package. */
static enum status number_flaws(struct run *r, struct err *err)
{
	struct map AUTO(map_fini) ids = MAP_INIT;
	size_t n = r->out->findings.len;
	size_t *parent = n ? arena_array(r->scratch, n, sizeof(*parent)) : NULL;

	if (n && !parent)
		return nomem(err);
	for (size_t i = 0; i < n; i++) {
		const struct advisory *a = &r->out->findings.at[i].advisory;

		parent[i] = i;
		for (size_t k = 0; k <= a->n_aliases; k++) {
			bool is_new;
			uint64_t *slot = map_slot(&ids, k ? a->aliases[k - 1] : a->id, &is_new);
			size_t root = i, other;

			if (!slot)
				return nomem(err);
			if (is_new) {
				*slot = i;
				continue;
			}
			for (other = (size_t)*slot; parent[other] != other; other = parent[other])
				;
			while (parent[root] != root)
				root = parent[root];
			parent[MAX(root, other)] = MIN(root, other);
		}
	}
	r->out->flaws = 0;
	for (size_t i = 0; i < n; i++) {
		size_t root = i;

		while (parent[root] != root)
			root = parent[root];
		r->out->findings.at[i].flaw = root == i ? r->out->flaws++ : r->out->findings.at[root].flaw;
	}
	return STATUS_OK;
}

enum status match_report(const struct index_report *index, const struct segment_set *set,
			 const struct match_options *options, struct arena *arena, struct vulnerability_report *out,
			 struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(SIZE_MAX);
	struct run r = {
		.index = index, .set = set, .options = options, .arena = arena, .scratch = &scratch, .out = out
	};

	memset(out, 0, sizeof(*out));
	out->index = index;
	for (r.package = 0; r.package < index->packages.len; r.package++) {
		const struct index_package *p = &index->packages.at[r.package];
		struct slice scope;

		if (!match_wants(&p->package, options))
			continue;
		TRY(match_scope(index, p, arena, &scope, err));
		if (scope.len > 0)
			TRY(match_package(&r, scope, err));
	}
	arena_reset(&scratch);
	TRY(number_flaws(&r, err));
	return coverage_judge(index, set, options, arena, out, err);
}
