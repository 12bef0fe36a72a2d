/* SPDX-License-Identifier: Apache-2.0 */
/* overruled.h - does a vendor speak of a flaw in its build of a package? Private to match/. */
#ifndef LIMPID_MATCH_OVERRULED_H
#define LIMPID_MATCH_OVERRULED_H

#include "match/judge.h"
#include "model/vendor.h"

/*
 * Then what is said of the original does not count, as in a report (match.c, overrule()). built: the package as the
 * vendor names it, of this place; a damaged segment says nothing. known NULL: no vendor is heard.
 */
bool overruled_by_vendor(const struct judge_question *q, enum vendor vendor, const struct package *built,
			 struct slice place, const struct judge_known *known);

#endif
