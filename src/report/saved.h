/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saved.h - reads what report_format_json wrote, and Clair's reports, so that they can be written in another format
 * without a scan: writing limpid's again as JSON gives the same bytes (text that was no UTF-8 aside, which JSON cannot
 * hold). What a document is, its members say.
 */
#ifndef LIMPID_REPORT_SAVED_H
#define LIMPID_REPORT_SAVED_H

#include "base/limits.h"
#include "report/report.h"

enum saved_kind { SAVED_REPORT, SAVED_INDEX, SAVED_FAILURE };

struct saved {
	enum saved_kind kind;
	struct index_report index;
	struct vulnerability_report report; /* of SAVED_REPORT; its index is the one above */
	struct slice target, error;	    /* of SAVED_FAILURE */
	int64_t created_s;
	const char *program_version; /* of the limpid that scanned */
};

/*
 * Read a document: one report, an array of them, or Clair's vulnerability_report or index_report; each goes to visit,
 * and what it borrows is gone afterwards. Every number in it is that of something, every name is known, and lengths lie
 * within limits. A report with a part that cannot be read is refused as a whole (STATUS_MALFORMED names the member): it
 * would be read as a better one.
 */
typedef enum status (*saved_visit)(void *ctx, const struct saved *s, struct err *err);
enum status saved_each(struct slice json, const struct limits *limits, saved_visit visit, void *ctx,
		       struct err *err) NODISCARD;
/*
 * The same of a document that holds one report, into the caller's arena. STATUS_INVALID: it holds several.
 */
enum status saved_read(struct slice json, const struct limits *limits, struct arena *arena, struct saved *out,
		       struct err *err) NODISCARD;
/*
 * Only the packages of such a report: an image's, whatever was found in it. STATUS_MALFORMED, too, for the report of an
 * image that could not be read.
 */
enum status saved_packages(struct slice json, const struct limits *limits, struct arena *arena,
			   struct index_report *out, struct err *err) NODISCARD;
/* Is it one of those above, by its members? It may still be broken. */
bool saved_is_report(struct slice json, const struct limits *limits);
/* Is it a list of packages only? */
bool saved_is_index(struct slice json, const struct limits *limits);
/* How many reports a document has; 1 of one that is no array. */
enum status saved_count(struct slice json, const struct limits *limits, size_t *out_n, struct err *err) NODISCARD;

#endif
