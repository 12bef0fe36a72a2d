/* SPDX-License-Identifier: Apache-2.0 */
/* comparison.c - pairs the packages and flaws of two reports and finds out why they differ. */
#include "report/comparison.h"

#include "report/finding_set.h"
#include "report/pairing.h"

#include <stdlib.h>

static const struct {
	const char *name, *text;
	bool brought;
} reasons[REASON_COUNT] = {
#define REASON(id, name, brought, text) [REASON_##id] = { name, text, brought },
#include "report/change_reasons.def"
#undef REASON
};

const char *change_reason_name(enum change_reason reason)
{
	return reasons[reason].name;
}

const char *change_reason_text(enum change_reason reason)
{
	return reasons[reason].text;
}

bool change_reason_is_brought(enum change_reason reason)
{
	return reasons[reason].brought;
}

const char *finding_change_name(enum finding_change_kind kind)
{
	static const char *const names[FINDING_CHANGE_KINDS] = { [FINDING_ADDED] = "added",
								 [FINDING_FIXED] = "fixed",
								 [FINDING_REMOVED] = "removed",
								 [FINDING_CHANGED] = "changed" };

	return names[kind];
}

/* ---- the two sides ---- */

struct side {
	const struct comparison_side *said;
	struct vulnerability_report all; /* with what only a gate took back */
	struct hit *hits;		 /* by package */
	size_t n;
	size_t *first;	    /* per package its first hit; one more at the end */
	size_t *other;	    /* per package the other side's, or SIZE_MAX */
	bool *matched;	    /* per hit: the other side has it */
	struct finding_set taken; /* what people and vendors took back: number in suppressed */
};

/* A change while all is compared; those of one source become one. */
struct raw {
	enum finding_change_kind kind;
	enum change_reason reason;
	const struct hit *a, *b;
	struct package_pair pair;
	bool base;
	struct slice detail;
};

struct run {
	struct arena *arena; /* borrowed */
	struct side a, b;
	struct finding_set now; /* of the first side's packages, by the second's advisories */
	bool has_now;
	bool base_changed;
	VEC(struct raw) raws;
	size_t unchanged;
};

/* Flaws of what was taken back have no numbers: they get those of findings with the same ids, or new ones. */
static enum status number_flaw(struct map *flaws, struct finding *f, size_t *n, struct err *err)
{
	uint64_t flaw = *n;

	for (size_t i = 0; i <= f->advisory.n_aliases && flaw == *n; i++)
		(void)map_get(flaws, finding_id(f, i), &flaw);
	f->flaw = (size_t)flaw;
	*n += flaw == *n;
	for (size_t i = 0; i <= f->advisory.n_aliases; i++) {
		uint64_t there;

		if (!map_get(flaws, finding_id(f, i), &there) && !map_put(flaws, finding_id(f, i), flaw))
			return err_nomem(err, "findings");
	}
	return STATUS_OK;
}

static enum status fill_flaws(struct side *s, size_t from, struct err *err)
{
	struct map AUTO(map_fini) flaws = MAP_INIT;

	for (size_t i = 0; i < from; i++) {
		struct finding *f = &s->all.findings.at[i];

		for (size_t k = 0; k <= f->advisory.n_aliases; k++)
			if (!map_put(&flaws, finding_id(f, k), f->flaw))
				return err_nomem(err, "findings");
	}
	for (size_t i = from; i < s->all.findings.len; i++)
		TRY(number_flaw(&flaws, &s->all.findings.at[i], &s->all.flaws, err));
	return STATUS_OK;
}

static enum status fill_findings(struct side *s, struct arena *arena, struct err *err)
{
	const struct vulnerability_report *r = s->said->report;
	size_t n = r->findings.len;

