/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - looks the installed packages up in the segments in force. */
#include "match/match.h"

#include "base/map.h"
#include "match/coverage.h"
#include "match/rules.h"
#include "match/scopes.h"
#include "match/sources.h"

#include <stdlib.h>

/* Fixed versions of one finding that are named. */
#define FIXES_NAMED 32

/* A row that says something about a package, before its advisory is read. */
struct hit {
	struct slice id; /* borrowed from the segment */
	uint32_t package, segment, row, advisory;
	uint32_t order;	   /* as found: earlier rows come first among those of one id */
	uint8_t verdict;   /* enum verdict */
	uint8_t candidate; /* number of the name it was found under */
	uint8_t built;	   /* of a vendor's build: a row of the vendor, else one about what it was built of */
	uint8_t overruled; /* about what it was built of, and the vendor has fixed it */
};

struct run {
	const struct index_report *index; /* with the sources that advisories name */
	const struct segment_set *set;
	const struct match_options *options;
	struct arena *arena;  /* the report's */
	struct arena hits;    /* of all packages */
	struct arena scratch; /* of one row */
	struct segment_bodies bodies;
	struct vulnerability_report *out;
	struct coverage coverage;
	struct scopes scopes;
	size_t package;	 /* being looked up */
	bool built;	 /* as what a vendor made of it */
	uint64_t judged; /* rows so far */
	VEC(struct hit) hit;
	struct map kept; /* (segment, advisory) -> address of the copy in the report's arena */
	struct arena keys;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "vulnerability report");
}

static void forget_kept(struct run *r)
{
	map_fini(&r->kept);
	r->kept = (struct map)MAP_INIT;
	arena_fini(&r->keys);
}

static void run_fini(struct run *r)
{
	arena_fini(&r->hits);
	arena_fini(&r->scratch);
	arena_fini(&r->keys);
	map_fini(&r->kept);
	segment_bodies_fini(&r->bodies);
	coverage_fini(&r->coverage);
}

/* The package of a hit, as what it was looked up. */
static const struct package *package_as(const struct run *r, size_t package, bool built)
{
	const struct scope_line *line = r->scopes.n_lines > 0 ? scopes_line(&r->scopes, package) : NULL;

	if (line)
		return built ? &line->built : &line->base;
	return &r->index->packages.at[package].package;
}

static const struct package *package_of(const struct run *r, const struct hit *hit)
{
	return package_as(r, hit->package, hit->built);
}

/* ---- rows of one package ---- */

/* What a vendor has fixed in its build takes back what is said of the original; else that is no news. */
static bool is_told(const struct run *r, enum verdict v)
{
	return v == VERDICT_AFFECTED || v == VERDICT_NOT_AFFECTED || v == VERDICT_BAD_ROW ||
	       v == VERDICT_BAD_VERSION || (v == VERDICT_FIXED && r->built);
}

static enum status judge_row(struct run *r, size_t segment, const struct segment_rows *rows, uint32_t i,
			     struct slice name, size_t candidate, struct err *err)
{
	const struct segment *seg = segment_set_at(r->set, segment, NULL);
	struct affected affected;
	struct judgement j;
	struct slice id;
	const struct package *p = package_as(r, r->package, r->built);
	struct hit *hit;
	uint32_t advisory;

	r->judged++;
	arena_reset(&r->scratch);
	TRY(segment_found_row(seg, rows, i, &r->scratch, &affected, &advisory, err));
	j = rules_judge(r->index, p, &affected, name, NULL);
	if (!is_told(r, j.verdict) || (j.verdict != VERDICT_AFFECTED && !rules_has_version(p)))
		return STATUS_OK;
	TRY(segment_advisory_id(seg, advisory, &id, err));
	hit = VEC_PUSH(&r->hit, &r->hits);
	if (!hit)
		return nomem(err);
	*hit = (struct hit){ .id = id,
			     .package = (uint32_t)r->package,
			     .segment = (uint32_t)segment,
			     .row = rows->first + i,
			     .advisory = advisory,
			     .order = (uint32_t)r->hit.len,
			     .verdict = (uint8_t)j.verdict,
			     .candidate = (uint8_t)candidate,
			     .built = r->built };
	return STATUS_OK;
}

/* A damaged segment or row costs its own findings, said in coverage; others still count. */
static enum status tolerate(struct run *r, size_t segment, enum status st, struct err *err)
{
	struct err why;

