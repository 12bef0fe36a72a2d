/* SPDX-License-Identifier: Apache-2.0 */
/* update_impl.h - what the files of the update run share. Private to feed/. */
#ifndef LIMPID_FEED_UPDATE_IMPL_H
#define LIMPID_FEED_UPDATE_IMPL_H

#include "feed/fetch.h"
#include "feed/update.h"
#include "segment/segment.h"

struct update_run {
	const struct update_options *options;
	struct update_summary *summary;
	struct store *store; /* borrowed; NULL when only a mirror is filled */
	struct fetch_place place;
	char *segments; /* owned: folder of segments and of documents at work; NULL without store */
	const struct feed *feed;
	struct slice source; /* at work; "" while listing */
	uint64_t bytes;	     /* of its document so far */
};

/* A document made into a segment that is written, but not yet in force. */
struct update_built {
	struct digest segment;
	struct segment_stats stats;
	uint64_t diags;
};

#define UPDATE_WHY_BYTES 560
/* What went wrong, with its place in the document; returns text. */
const char *update_why(const struct err *why, char *text, size_t size);

/* Send an event about the source at work; e's feed and source are filled in. */
void update_tell(struct update_run *run, struct update_event e);

/* Parse the document in fd and write its segment into run->segments. */
enum status update_build(struct update_run *run, const struct feed_source *source, int fd, struct update_built *out,
			 struct err *err) NODISCARD;

/* One source from its URL to its publication; outcomes are counted and told. */
void update_source(struct update_run *run, const struct feed_source *source);
/* Count and tell a failure of the source at work; text of err. The store's row, if any, remembers it. */
void update_failed(struct update_run *run, const struct feed_source *source, const struct err *why);

#endif