	s->all = *r;
	s->all.findings.at = arena_array(arena, n + r->suppressed.len + 1, sizeof(*s->all.findings.at));
	if (!s->all.findings.at)
		return err_nomem(err, "findings");
	if (n > 0)
		memcpy(s->all.findings.at, r->findings.at, n * sizeof(*r->findings.at));
	for (size_t i = 0; i < r->suppressed.len; i++) {
		if (suppressed_by_gate(r->suppressed.at[i].by))
			s->all.findings.at[n++] = r->suppressed.at[i].finding;
		else
			TRY(finding_set_add(&s->taken, &r->suppressed.at[i].finding, i + 1, err));
	}
	s->all.findings.len = n;
	return n > r->findings.len ? fill_flaws(s, r->findings.len, err) : STATUS_OK;
}

static enum status fill_side(struct side *s, struct arena *arena, struct err *err)
{
	size_t packages = s->said->report->index->packages.len;

	TRY(fill_findings(s, arena, err));
	TRY(hits_make(&s->all, arena, &s->hits, &s->n, err));
	s->first = arena_array(arena, packages + 1, sizeof(*s->first));
	s->matched = arena_array(arena, s->n + 1, sizeof(*s->matched));
	if (!s->first || !s->matched)
		return err_nomem(err, "findings");
	for (size_t p = 0, at = 0; p <= packages; p++) {
		while (at < s->n && s->hits[at].package < p)
			at++;
		s->first[p] = at;
	}
	return STATUS_OK;
}

static const struct package *package_of(const struct side *s, size_t i)
{
	return &s->said->report->index->packages.at[i].package;
}

/* A hit that is nothing but what a gate took back is there, and no news. */
static bool is_reported(const struct side *s, const struct hit *h)
{
	for (size_t i = 0; i < h->line.n; i++)
		if (h->line.findings[i] < s->all.findings.at + s->said->report->findings.len)
			return true;
	return false;
}

/* ---- why ---- */

/* What the source of a finding had in its segment on the other side, too: the same advisories were asked. */
static bool same_segments(const struct hit *h, const struct vulnerability_report *other)
{
	for (size_t i = 0; i < h->line.n; i++) {
		bool found = false;

		for (size_t k = 0; k < other->sources.len && !found; k++)
			found = slice_eq(h->line.findings[i]->source, other->sources.at[k].name) &&
				digest_eq(&h->line.findings[i]->segment, &other->sources.at[k].segment);
		if (!found)
			return false;
	}
	return true;
}

static bool was_asked(const struct hit *h, const struct vulnerability_report *r)
{
	for (size_t i = 0; i < h->line.n; i++)
		for (size_t k = 0; k < r->sources.len; k++)
			if (slice_eq(h->line.findings[i]->source, r->sources.at[k].name))
				return true;
	/* Reports of Clair do not say what was asked. */
	for (size_t i = 0; i < r->coverage.len; i++)
		if (r->coverage.at[i].code == COVERAGE_NOT_SAID)
			return true;
	return false;
}

/* Was a package looked up, if not by the source that said it? Scopes of systems have a colon: "alpine:3.18". */
static bool was_looked_up(const struct side *s, size_t package)
{
	struct slice scope = slice_cstr(package_type_scope(package_of(s, package)->type));
	const struct vulnerability_report *r = s->said->report;

	for (size_t i = 0; i < r->coverage.len; i++) {
		const struct coverage_item *c = &r->coverage.at[i];

		if (c->code == COVERAGE_COVERED &&
		    (scope.len > 0 ? slice_eq(c->scope, scope) : slice_find_byte(c->scope, ':') != SIZE_MAX))
			return true;
	}
	return false;
}

static const struct suppressed *taken_back(struct side *s, size_t package, const struct hit *h)
{
	size_t number = finding_set_find(&s->taken, package, h);

	return number ? &s->said->report->suppressed.at[number - 1] : NULL;
}

static bool by_user(const struct suppressed *s)
{
	return s->by == SUPPRESSED_BY_IGNORE || s->by == SUPPRESSED_BY_VEX;
}

/* Of a package that the first image has, too. */
static enum change_reason why_added_here(struct run *r, const struct hit *h, size_t before)
{
	bool changed = !slice_eq(package_of(&r->a, before)->version, package_of(&r->b, h->package)->version);
	const struct suppressed *s = taken_back(&r->a, before, h);

