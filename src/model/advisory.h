/* SPDX-License-Identifier: Apache-2.0 */
/* advisory.h - a vulnerability as one source tells it, and the packages it affects. */
#ifndef LIMPID_MODEL_ADVISORY_H
#define LIMPID_MODEL_ADVISORY_H

#include "base/arena.h"
#include "base/date.h"
#include "base/diag.h"
#include "version/scheme.h"

enum severity {
#define SEVERITY(id, name) SEVERITY_##id,
#include "model/severities.def"
#undef SEVERITY
	SEVERITY_COUNT
};
const char *severity_name(enum severity s);
bool severity_by_name(struct slice name, enum severity *out); /* any case */
/* A source's own word, in any case; set: its set of updaters (severity_words.def). False: there is no such word. */
bool severity_by_word(struct slice set, struct slice word, enum severity *out);

/* One interval of affected versions: [introduced, fixed) or [introduced, last_affected]. */
struct version_range {
	struct slice introduced;    /* "" = from the first version */
	struct slice fixed;         /* first good version; "" = none */
	struct slice last_affected; /* last bad version, inclusive; "" = none; not together with fixed */
};

enum affected_status {
	AFFECTED_YES,
	AFFECTED_NO,        /* the vendor says: not affected */
	AFFECTED_UNDECIDED, /* the vendor has not decided (undetermined, under investigation): no finding, explained */
};

/* What the source says of a fix beyond the versions. */
enum fix_state {
#define FIX_STATE(id, name, withheld, what) FIX_##id,
#include "model/fix_states.def"
#undef FIX_STATE
	FIX_STATE_COUNT
};
const char *fix_state_name(enum fix_state s); /* "" for FIX_PLAIN */
const char *fix_state_text(enum fix_state s); /* for people; "" for FIX_PLAIN */
bool fix_state_withheld(enum fix_state s);
bool fix_state_by_name(struct slice name, enum fix_state *out);

/* Which name of an installed package a row speaks of. */
enum affected_name { AFFECTED_NAME_SOURCE, AFFECTED_NAME_BINARY, AFFECTED_NAME_ANY };

/*
 * The modules of rows about Ubuntu's FIPS builds begin so: "fips", "fips-updates" and "fips-preview" are lines beside
 * each other. The last is of versions that are fixed in one line and not in another, where the source does not say
 * which line a version is of.
 */
#define AFFECTED_MODULE_FIPS "fips"
#define AFFECTED_MODULE_FIPS_ANY "fips?"

/* An advisory's word on one package in one scope. All slices are borrowed. */
struct affected {
	struct slice scope;   /* "alpine:3.18", "debian:12", "almalinux:8", "pypi", "go" */
	struct slice package; /* name as matched in that scope (PyPI: PEP 503) */
	enum affected_name name_kind;
	enum affected_status status;
	enum fix_state fix_state;
	enum scheme_id scheme;
	const struct version_range *ranges; /* none and no versions: every version is affected */
	size_t n_ranges;
	const struct slice *versions; /* affected versions listed one by one */
	size_t n_versions;
	struct slice fixed_version;   /* for people: first fixed version(s) joined by '|'; "" if there is none */
	struct slice module;          /* rpm module "name:stream"; "" = not modular; "?" = modular, stream unknown.
				       * Portage: slots joined by '|', behind a '!' all but these; "" = any.
				       * Ubuntu: AFFECTED_MODULE_FIPS and so on, else "" */
	struct slice arch;            /* architectures joined by '|'; "" = any */
	struct slice platforms;       /* "goos/goarch" joined by '|': Go's imports, crates; "" = any */
	struct slice severity;        /* the row's own vendor severity when it differs from the advisory's, else "" */
};

/* One advisory record. All slices are borrowed. */
struct advisory {
	struct slice id;            /* "CVE-2019-14697", "ALSA-2024:2722", "GO-2022-1037" */
	const struct slice *aliases; /* other ids of the same flaw (CVE, GHSA...) */
	size_t n_aliases;
	const struct slice *related; /* ids that it fixes or mentions without being the same flaw */
	size_t n_related;
	struct slice summary;       /* one line; may be "" */
	struct slice description;   /* may be "" */
	struct slice severity_text; /* vendor's word */
	enum severity severity;     /* normalised, by the source's own rule */
	const struct slice *cvss;   /* vectors, "CVSS:3.1/AV:N/..." */
	size_t n_cvss;
	const struct slice *links;  /* the record's own page first */
	size_t n_links;
	int64_t issued_s, modified_s, withdrawn_s; /* Unix seconds or DATE_NONE */
	const struct affected *affected;
	size_t n_affected;
};

/* fixed_version, or "" where the fix is withheld: what somebody without a contract can go to. */
struct slice affected_offered_fix(const struct affected *a);

/* Receives advisories; slices are valid only during the call. */
struct advisory_sink {
	enum status (*emit)(void *ctx, const struct advisory *a, struct err *err);
	const struct diag_sink *diags; /* bad records, with their offset; borrowed */
	void *ctx;                     /* borrowed */
};

/* Deep copies into an arena. False when memory is short. */
bool affected_copy(const struct affected *a, struct arena *arena, struct affected *out) NODISCARD;
bool advisory_copy(const struct advisory *a, struct arena *arena, struct advisory *out) NODISCARD;

#endif
