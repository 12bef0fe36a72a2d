/* SPDX-License-Identifier: Apache-2.0 */
/* enrich.h - what enrichers say of the CVEs of a report. */
#ifndef LIMPID_MATCH_ENRICH_H
#define LIMPID_MATCH_ENRICH_H

#include "match/match.h"

/*
 * Fill r->enrichments and link them to the findings. set is the one that r was made with; new memory is the arena's,
 * and nothing of the set is borrowed. A segment that is damaged is an item of coverage, and its statements are missing.
 */
enum status match_enrich(const struct segment_set *set, struct arena *arena, struct vulnerability_report *r,
			 struct err *err) NODISCARD;

#endif