	if (st != STATUS_MALFORMED && st != STATUS_UNSUPPORTED)
		return st;
	why = *err;
	return scopes_damaged(&r->scopes, segment, &why, r->arena, err);
}

static enum status find_hits(struct run *r, const struct scope *scope, struct err *err)
{
	const struct package *p = package_as(r, r->package, r->built);
	struct candidate candidates[2];
	size_t n = rules_candidates(p, candidates);

	for (size_t s = 0; s < scope->n; s++) {
		size_t number = scope->places[s].segment;
		const struct segment *seg = segment_set_at(r->set, number, NULL);

		if (!scopes_concerns(r->index, &r->index->packages.at[r->package], scope->places[s].scope))
			continue;
		for (size_t c = 0; c < n; c++) {
			char buf[RULES_KEY_MAX];
			struct slice key = rules_key(p, candidates[c].name, buf);
			struct segment_rows rows;
			enum status st = segment_find(seg, scope->places[s].scope, key, &rows, err);

			TRY(tolerate(r, number, st, err));
			for (uint32_t i = 0; i < rows.n; i++) {
				st = judge_row(r, number, &rows, i, candidates[c].name, c, err);
				TRY(tolerate(r, number, st, err));
			}
		}
	}
	return STATUS_OK;
}

static int by_id(const void *pa, const void *pb)
{
	const struct hit *a = pa, *b = pb;
	int c = slice_cmp(a->id, b->id);

	if (c != 0)
		return c;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* How many hits from here on are about one id of one package. */
static size_t count_same(const struct run *r, size_t first)
{
	const struct hit *h = &r->hit.at[first];
	size_t n = 1;

	while (first + n < r->hit.len && h[n].package == h->package && slice_eq(h[n].id, h->id))
		n++;
	return n;
}

/* "Not affected" alone is no news: thousands of rows say so. */
static bool is_news(const struct hit *hits, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hits[i].verdict != VERDICT_NOT_AFFECTED && hits[i].verdict != VERDICT_FIXED)
			return true;
	return false;
}

/* ---- builds of vendors ---- */

/* What a vendor says of a flaw, under each of its names: that its build has it goes before that one row has a fix. */
enum { SAID_FIXED = 1, SAID_AFFECTED };

static bool say_name(struct map *said, struct slice name, uint64_t what)
{
	bool is_new;
	uint64_t *slot = map_slot(said, name, &is_new);

	if (slot)
		*slot = is_new ? what : MAX(*slot, what);
	return slot != NULL;
}

/* An erratum speaks of all flaws that it fixes. Names are copied: bodies live until the next is unpacked. */
static bool say_advisory(struct run *r, struct map *said, const struct advisory *a, uint64_t what)
{
	struct slice name;
	bool good = arena_copy(&r->scratch, a->id, &name) && say_name(said, name, what);

	for (size_t i = 0; good && i < a->n_aliases; i++)
		good = arena_copy(&r->scratch, a->aliases[i], &name) && say_name(said, name, what);
	for (size_t i = 0; good && i < a->n_related; i++)
		good = arena_copy(&r->scratch, a->related[i], &name) && say_name(said, name, what);
	return good;
}

static uint64_t what_is_said(const struct map *said, const struct advisory *a)
{
	uint64_t what = 0, one;

	if (map_get(said, a->id, &one))
		what = one;
	for (size_t i = 0; i < a->n_aliases; i++)
		if (map_get(said, a->aliases[i], &one))
			what = MAX(what, one);
	return what;
}

/* *out_have is false where the segment is damaged, which coverage tells. */
static enum status body_of(struct run *r, const struct hit *hit, struct advisory *out, bool *out_have, struct err *err)
{
	enum status st = segment_bodies_get(&r->bodies, segment_set_at(r->set, hit->segment, NULL), hit->advisory, out,
					    err);

	*out_have = st == STATUS_OK;
	return tolerate(r, hit->segment, st, err);
}

/*
 * Of a flaw that the vendor speaks of, what is said about the original does not count: the vendor's rows decide
 * whether its build has the fix.
 */
static enum status overrule(struct run *r, size_t first, struct map *said, struct err *err)
{
	size_t kept = first;
	struct advisory body;
	bool have;

