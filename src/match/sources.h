/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h - the source packages under whose names advisories speak. Private to match/. */
#ifndef LIMPID_MATCH_SOURCES_H
#define LIMPID_MATCH_SOURCES_H

#include "model/index_report.h"

/*
 * *out is the report with which packages are looked up: index itself, or *copy where package_source() says of some
 * package another source than its database. Packages have the same numbers in both. Memory is the arena's.
 */
enum status sources_resolve(const struct index_report *index, struct arena *arena, struct index_report *copy,
			    const struct index_report **out, struct err *err) NODISCARD;

#endif
