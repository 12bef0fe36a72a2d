/* SPDX-License-Identifier: Apache-2.0 */
/* coverage.h - what could not be looked for: the other half of a report. Private to match/. */
#ifndef LIMPID_MATCH_COVERAGE_H
#define LIMPID_MATCH_COVERAGE_H

#include "match/match.h"

/* Add one item unless the same code and scope is there already; fmt makes the sentence. */
enum status coverage_add(struct vulnerability_report *out, struct arena *arena, enum coverage_code code,
			 struct slice scope, size_t packages, struct err *err, const char *fmt, ...) PRINTF_LIKE(7, 8);

/* Fill out->coverage, out->sources and out->complete. */
enum status coverage_judge(const struct index_report *index, const struct segment_set *set,
			   const struct match_options *options, struct arena *arena, struct vulnerability_report *out,
			   struct err *err) NODISCARD;

/* Of match.c, shared with explain.c: the scope of a package, and whether it is matched at all. */
enum status match_scope(const struct index_report *index, const struct index_package *p, struct arena *arena,
			struct slice *out, struct err *err) NODISCARD;
bool match_wants(const struct package *p, const struct match_options *options);

#endif
