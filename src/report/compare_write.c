/* SPDX-License-Identifier: Apache-2.0 */
/* compare_write.c - the words of comparisons for people. */
#include "report/compare_write.h"

#include <stdio.h>
#include <stdlib.h>

const char *compare_package_word(const struct package_change *p)
{
	switch (p->kind) {
	case PACKAGE_CHANGE_ADDED:
		return "added";
	case PACKAGE_CHANGE_REMOVED:
		return "removed";
	case PACKAGE_CHANGE_VERSION:
		break;
	}
	return p->direction > 0 ? "upgraded" : p->direction < 0 ? "downgraded" : "changed";
}

static const struct package *package_at(const struct comparison *c, const struct package_change *p, bool first)
{
	size_t at = first ? p->a : p->b;

	return at == SIZE_MAX ? NULL : &(first ? c->a : c->b)->report->index->packages.at[at].package;
}

static const struct package *shown(const struct comparison *c, const struct package_change *p)
{
	const struct package *b = package_at(c, p, false);

	return b ? b : package_at(c, p, true);
}

static struct slice source_of(const struct package *p)
{
	return p->source_name.len > 0 ? p->source_name : p->name;
}

static struct slice version_at(const struct comparison *c, const struct package_change *p, bool first)
{
	const struct package *at = package_at(c, p, first);

	return at ? at->version : SLICE_EMPTY;
}

static int cmp_group(const struct comparison *c, const struct package_change *x, const struct package_change *y)
{
	int r = (int)x->kind - (int)y->kind;

	if (r == 0)
		r = (int)shown(c, x)->type - (int)shown(c, y)->type;
	if (r == 0)
		r = slice_cmp(source_of(shown(c, x)), source_of(shown(c, y)));
	if (r == 0)
		r = slice_cmp(version_at(c, x, true), version_at(c, y, true));
	return r ? r : slice_cmp(version_at(c, x, false), version_at(c, y, false));
}

static int by_group(const void *pa, const void *pb, void *ctx)
{
	const struct package_change *x = pa, *y = pb;
	int r = cmp_group(ctx, x, y);

	if (r == 0)
		r = slice_cmp(shown(ctx, x)->name, shown(ctx, y)->name);
	return r ? r : x->a != y->a ? (x->a < y->a ? -1 : 1) : x->b < y->b ? -1 : x->b > y->b;
}

enum status compare_groups(const struct comparison *c, struct arena *arena, struct compare_group **out, size_t *out_n,
			   struct err *err)
{
	size_t n = c->packages.len, groups = 0;
	struct package_change *order = arena_array(arena, n + 1, sizeof(*order));
	struct compare_group *list = arena_array(arena, n + 1, sizeof(*list));

	if (!order || !list)
		return err_nomem(err, "packages");
	if (n > 0)
		memcpy(order, c->packages.at, n * sizeof(*order));
	qsort_r(order, n, sizeof(*order), by_group, (void *)(uintptr_t)c);
	for (size_t i = 0, k; i < n; i += k) {
		for (k = 1; i + k < n && cmp_group(c, &order[i], &order[i + k]) == 0; k++)
			;
		list[groups++] = (struct compare_group){ .first = &order[i],
							 .n = k,
							 .type = shown(c, &order[i])->type,
							 .name = source_of(shown(c, &order[i])),
							 .from = version_at(c, &order[i], true),
							 .to = version_at(c, &order[i], false) };
	}
	*out = list;
	*out_n = groups;
	return STATUS_OK;
}

static enum status keep(struct buf *b, struct arena *arena, struct slice *out, struct err *err)
{
	TRY(buf_check(b, "report", err));
	return arena_copy(arena, buf_slice(b), out) ? STATUS_OK : err_nomem(err, "report");
}

#define TEXT_BYTES ((size_t)1 << 20)

enum status compare_group_names(const struct comparison *c, const struct compare_group *g, size_t max,
				struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(TEXT_BYTES);
	struct slice last = SLICE_EMPTY;
	size_t n = 0;

	*out = SLICE_EMPTY;
	for (size_t i = 0; i < g->n; i++) {
		struct slice name = shown(c, &g->first[i])->name;

		if (slice_eq(name, last))
			continue;
		last = name;
		if (n++ >= max)
			continue;
		buf_add_cstr(&b, n > 1 ? ", " : "");
		buf_add(&b, name);
	}
	if (n == 1 && slice_eq(last, g->name))
		return STATUS_OK;
	if (n > max)
		buf_printf(&b, " and %zu more", n - max);
	return keep(&b, arena, out, err);
}

enum status compare_versions(const struct comparison *c, const struct finding_change *f, struct arena *arena,
			     struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(TEXT_BYTES);
	struct package_pair p = f->pairs[0];
	struct slice from = p.a != SIZE_MAX ? c->a->report->index->packages.at[p.a].package.version : SLICE_EMPTY;
	struct slice to = p.b != SIZE_MAX ? c->b->report->index->packages.at[p.b].package.version : SLICE_EMPTY;

	if (from.len > 0 && to.len > 0 && !slice_eq(from, to)) {
		buf_add(&b, from);
		buf_add_cstr(&b, " -> ");
		buf_add(&b, to);
	} else {
		buf_add(&b, to.len > 0 ? to : from);
	}
	return keep(&b, arena, out, err);
}

