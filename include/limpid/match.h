/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limpid/match.h - liblimpid-match: known vulnerabilities of packages. limpid_match(3) tells more.
 *
 * Open a data folder that limpid update fills, give it packages or an index report, and it calls you back with each
 * finding, with what was taken back, and with what could not be looked up. The library has no log, starts no thread,
 * writes nowhere and reads no environment. A handle may be used by any number of threads at once.
 *
 * Texts are NUL-terminated UTF-8 and borrowed for the time of the call, both ways; never NULL in what the library
 * gives. Of what it is given NULL counts as "". Functions that can fail return a limpid_match_status and fill *error,
 * which may be NULL. Structures that the library fills may grow at their end.
 */
#ifndef LIMPID_MATCH_H
#define LIMPID_MATCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LIMPID_MATCH_API __attribute__((visibility("default")))
#else
#define LIMPID_MATCH_API
#endif

/* The version this header belongs to; limpid_match_version() is that of the library at run time. */
#define LIMPID_MATCH_VERSION_MAJOR 0
#define LIMPID_MATCH_VERSION_MINOR 1
LIMPID_MATCH_API const char *limpid_match_version(void);

enum limpid_match_status {
	LIMPID_MATCH_OK = 0,
	LIMPID_MATCH_INVALID = 1,   /* an argument */
	LIMPID_MATCH_MALFORMED = 2, /* input that is not what it should be */
	LIMPID_MATCH_LIMIT = 3,	    /* more than the library takes */
	LIMPID_MATCH_NOMEM = 4,
	LIMPID_MATCH_IO = 5,
	LIMPID_MATCH_CALLBACK = 6, /* a callback did not return 0 */
	LIMPID_MATCH_MISSING = 7   /* there is no database in the folder */
};
struct limpid_match_error {
	int status;
	char message[512];
};

/* ---- severities: Clair's six, least first; the numbers stay ---- */

enum limpid_match_severity {
	LIMPID_MATCH_UNKNOWN = 0, /* the source says nothing: not that it is harmless */
	LIMPID_MATCH_NEGLIGIBLE = 1,
	LIMPID_MATCH_LOW = 2,
	LIMPID_MATCH_MEDIUM = 3,
	LIMPID_MATCH_HIGH = 4,
	LIMPID_MATCH_CRITICAL = 5
};
/* "Unknown" ...; NULL if severity is none. */
LIMPID_MATCH_API const char *limpid_match_severity_name(int severity);
/* One of the six names in any case; -1 if it is none. */
LIMPID_MATCH_API int limpid_match_severity_by_name(const char *name);
/*
 * What a source's own word stands for, by the rules that the database is made with: "Important" is High, "moderate" is
 * Medium. set: the source's set of updaters; Debian's tracker ("debian") has a scale of its own. -1 if it is no such
 * word.
 */
LIMPID_MATCH_API int limpid_match_severity_of_word(const char *set, const char *word);
/* The same of a CVSS vector of version 2.0, 3.0, 3.1 or 4.0 by its base score, put into *score unless that is NULL. */
LIMPID_MATCH_API int limpid_match_severity_of_cvss(const char *vector, double *score);

/* ---- the database ---- */

typedef struct limpid_match limpid_match;

/* The advisories in force in a data folder ($LIMPID_HOME of limpid), as they are now. */
LIMPID_MATCH_API int limpid_match_open(const char *folder, limpid_match **out, struct limpid_match_error *error);
LIMPID_MATCH_API void limpid_match_close(limpid_match *m); /* NULL is fine; no other call may be at work */
/*
 * Take what is in force by now; *changed (may be NULL) says whether it is something else. Calls that are at work go on
 * with what they began with. After a failure everything is as before.
 */
LIMPID_MATCH_API int limpid_match_refresh(limpid_match *m, int *changed, struct limpid_match_error *error);

struct limpid_match_source {
	const char *name, *set; /* "alpine-main-v3.18-updater", "alpine" */
	const char *segment;	/* digest of its advisories; "" if there are none yet */
	uint64_t advisories;
	int64_t updated; /* Unix seconds of the last run that confirmed it; INT64_MIN: never */
	int failed;	 /* the last run did not succeed: what was there before stays in force */
	int damaged;	 /* its advisories cannot be read */
};
typedef int (*limpid_match_source_callback)(void *ctx, const struct limpid_match_source *source);
LIMPID_MATCH_API int limpid_match_sources(limpid_match *m, limpid_match_source_callback callback, void *ctx,
					  struct limpid_match_error *error);

/* ---- matching ---- */