	arena_reset(&r->scratch);
	for (size_t i = first; i < r->hit.len; i++) {
		const struct hit *h = &r->hit.at[i];
		bool fixed = h->verdict == VERDICT_FIXED || h->verdict == VERDICT_NOT_AFFECTED;

		if (!h->built)
			continue;
		TRY(body_of(r, h, &body, &have, err));
		if (have && !say_advisory(r, said, &body, fixed ? SAID_FIXED : SAID_AFFECTED))
			return nomem(err);
	}
	for (size_t i = first; i < r->hit.len; i++) {
		struct hit *h = &r->hit.at[i];
		uint64_t what = 0;

		if (!h->built) {
			TRY(body_of(r, h, &body, &have, err));
			what = have ? what_is_said(said, &body) : 0;
		}
		if (what == SAID_AFFECTED || (h->built && h->verdict == VERDICT_FIXED))
			continue;
		h->overruled = what == SAID_FIXED;
		r->hit.at[kept++] = *h;
	}
	r->hit.len = kept;
	return STATUS_OK;
}

static enum status find_built(struct run *r, const struct scope_line *line, size_t first, struct err *err)
{
	struct map AUTO(map_fini) said = MAP_INIT;
	enum status st;

	r->built = true;
	st = find_hits(r, &r->scopes.of_vendors[line->vendor].scope, err);
	r->built = false;
	return st == STATUS_OK ? overrule(r, first, &said, err) : st;
}

/* All hits of one package, by id. */
static enum status look_up(struct run *r, const struct scope *scope, struct err *err)
{
	const struct scope_line *line = r->scopes.n_lines > 0 ? scopes_line(&r->scopes, r->package) : NULL;
	size_t first = r->hit.len, kept = first, n;

	TRY(find_hits(r, scope, err));
	if (line)
		TRY(find_built(r, line, first, err));
	if (r->hit.len > first + 1)
		qsort(&r->hit.at[first], r->hit.len - first, sizeof(*r->hit.at), by_id);
	for (size_t i = first; i < r->hit.len; i += n) {
		n = count_same(r, i);
		if (!is_news(&r->hit.at[i], n))
			continue;
		memmove(&r->hit.at[kept], &r->hit.at[i], n * sizeof(*r->hit.at));
		kept += n;
	}
	r->hit.len = kept;
	return STATUS_OK;
}

/* ---- from hits to findings ---- */

/* Put a version into its place of an ascending list, once. */
static size_t insert_version(struct slice *list, size_t n, struct slice v, const struct version_scheme *scheme)
{
	size_t at = 0;

	while (at < n && (scheme ? scheme->compare(list[at], v) : slice_cmp(list[at], v)) < 0)
		at++;
	for (size_t i = at; i < n; i++)
		if (slice_eq(list[i], v))
			return n;
	memmove(&list[at + 1], &list[at], (n - at) * sizeof(*list));
	list[at] = v;
	return n + 1;
}

/* "1.9|1.10" and "1.8" -> "1.8|1.9|1.10" */
static bool join_fixed(struct run *r, struct slice *list, struct slice more, const struct version_scheme *scheme)
{
	struct slice parts[FIXES_NAMED], rest, part, joined = SLICE_EMPTY;
	size_t n = 0;

	for (rest = *list; n < FIXES_NAMED && slice_word(&rest, '|', &part);)
		n = insert_version(parts, n, part, scheme);
	for (rest = more; n < FIXES_NAMED && slice_word(&rest, '|', &part);)
		n = insert_version(parts, n, part, scheme);
	for (size_t i = 0; i < n; i++)
		if (!arena_printf(i + 1 < n ? &r->scratch : r->arena, &joined, "%.*s%s%.*s", SLICE_ARG(joined),
				  i > 0 ? "|" : "", SLICE_ARG(parts[i])))
			return false;
	*list = joined;
	return true;
}

static enum severity row_severity(const struct advisory *a, const struct affected *row)
{
	enum severity s;

	return row->severity.len > 0 && severity_by_name(row->severity, &s) ? s : a->severity;
}

static struct slice name_of(const struct run *r, const struct hit *hit)
{
	struct candidate candidates[2];

	rules_candidates(package_of(r, hit), candidates);
	return candidates[hit->candidate].name;
}

/* The row of a hit once more, now with the reason in words. */
static enum status judge_again(struct run *r, const struct hit *hit, struct affected *row, struct judgement *out,
			       struct verdict_text *why, struct err *err)
{
	const struct segment *seg = segment_set_at(r->set, hit->segment, NULL);
	uint32_t advisory;

	arena_reset(&r->scratch);
	TRY(segment_row(seg, hit->row, &r->scratch, row, &advisory, err));
	*out = rules_judge(r->index, package_of(r, hit), row, name_of(r, hit), why);
	return STATUS_OK;
}

