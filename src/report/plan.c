/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - tries the fixed versions that advisories name, until they hold, and counts what goes away. */
#include "report/plan.h"

#include "report/finding_set.h"

#include <stdlib.h>

/* The version that mends one flaw may have another one: so many times a later one is tried. */
#define ROUNDS_MAX 4

struct planner {
	const struct vulnerability_report *r;
	struct arena *arena;   /* of the plan; borrowed */
	struct arena *scratch; /* borrowed */
	struct slice *targets; /* per package; "": it stays */
	struct index_report index;
	struct vulnerability_report after;
	struct hit *hits, *hits_after;
	size_t n_hits, n_after;
	struct finding_set known, left; /* by package: of the report, and of what was tried */
	bool *gone;			/* per hit of the report */
};

static const struct package *package_of(const struct planner *p, size_t i)
{
	return &p->r->index->packages.at[i].package;
}

static struct slice source_name(const struct package *p)
{
	return p->source_name.len > 0 ? p->source_name : p->name;
}

static struct slice source_version(const struct package *p)
{
	return p->source_version.len > 0 ? p->source_version : p->version;
}

/* Systems upgrade what one source builds together. */
static bool is_system(const struct package *p)
{
	return package_type_scope(p->type)[0] == '\0';
}

static struct slice later(enum package_type type, struct slice a, struct slice b)
{
	const struct version_scheme *scheme = package_type_scheme(type);

	if (a.len == 0 || b.len == 0)
		return a.len ? a : b;
	if (!scheme || !scheme->valid(a) || !scheme->valid(b))
		return a;
	return scheme->compare(a, b) < 0 ? b : a;
}

/* ---- what to try ---- */

static int cmp_source(const struct planner *p, size_t a, size_t b)
{
	const struct package *x = package_of(p, a), *y = package_of(p, b);
	int c = (int)x->type - (int)y->type;

	if (c == 0)
		c = slice_cmp(source_name(x), source_name(y));
	if (c == 0)
		c = slice_cmp(source_version(x), source_version(y));
	return c ? c : slice_cmp(x->module, y->module);
}

static int by_source(const void *pa, const void *pb, void *ctx)
{
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int c = cmp_source(ctx, a, b);

	return c ? c : a < b ? -1 : a > b;
}

static enum status spread(struct planner *p, struct err *err)
{
	size_t n = p->r->index->packages.len, *order = arena_array(p->scratch, n + 1, sizeof(*order));

	if (!order)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_source, p);
	for (size_t i = 0, k; i < n; i += k) {
		struct slice target = SLICE_EMPTY;
		enum package_type type = package_of(p, order[i])->type;

		for (k = 0; i + k < n && cmp_source(p, order[i], order[i + k]) == 0; k++)
			target = later(type, target, p->targets[order[i + k]]);
		for (size_t m = 0; m < k && is_system(package_of(p, order[i])); m++)
			p->targets[order[i + m]] = target;
	}
	return STATUS_OK;
}

/* Go writes versions with a v, its advisories do not. */
static enum status version_for(struct planner *p, struct slice was, struct slice target, struct slice *out,
			       struct err *err)
{
	bool v = was.len > 1 && was.ptr[0] == 'v' && is_digit(was.ptr[1]) && is_digit(target.ptr[0]);

	*out = target;
	if (!v || arena_printf(p->scratch, out, "v%.*s", SLICE_ARG(target)))
		return STATUS_OK;
	return err_nomem(err, "a plan");
}

static enum status try_targets(struct planner *p, plan_match match, void *ctx, struct err *err)
{
	const struct index_report *r = p->r->index;
	struct index_package *packages = arena_array(p->scratch, r->packages.len + 1, sizeof(*packages));

	if (!packages)
		return err_nomem(err, "a plan");
	p->index = *r;
	p->index.packages.at = packages;
	for (size_t i = 0; i < r->packages.len; i++) {
		struct package *to = &packages[i].package;

		packages[i] = r->packages.at[i];
		if (p->targets[i].len == 0)
			continue;
		TRY(version_for(p, to->version, p->targets[i], &to->version, err));
		if (to->source_version.len > 0)
			to->source_version = p->targets[i];
	}
	TRY(match(ctx, &p->index, p->scratch, &p->after, err));
	return hits_make(&p->after, p->scratch, &p->hits_after, &p->n_after, err);
}