/* "of 2026-11-01": the oldest of the sources. */
static void put_age(struct buf *b, const struct vulnerability_report *r)
{
	int64_t oldest = INT64_MAX;
	struct date_text day;

	for (size_t i = 0; i < r->sources.len; i++)
		oldest = MIN(oldest, r->sources.at[i].updated_s);
	buf_printf(b, "%zu source%s", r->sources.len, r->sources.len == 1 ? "" : "s");
	if (r->sources.len > 0 && oldest != DATE_NONE)
		buf_printf(b, ", updated since %.10s", date_print(&day, oldest));
}

enum status compare_advisories(const struct comparison *c, struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(TEXT_BYTES);
	const struct vulnerability_report *x = c->a->report, *y = c->b->report;

	buf_add_cstr(&b, "Advisories: A ");
	put_age(&b, x);
	buf_add_cstr(&b, "; B ");
	put_age(&b, y);
	if (c->common_sources == 0)
		buf_add_cstr(&b, "; none was asked for both");
	else if (c->differing_sources == 0)
		buf_printf(&b, "; %s the same for both",
			   c->common_sources == 1 ? "the one in common is" : "those in common are");
	else
		buf_printf(&b, "; of %zu in common %zu changed from A to B", c->common_sources, c->differing_sources);
	if (!c->a->now && c->differing_sources > 0)
		buf_add_cstr(&b, ". A could not be matched against B's advisories: reasons go by what A's report says");
	return keep(&b, arena, out, err);
}

static void put_base(struct buf *b, const struct index_report *r)
{
	struct digest_text text;

	if (r->base.name.len > 0)
		buf_add(b, r->base.name);
	else if (r->base.digest.algo != DIGEST_NONE)
		buf_add_cstr(b, digest_print(&text, &r->base.digest));
	else
		buf_add_cstr(b, "not named");
	buf_printf(b, ", %zu layer%s", r->base.layers, r->base.layers == 1 ? "" : "s");
}

enum status compare_bases(const struct comparison *c, struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(TEXT_BYTES);

	*out = SLICE_EMPTY;
	if (!c->base_known)
		return STATUS_OK;
	if (!c->base_changed) {
		buf_add_cstr(&b, "Base image: the same (");
		put_base(&b, c->b->report->index);
	} else {
		buf_add_cstr(&b, "Base image: changed (A: ");
		put_base(&b, c->a->report->index);
		buf_add_cstr(&b, "; B: ");
		put_base(&b, c->b->report->index);
	}
	buf_add_byte(&b, ')');
	return keep(&b, arena, out, err);
}

static size_t count(const struct comparison *c, enum finding_change_kind kind)
{
	size_t n = 0;

	for (size_t s = 0; s < SEVERITY_COUNT; s++)
		n += c->counts[kind][s];
	return n;
}

size_t compare_failing(const struct comparison *c, enum severity fail_on)
{
	size_t n = 0;

	for (size_t s = fail_on; s < SEVERITY_COUNT; s++)
		n += c->counts[FINDING_ADDED][s];
	return n;
}

enum status compare_sum(const struct comparison *c, struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(TEXT_BYTES);
	size_t added = count(c, FINDING_ADDED), put = 0;

	if (added == 0)
		buf_add_cstr(&b, "No new findings");
	else
		buf_printf(&b, "%zu new finding%s (", added, added == 1 ? "" : "s");
	for (size_t s = SEVERITY_COUNT; added > 0 && s-- > 0;)
		if (c->counts[FINDING_ADDED][s] > 0)
			buf_printf(&b, "%s%zu %s", put++ ? ", " : "", c->counts[FINDING_ADDED][s],
				   severity_name((enum severity)s));
	buf_printf(&b, "%s, %zu fixed, %zu removed, %zu changed; %zu as before", added ? ")" : "",
		   count(c, FINDING_FIXED), count(c, FINDING_REMOVED), count(c, FINDING_CHANGED), c->unchanged);
	return keep(&b, arena, out, err);
}

static size_t gaps_of(const struct comparison_side *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->report->coverage.len; i++)
		n += coverage_is_gap(s->report->coverage.at[i].code);
	return s->report->complete ? n : MAX(n, (size_t)1);
}

enum status compare_gaps(const struct comparison *c, struct arena *arena, struct slice *out, struct err *err)
{
	size_t a = gaps_of(c->a), b = gaps_of(c->b);

	*out = SLICE_EMPTY;
	if (a + b == 0)
		return STATUS_OK;
	return arena_printf(
		       arena, out,
		       "COVERAGE IS INCOMPLETE (gaps: %zu in A, %zu in B): what was not looked up is in neither list",
		       a, b)
		       ? STATUS_OK
		       : err_nomem(err, "report");
}