/*
 * So many advisories are remembered at once. A report with more of them copies those of packages that are far apart
 * again, rather than keep a second list as large as its own.
 */
#define KEPT_MAX 16384

/* The advisory of a hit in the report's arena: once, however many packages it concerns. */
static enum status keep_advisory(struct run *r, const struct hit *hit, struct advisory *out, struct err *err)
{
	uint32_t place[2] = { hit->segment, hit->advisory };
	struct advisory body, *kept;
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (r->kept.len >= KEPT_MAX)
		forget_kept(r);
	if (!arena_copy(&r->keys, slice_make(place, sizeof(place)), &key) || !(slot = map_slot(&r->kept, key, &is_new)))
		return nomem(err);
	if (*slot == 0) {
		TRY(segment_bodies_get(&r->bodies, segment_set_at(r->set, hit->segment, NULL), hit->advisory, &body,
				       err));
		kept = ARENA_NEW(&r->keys, struct advisory);
		if (!kept || !advisory_copy(&body, r->arena, kept))
			return nomem(err);
		*slot = (uint64_t)(uintptr_t)kept;
	}
	*out = *(const struct advisory *)(uintptr_t)*slot;
	return STATUS_OK;
}

static enum status fill_finding(struct run *r, const struct hit *hit, struct finding *f, struct err *err)
{
	const struct segment_set_entry *entry;
	struct verdict_text why;
	struct affected row;
	struct judgement j;

	segment_set_at(r->set, hit->segment, &entry);
	TRY(judge_again(r, hit, &row, &j, &why, err));
	*f = (struct finding){ .package = hit->package,
			       .segment = entry->digest,
			       .matched_name = name_of(r, hit),
			       .matched_version = j.version };
	TRY(keep_advisory(r, hit, &f->advisory, err));
	if (!affected_copy(&row, r->arena, &f->row) || !arena_copy(r->arena, entry->source, &f->source) ||
	    !arena_copy(r->arena, j.fix, &f->fix) || !arena_copy(r->arena, slice_cstr(why.text), &f->comparison))
		return nomem(err);
	f->severity = row_severity(&f->advisory, &f->row);
	return STATUS_OK;
}

/* Another row says the same id of the same package: all fixes are named, the last one needed counts, so does the worst
 * word. */
static enum status join_row(struct run *r, const struct hit *hit, struct finding *f, struct err *err)
{
	const struct version_scheme *scheme;
	struct advisory body;
	struct affected row;
	struct judgement j;

	TRY(judge_again(r, hit, &row, &j, NULL, err));
	TRY(keep_advisory(r, hit, &body, err));
	f->severity = MAX(f->severity, row_severity(&body, &row));
	scheme = scheme_get(row.scheme);
	if (f->fix.len > 0 &&
	    (j.fix.len == 0 ||
	     (scheme && vendor_compare(vendor_of_scope(row.scope, NULL), scheme, f->fix, j.fix) < 0)) &&
	    !arena_copy(r->arena, j.fix, &f->fix))
		return nomem(err);
	return join_fixed(r, &f->row.fixed_version, row.fixed_version, scheme) ? STATUS_OK : nomem(err);
}

/*
 * Is the version that is offered one that a row calls affected, too? Ranges of one advisory overlap, or the next one
 * begins where the last one ends: then what that row offers takes its place.
 */
static enum status skip_affected(struct run *r, const struct hit *hit, const struct affected *row, struct finding *f,
				 bool *out_moved, struct err *err)
{
	struct package p = *package_of(r, hit);
	struct judgement j;

	p.version = f->fix;
	if (p.source_name.len > 0)
		p.source_version = f->fix;
	j = rules_judge(r->index, &p, row, name_of(r, hit), NULL);
	if (j.verdict != VERDICT_AFFECTED)
		return STATUS_OK;
	*out_moved = true;
	return arena_copy(r->arena, j.fix, &f->fix) ? STATUS_OK : nomem(err);
}

/* Rows of one advisory about one package stand beside each other: the hit's, those before it and those behind. */
static enum status skip_neighbours(struct run *r, const struct hit *hit, struct finding *f, bool *out_moved,
				   struct err *err)
{
	const struct segment *seg = segment_set_at(r->set, hit->segment, NULL);
	uint64_t rows = segment_get_stats(seg)->rows;

