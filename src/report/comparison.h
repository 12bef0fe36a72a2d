/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comparison.h - what changed from one image to another, or to itself at another time: packages and findings, with the
 * reason.
 *
 * What a gate took back because it was there before, is the base image's or has no fix counts as a finding here: it is
 * in the image. What an ignore file, a VEX document or a vendor took back does not.
 */
#ifndef LIMPID_REPORT_COMPARISON_H
#define LIMPID_REPORT_COMPARISON_H

#include "report/subject.h"

enum change_reason {
#define REASON(id, name, brought, text) REASON_##id,
#include "report/change_reasons.def"
#undef REASON
	REASON_COUNT
};
const char *change_reason_name(enum change_reason reason);
const char *change_reason_text(enum change_reason reason);
bool change_reason_is_brought(enum change_reason reason);

/* One of the two. All is borrowed. */
struct comparison_side {
	const struct vulnerability_report *report;
	int64_t created_s;	     /* when it was made; DATE_NONE if nobody says */
	const char *program_version; /* of the limpid that made it; NULL if nobody says */
	bool saved;		     /* read from a file, not scanned now */
	/*
	 * Of the first side: its packages matched against the second one's advisories, which tells what the image
	 * changed from what the advisories changed. NULL: nobody has those advisories; then the segments are what there
	 * is to go by.
	 */
	const struct vulnerability_report *now;
};

enum package_change_kind { PACKAGE_CHANGE_ADDED, PACKAGE_CHANGE_REMOVED, PACKAGE_CHANGE_VERSION };
struct package_change {
	enum package_change_kind kind;
	size_t a, b;   /* indexes of packages; SIZE_MAX: not there */
	int direction; /* of PACKAGE_CHANGE_VERSION: 1 upgraded, -1 downgraded, 0 nobody can compare them */
	bool base;     /* of the base image */
};

enum finding_change_kind {
	FINDING_ADDED,
	FINDING_FIXED,	 /* the installed version is another one and not affected */
	FINDING_REMOVED, /* gone for another reason */
	FINDING_CHANGED, /* there in both */
};
#define FINDING_CHANGE_KINDS 4
const char *finding_change_name(enum finding_change_kind kind); /* "added" */

struct package_pair {
	size_t a, b; /* SIZE_MAX: not there */
};

/* One flaw of the packages that have one source. */
struct finding_change {
	enum finding_change_kind kind;
	enum change_reason reason;
	const struct hit *a, *b; /* of the first pair; NULL: not there */
	const struct package_pair *pairs;
	size_t n_pairs;
	bool base;	     /* of the base image (the second side's, else the first's) */
	struct slice detail; /* the reason in words; "" if there is no more to say */
};
/* The side that tells of it: the second, if it is there. */
static inline const struct hit *finding_change_hit(const struct finding_change *c)
{
	return c->b ? c->b : c->a;
}

struct comparison {
	const struct comparison_side *a, *b; /* borrowed */
	VEC(struct package_change) packages; /* by kind, type, name, version */
	VEC(struct finding_change) findings; /* by kind, worst first, id, package, reason */
	size_t counts[FINDING_CHANGE_KINDS][SEVERITY_COUNT];
	size_t unchanged; /* findings of the second side, by package and flaw, that the first has as well */
	bool base_known, base_changed;
	size_t common_sources, differing_sources; /* that both were matched against, and those in two states */
};

/* Sources of advisories that both were matched against, and how many of them were not the same segment. */
void comparison_sources(const struct vulnerability_report *a, const struct vulnerability_report *b, size_t *out_common,
			size_t *out_differing);

/* Memory of *out is the arena's; the sides must outlive it. */
enum status comparison_make(const struct comparison_side *a, const struct comparison_side *b, struct arena *arena,
			    struct comparison *out, struct err *err) NODISCARD;

/* For each finding of the second side's report, in its order: the reason why it is new; REASON_COUNT: it was there. */
enum status comparison_reasons(const struct comparison_side *a, const struct comparison_side *b, struct arena *arena,
			       enum change_reason **out, struct err *err) NODISCARD;

#endif