	if (s && by_user(s))
		return REASON_NO_LONGER_SUPPRESSED;
	if (s || (r->has_now && finding_set_find(&r->now, before, h)))
		return REASON_ADVISORY_NEW;
	if (changed)
		return REASON_PACKAGE_CHANGED;
	return r->has_now || same_segments(h, r->a.said->report) ? REASON_MATCHED_OTHERWISE : REASON_ADVISORY_NEW;
}

static bool is_base(const struct side *s, size_t package)
{
	return package != SIZE_MAX && index_package_is_base(s->said->report->index, package);
}

static enum change_reason why_added(struct run *r, const struct hit *h)
{
	size_t before = r->b.other[h->package];
	enum change_reason why = before == SIZE_MAX ? REASON_PACKAGE_ADDED : why_added_here(r, h, before);
	bool image = why == REASON_PACKAGE_ADDED || why == REASON_PACKAGE_CHANGED;

	return image && r->base_changed && is_base(&r->b, h->package) ? REASON_BASE_CHANGED : why;
}

static enum change_reason why_gone(struct run *r, const struct hit *h, struct slice *detail)
{
	size_t after = r->a.other[h->package];
	const struct suppressed *s = after == SIZE_MAX ? NULL : taken_back(&r->b, after, h);
	enum change_reason why;
	bool asked;

	if (s) {
		*detail = s->reason;
		return REASON_SUPPRESSED;
	}
	asked = was_asked(h, r->b.said->report);
	if (after == SIZE_MAX)
		why = REASON_PACKAGE_REMOVED;
	else if (!asked && !was_looked_up(&r->b, after))
		why = REASON_NOT_LOOKED_UP;
	else if (slice_eq(package_of(&r->a, h->package)->version, package_of(&r->b, after)->version))
		why = asked ? REASON_ADVISORY_WITHDRAWN : REASON_MATCHED_OTHERWISE;
	else
		why = r->has_now && !finding_set_find(&r->now, h->package, h) ? REASON_ADVISORY_WITHDRAWN
									      : REASON_PACKAGE_CHANGED;
	if (r->base_changed && is_base(&r->a, h->package) &&
	    (why == REASON_PACKAGE_REMOVED || why == REASON_PACKAGE_CHANGED))
		return REASON_BASE_CHANGED;
	return why;
}

/* ---- findings ---- */

static enum status add_raw(struct run *r, struct raw raw, struct err *err)
{
	struct raw *to = VEC_PUSH(&r->raws, r->arena);

	if (!to)
		return err_nomem(err, "findings");
	raw.base = raw.pair.b != SIZE_MAX ? is_base(&r->b, raw.pair.b) : is_base(&r->a, raw.pair.a);
	*to = raw;
	return STATUS_OK;
}

/* What differs of a finding that both have. */
static enum status compare_hits(struct run *r, const struct hit *a, const struct hit *b, struct err *err)
{
	struct raw raw = { .kind = FINDING_CHANGED, .a = a, .b = b, .pair = { a->package, b->package } };
	bool same_version = slice_eq(package_of(&r->a, a->package)->version, package_of(&r->b, b->package)->version);

	if (!is_reported(&r->b, b))
		return STATUS_OK;
	r->unchanged++;
	if (a->line.severity != b->line.severity) {
		raw.reason = REASON_SEVERITY_CHANGED;
		if (!arena_printf(r->arena, &raw.detail, "%s -> %s", severity_name(a->line.severity),
				  severity_name(b->line.severity)))
			return err_nomem(err, "findings");
		TRY(add_raw(r, raw, err));
	}
	if (slice_eq(a->line.fix, b->line.fix))
		return STATUS_OK;
	raw.detail = b->line.fix.len > 0 ? b->line.fix : a->line.fix;
	if (a->line.fix.len == 0)
		raw.reason = REASON_FIX_AVAILABLE;
	else
		raw.reason = b->line.fix.len == 0 ? REASON_FIX_WITHDRAWN : REASON_FIX_CHANGED;
	return raw.reason != REASON_FIX_CHANGED || same_version ? add_raw(r, raw, err) : STATUS_OK;
}

