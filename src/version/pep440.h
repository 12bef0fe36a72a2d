/* SPDX-License-Identifier: Apache-2.0 */
/* pep440.h - the parsed form of Python's versions. Private to version/. */
#ifndef LIMPID_VERSION_PEP440_H
#define LIMPID_VERSION_PEP440_H

#include "base/slice.h"

enum pep440_pre { PEP440_PRE_A, PEP440_PRE_B, PEP440_PRE_RC, PEP440_PRE_NONE };

/* All slices are borrowed; a number that is not given is empty and counts as 0. */
struct pep440 {
	struct slice epoch, release; /* release: dotted numbers */
	enum pep440_pre pre;
	struct slice pre_n, post_n, dev_n, local;
	bool post, dev;
};

/* False if the text is no version. */
bool pep440_parse(struct slice s, struct pep440 *out);

#endif
