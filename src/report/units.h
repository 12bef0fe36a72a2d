/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.h - findings as people act on them: per package in one version the flaws it has and the version to go to.
 * Private to report/.
 */
#ifndef LIMPID_REPORT_UNITS_H
#define LIMPID_REPORT_UNITS_H

#include "report/flaws.h"

/* One flaw of one package; several records of it are one line. */
struct unit_line {
	const struct finding *const *findings;
	size_t n;
	enum severity severity; /* the worst */
	struct slice id;	/* the CVE if the flaw has one, else the advisory's; borrowed from the report */
	struct slice fix;	/* "" = none is known */
};

/* The line of findings that are about one flaw; findings is kept. */
void unit_line_fill(struct unit_line *line, const struct finding *const *findings, size_t n);
/* Of the CVE of the line with the highest probability; of one in the catalogue of exploited flaws. NULL: none. */
const struct enrichment *unit_line_epss(const struct unit_line *line);
const struct enrichment *unit_line_kev(const struct unit_line *line);
/* "97.57%" into text, which is returned. */
struct unit_percent {
	char text[16];
};
struct slice unit_percent(struct slice fraction, struct unit_percent *p);
/* Worst first, then by id, numbers in ids by value. */
int unit_line_cmp(const struct unit_line *a, const struct unit_line *b);

/* A source package (or a package, where the advisories speak of those) in one version. */
struct unit {
	const struct finding *const *findings;
	size_t n;
	struct unit_line *lines; /* worst first, then by id */
	size_t n_lines;
	enum severity worst;
	struct slice update; /* helps against every line that has a fix; "" = there is none */
	size_t unfixed;	     /* lines without a fix */
	size_t *packages;    /* indexes of the packages that have them, ascending, each once */
	size_t n_packages;
};

/* Worst first, then by kind, name and version. Everything lies in the arena or is borrowed from the report. */
enum status units_make(const struct vulnerability_report *r, struct arena *arena, struct unit **out, size_t *out_n,
		       struct err *err) NODISCARD;

#endif