/* A later version that the one that was tried needs; false: it holds. */
static bool raise(struct planner *p)
{
	bool raised = false;

	for (size_t i = 0; i < p->n_after; i++) {
		const struct hit *h = &p->hits_after[i];
		struct slice *target = &p->targets[h->package], next;

		if (target->len == 0 || h->line.fix.len == 0)
			continue;
		next = later(package_of(p, h->package)->type, *target, h->line.fix);
		raised |= !slice_eq(next, *target);
		*target = next;
	}
	return raised;
}

static enum status settle_targets(struct planner *p, plan_match match, void *ctx, struct err *err)
{
	for (size_t i = 0; i < p->n_hits; i++)
		p->targets[p->hits[i].package] = later(package_of(p, p->hits[i].package)->type,
						       p->targets[p->hits[i].package], p->hits[i].line.fix);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		TRY(spread(p, err));
		TRY(try_targets(p, match, ctx, err));
		if (round + 1 == ROUNDS_MAX || !raise(p))
			break;
	}
	return STATUS_OK;
}

/* ---- what goes away ---- */

static enum status find_gone(struct planner *p, struct err *err)
{
	const struct vulnerability_report *r = p->r;

	p->gone = arena_array(p->scratch, p->n_hits + 1, sizeof(*p->gone));
	if (!p->gone)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < p->after.findings.len; i++)
		TRY(finding_set_add(&p->left, &p->after.findings.at[i], i + 1, err));
	for (size_t i = 0; i < r->findings.len; i++)
		TRY(finding_set_add(&p->known, &r->findings.at[i], 1, err));
	for (size_t i = 0; i < r->suppressed.len; i++)
		TRY(finding_set_add(&p->known, &r->suppressed.at[i].finding, 1, err));
	for (size_t i = 0; i < p->n_hits; i++)
		p->gone[i] = finding_set_find(&p->left, p->hits[i].package, &p->hits[i]) == 0;
	return STATUS_OK;
}

static bool is_brought(struct planner *p, const struct hit *h)
{
	return p->targets[h->package].len > 0 && finding_set_find(&p->known, h->package, h) == 0;
}

/* The worst severity of each flaw of the hits that are not skipped. */
static enum status count(const struct hit *hits, size_t n, const bool *skip, size_t flaws, struct arena *scratch,
			 struct fix_counts *out, struct err *err)
{
	size_t *worst = arena_array(scratch, flaws + 1, sizeof(*worst));

	if (!worst)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < n; i++) {
		size_t *at = &worst[MIN(hits[i].line.findings[0]->flaw, flaws)];

		if (!skip || !skip[i])
			*at = MAX(*at, (size_t)hits[i].line.severity + 1);
	}
	for (size_t i = 0; i <= flaws; i++)
		if (worst[i] > 0)
			out->of[worst[i] - 1]++;
	return STATUS_OK;
}

static enum status count_all(struct planner *p, struct fix_plan *out, struct err *err)
{
	bool *skip = arena_array(p->scratch, p->n_after + 1, sizeof(*skip));

	if (!skip)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < p->n_after; i++)
		skip[i] = !is_brought(p, &p->hits_after[i]);
	TRY(count(p->hits, p->n_hits, NULL, p->r->flaws, p->scratch, &out->before, err));
	TRY(count(p->hits, p->n_hits, p->gone, p->r->flaws, p->scratch, &out->after, err));
	return count(p->hits_after, p->n_after, skip, p->after.flaws, p->scratch, &out->after, err);
}

/* ---- steps ---- */

static int cmp_step(const struct planner *p, size_t a, size_t b)
{
	const struct package *x = package_of(p, a), *y = package_of(p, b);
	int c = cmp_source(p, a, b);

	/* What is one library in many places is one step; what one source builds goes together. */
	if (c == 0)
		c = slice_cmp(p->targets[a], p->targets[b]);
	return c || is_system(x) ? c : slice_cmp(x->name, y->name);
}

static int by_step(const void *pa, const void *pb, void *ctx)
{
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	const struct planner *p = ctx;
	int c = cmp_step(p, a, b);

	if (c == 0)
		c = slice_cmp(package_of(p, a)->name, package_of(p, b)->name);
	return c ? c : a < b ? -1 : a > b;
}

