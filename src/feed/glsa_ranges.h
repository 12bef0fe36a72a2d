/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glsa_ranges.h - which versions a Gentoo advisory means: what is vulnerable without what is not. Private to feed/.
 *
 * Source: Portage's glsa.py, which asks for each installed package whether a vulnerable bound holds and no unaffected
 * one. Bounds whose word begins with r hold for revisions of one version alone.
 */
#ifndef LIMPID_FEED_GLSA_RANGES_H
#define LIMPID_FEED_GLSA_RANGES_H

#include "model/advisory.h"

enum glsa_op {
	GLSA_LT,
	GLSA_LE,
	GLSA_EQ,
	GLSA_GE,
	GLSA_GT,
	GLSA_RLT,
	GLSA_RLE,
	GLSA_RGE,
	GLSA_RGT,
	GLSA_PREFIX, /* eq with a * behind the version */
};

struct glsa_bound {
	enum glsa_op op;
	struct slice version; /* valid, without a *; borrowed */
	struct slice slot;    /* "" = of any */
	bool unaffected;
};

typedef VEC(struct glsa_bound) glsa_bound_list;

/* The word of a range attribute ("lt", "rge") and the text between the tags. False, why says so: no such bound. */
bool glsa_bound_read(struct slice word, struct slice text, struct glsa_bound *out, const char **why);

/*
 * The affected versions of one slot ("": of every slot that no bound names), lowest first, in the arena; none:
 * *out_n = 0. False when memory is short.
 */
bool glsa_ranges(const glsa_bound_list *bounds, struct slice slot, struct arena *arena,
		 const struct version_range **out, size_t *out_n) NODISCARD;

#endif