/* The hits of two packages that are one: flaws are the same if they share any id. */
static enum status match_hits(struct run *r, size_t a, size_t b, struct err *err)
{
	struct map AUTO(map_fini) ids = MAP_INIT;

	for (size_t i = r->a.first[a]; i < r->a.first[a + 1]; i++) {
		const struct hit *h = &r->a.hits[i];

		for (size_t k = 0; k < h->line.n; k++)
			for (size_t m = 0; m <= h->line.findings[k]->advisory.n_aliases; m++)
				if (!map_put(&ids, finding_id(h->line.findings[k], m), i))
					return err_nomem(err, "findings");
	}
	for (size_t i = r->b.first[b]; i < r->b.first[b + 1]; i++) {
		const struct hit *h = &r->b.hits[i], *same = NULL;
		uint64_t at;

		for (size_t k = 0; k < h->line.n; k++) {
			for (size_t m = 0; m <= h->line.findings[k]->advisory.n_aliases; m++) {
				if (!map_get(&ids, finding_id(h->line.findings[k], m), &at))
					continue;
				r->a.matched[at] = r->b.matched[i] = true;
				same = same ? same : &r->a.hits[at];
			}
		}
		if (same)
			TRY(compare_hits(r, same, h, err));
	}
	return STATUS_OK;
}

static enum status compare_findings(struct run *r, struct err *err)
{
	for (size_t a = 0; a < r->a.said->report->index->packages.len; a++)
		if (r->a.other[a] != SIZE_MAX)
			TRY(match_hits(r, a, r->a.other[a], err));
	for (size_t i = 0; i < r->b.n; i++) {
		const struct hit *h = &r->b.hits[i];
		struct raw raw = { .kind = FINDING_ADDED, .b = h, .pair = { r->b.other[h->package], h->package } };

		if (r->b.matched[i] || !is_reported(&r->b, h))
			continue;
		raw.reason = why_added(r, h);
		TRY(add_raw(r, raw, err));
	}
	for (size_t i = 0; i < r->a.n; i++) {
		const struct hit *h = &r->a.hits[i];
		struct raw raw = { .kind = FINDING_REMOVED, .a = h, .pair = { h->package, r->a.other[h->package] } };

		if (r->a.matched[i] || !is_reported(&r->a, h))
			continue;
		raw.reason = why_gone(r, h, &raw.detail);
		if (raw.pair.b != SIZE_MAX &&
		    (raw.reason == REASON_PACKAGE_CHANGED || raw.reason == REASON_BASE_CHANGED))
			raw.kind = FINDING_FIXED;
		TRY(add_raw(r, raw, err));
	}
	return STATUS_OK;
}

/* ---- the result ---- */

static const struct hit *hit_of(const struct raw *raw)
{
	return raw->b ? raw->b : raw->a;
}

static struct slice version_of(const struct side *s, size_t package)
{
	return package == SIZE_MAX ? SLICE_EMPTY : package_of(s, package)->version;
}

/* What is one change of one source package. */
static int cmp_raw(const struct run *r, const struct raw *x, const struct raw *y)
{
	const struct hit *h = hit_of(x), *k = hit_of(y);
	const struct side *s = x->b ? &r->b : &r->a;
	int c = (int)x->kind - (int)y->kind;

	if (c == 0)
		c = unit_line_cmp(&h->line, &k->line);
	/* Of one kind both are of one side. */
	if (c == 0)
		c = (int)package_of(s, h->package)->type - (int)package_of(s, k->package)->type;
	if (c == 0)
		c = slice_cmp(h->line.findings[0]->matched_name, k->line.findings[0]->matched_name);
	if (c == 0)
		c = (int)x->reason - (int)y->reason;
	if (c == 0)
		c = slice_cmp(version_of(&r->a, x->pair.a), version_of(&r->a, y->pair.a));
	if (c == 0)
		c = slice_cmp(version_of(&r->b, x->pair.b), version_of(&r->b, y->pair.b));
	if (c == 0)
		c = slice_cmp(x->detail, y->detail);
	return c ? c : (int)x->base - (int)y->base;
}