	for (int step = -1; step <= 1; step += 2) {
		for (int64_t i = (int64_t)hit->row + (step < 0 ? -1 : 0); i >= 0 && (uint64_t)i < rows; i += step) {
			struct affected row;
			uint32_t advisory;

			TRY(segment_row_advisory(seg, (uint32_t)i, &advisory, err));
			if (advisory != hit->advisory)
				break;
			arena_reset(&r->scratch);
			TRY(segment_row(seg, (uint32_t)i, &r->scratch, &row, &advisory, err));
			if (!slice_eq(row.package, f->row.package) || !slice_eq(row.scope, f->row.scope))
				break;
			if (f->fix.len > 0)
				TRY(skip_affected(r, hit, &row, f, out_moved, err));
		}
	}
	return STATUS_OK;
}

/* The version to go to is a good one by all that is said of the id; each step goes up. */
static enum status find_good_fix(struct run *r, const struct hit *hits, size_t n, struct finding *f, struct err *err)
{
	bool moved = true;

	for (size_t step = 0; moved && f->fix.len > 0; step++) {
		moved = false;
		if (step == FIXES_NAMED)
			f->fix = SLICE_EMPTY;
		for (size_t i = 0; i < n && f->fix.len > 0; i++)
			if (hits[i].verdict == VERDICT_AFFECTED)
				TRY(skip_neighbours(r, &hits[i], f, &moved, err));
	}
	return STATUS_OK;
}

static enum status suppress(struct run *r, const struct finding *f, enum suppressed_by by, struct slice reason,
			    struct err *err)
{
	struct suppressed *s = VEC_PUSH(&r->out->suppressed, r->arena);

	if (!s)
		return nomem(err);
	s->finding = *f;
	s->by = by;
	s->reason = reason;
	return STATUS_OK;
}

static enum status tell_bad_row(struct run *r, const struct hit *hit, struct err *err)
{
	struct verdict_text why;
	struct affected row;
	struct judgement j;

	TRY(judge_again(r, hit, &row, &j, &why, err));
	return coverage_bad_row(&r->coverage, hit->id, &r->index->packages.at[hit->package].package, why.text, err);
}

/* Everything the sources say about one id for one package: one finding, or one that is suppressed, or none. */
static enum status settle_id(struct run *r, const struct hit *hits, size_t n, struct err *err)
{
	const struct hit *bad = NULL;
	const struct package *p = &r->index->packages.at[hits[0].package].package;
	struct finding f;
	bool not_affected = false, found = false, overruled = false;

	for (size_t i = 0; i < n; i++) {
		const struct hit *h = &hits[i];
		enum status st = STATUS_OK;

		not_affected |= h->verdict == VERDICT_NOT_AFFECTED;
		if (h->verdict == VERDICT_BAD_ROW || h->verdict == VERDICT_BAD_VERSION)
			bad = bad ? bad : h;
		if (h->verdict != VERDICT_AFFECTED)
			continue;
		overruled |= h->overruled;
		st = found ? join_row(r, h, &f, err) : fill_finding(r, h, &f, err);
		found |= st == STATUS_OK;
		TRY(tolerate(r, h->segment, st, err));
	}
	if (!found)
		return bad && !not_affected ? tell_bad_row(r, bad, err) : STATUS_OK;
	TRY(find_good_fix(r, hits, n, &f, err));
	if (overruled)
		return suppress(r, &f, SUPPRESSED_BY_VENDOR, SLICE("who built this package has fixed it in this build"),
				err);
	if (not_affected)
		return suppress(r, &f, SUPPRESSED_BY_VENDOR, SLICE("the vendor says: not affected"), err);
	if ((p->flags & PACKAGE_OWNED) && !r->options->owned)
		return suppress(r, &f, SUPPRESSED_BY_SYSTEM,
				SLICE("its files belong to a package of the system's package manager, whose own "
				      "advisories count"),
				err);
	if ((p->flags & PACKAGE_DEV) && !r->options->dev)
		return suppress(r, &f, SUPPRESSED_BY_DEV,
				SLICE("only who works on the project needs the package, says the lock file"), err);
	r->out->findings.at[r->out->findings.len++] = f;
	return STATUS_OK;
}

static int by_severity(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	return slice_cmp(a->advisory.id, b->advisory.id);
}

/* The findings, in an array of their final size: they are the largest part of a report. */
static enum status settle(struct run *r, struct err *err)
{
	size_t groups = 0, first = 0;

