/* SPDX-License-Identifier: Apache-2.0 */
/* layers_spaces.h - the advisories of a namespace, out of the segments in force. Private to server/. */
#ifndef LIMPID_SERVER_LAYERS_SPACES_H
#define LIMPID_SERVER_LAYERS_SPACES_H

#include "segment/segment.h"
#include "server/layers_impl.h"

struct space_source {
	struct slice name, scope; /* borrowed */
	const struct segment *segment;
	uint8_t *marked; /* bit per advisory of the segment: it is of the scope; NULL until it is asked */
	uint64_t n_advisories;
};

/* By name of source, so that a place in it can be told by that. */
struct space {
	struct slice name;
	struct space_source *sources; /* in the arena */
	size_t n;
};

/* The sources of the set that have rows of the namespace; none is no failure. */
enum status space_open(const struct segment_set *set, struct slice name, struct arena *arena, struct space *out,
		       struct err *err) NODISCARD;
/* An advisory by its id, of the first source that has it; with fixes: those of all. STATUS_NOTFOUND. */
enum status space_get(struct space *sp, struct slice id, bool fixes, struct arena *arena, struct layers_advisory *out,
		      struct err *err) NODISCARD;

/* Who goes through all of a namespace. */
struct space_list {
	struct space *space;
	const struct layers_advisory *own; /* that were listed before: they stand for those of feeds of the same id */
	size_t n_own;
	struct arena *arena;
	/* Each id once; *full ends the walk. The advisory is borrowed during the call. */
	enum status (*put)(struct space_list *l, struct slice source, const struct advisory *a, bool *full,
			   struct err *err);
	void *ctx;
};
/* Begin behind the advisory `after` of a source; "" and "": at the beginning. */
enum status space_walk(struct space_list *l, struct slice source, struct slice after, struct err *err) NODISCARD;

#endif
