/* SPDX-License-Identifier: Apache-2.0 */
/* rhctag.h - the parts of a tag of Red Hat's container catalogue. */
#ifndef LIMPID_VERSION_RHCTAG_H
#define LIMPID_VERSION_RHCTAG_H

#include "base/slice.h"

struct rhctag {
	uint64_t major, minor; /* minor 0 where there is none */
	bool by_time;	       /* the seconds since 1970 at which it was built, and nothing else */
};

/* False for what is no such tag; *out is zero then. */
bool rhctag_parse(struct slice tag, struct rhctag *out);

#endif
