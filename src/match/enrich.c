/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrich.c - CVEs of a report's findings, looked up in the segments of the enrichers.
 *
 * A CVE is one look-up per enricher: NVD's sources are one for each year of ids, so the year says which is asked.
 */
#include "match/enrich.h"

#include "base/map.h"

#include <stdlib.h>

struct enricher_segment {
	enum enricher enricher;
	const struct segment *segment;
	const struct segment_set_entry *entry;
	struct slice year; /* "2021" of "clair.cvss/2021", else "" */
	bool damaged;	   /* told of, not asked any more */
	bool has_shared;
	uint32_t number; /* of shared */
	struct advisory shared;
};

struct enriching {
	struct vulnerability_report *out;
	struct arena *arena;
	struct enricher_segment *segments;
	size_t n;
	struct segment_bodies bodies;
	struct arena scratch;
	struct map seen; /* CVEs and advisories */
	VEC(struct slice) cves;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "enrichments");
}

static void enriching_fini(struct enriching *x)
{
	segment_bodies_fini(&x->bodies);
	map_fini(&x->seen);
	arena_fini(&x->scratch);
}

/* ---- who is asked ---- */

static enum status list_segments(struct enriching *x, const struct segment_set *set, struct err *err)
{
	x->segments = arena_array(x->arena, segment_set_count(set) + 1, sizeof(*x->segments));
	if (!x->segments)
		return nomem(err);
	for (size_t i = 0; i < segment_set_count(set); i++) {
		struct enricher_segment *s = &x->segments[x->n];

		memset(s, 0, sizeof(*s));
		s->segment = segment_set_at(set, i, &s->entry);
		if (!s->segment || !enricher_of_source(s->entry->source, &s->enricher))
			continue;
		slice_cut(s->entry->source, '/', NULL, &s->year);
		x->out->enriched[s->enricher] = true;
		x->n++;
	}
	return STATUS_OK;
}

/* ---- what is asked for ---- */

static enum status add_cve(struct enriching *x, struct slice cve, struct err *err)
{
	bool is_new;
	uint64_t *slot = map_slot(&x->seen, cve, &is_new);
	struct slice *place;

	if (!slot)
		return nomem(err);
	if (!is_new)
		return STATUS_OK;
	*slot = 1;
	place = VEC_PUSH(&x->cves, &x->scratch);
	if (!place)
		return nomem(err);
	*place = cve;
	return STATUS_OK;
}

static enum status add_ids(struct enriching *x, const struct slice *ids, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (enrichment_is_cve(ids[i]))
			TRY(add_cve(x, ids[i], err));
	return STATUS_OK;
}

/* One advisory has many findings: its texts are the same, at the same place. */
static enum status add_advisory(struct enriching *x, const struct advisory *a, struct err *err)
{
	const void *place[2] = { a->id.ptr, a->links };
	struct slice key, rest, cve;
	bool is_new;

	if (!arena_copy(&x->scratch, slice_make(place, sizeof(place)), &key) || !map_slot(&x->seen, key, &is_new))
		return nomem(err);
	if (!is_new)
		return STATUS_OK;
	TRY(add_ids(x, &a->id, 1, err));
	TRY(add_ids(x, a->aliases, a->n_aliases, err));
	TRY(add_ids(x, a->related, a->n_related, err));
	for (size_t i = 0; i < a->n_links; i++)
		for (rest = a->links[i]; enrichment_next_cve(&rest, &cve);)
			TRY(add_cve(x, cve, err));
	return STATUS_OK;
}

static int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static enum status list_cves(struct enriching *x, struct err *err)
{
	const struct vulnerability_report *r = x->out;

	for (size_t i = 0; i < r->findings.len; i++)
		TRY(add_advisory(x, &r->findings.at[i].advisory, err));
	for (size_t i = 0; i < r->suppressed.len; i++)
		TRY(add_advisory(x, &r->suppressed.at[i].finding.advisory, err));
	if (x->cves.len > 0)
		qsort(x->cves.at, x->cves.len, sizeof(*x->cves.at), by_text);
	return STATUS_OK;
}

/* ---- answers ---- */

/* What all rows of the segment share, or those of one of several documents. */
static enum status shared_of(struct enriching *x, struct enricher_segment *s, uint32_t number,
			     const struct advisory **out, struct err *err)
{
	struct advisory body;

	if (!s->has_shared || s->number != number) {
		TRY(segment_bodies_get(&x->bodies, s->segment, number, &body, err));
		if (!advisory_copy(&body, x->arena, &s->shared))
			return nomem(err);
		s->has_shared = true;
		s->number = number;
	}
	*out = &s->shared;
	return STATUS_OK;
}

/* Newest version first, NVD's own before others. */
static bool is_before(const struct enrichment_cvss *a, const struct enrichment_cvss *b)
{
	int c = slice_cmp(slice_take(b->vector, 8), slice_take(a->vector, 8));

	if (c != 0)
		return c < 0;
	if (a->primary != b->primary)
		return a->primary;
	return a->chosen && !b->chosen;
}

static enum status take_cvss(const struct affected *row, size_t rows, struct arena *arena, struct enrichment *out,
			     struct err *err)
{
	struct enrichment_cvss *list = (struct enrichment_cvss *)(uintptr_t)out->cvss, c;
	size_t at = out->n_cvss;

