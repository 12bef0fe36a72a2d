/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - from a vulnerability as Clair's clients send it to the installed packages that it affects.
 *
 * The question of affected_manifest: not "what does this image have" but "who has this". Candidates come from the
 * store's inverse index by judge_question's name; each is judged as match_report() would, with its scheme and its
 * family's rules.
 */
#ifndef LIMPID_MATCH_JUDGE_H
#define LIMPID_MATCH_JUDGE_H

#include "base/limits.h"
#include "model/index_report.h"
#include "model/advisory.h"
#include "segment/segment.h"
#include "text/json.h"

/* A range in Clair's normalized versions: ten numbers under the name of their kind. */
struct judge_bound {
	char kind[16]; /* "semver"; "" = none */
	int64_t part[10];
};

struct judge_question {
	struct slice id;	   /* as sent: answers are keyed by it */
	const struct slice *names; /* of the vulnerability: its own and its aliases; none: no vendor overrules it */
	size_t n_names;
	struct slice name;  /* of the package, as package_lookup_name() has it: what to ask the inverse index for */
	struct slice scope; /* "debian:12", "pypi"; packages of others are not affected */
	enum severity severity;
	struct affected row;		 /* in the arena */
	bool has_range;			 /* range of Clair's, asked instead of the row's versions */
	struct judge_bound lower, upper; /* inclusive, exclusive */
	struct slice not_arch;		 /* "" or an architecture that is not meant (arch_op "not equals") */
	struct slice json;		 /* the vulnerability once more, in Clair's members, order and defaults */
	struct slice
		refused; /* "" or why nothing can be said of it: no package, no distribution and no repository... */
};

typedef VEC(struct judge_question) judge_question_list;

/*
 * Read {"vulnerabilities":[...]}. STATUS_MALFORMED for what is no such thing, and for a severity that is none. A
 * vulnerability that cannot be judged is no failure: its refused says why. Memory is the arena's.
 */
enum status judge_parse(struct slice json, const struct limits *limits, struct arena *arena, judge_question_list *out,
			struct err *err) NODISCARD;

/*
 * One vulnerability of a document that is read already, without its json. Unlike above, the row has a scheme: that of
 * its scope, if it does not say which. Texts are in the arena.
 */
enum status judge_read(yyjson_val *vulnerability, const struct limits *limits, struct arena *arena,
		       struct judge_question *out, struct err *err) NODISCARD;

/* What is known beside a question. */
struct judge_known {
	/* The segments in force: with Red Hat's map of repositories, and with what vendors say of their builds. */
	const struct segment_set *set;
	/* As of match_options: vendors whose advisories nobody looks up are not heard. NULL: all are. */
	bool (*scope_wanted)(void *ctx, struct slice scope);
	void *scope_wanted_ctx;
};

/* Is this package, which is looked up in this place (place.h), affected? known NULL: nothing more is known. */
bool judge_affects(const struct judge_question *q, const struct package *p, struct slice place,
		   const struct judge_known *known);

#endif
