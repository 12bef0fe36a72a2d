/* SPDX-License-Identifier: Apache-2.0 */
/* since.h - leaves in a report what an earlier one of the image has not: what a change brought. */
#ifndef LIMPID_REPORT_SINCE_H
#define LIMPID_REPORT_SINCE_H

#include "report/comparison.h"

/*
 * Findings that the earlier report has, too, or that its packages would have with today's advisories (before->now),
 * move to suppressed with the reason; the report and its coverage say how many. name: of the earlier report.
 * advisories: what only the advisories brought stays a finding.
 */
enum status since_apply(struct vulnerability_report *r, const struct comparison_side *before, struct slice name,
			bool advisories, struct arena *arena, struct err *err) NODISCARD;

#endif