static int by_change(const void *pa, const void *pb, void *ctx)
{
	const struct raw *x = pa, *y = pb;
	int c = cmp_raw(ctx, x, y);

	return c ? c : hit_of(x)->package < hit_of(y)->package ? -1 : hit_of(x)->package > hit_of(y)->package;
}

static enum status put_findings(struct run *r, struct comparison *out, struct err *err)
{
	struct package_pair *pairs = arena_array(r->arena, r->raws.len + 1, sizeof(*pairs));

	if (!pairs)
		return err_nomem(err, "findings");
	if (r->raws.len > 0)
		qsort_r(r->raws.at, r->raws.len, sizeof(*r->raws.at), by_change, r);
	for (size_t i = 0, n; i < r->raws.len; i += n) {
		const struct raw *raw = &r->raws.at[i];
		struct finding_change *c = VEC_PUSH(&out->findings, r->arena);

		if (!c)
			return err_nomem(err, "findings");
		for (n = 0; i + n < r->raws.len && cmp_raw(r, raw, raw + n) == 0; n++)
			pairs[i + n] = raw[n].pair;
		*c = (struct finding_change){ .kind = raw->kind,
					      .reason = raw->reason,
					      .a = raw->a,
					      .b = raw->b,
					      .pairs = &pairs[i],
					      .n_pairs = n,
					      .base = raw->base,
					      .detail = raw->detail };
		out->counts[c->kind][hit_of(raw)->line.severity]++;
	}
	return STATUS_OK;
}

static int by_package(const void *pa, const void *pb, void *ctx)
{
	const struct package_change *x = pa, *y = pb;
	const struct run *r = ctx;
	int c = (int)x->kind - (int)y->kind;

	if (c == 0 && x->kind == PACKAGE_CHANGE_ADDED)
		c = pairing_package_cmp(package_of(&r->b, x->b), package_of(&r->b, y->b));
	else if (c == 0)
		c = pairing_package_cmp(package_of(&r->a, x->a), package_of(&r->a, y->a));
	return c ? c : x->a != y->a ? (x->a < y->a ? -1 : 1) : x->b < y->b ? -1 : x->b > y->b;
}

static enum status add_package(struct run *r, struct comparison *out, enum package_change_kind kind, size_t a, size_t b,
			       struct err *err)
{
	struct package_change *c = VEC_PUSH(&out->packages, r->arena);
	const struct package *p = a == SIZE_MAX ? NULL : package_of(&r->a, a);
	const struct package *q = b == SIZE_MAX ? NULL : package_of(&r->b, b);
	const struct version_scheme *scheme = p && q ? package_type_scheme(p->type) : NULL;
	int order = 0;

	if (!c)
		return err_nomem(err, "packages");
	if (scheme && scheme->valid(p->version) && scheme->valid(q->version))
		order = scheme->compare(p->version, q->version);
	*c = (struct package_change){ .kind = kind, .a = a, .b = b, .direction = order < 0 ? 1 : order > 0 ? -1 : 0 };
	c->base = q ? is_base(&r->b, b) : is_base(&r->a, a);
	return STATUS_OK;
}

static enum status put_packages(struct run *r, struct comparison *out, struct err *err)
{
	for (size_t a = 0; a < r->a.said->report->index->packages.len; a++) {
		size_t b = r->a.other[a];

		if (b == SIZE_MAX)
			TRY(add_package(r, out, PACKAGE_CHANGE_REMOVED, a, SIZE_MAX, err));
		else if (!slice_eq(package_of(&r->a, a)->version, package_of(&r->b, b)->version))
			TRY(add_package(r, out, PACKAGE_CHANGE_VERSION, a, b, err));
	}
	for (size_t b = 0; b < r->b.said->report->index->packages.len; b++)
		if (r->b.other[b] == SIZE_MAX)
			TRY(add_package(r, out, PACKAGE_CHANGE_ADDED, SIZE_MAX, b, err));
	if (out->packages.len > 0)
		qsort_r(out->packages.at, out->packages.len, sizeof(*out->packages.at), by_package, r);
	return STATUS_OK;
}

