/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.h - from an index report and the segments in force to findings.
 *
 * package -> its scopes -> rows by name -> the scheme's range test -> the family's rules (matchers.def) -> findings
 * with evidence. Coverage is part of the result: what could not be looked for is said.
 */
#ifndef LIMPID_MATCH_MATCH_H
#define LIMPID_MATCH_MATCH_H

#include "model/vulnerability_report.h"
#include "segment/segment.h"

struct match_options {
	int64_t now_s;           /* to judge staleness */
	unsigned stale_s;        /* age of a source that is told as stale; 0 = 7 days */
	bool owned;              /* match language packages that belong to system packages too */
	/* Would some feed have advisories for this scope? NULL: unknown. (feed/ is a neighbour: the program joins
	 * them.) */
	bool (*scope_served)(struct slice scope, struct slice *out_feed);
};

/* Memory of *out is the arena's; index must outlive it. */
enum status match_report(const struct index_report *index, const struct segment_set *set,
			 const struct match_options *options, struct arena *arena, struct vulnerability_report *out,
			 struct err *err) NODISCARD;

/* Every row about id (as id or alias) for packages of the image: why it is, or is not, a finding. */
struct match_verdict {
	size_t package;         /* index into packages; SIZE_MAX: no such package is installed */
	bool reported;
	struct advisory advisory;
	struct affected row;
	struct slice source;
	struct slice reason;    /* "installed 1.2.4-r2 is not older than fixed 1.2.4-r1 (apk)" */
};
typedef VEC(struct match_verdict) match_verdicts;
enum status match_explain(const struct index_report *index, const struct segment_set *set,
			  const struct match_options *options, struct slice id, struct arena *arena,
			  match_verdicts *out, struct err *err) NODISCARD;

#endif
