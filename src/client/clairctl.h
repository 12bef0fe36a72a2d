/* SPDX-License-Identifier: Apache-2.0 */
/* clairctl.h - vulnerability reports as clairctl prints them: lines, and what JUnit reads. No I/O. */
#ifndef LIMPID_CLIENT_CLAIRCTL_H
#define LIMPID_CLIENT_CLAIRCTL_H

#include "base/arena.h"
#include "base/buf.h"
#include "text/json.h"

/* One image's report, or why there is none. */
struct clairctl_result {
	struct slice name;   /* as typed */
	struct slice digest; /* of the manifest; "" if that is not known */
	struct slice report; /* Clair's JSON; "" if there is none */
	struct slice error;  /* then this is why */
};

/* "NAME ok", "NAME error WHY", or a line for each package and vulnerability; columns are aligned by blanks. */
enum status clairctl_text(const struct clairctl_result *r, struct buf *out, struct err *err) NODISCARD;
/* One <testsuite>. */
enum status clairctl_testsuite(const struct clairctl_result *r, struct buf *out, struct err *err) NODISCARD;

#endif