static enum status fill_step(struct planner *p, const size_t *packages, size_t n, struct fix_step *s, struct err *err)
{
	const struct package *first = package_of(p, packages[0]);
	struct slice *names = arena_array(p->arena, n, sizeof(*names));

	if (!names)
		return err_nomem(err, "a plan");
	*s = (struct fix_step){ .type = first->type, .to = p->targets[packages[0]], .packages = names, .base = true };
	if (!arena_copy(p->arena, source_name(first), &s->name) ||
	    !arena_copy(p->arena, source_version(first), &s->from) || !arena_copy(p->arena, s->to, &s->to))
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < n; i++) {
		struct slice name = package_of(p, packages[i])->name;

		s->base = s->base && index_package_is_base(p->r->index, packages[i]);
		if (s->n_packages > 0 && slice_eq(names[s->n_packages - 1], name))
			continue;
		if (!arena_copy(p->arena, name, &names[s->n_packages++]))
			return err_nomem(err, "a plan");
	}
	return STATUS_OK;
}

/* *out_step_of: per package the number of its step, from 1; 0: it stays. */
static enum status make_steps(struct planner *p, struct fix_plan *out, size_t **out_step_of, struct err *err)
{
	size_t n = p->r->index->packages.len, n_order = 0;
	size_t *order = arena_array(p->scratch, n + 1, sizeof(*order));
	size_t *step_of = arena_array(p->scratch, n + 1, sizeof(*step_of));

	if (!order || !step_of)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < n; i++)
		if (p->targets[i].len > 0)
			order[n_order++] = i;
	qsort_r(order, n_order, sizeof(*order), by_step, p);
	for (size_t i = 0, k; i < n_order; i += k) {
		struct fix_step *s = VEC_PUSH(&out->steps, p->arena);

		if (!s)
			return err_nomem(err, "a plan");
		for (k = 0; i + k < n_order && cmp_step(p, order[i], order[i + k]) == 0; k++)
			step_of[order[i + k]] = out->steps.len;
		TRY(fill_step(p, order + i, k, s, err));
	}
	*out_step_of = step_of;
	return STATUS_OK;
}

struct tally {
	size_t step, flaw, severity;
};

static int by_tally(const void *pa, const void *pb)
{
	const struct tally *a = pa, *b = pb;

	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	if (a->flaw != b->flaw)
		return a->flaw < b->flaw ? -1 : 1;
	return a->severity > b->severity ? -1 : a->severity < b->severity;
}

/* A flaw that several packages of a step have counts once, by its worst word. */
static enum status count_removed(struct planner *p, const size_t *step_of, struct fix_plan *out, struct err *err)
{
	struct tally *list = arena_array(p->scratch, p->n_hits + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < p->n_hits; i++)
		if (p->gone[i] && step_of[p->hits[i].package] > 0)
			list[n++] = (struct tally){ step_of[p->hits[i].package] - 1, p->hits[i].line.findings[0]->flaw,
						    p->hits[i].line.severity };
	qsort(list, n, sizeof(*list), by_tally);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || list[i].step != list[i - 1].step || list[i].flaw != list[i - 1].flaw)
			out->steps.at[list[i].step].removes.of[list[i].severity]++;
	return STATUS_OK;
}

static enum status count_brought(struct planner *p, const size_t *step_of, struct fix_plan *out, struct err *err)
{
	struct tally *list = arena_array(p->scratch, p->n_after + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < p->n_after; i++)
		if (is_brought(p, &p->hits_after[i]))
			list[n++] = (struct tally){ step_of[p->hits_after[i].package] - 1,
						    p->hits_after[i].line.findings[0]->flaw, 0 };
	qsort(list, n, sizeof(*list), by_tally);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || list[i].step != list[i - 1].step || list[i].flaw != list[i - 1].flaw)
			out->steps.at[list[i].step].brings++;
	return STATUS_OK;
}

static int cmp_counts(const struct fix_counts *a, const struct fix_counts *b)
{
	for (size_t s = SEVERITY_COUNT; s-- > 0;)
		if (a->of[s] != b->of[s])
			return a->of[s] > b->of[s] ? -1 : 1;
	return 0;
}