/* Base images are the same if their layers are. */
static bool same_base(const struct index_report *a, const struct index_report *b)
{
	if (a->base.layers != b->base.layers)
		return false;
	for (size_t i = 0; i < a->base.layers; i++) {
		const struct index_layer *x = &a->layers.at[i], *y = &b->layers.at[i];
		bool tar = x->diff_id.algo != DIGEST_NONE && y->diff_id.algo != DIGEST_NONE;

		if (!digest_eq(tar ? &x->diff_id : &x->digest, tar ? &y->diff_id : &y->digest))
			return false;
	}
	return true;
}

void comparison_sources(const struct vulnerability_report *a, const struct vulnerability_report *b, size_t *out_common,
			size_t *out_differing)
{
	*out_common = *out_differing = 0;
	for (size_t i = 0; i < a->sources.len; i++) {
		for (size_t k = 0; k < b->sources.len; k++) {
			if (!slice_eq(a->sources.at[i].name, b->sources.at[k].name))
				continue;
			++*out_common;
			*out_differing += !digest_eq(&a->sources.at[i].segment, &b->sources.at[k].segment);
		}
	}
}

static void run_fini(struct run *r)
{
	finding_set_fini(&r->a.taken);
	finding_set_fini(&r->b.taken);
	finding_set_fini(&r->now);
}

static void run_init(struct run *r, const struct comparison_side *a, const struct comparison_side *b,
		     struct arena *arena)
{
	const struct index_report *x = a->report->index, *y = b->report->index;

	*r = (struct run){ .arena = arena, .has_now = a->now != NULL };
	r->a.said = a;
	r->b.said = b;
	finding_set_init(&r->a.taken, arena);
	finding_set_init(&r->b.taken, arena);
	finding_set_init(&r->now, arena);
	r->base_changed = x->base.how != BASE_UNKNOWN && y->base.how != BASE_UNKNOWN && !same_base(x, y);
}

static enum status compare(struct run *r, struct err *err)
{
	const struct vulnerability_report *now = r->a.said->now;

	TRY(fill_side(&r->a, r->arena, err));
	TRY(fill_side(&r->b, r->arena, err));
	for (size_t i = 0; now && i < now->findings.len; i++)
		TRY(finding_set_add(&r->now, &now->findings.at[i], i + 1, err));
	TRY(pairing_make(r->a.said->report->index, r->b.said->report->index, r->arena, &r->a.other, &r->b.other, err));
	return compare_findings(r, err);
}

enum status comparison_make(const struct comparison_side *a, const struct comparison_side *b, struct arena *arena,
			    struct comparison *out, struct err *err)
{
	const struct index_report *x = a->report->index, *y = b->report->index;
	struct run AUTO(run_fini) r;

	run_init(&r, a, b, arena);
	*out = (struct comparison){ .a = a, .b = b };
	TRY(compare(&r, err));
	out->base_known = x->base.how != BASE_UNKNOWN && y->base.how != BASE_UNKNOWN;
	out->base_changed = r.base_changed;
	comparison_sources(a->report, b->report, &out->common_sources, &out->differing_sources);
	out->unchanged = r.unchanged;
	TRY(put_packages(&r, out, err));
	return put_findings(&r, out, err);
}

enum status comparison_reasons(const struct comparison_side *a, const struct comparison_side *b, struct arena *arena,
			       enum change_reason **out, struct err *err)
{
	enum change_reason *list = arena_array(arena, b->report->findings.len + 1, sizeof(*list));
	struct run AUTO(run_fini) r;

	run_init(&r, a, b, arena);
	if (!list)
		return err_nomem(err, "findings");
	TRY(compare(&r, err));
	for (size_t i = 0; i < b->report->findings.len; i++)
		list[i] = REASON_COUNT;
	for (size_t i = 0; i < r.raws.len; i++) {
		const struct raw *raw = &r.raws.at[i];

		for (size_t k = 0; raw->kind == FINDING_ADDED && k < raw->b->line.n; k++) {
			size_t at = (size_t)(raw->b->line.findings[k] - r.b.all.findings.at);

			if (at < b->report->findings.len)
				list[at] = raw->reason;
		}
	}
	*out = list;
	return STATUS_OK;
}
