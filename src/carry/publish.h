/* SPDX-License-Identifier: Apache-2.0 */
/* publish.h - put a segment that was made or brought in force, by the rules of an update run. Private to carry/. */
#ifndef LIMPID_CARRY_PUBLISH_H
#define LIMPID_CARRY_PUBLISH_H

#include "carry/carry.h"

/* What a run shares. */
struct carry_run {
	struct store *store; /* borrowed */
	const struct carry_options *options;
	struct carry_summary *summary;
	char segments[4200]; /* folder */
};
enum status carry_run_begin(struct carry_run *run, struct store *store, const struct carry_options *options,
			    struct carry_summary *summary, struct err *err) NODISCARD;
void carry_tell(const struct carry_run *run, const struct carry_event *e);

/* A source as the store has it. The caller holds its lock. */
struct carry_target {
	struct store_source row; /* texts in the arena */
	bool known;		 /* there is a row */
	bool usable;		 /* and its segment can be read */
	uint64_t rows;		 /* of that segment */
	uint64_t records;	 /* in force before */
};
enum status carry_target_load(const struct carry_run *run, struct slice name, struct arena *arena,
			      struct carry_target *out, struct err *err) NODISCARD;

/*
 * target->row has the feed, url, validators, format version and kind of what arrived; as_of_s: when that was found to
 * be the state of things. The segment's file is in the folder, which is held. Counts and tells the outcome.
 */
enum status carry_publish(const struct carry_run *run, struct carry_target *target, const struct digest *segment,
			  const struct segment_stats *stats, int64_t as_of_s, uint64_t lines, struct arena *arena,
			  struct err *err) NODISCARD;

/* Set of a source by Clair's names: that of its row, else the one its name begins with; its own name if none does. */
struct slice carry_feed_of(const struct carry_target *target, struct slice name);

#endif
