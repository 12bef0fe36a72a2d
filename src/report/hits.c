/* SPDX-License-Identifier: Apache-2.0 */
/* hits.c - findings by installed package and flaw, and what the records of a flaw say together. */
#include "report/subject.h"

#include "feed/cvss.h"
#include "feed/cvss_data.h"

#include <stdlib.h>

static int by_hit(const void *pa, const void *pb)
{
	const struct finding *a = *(const struct finding *const *)pa, *b = *(const struct finding *const *)pb;
	int c;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	if (a->flaw != b->flaw)
		return a->flaw < b->flaw ? -1 : 1;
	c = slice_cmp(a->advisory.id, b->advisory.id);
	return c ? c : slice_cmp(a->source, b->source);
}

static int by_severity(const void *pa, const void *pb)
{
	const struct hit *a = pa, *b = pb;
	int c;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	c = unit_line_cmp(&a->line, &b->line);
	return c ? c : slice_cmp(a->line.findings[0]->advisory.id, b->line.findings[0]->advisory.id);
}

static bool same(const struct finding *a, const struct finding *b)
{
	return a->package == b->package && a->flaw == b->flaw;
}

enum status hits_make(const struct vulnerability_report *r, struct arena *arena, struct hit **out, size_t *out_n,
		      struct err *err)
{
	size_t total = r->findings.len, n = 0;
	const struct finding **order = arena_array(arena, total + 1, sizeof(*order));
	struct hit *hits;

	if (!order)
		return err_nomem(err, "report");
	for (size_t i = 0; i < total; i++)
		order[i] = &r->findings.at[i];
	qsort(order, total, sizeof(*order), by_hit);
	for (size_t i = 0; i < total; i++)
		n += i == 0 || !same(order[i], order[i - 1]);
	hits = arena_array(arena, n + 1, sizeof(*hits));
	if (!hits)
		return err_nomem(err, "report");
	for (size_t i = 0, at = 0, k; i < total; i += k) {
		for (k = 1; i + k < total && same(order[i], order[i + k]); k++)
			;
		hits[at].package = order[i]->package;
		unit_line_fill(&hits[at++].line, order + i, k);
	}
	qsort(hits, n, sizeof(*hits), by_severity);
	*out = hits;
	*out_n = n;
	return STATUS_OK;
}

/* ---- texts ---- */

static const struct advisory *advisory_of(const struct hit *h, size_t i)
{
	return &h->line.findings[i]->advisory;
}

struct slice hit_title(const struct hit *h)
{
	struct slice text = SLICE_EMPTY, line = SLICE_EMPTY;

	for (size_t i = 0; i < h->line.n && text.len == 0; i++)
		text = slice_trim(advisory_of(h, i)->summary);
	for (size_t i = 0; i < h->line.n && text.len == 0; i++)
		text = slice_trim(advisory_of(h, i)->description);
	slice_line(&text, &line);
	return slice_trim(line);
}

struct slice hit_description(const struct hit *h)
{
	for (size_t i = 0; i < h->line.n; i++)
		if (slice_trim(advisory_of(h, i)->description).len > 0)
			return advisory_of(h, i)->description;
	for (size_t i = 0; i < h->line.n; i++)
		if (slice_trim(advisory_of(h, i)->summary).len > 0)
			return advisory_of(h, i)->summary;
	return SLICE_EMPTY;
}

/* ---- links ---- */

bool subject_is_url(struct slice link)
{
	bool scheme = slice_starts(link, SLICE("https://")) || slice_starts(link, SLICE("http://"));

	for (size_t i = 0; i < link.len; i++)
		if (link.ptr[i] <= ' ' || link.ptr[i] >= 0x7f || strchr("\"'<>\\^`{|}", link.ptr[i]))
			return false;
	return scheme && link.len > strlen("https://");
}

struct slice hit_url(const struct hit *h)
{
	for (size_t i = 0; i < h->line.n; i++)
		for (size_t k = 0; k < advisory_of(h, i)->n_links; k++)
			if (subject_is_url(advisory_of(h, i)->links[k]))
				return advisory_of(h, i)->links[k];
	return SLICE_EMPTY;
}

void subject_id_url(struct slice id, struct buf *out)
{
	static const struct {
		const char *prefix, *page;
	} pages[] = {
		{ "CVE-", "https://nvd.nist.gov/vuln/detail/" },
		{ "GHSA-", "https://github.com/advisories/" },
		{ "GO-", "https://pkg.go.dev/vuln/" },
		{ "PYSEC-", "https://osv.dev/vulnerability/" },
		{ "RUSTSEC-", "https://rustsec.org/advisories/" },
		{ "ALSA-", "https://osv.dev/vulnerability/" },
		{ "DSA-", "https://security-tracker.debian.org/tracker/" },
		{ "DLA-", "https://security-tracker.debian.org/tracker/" },
	};

	for (size_t i = 0; i < id.len; i++)
		if (!is_alnum(id.ptr[i]) && id.ptr[i] != '-' && id.ptr[i] != ':')
			return;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (!slice_starts(id, slice_cstr(pages[i].prefix)))
			continue;
		buf_add_cstr(out, pages[i].page);
		buf_add(out, id);
		return;
	}
}

