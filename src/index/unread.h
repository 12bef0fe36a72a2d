/* SPDX-License-Identifier: Apache-2.0 */
/* unread.h - files of an image that hold packages nobody here reads, by their kind. Private to index/. */
#ifndef LIMPID_INDEX_UNREAD_H
#define LIMPID_INDEX_UNREAD_H

#include "index/owned.h"
#include "index/rules.h"

#define UNREAD_KINDS_MAX 32

struct unread_kind {
	const char *what;     /* path_rule.unread */
	struct slice example; /* path of one of them, borrowed from its layer's report */
	size_t layer;         /* of the example */
	size_t n;             /* how many */
};

/* Ask about every such file of the image. */
enum status unread_ask(struct owned *o, struct merged *m, const struct layer_report *const *reports, size_t n,
		       const struct rules *rules, struct err *err) NODISCARD;
/*
 * Count what the image shows of such files, in the order in which kinds are met. Files that belong to a system package
 * are left out: that package's advisories cover them.
 */
size_t unread_count(const struct owned *o, struct merged *m, const struct layer_report *const *reports, size_t n,
		    const struct rules *rules, struct unread_kind out[UNREAD_KINDS_MAX]);

#endif
