/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saved.h - reads what report_format_json wrote, so that it can be written in another format without a scan: writing it
 * again as JSON gives the same bytes (text that was no UTF-8 aside, which JSON cannot hold).
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
 * Read a document: one report, an array of them, or Clair's vulnerability_report; each goes to visit, and what it
 * borrows is gone afterwards. Every number in it is that of something, every name is known, and lengths lie within
 * limits. A report with a part that cannot be read is refused as a whole (STATUS_MALFORMED names the member): it would
 * be read as a better one.
 */
typedef enum status (*saved_visit)(void *ctx, const struct saved *s, struct err *err);
enum status saved_each(struct slice json, const struct limits *limits, saved_visit visit, void *ctx,
		       struct err *err) NODISCARD;
/*
 * The same of a document that holds one report, into the caller's arena. STATUS_INVALID: it holds several, or none.
 */
enum status saved_read(struct slice json, const struct limits *limits, struct arena *arena, struct saved *out,
		       struct err *err) NODISCARD;
/* Does it begin as a list of packages only? */
bool saved_is_index(struct slice json, const struct limits *limits);
/* How many reports a document has; 1 of one that is no array. */
enum status saved_count(struct slice json, const struct limits *limits, size_t *out_n, struct err *err) NODISCARD;

#endif
