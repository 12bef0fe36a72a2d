/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - what changed between two states of a database, source by source and advisory by advisory.
 *
 * A state is a data folder's, now or at an earlier moment; what one update operation put in force; or a bundle.
 */
#ifndef LIMPID_CARRY_COMPARE_H
#define LIMPID_CARRY_COMPARE_H

#include "io/source.h"
#include "segment/segment.h"
#include "store/store.h"

struct carry_state {
	struct segment_set *set; /* owned */
	struct slice only;	 /* the source that it is of; "": all. In the arena */
	struct arena arena;
};
void carry_state_close(struct carry_state *s);

/* segments: the folder they lie in. at_s: DATE_NONE is now. A segment that cannot be opened fails the comparison. */
enum status carry_state_of_store(struct store *store, const char *segments, int64_t at_s, struct carry_state *out,
				 struct err *err) NODISCARD;
/* STATUS_NOTFOUND: no such operation is kept. */
enum status carry_state_of_operation(struct store *store, const char *segments, struct slice ref,
				     struct carry_state *out, struct err *err) NODISCARD;
/*
 * in: unpacked. scratch: an empty folder, where its segments lie while this runs; it is empty again afterwards. base: a
 * folder with segments that did not travel, or NULL.
 */
enum status carry_state_of_bundle(struct source *in, const char *scratch, const char *base, const struct limits *limits,
				  struct carry_state *out, struct err *err) NODISCARD;

/* One source of which the two states say something else, or that only one of them has. */
struct carry_difference {
	struct slice source, feed;
	bool only_before, only_after; /* the other state lacks the source */
	struct {
		const struct slice *ids; /* in the order of ids */
		size_t n;
	} of[3]; /* by enum segment_advisory_change */
};
struct carry_difference_sink {
	/* Valid during the call; sources by name. */
	enum status (*source)(void *ctx, const struct carry_difference *d, struct err *err);
	void *ctx;
};
/* *out_same: sources that are in both and equal. Where either state is of one source, no other is looked at. */
enum status carry_compare(const struct carry_state *before, const struct carry_state *after,
			  const struct carry_difference_sink *sink, size_t *out_same, struct err *err) NODISCARD;

#endif
