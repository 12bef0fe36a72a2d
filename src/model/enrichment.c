/* SPDX-License-Identifier: Apache-2.0 */
/* enrichment.c - statements about CVEs, to rows of segments and back. */
#include "model/enrichment.h"

static const struct {
	struct slice name, scope;
	const char *clair_type;
} enrichers[ENRICHER_COUNT] = {
#define ENRICHER(id, name, scope, clair_type) [ENRICHER_##id] = { SLICE_INIT(name), SLICE_INIT(scope), clair_type },
#include "model/enrichers.def"
#undef ENRICHER
};

struct slice enricher_name(enum enricher e)
{
	return enrichers[e].name;
}

struct slice enricher_scope(enum enricher e)
{
	return enrichers[e].scope;
}

const char *enricher_clair_type(enum enricher e)
{
	return enrichers[e].clair_type;
}

bool enricher_of_source(struct slice source, enum enricher *out)
{
	struct slice set;

	slice_cut(source, '/', &set, NULL);
	for (size_t i = 0; i < ENRICHER_COUNT; i++) {
		if (slice_eq(set, enrichers[i].name)) {
			*out = (enum enricher)i;
			return true;
		}
	}
	return false;
}

/* ---- rows ---- */

static void put(struct enrichment_record *r, struct slice text)
{
	r->fields[r->row.n_versions++] = text;
}

static void begin(enum enricher e, struct slice cve, struct enrichment_record *out)
{
	out->row = (struct affected){ .scope = enrichers[e].scope,
				      .package = cve,
				      .name_kind = AFFECTED_NAME_ANY,
				      .scheme = SCHEME_NONE,
				      .versions = out->fields };
	out->advisory = (struct advisory){ .id = enrichers[e].name,
					   .issued_s = DATE_NONE,
					   .modified_s = DATE_NONE,
					   .withdrawn_s = DATE_NONE,
					   .affected = &out->row,
					   .n_affected = 1 };
}

/* Fields at the end that are empty are not there: equal rows are kept once, and most are short. */
static void end(struct enrichment_record *r)
{
	while (r->row.n_versions > 0 && r->fields[r->row.n_versions - 1].len == 0)
		r->row.n_versions--;
}

static struct slice field(const struct affected *row, size_t i)
{
	return i < row->n_versions ? row->versions[i] : SLICE_EMPTY;
}

void enrichment_cvss_record(const struct enrichment_cvss *c, struct slice cve, struct enrichment_record *out)
{
	begin(ENRICHER_CVSS, cve, out);
	put(out, c->chosen ? SLICE("P") : c->primary ? SLICE("p") : SLICE("s"));
	put(out, c->vector);
	put(out, c->source);
	put(out, c->score);
	put(out, c->data);
	end(out);
}

bool enrichment_cvss_take(const struct affected *row, struct enrichment_cvss *out)
{
	struct slice kind = field(row, 0);

	*out = (struct enrichment_cvss){ .primary = slice_eq_nocase(kind, SLICE("p")),
					 .chosen = slice_eq(kind, SLICE("P")),
					 .vector = field(row, 1),
					 .source = field(row, 2),
					 .score = field(row, 3),
					 .data = field(row, 4) };
	return kind.len == 1 && out->vector.len > 0;
}

void enrichment_epss_record(const struct enrichment_epss *e, struct slice cve, struct enrichment_record *out)
{
	begin(ENRICHER_EPSS, cve, out);
	out->advisory.summary = e->model;
	out->advisory.description = e->date;
	put(out, e->probability);
	put(out, e->percentile);
	end(out);
}

bool enrichment_epss_take(const struct affected *row, const struct advisory *shared, struct enrichment_epss *out)
{
	*out = (struct enrichment_epss){ .probability = field(row, 0),
					 .percentile = field(row, 1),
					 .model = shared->summary,
					 .date = shared->description };
	return enrichment_fraction(out->probability) >= 0 &&
	       (out->percentile.len == 0 || enrichment_fraction(out->percentile) >= 0);
}

void enrichment_kev_record(const struct enrichment_kev *k, struct slice cve, struct enrichment_record *out)
{
	begin(ENRICHER_KEV, cve, out);
	out->advisory.summary = k->catalog;
	put(out, k->added);
	put(out, k->due);
	put(out, k->ransomware);
	put(out, k->name);
	put(out, k->description);
	put(out, k->action);
	put(out, k->notes);
	end(out);
}

bool enrichment_kev_take(const struct affected *row, const struct advisory *shared, struct enrichment_kev *out)
{
	*out = (struct enrichment_kev){ .added = field(row, 0),
					.due = field(row, 1),
					.ransomware = field(row, 2),
					.name = field(row, 3),
					.description = field(row, 4),
					.action = field(row, 5),
					.notes = field(row, 6),
					.catalog = shared->summary };
	return true;
}

/* ---- ids and numbers ---- */

static size_t digits(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && is_digit(s.ptr[at + n]))
		n++;
	return n;
}

/* Length of the CVE that s begins with; 0: it begins with none. */
static size_t cve_length(struct slice s)
{
	size_t n;

	if (!slice_starts(s, SLICE("CVE-")) || digits(slice_take(s, 8), 4) != 4 || s.len < 13 || s.ptr[8] != '-')
		return 0;
	n = digits(s, 9);
	return n >= 4 ? 9 + n : 0;
}

bool enrichment_is_cve(struct slice id)
{
	return id.len > 0 && cve_length(id) == id.len;
}

bool enrichment_next_cve(struct slice *rest, struct slice *out)
{
	size_t at;

	while ((at = slice_find(*rest, SLICE("CVE-"))) != SIZE_MAX) {
		size_t n;

		*rest = slice_from(*rest, at);
		n = cve_length(*rest);
		if (n > 0) {
			*out = slice_take(*rest, n);
			*rest = slice_from(*rest, n);
			return true;
		}
		*rest = slice_from(*rest, 4);
	}
	*rest = SLICE_EMPTY;
	return false;
}

/* Digits behind the point that count; EPSS has five, its first files had eighteen. */
#define FRACTION_DIGITS 15

double enrichment_fraction(struct slice text)
{
	size_t whole = digits(text, 0), n = 0, at = whole;
	double value, scale = 1;
	uint64_t number = 0;

	if (whole != 1)
		return -1;
	if (at < text.len && text.ptr[at] == '.') {
		n = digits(text, ++at);
		if (n == 0)
			return -1;
	}
	for (size_t i = 0; i < n && i < FRACTION_DIGITS; i++) {
		number = number * 10 + (uint64_t)(text.ptr[at + i] - '0');
		scale *= 10;
	}
	at += n;
	/* "4.3e-05" */
	value = (double)(text.ptr[0] - '0') + (double)number / scale;
	if (at < text.len) {
		uint64_t power;
		struct slice rest = slice_from(text, at);

		if (rest.len < 3 || to_lower(rest.ptr[0]) != 'e' || rest.ptr[1] != '-' ||
		    !slice_to_u64(slice_from(rest, 2), &power) || power > 99)
			return -1;
		for (; power > 0; power--)
			value /= 10;
	}
	return value <= 1 ? value : -1;
}
