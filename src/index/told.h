/* SPDX-License-Identifier: Apache-2.0 */
/*
 * told.h - diagnostics about one file: the first ones are told, the rest is counted.
 *
 * A file of nothing but broken lines would otherwise cost seconds for texts that nobody reads, and crowd out what other
 * files have to say.
 */
#ifndef LIMPID_INDEX_TOLD_H
#define LIMPID_INDEX_TOLD_H

#include "base/diag.h"

#define TOLD_MAX 50 /* diagnostics about one file */

struct told {
	const struct diag_sink *diags; /* borrowed */
	struct slice where;	       /* the file */
	uint64_t n;		       /* so far; only counted beyond TOLD_MAX */
	enum diag_code worst;	       /* of those that were only counted */
};

/* True if one more may be told; counts it in any case. */
bool told_more(struct told *t, enum diag_code code);
/* Format and send one, unless there were enough of them. */
#define told_emit(t, code, offset, ...)                                                                                \
	do {                                                                                                           \
		if (told_more((t), (code)))                                                                            \
			diag_emit((t)->diags, (code), (t)->where, (offset), __VA_ARGS__);                              \
	} while (0)
/* At the end of the file: how many were left out. */
void told_end(const struct told *t);

#endif
