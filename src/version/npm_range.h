/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npm_range.h - ranges of versions as npm writes them: "^1.2 || >=2.0.0 <3", "1.x", "~1.2.3", "1.2 - 2.3".
 *
 * Source: docs/formats/npm-range.md, which says what was held against npm's own package semver. Every function is
 * thread-safe.
 */
#ifndef LIMPID_VERSION_NPM_RANGE_H
#define LIMPID_VERSION_NPM_RANGE_H

#include "base/arena.h"
#include "base/err.h"

/* One alternative ("^1.2" of "^1.2 || 3") has at most so many bytes without blanks around; a range, any number. */
#define NPM_RANGE_PART_MAX 1024

bool npm_range_valid(struct slice range);
/*
 * Does the range hold the version? As npm's satisfies(): a pre-release is held only by an alternative that names a
 * pre-release of the same three numbers. False as well if one of the two is none.
 */
bool npm_range_holds(struct slice range, struct slice version);

/* Versions in the order of semver, from the first to before the second; "" = without end on this side. */
struct npm_interval {
	struct slice from, to;
};

/*
 * The versions that a range holds and another does not (NULL: all that it holds), as intervals, ascending, none
 * touching the next. Here the order alone counts, pre-releases like all others: "<2" has 2.0.0-rc.1 in neither reading,
 * "^1.2" has 1.3.0-rc.1 in this one. Texts and list are the arena's. STATUS_MALFORMED: a text is no range; err says
 * which.
 */
enum status npm_range_intervals(struct slice range, const struct slice *except, struct arena *arena,
				struct npm_interval **out, size_t *out_n, struct err *err) NODISCARD;

#endif