	for (size_t i = 0; i < r->hit.len; i += count_same(r, i))
		groups++;
	r->out->findings.at = groups ? arena_array(r->arena, groups, sizeof(struct finding)) : NULL;
	r->out->findings.cap = groups;
	if (groups && !r->out->findings.at)
		return nomem(err);
	for (size_t i = 0, n; i < r->hit.len; i += n) {
		n = count_same(r, i);
		TRY(settle_id(r, &r->hit.at[i], n, err));
		if (i + n < r->hit.len && r->hit.at[i + n].package == r->hit.at[i].package)
			continue;
		if (r->out->findings.len > first)
			qsort(&r->out->findings.at[first], r->out->findings.len - first, sizeof(struct finding),
			      by_severity);
		first = r->out->findings.len;
	}
	return STATUS_OK;
}

/* ---- flaws ---- */

static size_t root_of(size_t *parent, size_t i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

/* Give one flaw number to findings that share an id or an alias, in whatever package. */
static enum status number_flaws(struct run *r, struct err *err)
{
	struct map AUTO(map_fini) ids = MAP_INIT;
	size_t n = r->out->findings.len;
	size_t *parent;

	arena_reset(&r->scratch);
	parent = arena_array(&r->scratch, n + 1, sizeof(*parent));
	if (!parent)
		return nomem(err);
	for (size_t i = 0; i < n; i++) {
		const struct advisory *a = &r->out->findings.at[i].advisory;

		parent[i] = i;
		for (size_t k = 0; k <= a->n_aliases; k++) {
			bool is_new;
			uint64_t *slot = map_slot(&ids, k ? a->aliases[k - 1] : a->id, &is_new);
			size_t x, y;

			if (!slot)
				return nomem(err);
			if (is_new)
				*slot = i;
			x = root_of(parent, i);
			y = root_of(parent, (size_t)*slot);
			parent[MAX(x, y)] = MIN(x, y);
		}
	}
	r->out->flaws = 0;
	for (size_t i = 0; i < n; i++) {
		size_t root = root_of(parent, i);

		r->out->findings.at[i].flaw = root == i ? r->out->flaws++ : r->out->findings.at[root].flaw;
	}
	return STATUS_OK;
}

/* Packages that a full report leaves out are told, not forgotten. */
static enum status look_up_all(struct run *r, struct err *err)
{
	const struct limits *limits = r->options->limits ? r->options->limits : &limits_default;
	const char *reached = NULL;
	size_t left = 0;

	for (r->package = 0; r->package < r->index->packages.len; r->package++) {
		const struct index_package *p = &r->index->packages.at[r->package];
		const struct scope *scope = scopes_of(&r->scopes, p);

		if (!scope || !rules_is_judged(&p->package) ||
		    (scope->n == 0 && (r->scopes.n_lines == 0 || !scopes_line(&r->scopes, r->package))))
			continue;
		if (r->hit.len >= limits->findings)
			reached = "limits.findings";
		else if (r->judged >= limits->match_rows)
			reached = "limits.match_rows";
		if (reached)
			left++;
		else
			TRY(look_up(r, scope, err));
	}
	return reached ? coverage_limit(&r->coverage, slice_cstr(reached), left, err) : STATUS_OK;
}

static enum status run_all(struct run *r, struct err *err)
{
	TRY(scopes_make(r->index, r->set, r->arena, &r->scopes, err));
	scopes_leave_out(r->index, r->options, &r->scopes);
	TRY(look_up_all(r, err));
	TRY(settle(r, err));
	/* What is needed for the numbers takes the room of what was needed for the findings. */
	forget_kept(r);
	arena_fini(&r->hits);
	TRY(number_flaws(r, err));
	return coverage_judge(&r->coverage, r->index, r->set, r->options, &r->scopes, err);
}

enum status match_report(const struct index_report *index, const struct segment_set *set,
			 const struct match_options *options, struct arena *arena, struct vulnerability_report *out,
			 struct err *err)
{
	struct run AUTO(run_fini) r = { .index = index,
					.set = set,
					.options = options,
					.arena = arena,
					.hits = ARENA_INIT((size_t)1 << 30),
					.scratch = ARENA_INIT((size_t)1 << 30),
					.keys = ARENA_INIT((size_t)1 << 30),
					.kept = MAP_INIT,
					.bodies = SEGMENT_BODIES_INIT,
					.out = out,
					.coverage = { .out = out, .arena = arena } };
	struct index_report copy;

	memset(out, 0, sizeof(*out));
	out->index = index;
	TRY(sources_resolve(index, arena, &copy, &r.index, err));
	return run_all(&r, err);
}
