/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_json.h - finished vulnerability reports, read back: what is in them in numbers, and whom an id affects.
 *
 * The document is the one that clients get (Clair's vulnerability report), so what is told of it here is what it says.
 */
#ifndef LIMPID_SERVER_REPORT_JSON_H
#define LIMPID_SERVER_REPORT_JSON_H

#include "model/advisory.h"
#include "service/matcher.h"
#include "text/json_writer.h"

/* A finding is a package and a vulnerability of it, as package_vulnerabilities has them. */
struct report_counts {
	uint64_t packages, packages_affected;
	uint64_t findings, fixable; /* fixable: a fixed version is known */
	uint64_t by_severity[SEVERITY_COUNT], fixable_by_severity[SEVERITY_COUNT];
	bool complete; /* everything could be looked up: coverage.complete */
};

/* The finished report of a manifest. *out is the caller's reference. STATUS_NOTFOUND as matcher_request(). */
enum status report_json_get(struct matcher *m, const struct digest *manifest, struct arena *arena,
			    struct report_body **out, struct err *err) NODISCARD;

enum status report_json_count(struct slice report, struct report_counts *out, struct err *err) NODISCARD;

/*
 * If a vulnerability of the report has this id as its name or alias (any case), put one object
 * {"digest","updated","findings":[{"package","version","vulnerability","severity","fixed_in_version"}]} into the array
 * that w is in; else nothing.
 */
enum status report_json_affected(struct slice report, struct slice id, const struct digest *manifest, int64_t updated_s,
				 struct json_writer *w, struct err *err) NODISCARD;

#endif