static int by_help(const void *pa, const void *pb)
{
	const struct fix_step *a = pa, *b = pb;
	int c = cmp_counts(&a->removes, &b->removes);

	if (c == 0)
		c = slice_cmp(a->name, b->name);
	return c ? c : slice_cmp(a->from, b->from);
}

/* What the matcher does not confirm is no step. */
static void keep_helpful(struct fix_plan *out)
{
	static const struct fix_counts none;
	size_t n = 0;

	for (size_t i = 0; i < out->steps.len; i++)
		if (cmp_counts(&out->steps.at[i].removes, &none) != 0)
			out->steps.at[n++] = out->steps.at[i];
	out->steps.len = n;
	if (n > 0)
		qsort(out->steps.at, n, sizeof(*out->steps.at), by_help);
}

/* ---- what is left ---- */

static struct slice why_left(const struct hit *h)
{
	for (size_t i = 0; i < h->line.n; i++)
		if (h->line.findings[i]->row.fix_state != FIX_PLAIN)
			return slice_cstr(fix_state_text(h->line.findings[i]->row.fix_state));
	return h->line.fix.len > 0 ? SLICE("the version that is said to mend it does not") : SLICE("no fix is known");
}

static int cmp_left(const struct planner *p, const struct hit *a, const struct hit *b)
{
	const struct finding *f = a->line.findings[0], *g = b->line.findings[0];
	int c = (int)package_of(p, a->package)->type - (int)package_of(p, b->package)->type;

	if (c == 0)
		c = slice_cmp(f->matched_name, g->matched_name);
	if (c == 0)
		c = slice_cmp(f->matched_version, g->matched_version);
	return c ? c : slice_cmp(why_left(a), why_left(b));
}

static int by_left(const void *pa, const void *pb, void *ctx)
{
	const struct hit *a = *(const struct hit *const *)pa, *b = *(const struct hit *const *)pb;
	int c = cmp_left(ctx, a, b);

	if (c == 0 && a->line.findings[0]->flaw != b->line.findings[0]->flaw)
		return a->line.findings[0]->flaw < b->line.findings[0]->flaw ? -1 : 1;
	return c ? c : (int)b->line.severity - (int)a->line.severity;
}

static int by_worst(const void *pa, const void *pb)
{
	const struct fix_left *a = pa, *b = pb;
	int c = cmp_counts(&a->flaws, &b->flaws);

	return c ? c : slice_cmp(a->name, b->name);
}

static enum status make_left(struct planner *p, struct fix_plan *out, struct err *err)
{
	const struct hit **list = arena_array(p->scratch, p->n_hits + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return err_nomem(err, "a plan");
	for (size_t i = 0; i < p->n_hits; i++)
		if (!p->gone[i])
			list[n++] = &p->hits[i];
	qsort_r(list, n, sizeof(*list), by_left, p);
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = list[i]->line.findings[0];
		struct fix_left *l;

		if (i == 0 || cmp_left(p, list[i - 1], list[i]) != 0) {
			l = VEC_PUSH(&out->left, p->arena);
			if (!l || !arena_copy(p->arena, f->matched_name, &l->name) ||
			    !arena_copy(p->arena, f->matched_version, &l->version))
				return err_nomem(err, "a plan");
			l->type = package_of(p, list[i]->package)->type;
			l->reason = why_left(list[i]);
		} else if (list[i - 1]->line.findings[0]->flaw == f->flaw) {
			continue;
		}
		out->left.at[out->left.len - 1].flaws.of[list[i]->line.severity]++;
	}
	if (out->left.len > 0)
		qsort(out->left.at, out->left.len, sizeof(*out->left.at), by_worst);
	return STATUS_OK;
}

static enum status make(struct planner *p, plan_match match, void *ctx, struct fix_plan *out, struct err *err)
{
	size_t *step_of = NULL;

	p->targets = arena_array(p->scratch, p->r->index->packages.len + 1, sizeof(*p->targets));
	if (!p->targets)
		return err_nomem(err, "a plan");
	TRY(hits_make(p->r, p->scratch, &p->hits, &p->n_hits, err));
	TRY(settle_targets(p, match, ctx, err));
	TRY(find_gone(p, err));
	TRY(count_all(p, out, err));
	TRY(make_steps(p, out, &step_of, err));
	TRY(count_removed(p, step_of, out, err));
	TRY(count_brought(p, step_of, out, err));
	keep_helpful(out);
	return make_left(p, out, err);
}

