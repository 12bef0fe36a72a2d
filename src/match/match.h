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

#define MATCH_STALE_S (7u * 86400u)

struct match_options {
	int64_t now_s;		     /* to judge staleness */
	unsigned stale_s;	     /* age of a source that is told as stale; 0 = MATCH_STALE_S */
	bool owned;		     /* match language packages that belong to system packages too */
	bool dev;		     /* packages that only development needs have findings, too */
	const struct limits *limits; /* findings, match_rows; NULL = the defaults */
	/* Would some feed have advisories for this scope? NULL: unknown. (feed/ is a neighbour: the program joins
	 * them.) */
	bool (*scope_served)(struct slice scope, struct slice *out_feed);
	/* Does the user want this scope looked up? Coverage says what was left out. NULL: all. */
	bool (*scope_wanted)(void *ctx, struct slice scope);
	void *scope_wanted_ctx;
};

/* Memory of *out is the arena's; index must outlive it. */
enum status match_report(const struct index_report *index, const struct segment_set *set,
			 const struct match_options *options, struct arena *arena, struct vulnerability_report *out,
			 struct err *err) NODISCARD;

/* ---- why an id is, or is not, reported ---- */

enum match_answer {
	MATCH_REPORTED,
	MATCH_SUPPRESSED,    /* affected by its version, but declined: reason says why */
	MATCH_NOT_AFFECTED,  /* the installed version, build or platform is not affected, or the vendor says so */
	MATCH_UNDECIDED,     /* the vendor has not decided, or a version cannot be read */
	MATCH_NOT_INSTALLED, /* a scope of the image, but no such package in it */
	MATCH_OTHER_SCOPE,   /* the advisory is about systems or ecosystems that the image does not have */
	MATCH_WITHDRAWN,
};

/* What one row about an id (as id, alias or related id) means for one package. */
struct match_verdict {
	enum match_answer answer;
	size_t package; /* index into packages; SIZE_MAX: none */
	struct advisory advisory;
	struct affected row; /* empty with MATCH_WITHDRAWN; scopes joined in row.scope with MATCH_OTHER_SCOPE */
	struct slice source;
	struct slice reason; /* "installed 1.2.4-r2 is not older than fixed 1.2.4-r1 (apk)" */
};

typedef VEC(struct match_verdict) match_verdict_list;

struct match_explanation {
	match_verdict_list verdicts; /* by source, then advisory; rows of one advisory together */
	VEC(struct slice) sources;   /* every source that was asked for the id */
	VEC(struct slice) damaged;   /* sources that could not be asked, or not to the end */
};

enum status match_explain(const struct index_report *index, const struct segment_set *set,
			  const struct match_options *options, struct slice id, struct arena *arena,
			  struct match_explanation *out, struct err *err) NODISCARD;

#endif