	if (!list)
		out->cvss = list = arena_array(arena, rows, sizeof(*list));
	if (!list)
		return nomem(err);
	if (!enrichment_cvss_take(row, &c))
		return STATUS_OK;
	for (; at > 0 && is_before(&c, &list[at - 1]); at--)
		list[at] = list[at - 1];
	list[at] = c;
	out->n_cvss++;
	return STATUS_OK;
}

static enum status take_row(struct enriching *x, struct enricher_segment *s, const struct segment_rows *rows,
			    uint32_t i, struct enrichment *out, struct err *err)
{
	const struct advisory *shared = NULL;
	struct affected found, row;
	struct enrichment_epss *epss;
	struct enrichment_kev *kev;
	uint32_t number;

	arena_reset(&x->scratch);
	TRY(segment_found_row(s->segment, rows, i, &x->scratch, &found, &number, err));
	if (!affected_copy(&found, x->arena, &row))
		return nomem(err);
	if (s->enricher == ENRICHER_CVSS)
		return take_cvss(&row, rows->n, x->arena, out, err);
	TRY(shared_of(x, s, number, &shared, err));
	epss = ARENA_NEW(x->arena, struct enrichment_epss);
	kev = ARENA_NEW(x->arena, struct enrichment_kev);
	if (!epss || !kev)
		return nomem(err);
	if (s->enricher == ENRICHER_EPSS && enrichment_epss_take(&row, shared, epss))
		out->epss = epss;
	else if (s->enricher == ENRICHER_KEV && enrichment_kev_take(&row, shared, kev))
		out->kev = kev;
	return STATUS_OK;
}

static enum status ask(struct enriching *x, struct enricher_segment *s, struct enrichment *out, bool *found,
		       struct err *err)
{
	struct segment_rows rows;

	TRY(segment_find(s->segment, enricher_scope(s->enricher), out->cve, &rows, err));
	/* Only the first statement of EPSS and KEV counts: there is one. */
	for (uint32_t i = 0; i < rows.n && (i == 0 || s->enricher == ENRICHER_CVSS); i++) {
		TRY(take_row(x, s, &rows, i, out, err));
		*found = true;
	}
	return STATUS_OK;
}

static enum status tell_damaged(struct enriching *x, struct enricher_segment *s, const struct err *why, struct err *err)
{
	struct coverage_item *item = VEC_PUSH(&x->out->coverage, x->arena);

	s->damaged = true;
	if (!item)
		return nomem(err);
	*item = (struct coverage_item){ .code = COVERAGE_NO_ENRICHMENT };
	if (!arena_copy(x->arena, s->entry->source, &item->scope) ||
	    !arena_printf(x->arena, &item->detail, "its segment is damaged (%s); run: limpid db verify", why->msg))
		return nomem(err);
	x->out->complete = false;
	return STATUS_OK;
}

/* NVD's feed of a year has the CVEs of that year, the first one those before, too. */
static bool may_have(const struct enricher_segment *s, struct slice cve)
{
	struct slice year = slice_take(slice_from(cve, 4), 4);

	if (s->year.len == 0)
		return true;
	if (slice_cmp(year, SLICE("2002")) < 0)
		year = SLICE("2002");
	return slice_eq(year, s->year);
}

/* Sources of a year before one of all years: an update run is newer than what was once imported. */
static enum status look_up(struct enriching *x, struct enrichment *e, bool *any, struct err *err)
{
	bool found[ENRICHER_COUNT] = { false };

	*any = false;
	for (int of_year = 1; of_year >= 0; of_year--) {
		for (size_t i = 0; i < x->n; i++) {
			struct enricher_segment *s = &x->segments[i];
			struct err why = ERR_INIT;
			enum status st;

			if ((s->year.len > 0) != (of_year == 1) || s->damaged || found[s->enricher] ||
			    !may_have(s, e->cve))
				continue;
			st = ask(x, s, e, &found[s->enricher], &why);
			if (st == STATUS_MALFORMED || st == STATUS_UNSUPPORTED) {
				TRY(tell_damaged(x, s, &why, err));
			} else if (st != STATUS_OK) {
				*err = why;
				return st;
			}
			*any |= found[s->enricher];
		}
	}
	return STATUS_OK;
}

static enum status enrich(struct enriching *x, struct err *err)
{
	struct slice *cves;
	size_t n;

	TRY(list_cves(x, err));
	n = x->cves.len;
	/* The scratch arena is used for rows from here on. */
	cves = arena_array(x->arena, n + 1, sizeof(*cves));
	if (!cves)
		return nomem(err);
	if (n > 0)
		memcpy(cves, x->cves.at, n * sizeof(*cves));
	x->cves.len = 0;
	for (size_t i = 0; i < n; i++) {
		struct enrichment e = { .cve = cves[i] }, *place;
		bool any;

		TRY(look_up(x, &e, &any, err));
		if (!any)
			continue;
		place = VEC_PUSH(&x->out->enrichments, x->arena);
		if (!place)
			return nomem(err);
		*place = e;
	}
	return report_link_enrichments(x->out, x->arena, err);
}

enum status match_enrich(const struct segment_set *set, struct arena *arena, struct vulnerability_report *r,
			 struct err *err)
{
	struct enriching AUTO(enriching_fini) x = { .out = r,
						    .arena = arena,
						    .bodies = SEGMENT_BODIES_INIT,
						    .scratch = ARENA_INIT((size_t)1 << 30),
						    .seen = MAP_INIT };

	TRY(list_segments(&x, set, err));
	return x.n > 0 ? enrich(&x, err) : STATUS_OK;
}