enum status plan_make(const struct vulnerability_report *r, plan_match match, void *ctx, struct arena *arena,
		      struct fix_plan *out, struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(SIZE_MAX);
	struct planner p = { .r = r, .arena = arena, .scratch = &scratch };
	enum status st;

	*out = (struct fix_plan){ 0 };
	finding_set_init(&p.known, &scratch);
	finding_set_init(&p.left, &scratch);
	st = make(&p, match, ctx, out, err);
	finding_set_fini(&p.known);
	finding_set_fini(&p.left);
	return st;
}

/* ---- base images ---- */

struct flaw {
	size_t own, base, other; /* the worst severity, from 1; 0: it is not there */
};

static void take(size_t *worst, const struct finding *f)
{
	*worst = MAX(*worst, (size_t)f->severity + 1);
}

static enum status put_ids(struct map *ids, const struct finding *f, size_t flaw, struct err *err)
{
	for (size_t i = 0; i <= f->advisory.n_aliases; i++) {
		uint64_t there;

		if (!map_get(ids, finding_id(f, i), &there) && !map_put(ids, finding_id(f, i), flaw))
			return err_nomem(err, "a plan");
	}
	return STATUS_OK;
}

/* The image's number of a flaw, or this one. */
static size_t number_of(const struct map *ids, const struct finding *f, size_t other)
{
	uint64_t flaw;

	for (size_t i = 0; i <= f->advisory.n_aliases; i++)
		if (map_get(ids, finding_id(f, i), &flaw))
			return (size_t)flaw;
	return other;
}

static enum status join(const struct vulnerability_report *r, const struct vulnerability_report *base,
			struct flaw *flaws, struct err *err)
{
	struct map AUTO(map_fini) ids = MAP_INIT;

	for (size_t i = 0; i < r->findings.len; i++) {
		const struct finding *f = &r->findings.at[i];
		struct flaw *w = &flaws[f->flaw];

		take(index_package_is_base(r->index, f->package) ? &w->base : &w->own, f);
		TRY(put_ids(&ids, f, f->flaw, err));
	}
	/* What only own layers are judged for is the base's all the same. */
	for (size_t i = 0; i < r->suppressed.len; i++) {
		const struct finding *f = &r->suppressed.at[i].finding;
		size_t number = number_of(&ids, f, r->flaws + i);

		if (r->suppressed.at[i].by != SUPPRESSED_BY_BASE)
			continue;
		take(&flaws[number].base, f);
		TRY(put_ids(&ids, f, number, err));
	}
	for (size_t i = 0; i < base->findings.len; i++) {
		const struct finding *f = &base->findings.at[i];

		take(&flaws[number_of(&ids, f, r->flaws + r->suppressed.len + f->flaw)].other, f);
	}
	return STATUS_OK;
}

enum status plan_add_base(struct fix_plan *plan, const struct vulnerability_report *r,
			  const struct vulnerability_report *base, struct slice target, struct arena *arena,
			  struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(SIZE_MAX);
	size_t n = r->flaws + r->suppressed.len + base->flaws;
	struct flaw *flaws = arena_array(&scratch, n + 1, sizeof(*flaws));
	struct fix_base *out;

	if (r->index->base.how == BASE_UNKNOWN)
		return err_set(err, STATUS_INVALID, "it is not known where the image's base ends");
	if (!flaws)
		return err_nomem(err, "a plan");
	TRY(join(r, base, flaws, err));
	out = VEC_PUSH(&plan->bases, arena);
	if (!out || !arena_copy(arena, target, &out->target))
		return err_nomem(err, "a plan");
	out->complete = base->complete;
	for (size_t i = 0; i < n; i++) {
		const struct flaw *w = &flaws[i];
		size_t after = MAX(w->own, w->other);

		if (after > 0)
			out->after.of[after - 1]++;
		else if (w->base > 0)
			out->removes.of[w->base - 1]++;
		if (w->other > 0 && w->own == 0 && w->base == 0)
			out->brings.of[w->other - 1]++;
	}
	return STATUS_OK;
}
