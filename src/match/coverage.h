/* SPDX-License-Identifier: Apache-2.0 */
/* coverage.h - what could not be looked for: the other half of a report. Private to match/. */
#ifndef LIMPID_MATCH_COVERAGE_H
#define LIMPID_MATCH_COVERAGE_H

#include "base/map.h"
#include "match/match.h"
#include "match/scopes.h"

/* Collects the items of one report. Begin with out and arena set, the rest zero. */
struct coverage {
	struct vulnerability_report *out; /* borrowed */
	struct arena *arena;		  /* borrowed; of the report */
	const struct segment_set *set;	  /* borrowed */
	struct map seen;		  /* what an item is about -> its number, from 1 */
	size_t listed[COVERAGE_COUNT];
	size_t unlisted[COVERAGE_COUNT]; /* beyond what helps anybody: counted */
};

void coverage_fini(struct coverage *c);

/* An advisory that could not be judged for an installed package; why: which version, of whom. */
enum status coverage_bad_row(struct coverage *c, struct slice id, const struct package *p, const char *why,
			     struct err *err) NODISCARD;

/* A limit was reached, and so many packages were not looked up. */
enum status coverage_limit(struct coverage *c, struct slice limit, size_t packages, struct err *err) NODISCARD;

/* Fill coverage, sources and complete of the report. */
enum status coverage_judge(struct coverage *c, const struct index_report *index, const struct segment_set *set,
			   const struct match_options *options, const struct scopes *scopes, struct err *err) NODISCARD;

#endif
