/* SPDX-License-Identifier: Apache-2.0 */
/* units.c - groups findings by package and flaw. */
#include "report/units.h"

#include <stdio.h>
#include <stdlib.h>

static const struct package *package_of(const struct vulnerability_report *r, const struct finding *f)
{
	return &r->index->packages.at[f->package].package;
}

static int cmp_unit(const struct vulnerability_report *r, const struct finding *a, const struct finding *b)
{
	const struct package *p = package_of(r, a), *q = package_of(r, b);
	int c = (int)p->type - (int)q->type;

	if (c == 0)
		c = slice_cmp(a->matched_name, b->matched_name);
	if (c == 0)
		c = slice_cmp(a->matched_version, b->matched_version);
	return c ? c : slice_cmp(p->module, q->module);
}

static int by_unit(const void *pa, const void *pb, void *ctx)
{
	const struct finding *a = *(const struct finding *const *)pa, *b = *(const struct finding *const *)pb;
	int c = cmp_unit(ctx, a, b);

	if (c == 0)
		c = a->flaw < b->flaw ? -1 : a->flaw > b->flaw;
	if (c == 0)
		c = slice_cmp(a->advisory.id, b->advisory.id);
	if (c == 0)
		c = slice_cmp(a->source, b->source);
	return c ? c : (a->package < b->package ? -1 : a->package > b->package);
}

static bool is_cve(struct slice id)
{
	return slice_starts(id, SLICE("CVE-"));
}

/* The one CVE that the records of a flaw name; empty if there is none or several. */
static struct slice cve_of(const struct finding *const *f, size_t n)
{
	struct slice found = SLICE_EMPTY;

	for (size_t i = 0; i < n; i++) {
		const struct advisory *a = &f[i]->advisory;

		for (size_t k = 0; k <= a->n_aliases; k++) {
			struct slice id = k ? a->aliases[k - 1] : a->id;

			if (!is_cve(id) || slice_eq(id, found))
				continue;
			if (found.len > 0)
				return SLICE_EMPTY;
			found = id;
		}
	}
	return found;
}

void unit_line_fill(struct unit_line *line, const struct finding *const *f, size_t n)
{
	*line = (struct unit_line){ .findings = f, .n = n, .severity = f[0]->severity, .id = cve_of(f, n) };
	if (line->id.len == 0)
		line->id = f[0]->advisory.id;
	for (size_t i = 0; i < n; i++) {
		line->severity = MAX(line->severity, f[i]->severity);
		line->fix = flaws_later_fix(f[i], line->fix, f[i]);
	}
}

const struct enrichment *unit_line_epss(const struct unit_line *line)
{
	const struct enrichment *best = NULL;

	for (size_t i = 0; i < line->n; i++) {
		const struct enrichment *e = finding_epss(line->findings[i]);

		if (e &&
		    (!best || enrichment_fraction(e->epss->probability) > enrichment_fraction(best->epss->probability)))
			best = e;
	}
	return best;
}

const struct enrichment *unit_line_kev(const struct unit_line *line)
{
	const struct enrichment *e = NULL;

	for (size_t i = 0; i < line->n && !e; i++)
		e = finding_kev(line->findings[i]);
	return e;
}

struct slice unit_percent(struct slice fraction, struct unit_percent *p)
{
	double value = enrichment_fraction(fraction);

	snprintf(p->text, sizeof(p->text), "%.2f%%", value < 0 ? 0 : value * 100);
	return slice_cstr(value < 0 ? "" : p->text);
}

static size_t digits_from(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && is_digit(s.ptr[at + n]))
		n++;
	return n;
}

