/* SPDX-License-Identifier: Apache-2.0 */
/* made.h - reports made by hand: what the writers of report/ are fed in their tests. */
#ifndef LIMPID_TESTS_UNIT_REPORT_MADE_H
#define LIMPID_TESTS_UNIT_REPORT_MADE_H

#include "report/report.h"

/* 2026-11-26T12:00:00Z */
#define MADE_NOW INT64_C(1795694400)

struct made {
	struct arena arena;
	struct index_report index;
	struct vulnerability_report report;
	struct report_options options;
};

/* Names of the cases, ends with NULL. */
extern const char *const made_names[];
/* False: there is no such case. made_fini() in any case. */
bool made_case(const char *name, struct made *out);
void made_fini(struct made *m);
/* n flaws in one package: the longest report. */
void made_many(struct made *m, size_t n);

#endif