struct limpid_match_system {	     /* of os-release(5) */
	const char *id, *version_id; /* "debian", "12" */
	const char *version_codename, *pretty_name, *variant_id;
};
struct limpid_match_package {
	const char *type; /* of a package URL: "deb", "apk", "rpm", "pypi", "npm", "golang" ... */
	const char *name, *version;
	const char *source_name, *source_version; /* of a system's package; "" if they are the same */
	const char *arch, *module;		  /* "" if there is none; rpm: "name:stream"; ebuild: the slot */
};

/* What is known of a CVE beside advisories: the sources clair.cvss, clair.epss and clair.kev. */
struct limpid_match_score { /* a CVSS vector of one author */
	const char *vector, *author; /* "CVSS:3.1/AV:N/...", of version 2 without a prefix; "nvd@nist.gov" */
	double score;		     /* as published, else the base score; -1: it has none */
	int primary;		     /* what NVD takes for the CVE's own */
};
struct limpid_match_known {
	const char *cve;
	const struct limpid_match_score *scores; /* newest version first */
	size_t n_scores;
	double epss, epss_percentile; /* probability of exploitation, 0 to 1; -1: not known */
	const char *epss_date;	      /* "2024-10-25"; "" if it is not said */
	int exploited;		      /* it is in CISA's catalogue (KEV), with these: */
	const char *exploited_since, *exploited_due; /* "2021-12-10": when it was added, and must have been mended */
	int ransomware;				     /* campaigns are known to use it */
};

struct limpid_match_finding {
	size_t package; /* number of the package as given; of an index report as it lists them */
	const char *type, *name, *version;
	const char *id; /* of the advisory: "CVE-2019-14697" */
	const char *const *aliases;
	size_t n_aliases;
	const char *source;  /* that says so */
	const char *segment; /* digest of what it was read from */
	enum limpid_match_severity severity;
	const char *severity_text; /* the source's word, "" if it has none */
	const char *fixed;	   /* the version to go to; "": none is known */
	const char *comparison;	   /* "1.1.20-r3 < 1.1.20-r5 (apk)" */
	const char *summary, *description;
	const char *const *links;
	size_t n_links;
	const char *const *cvss; /* vectors */
	size_t n_cvss;
	int64_t issued;	    /* Unix seconds; INT64_MIN: it is not said */
	const char *reason; /* of what was taken back: by whom, and why; "" of findings */
	const struct limpid_match_known *known; /* of the CVEs that it is about, by id and aliases; each once */
	size_t n_known;
};
struct limpid_match_coverage {
	const char *code;   /* "stale-feed", "no-feed", "bad-version" ...: limpid_match(3) */
	const char *scope;  /* what it is about: "debian:13", a source */
	const char *detail; /* one sentence */
	size_t packages;
	int gap; /* something was not looked up */
};
/* NULL: nobody wants to know. Not 0: stop; the call that led here returns LIMPID_MATCH_CALLBACK. */
struct limpid_match_callbacks {
	int (*finding)(void *ctx, const struct limpid_match_finding *finding);
	int (*suppressed)(void *ctx, const struct limpid_match_finding *finding);
	int (*coverage)(void *ctx, const struct limpid_match_coverage *item);
};

/*
 * system: NULL or without an id where there are language packages only. *complete (may be NULL): nothing that was told
 * to coverage is a gap; without it, no finding does not mean no vulnerability.
 */
LIMPID_MATCH_API int limpid_match_packages(limpid_match *m, const struct limpid_match_system *system,
					   const struct limpid_match_package *packages, size_t n,
					   const struct limpid_match_callbacks *callbacks, void *ctx, int *complete,
					   struct limpid_match_error *error);
/*
 * What limpid or Clair wrote of an image as JSON, told apart by its members: limpid's own JSON of index or scan,
 * Clair's index_report or vulnerability_report. Of a report with findings the packages count, and are matched anew.
 * Bills of materials: limpid_index(3) makes reports of them.
 */
LIMPID_MATCH_API int limpid_match_index_report(limpid_match *m, const char *json, size_t length,
					       const struct limpid_match_callbacks *callbacks, void *ctx, int *complete,
					       struct limpid_match_error *error);
/*
 * The same as one document in a format of limpid scan --format: "clair", "json", "sarif", "cyclonedx" ... *out is freed
 * with limpid_match_free_text().
 */
LIMPID_MATCH_API int limpid_match_report(limpid_match *m, const char *json, size_t length, const char *format,
					 char **out, size_t *out_length, int *complete,
					 struct limpid_match_error *error);
LIMPID_MATCH_API void limpid_match_free_text(char *text); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
