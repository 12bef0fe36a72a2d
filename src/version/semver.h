/* SPDX-License-Identifier: Apache-2.0 */
/* semver.h - the parsed form that the schemes semver and go share. Private to version/. */
#ifndef LIMPID_VERSION_SEMVER_H
#define LIMPID_VERSION_SEMVER_H

#include "base/slice.h"

struct semver {
	struct slice number[3]; /* digits; empty = not given = 0 */
	size_t n_numbers;
	struct slice pre;   /* identifiers joined by dots; "" = a release */
	/* One more numeric identifier after pre, where the text had no dot: the 2 of Go's 1.21rc2; else "". */
	struct slice pre_number;
	struct slice build; /* without its + */
};

/* [v]N[.N[.N]][-pre][+build]: no leading zeros, no empty identifiers. False if the text is anything else. */
bool semver_parse(struct slice s, struct semver *out);
/* Dot-separated, each of [0-9A-Za-z-]+; numeric ones without leading zeros unless zeros are allowed (in builds). */
bool semver_identifiers_valid(struct slice s, bool zeros);
/* Precedence of Semantic Versioning 2.0.0: the build does not count. */
int semver_order(const struct semver *a, const struct semver *b);

#endif
