/* SPDX-License-Identifier: Apache-2.0 */
/* finding_set.h - which flaws which packages have, by any of their ids. Private to report/. */
#ifndef LIMPID_REPORT_FINDING_SET_H
#define LIMPID_REPORT_FINDING_SET_H

#include "base/buf.h"
#include "base/map.h"
#include "report/subject.h"

struct finding_set {
	struct map map; /* package and id -> number, from 1 */
	struct buf key;
	struct arena *arena; /* borrowed */
};

void finding_set_init(struct finding_set *s, struct arena *arena);
void finding_set_fini(struct finding_set *s);
/* Under all its ids; number: not 0. What is there stays. */
enum status finding_set_add(struct finding_set *s, const struct finding *f, size_t number, struct err *err) NODISCARD;
/* The number of what a package has under any id of the hit; 0: nothing. */
size_t finding_set_find(struct finding_set *s, size_t package, const struct hit *h);
/* The i-th id of a finding: its own, then its aliases. */
static inline struct slice finding_id(const struct finding *f, size_t i)
{
	return i == 0 ? f->advisory.id : f->advisory.aliases[i - 1];
}

#endif
