/* SPDX-License-Identifier: Apache-2.0 */
/* cvss_data.h - vectors of CVSS 3 spelled out as NVD's object cvssData, and what Clair's enrichers say of a CVE. */
#ifndef LIMPID_FEED_CVSS_DATA_H
#define LIMPID_FEED_CVSS_DATA_H

#include "model/enrichment.h"
#include "text/json.h"
#include "text/json_writer.h"

/* "3.1", "2.0"...; "" if the vector is of no version that is known. */
const char *cvss_version(struct slice vector);
/*
 * {"version":"3.1","vectorString":...,"baseScore":9.8,...} of a base vector of 3.0 or 3.1, members in NVD's order.
 * False, and nothing is written: it is none.
 */
bool cvss_data_put(struct json_writer *w, struct slice vector);

/*
 * NVD's object cvssData: *out gets its vector ("" if it has none that can be scored), and score and, of a chosen one,
 * data, where they do not follow from it. Borrowed from the object or in the arena.
 */
enum status cvss_data_read(yyjson_val *data, struct arena *arena, struct enrichment_cvss *out,
			   struct err *err) NODISCARD;

/* The score that is published with a vector, else its own; false: neither can be read. */
bool cvss_enrichment_score(const struct enrichment_cvss *c, double *out);

/* Has Clair's enricher an object of a CVE? */
bool cvss_clair_has(enum enricher e, const struct enrichment *of);
/* The object that Clair's enricher has of a CVE. False, and nothing is written: it has none. */
bool cvss_clair_put(struct json_writer *w, enum enricher e, const struct enrichment *of);

#endif
