/* SPDX-License-Identifier: Apache-2.0 */
/* flaws.h - findings counted by flaw: records of several sources about one vulnerability are one. Private to report/.
 */
#ifndef LIMPID_REPORT_FLAWS_H
#define LIMPID_REPORT_FLAWS_H

#include "report/report.h"

struct flaws {
	size_t n;
	size_t by_severity[SEVERITY_COUNT]; /* each under the worst word that one of its findings has */
	size_t exploited;		    /* in the catalogue of flaws that are known to be */
	size_t fixable;			    /* a fixed version is known for every package that has it */
};

enum status flaws_count(const struct vulnerability_report *r, struct arena *arena, struct flaws *out,
			struct err *err) NODISCARD;

/* Of two fixed versions of one package the one that helps against both; "" is no fix. */
struct slice flaws_later_fix(const struct finding *a, struct slice fix, const struct finding *b);

/* The fixed version to show for a finding: the one to go to, else what the source says; "" = none is known. */
static inline struct slice flaws_fix(const struct finding *f)
{
	return f->fix.len > 0 ? f->fix : f->row.fixed_version;
}

#endif