/* ---- lists without doubles: they are short, and each comes from a few records ---- */

/* Is the k-th text of the i-th record the first of its kind? get gives NULL-terminated access to the texts. */
typedef struct slice (*text_at)(const struct advisory *a, size_t k, bool *end);

static struct slice id_at(const struct advisory *a, size_t k, bool *end)
{
	*end = k > a->n_aliases;
	return *end ? SLICE_EMPTY : k == 0 ? a->id : a->aliases[k - 1];
}

static struct slice link_at(const struct advisory *a, size_t k, bool *end)
{
	*end = k >= a->n_links;
	return *end ? SLICE_EMPTY : a->links[k];
}

static bool is_first(const struct hit *h, size_t i, size_t k, text_at get)
{
	bool end;
	struct slice text = get(advisory_of(h, i), k, &end), other;

	for (size_t j = 0; j <= i; j++) {
		for (size_t m = 0; j < i || m < k; m++) {
			other = get(advisory_of(h, j), m, &end);
			if (end)
				break;
			if (slice_eq(text, other))
				return false;
		}
	}
	return true;
}

void hit_each_alias(const struct hit *h, void (*put)(void *ctx, struct slice id), void *ctx)
{
	for (size_t i = 0; i < h->line.n; i++) {
		for (size_t k = 0;; k++) {
			bool end;
			struct slice id = id_at(advisory_of(h, i), k, &end);

			if (end)
				break;
			if (id.len > 0 && !slice_eq(id, h->line.id) && is_first(h, i, k, id_at))
				put(ctx, id);
		}
	}
}

void hit_each_link(const struct hit *h, void (*put)(void *ctx, struct slice link), void *ctx)
{
	for (size_t i = 0; i < h->line.n; i++) {
		for (size_t k = 0;; k++) {
			bool end;
			struct slice link = link_at(advisory_of(h, i), k, &end);

			if (end)
				break;
			if (subject_is_url(link) && is_first(h, i, k, link_at))
				put(ctx, link);
		}
	}
}

/* ---- scores ---- */

static bool has_prefix(struct slice vector, const char *prefix)
{
	return prefix[0] ? slice_starts(vector, slice_cstr(prefix)) : !slice_starts(vector, SLICE("CVSS:"));
}

const struct enrichment_cvss *hit_published(const struct hit *h, const char *prefix, double *score)
{
	for (size_t i = 0; i < h->line.n; i++) {
		const struct finding *f = h->line.findings[i];

		for (size_t k = 0; k < f->n_enrichments; k++)
			for (size_t m = 0; m < f->enrichments[k]->n_cvss; m++)
				if (has_prefix(f->enrichments[k]->cvss[m].vector, prefix) &&
				    cvss_enrichment_score(&f->enrichments[k]->cvss[m], score))
					return &f->enrichments[k]->cvss[m];
	}
	return NULL;
}

bool hit_told_cvss(const struct hit *h, const char *prefix, struct slice *vector, double *score)
{
	for (size_t i = 0; i < h->line.n; i++) {
		for (size_t k = 0; k < advisory_of(h, i)->n_cvss; k++) {
			struct slice v = advisory_of(h, i)->cvss[k];

			if (has_prefix(v, prefix) && cvss_base_score(v, score)) {
				*vector = v;
				return true;
			}
		}
	}
	return false;
}

bool hit_cvss(const struct hit *h, const char *prefix, struct slice *vector, double *score)
{
	const struct enrichment_cvss *published;

	if (hit_told_cvss(h, prefix, vector, score))
		return true;
	published = hit_published(h, prefix, score);
	*vector = published ? published->vector : SLICE_EMPTY;
	return published != NULL;
}

double hit_score(const struct hit *h)
{
	static const double middle[SEVERITY_COUNT] = {
		[SEVERITY_UNKNOWN] = 0,	 [SEVERITY_NEGLIGIBLE] = 0.1, [SEVERITY_LOW] = 2.0,
		[SEVERITY_MEDIUM] = 5.5, [SEVERITY_HIGH] = 8.0,	      [SEVERITY_CRITICAL] = 9.5,
	};
	static const char *const prefixes[] = { "CVSS:3.", "CVSS:4.", "" };
	struct slice vector;
	double score;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (hit_cvss(h, prefixes[i], &vector, &score) && cvss_severity(score) == h->line.severity)
			return score;
	return middle[h->line.severity];
}