/* Numbers in ids by value: CVE-2026-24515 before CVE-2026-102633. */
static int cmp_id(struct slice a, struct slice b)
{
	size_t at = 0, m, n;

	while (at < a.len && at < b.len && a.ptr[at] == b.ptr[at])
		at++;
	m = digits_from(a, at);
	n = digits_from(b, at);
	/* The first difference lies in a number of both: the longer one is larger. */
	if (m != n && ((m > 0 && n > 0) || (at > 0 && is_digit(a.ptr[at - 1]))))
		return m < n ? -1 : 1;
	return slice_cmp(a, b);
}

int unit_line_cmp(const struct unit_line *a, const struct unit_line *b)
{
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	return cmp_id(a->id, b->id);
}

static int by_line(const void *a, const void *b)
{
	return unit_line_cmp(a, b);
}

static int by_number(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

static enum status fill_packages(struct unit *u, struct arena *arena, struct err *err)
{
	u->packages = arena_array(arena, u->n, sizeof(*u->packages));
	if (!u->packages)
		return err_nomem(err, "report");
	for (size_t i = 0; i < u->n; i++)
		u->packages[i] = u->findings[i]->package;
	qsort(u->packages, u->n, sizeof(*u->packages), by_number);
	for (size_t i = 0; i < u->n; i++)
		if (i == 0 || u->packages[i] != u->packages[i - 1])
			u->packages[u->n_packages++] = u->packages[i];
	return STATUS_OK;
}

static enum status fill_unit(struct unit *u, struct arena *arena, struct err *err)
{
	for (size_t i = 0; i < u->n; i++)
		u->n_lines += i == 0 || u->findings[i]->flaw != u->findings[i - 1]->flaw;
	u->lines = arena_array(arena, u->n_lines, sizeof(*u->lines));
	if (!u->lines)
		return err_nomem(err, "report");
	for (size_t i = 0, at = 0, n; i < u->n; i += n) {
		struct unit_line *line = &u->lines[at++];

		for (n = 1; i + n < u->n && u->findings[i + n]->flaw == u->findings[i]->flaw; n++)
			;
		unit_line_fill(line, u->findings + i, n);
		u->worst = i == 0 ? line->severity : MAX(u->worst, line->severity);
		u->unfixed += line->fix.len == 0;
		for (size_t k = 0; k < n; k++)
			u->update = flaws_later_fix(line->findings[k], u->update, line->findings[k]);
	}
	qsort(u->lines, u->n_lines, sizeof(*u->lines), by_line);
	return fill_packages(u, arena, err);
}

static int by_worst(const void *pa, const void *pb, void *ctx)
{
	const struct unit *a = pa, *b = pb;

	if (a->worst != b->worst)
		return a->worst > b->worst ? -1 : 1;
	return cmp_unit(ctx, a->findings[0], b->findings[0]);
}

enum status units_make(const struct vulnerability_report *r, struct arena *arena, struct unit **out, size_t *out_n,
		       struct err *err)
{
	size_t total = r->findings.len, n_units = 0;
	const struct finding **order = arena_array(arena, total + 1, sizeof(*order));
	struct unit *units;

	if (!order)
		return err_nomem(err, "report");
	for (size_t i = 0; i < total; i++)
		order[i] = &r->findings.at[i];
	qsort_r(order, total, sizeof(*order), by_unit, (void *)(uintptr_t)r);
	for (size_t i = 0; i < total; i++)
		n_units += i == 0 || cmp_unit(r, order[i], order[i - 1]) != 0;
	units = arena_array(arena, n_units + 1, sizeof(*units));
	if (!units)
		return err_nomem(err, "report");
	for (size_t i = 0, at = 0; i < total; at++) {
		struct unit *u = &units[at];

		u->findings = order + i;
		for (u->n = 1; i + u->n < total && cmp_unit(r, order[i], order[i + u->n]) == 0; u->n++)
			;
		i += u->n;
		TRY(fill_unit(u, arena, err));
	}
	qsort_r(units, n_units, sizeof(*units), by_worst, (void *)(uintptr_t)r);
	*out = units;
	*out_n = n_units;
	return STATUS_OK;
}
