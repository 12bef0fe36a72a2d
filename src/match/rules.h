/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - does a row speak of an installed package, and what does it say? Private to match/. */
#ifndef LIMPID_MATCH_RULES_H
#define LIMPID_MATCH_RULES_H

#include "model/index_report.h"
#include "model/advisory.h"

enum verdict {
	VERDICT_AFFECTED,
	VERDICT_FIXED,	      /* the version is outside of all affected ranges */
	VERDICT_NOT_AFFECTED, /* the vendor says so */
	VERDICT_UNDECIDED,    /* the vendor has not decided */
	VERDICT_OTHER_BUILD,  /* another module stream, architecture or platform */
	VERDICT_OTHER_NAME,   /* the row means a source (binary) package and this is not it */
	VERDICT_BAD_VERSION,  /* the installed version does not follow the scheme */
	VERDICT_BAD_ROW,      /* a version of the row does not, and without it the row cannot be judged */
};

struct verdict_text {
	char text[320]; /* why, for people: escaped, NUL-terminated */
};

/* A package as one look-up sees it. */
struct candidate {
	struct slice name, version;
	bool source; /* name and version are the source package's */
};

/* At most two: source and binary. Returns how many; equal names are one candidate of the source. */
size_t rules_candidates(const struct package *p, struct candidate out[2]);

/* Bytes of a name that are folded; NuGet's have 100, Packagist's fit as well. Longer ones are looked up as they are. */
#define RULES_KEY_MAX 256
/* The name under which rows about such a package stand: NuGet's and Packagist's in lower case. It may lie in buf. */
struct slice rules_key(const struct package *p, struct slice name, char buf[RULES_KEY_MAX]);
/* Does a row's name mean this candidate's? */
bool rules_same_name(const struct package *p, struct slice name, struct slice row_name);

/* Is it one of Ubuntu's FIPS builds, which have advisories of their own? */
bool rules_is_fips(const struct package *p);

/* Has the package a version that its scheme accepts? Others have no order. */
bool rules_has_version(const struct package *p);
/* Can anything be said about it? Of a version that its scheme refuses, what advisories say that list this very one. */
bool rules_is_judged(const struct package *p);

struct judgement {
	enum verdict verdict;
	struct slice version; /* that was compared */
	struct slice fix;     /* VERDICT_AFFECTED: the next good version after it; "" if none is known */
};

/* Judge a row that was found under one of the candidates' names. why (may be NULL) is always filled. */
struct judgement rules_judge(const struct index_report *index, const struct package *p, const struct affected *row,
			     struct slice looked_up, struct verdict_text *why);

#endif
