/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrichment.h - what is known of a CVE beside the advisories: scores (NVD), the probability of its exploitation
 * (EPSS), and whether that is known to happen (CISA's KEV catalogue).
 *
 * In a segment each statement is one row: scope enricher_scope(), package the CVE, `versions` its fields in the order
 * below (docs/formats/segment.md). Nothing installed has such a scope, so no package ever matches one.
 */
#ifndef LIMPID_MODEL_ENRICHMENT_H
#define LIMPID_MODEL_ENRICHMENT_H

#include "model/advisory.h"

enum enricher {
#define ENRICHER(id, name, scope, clair_type) ENRICHER_##id,
#include "model/enrichers.def"
#undef ENRICHER
	ENRICHER_COUNT
};
struct slice enricher_name(enum enricher e);
struct slice enricher_scope(enum enricher e);
const char *enricher_clair_type(enum enricher e);
/* Of a source or its set: "clair.cvss" and "clair.cvss/2021". */
bool enricher_of_source(struct slice source, enum enricher *out);

/* One vector of one author. Texts of all structs here are borrowed from the segment or lie in the report's arena. */
struct enrichment_cvss {
	bool primary;	     /* what NVD takes for the CVE's own */
	bool chosen;	     /* the one that Clair's enricher takes: the first primary one of 3.1, else of 3.0 */
	struct slice vector; /* "CVSS:3.1/AV:N/..."; of version 2 without a prefix */
	struct slice source; /* "nvd@nist.gov" */
	struct slice score;  /* as published, where that is not the vector's base score; else "" */
	struct slice data;   /* NVD's object cvssData, where it does not follow from vector and score; else "" */
};

struct enrichment_epss {
	struct slice probability, percentile; /* as published: "0.97565"; percentile "" in the oldest files */
	struct slice model, date;	      /* "v2023.03.01", "2024-10-25T00:00:00+0000"; "" in the oldest files */
};

struct enrichment_kev {
	struct slice added, due; /* "2021-12-10" */
	struct slice ransomware; /* "Known" or "Unknown" */
	struct slice name, description, action, notes;
	struct slice catalog; /* version of the catalogue, "2025.08.25" */
};

struct enrichment {
	struct slice cve;
	const struct enrichment_cvss *cvss; /* newest version first, primary ones before others */
	size_t n_cvss;
	const struct enrichment_epss *epss; /* NULL: no score */
	const struct enrichment_kev *kev;   /* NULL: not in the catalogue */
};

/*
 * A statement as an advisory with one row, to be put into a segment: what all statements of a document share (model,
 * date, version of a catalogue) is the advisory. Everything is borrowed from the statement and cve; *out must not be
 * moved.
 */
#define ENRICHMENT_FIELDS 8
struct enrichment_record {
	struct advisory advisory;
	struct affected row;
	struct slice fields[ENRICHMENT_FIELDS];
};
void enrichment_cvss_record(const struct enrichment_cvss *c, struct slice cve, struct enrichment_record *out);
void enrichment_epss_record(const struct enrichment_epss *e, struct slice cve, struct enrichment_record *out);
void enrichment_kev_record(const struct enrichment_kev *k, struct slice cve, struct enrichment_record *out);
/* Back from a row and its advisory; false: it is none. */
bool enrichment_cvss_take(const struct affected *row, struct enrichment_cvss *out);
bool enrichment_epss_take(const struct affected *row, const struct advisory *shared, struct enrichment_epss *out);
bool enrichment_kev_take(const struct affected *row, const struct advisory *shared, struct enrichment_kev *out);

/* "CVE-2021-44228": upper case, a year of four digits, four digits or more. */
bool enrichment_is_cve(struct slice id);
/*
 * The next CVE in a text, for Clair's shape: *rest begins behind it. Only the spelling that enrichers store is one, as
 * with Clair, whose pattern finds others that it then never finds again.
 */
bool enrichment_next_cve(struct slice *rest, struct slice *out);

/* Texts as numbers from 0 to 1; -1: it is none. */
double enrichment_fraction(struct slice text);

#endif
