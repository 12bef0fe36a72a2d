/* SPDX-License-Identifier: Apache-2.0 */
/* report_enrichment.c - findings and what is known of their CVEs. */
#include "model/vulnerability_report.h"

const struct enrichment *report_enrichment(const struct vulnerability_report *r, struct slice cve)
{
	size_t low = 0, high = r->enrichments.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = slice_cmp(r->enrichments.at[mid].cve, cve);

		if (c == 0)
			return &r->enrichments.at[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void link_ids(const struct vulnerability_report *r, const struct slice *ids, size_t n,
		     const struct enrichment **list, size_t *len)
{
	for (size_t i = 0; i < n; i++) {
		const struct enrichment *e = enrichment_is_cve(ids[i]) ? report_enrichment(r, ids[i]) : NULL;
		bool known = !e;

		for (size_t k = 0; k < *len && !known; k++)
			known = list[k] == e;
		if (!known)
			list[(*len)++] = e;
	}
}

static bool names_cve(const struct advisory *a)
{
	bool any = enrichment_is_cve(a->id);

	for (size_t i = 0; i < a->n_aliases && !any; i++)
		any = enrichment_is_cve(a->aliases[i]);
	return any;
}

static enum status link_finding(const struct vulnerability_report *r, struct finding *f, struct arena *arena,
				struct err *err)
{
	const struct advisory *a = &f->advisory;
	bool erratum = !names_cve(a);
	size_t room = erratum ? a->n_related : a->n_aliases + 1;
	const struct enrichment **list;

	f->enrichments = NULL;
	f->n_enrichments = 0;
	if (room == 0)
		return STATUS_OK;
	list = arena_array(arena, room, sizeof(*list));
	if (!list)
		return err_nomem(err, "report");
	if (erratum) {
		link_ids(r, a->related, a->n_related, list, &f->n_enrichments);
	} else {
		link_ids(r, &a->id, 1, list, &f->n_enrichments);
		link_ids(r, a->aliases, a->n_aliases, list, &f->n_enrichments);
	}
	f->enrichments = list;
	return STATUS_OK;
}

enum status report_link_enrichments(struct vulnerability_report *r, struct arena *arena, struct err *err)
{
	for (size_t i = 0; r->enrichments.len > 0 && i < r->findings.len; i++)
		TRY(link_finding(r, &r->findings.at[i], arena, err));
	for (size_t i = 0; r->enrichments.len > 0 && i < r->suppressed.len; i++)
		TRY(link_finding(r, &r->suppressed.at[i].finding, arena, err));
	return STATUS_OK;
}

const struct enrichment *finding_epss(const struct finding *f)
{
	const struct enrichment *best = NULL;
	double highest = -1;

	for (size_t i = 0; i < f->n_enrichments; i++) {
		const struct enrichment_epss *e = f->enrichments[i]->epss;
		double p = e ? enrichment_fraction(e->probability) : -1;

		if (p > highest) {
			highest = p;
			best = f->enrichments[i];
		}
	}
	return best;
}

const struct enrichment *finding_kev(const struct finding *f)
{
	for (size_t i = 0; i < f->n_enrichments; i++)
		if (f->enrichments[i]->kev)
			return f->enrichments[i];
	return NULL;
}
