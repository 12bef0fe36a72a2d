/* SPDX-License-Identifier: Apache-2.0 */
/* pairing.h - which package of one image is which of another. Private to report/. */
#ifndef LIMPID_REPORT_PAIRING_H
#define LIMPID_REPORT_PAIRING_H

#include "model/index_report.h"

/*
 * Each package of a for at most one of b, of one type and name: first those that are the same in version, place and
 * architecture, at the end those that only share the name. *out_to_b has the other's index per package of a, *out_to_a
 * the reverse; SIZE_MAX: it has none. Memory is the arena's.
 */
enum status pairing_make(const struct index_report *a, const struct index_report *b, struct arena *arena,
			 size_t **out_to_b, size_t **out_to_a, struct err *err) NODISCARD;
/* By type, name, version. */
int pairing_package_cmp(const struct package *p, const struct package *q);

#endif
