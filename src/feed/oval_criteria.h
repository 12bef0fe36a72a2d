/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oval_criteria.h - the criteria of one OVAL definition: which packages are meant in which product. Private to feed/.
 *
 * "Oracle Linux 8 is installed" holds for what stands under the same AND; so does "Oracle Linux arch is aarch64" and
 * "Module virt:ol is enabled". SUSE writes an OR of products beside an OR of packages, below one AND.
 */
#ifndef LIMPID_FEED_OVAL_CRITERIA_H
#define LIMPID_FEED_OVAL_CRITERIA_H

#include "base/arena.h"

struct oval_node {
	size_t parent; /* number of the criteria it lies in; SIZE_MAX: none */
	bool is_or;
	bool has_products; /* products were named, whether or not they are ours */
	VEC(struct slice) scopes;
	struct slice arch, module; /* alternatives joined by '|'; "" = not said */
};

struct oval_criterion {
	size_t node;
	struct slice test, comment; /* in the arena */
};

/* Everything lies in the arena, which the holder resets together with this. */
struct oval_criteria {
	struct arena *arena;
	VEC(struct oval_node) nodes;
	VEC(struct oval_criterion) criterions; /* those that are not conditions */
	size_t at;			       /* the criteria being read; SIZE_MAX: none */
};

void oval_criteria_begin(struct oval_criteria *c, struct arena *arena);
/* False when memory is short. */
bool oval_criteria_open(struct oval_criteria *c, struct slice op) NODISCARD;
void oval_criteria_close(struct oval_criteria *c);
/* A criterion, by its comment a condition or to be judged by its test. False when memory is short. */
bool oval_criteria_add(struct oval_criteria *c, struct slice test, struct slice comment, bool compares) NODISCARD;

/* What holds around a criterion. */
struct oval_context {
	const struct slice *scopes;
	size_t n_scopes;
	struct slice arch, module;
	bool has_products;
};
struct oval_context oval_criteria_context(const struct oval_criteria *c, size_t node);

#endif
