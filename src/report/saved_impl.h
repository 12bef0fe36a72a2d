/* SPDX-License-Identifier: Apache-2.0 */
/* saved_impl.h - what reads saved reports. Private to saved*.c. */
#ifndef LIMPID_REPORT_SAVED_IMPL_H
#define LIMPID_REPORT_SAVED_IMPL_H

#include "base/map.h"
#include "report/saved.h"
#include "text/json.h"

struct saved_reader {
	const struct limits *limits;
	struct arena *arena; /* borrowed */
	struct saved *out;
	struct err *err;    /* of the call that runs */
	struct err trouble; /* the first element that is no JSON */
	struct map texts;   /* text -> address of the copy that is kept */
	struct slice schema;
	struct slice findings, suppressions, packages, diags, enrichments; /* their bytes in the document */
	size_t n_findings;
	bool clair;		    /* it is Clair's vulnerability_report, not its index_report */
	bool packages_only;	    /* nobody wants the findings */
	bool has_image, suppressed; /* suppressed: these are read now */
};

/* What the members of a document say it is. */
struct saved_kind_of {
	struct slice schema; /* as written, with its quotation marks; empty of Clair's form, whatever stands there */
	bool clair, findings;
};
/* False: it is no object. Of one that breaks off, what its members before that place say. */
bool saved_kind_of(struct slice json, const struct limits *limits, struct saved_kind_of *out);

/* How many members a list or object has. */
enum status saved_count_members(struct slice list, const struct limits *limits, size_t *out_n,
				struct err *err) NODISCARD;

/* The document, into rd->out. */
enum status saved_document(struct saved_reader *rd, struct slice json, struct err *err) NODISCARD;
/* STATUS_MALFORMED, naming the member. */
enum status saved_bad(struct saved_reader *rd, const char *member);
enum status saved_keep(struct saved_reader *rd, struct slice text, struct slice *out) NODISCARD;
/* A member that is a text, "" if absent. */
enum status saved_text(struct saved_reader *rd, yyjson_val *obj, const char *key, struct slice *out) NODISCARD;
enum status saved_list(struct saved_reader *rd, yyjson_val *obj, const char *key, const struct slice **out,
		       size_t *out_n) NODISCARD;
enum status saved_date(struct saved_reader *rd, yyjson_val *obj, const char *key, int64_t *out) NODISCARD;
enum status saved_coverage(struct saved_reader *rd, yyjson_val *list) NODISCARD;
/* Where a report has them: added to the index report, and to the package. */
enum status saved_files(struct saved_reader *rd, yyjson_val *obj, struct index_package *p) NODISCARD;
/* What is known of CVEs, which findings are linked to. */
enum status saved_enrichments(struct saved_reader *rd, struct err *err) NODISCARD;
/* The document as one of Clair's. */
enum status saved_clair(struct saved_reader *rd, struct slice json, struct err *err) NODISCARD;

#endif
