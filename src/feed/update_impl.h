/* SPDX-License-Identifier: Apache-2.0 */
/* update_impl.h - what the files of the update run share. Private to feed/. */
#ifndef LIMPID_FEED_UPDATE_IMPL_H
#define LIMPID_FEED_UPDATE_IMPL_H

#include "base/map.h"
#include "feed/feed_settings.h"
#include "feed/fetch.h"
#include "feed/update.h"
#include "segment/segment.h"

#include <pthread.h>

/* A feed of the run, and what was found out about it. */
struct update_feed {
	const struct feed *feed;
	size_t sources, absent;
	enum status status; /* of listing */
	struct err err;
};

/* What somebody who works on the run knows; each source at work has a copy of its own. */
struct update_run {
	const struct update_options *options;
	struct update_summary *summary; /* of the thread of the run */
	struct store *store;		/* borrowed, of the thread of the run; NULL when only a mirror is filled */
	struct fetch_place place;
	char *segments;		    /* borrowed: folder of segments and of documents at work; NULL without store */
	struct update_queue *queue; /* NULL: sources are worked on one after the other, while they are listed */
	pthread_mutex_t *telling;   /* one event at a time */
	struct update_feed *of;
	const struct feed *feed; /* of->feed */
	struct slice source;	 /* at work; "" while listing */
	uint64_t bytes;		 /* of its document so far */
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

/* Send an event about the source at work; e's feed and source are filled in. Any thread. */
void update_tell(struct update_run *run, struct update_event e);

/* Parse the document in fd and write its segment into run->segments. */
/*
 * checksum: of the unpacked document, DIGEST_NONE if nobody says it; STATUS_MISMATCH if it is another one. base: the
 * segment that the document changes, or NULL: what the document does not speak of is taken over from it.
 */
enum status update_build(struct update_run *run, const struct feed_source *source, int fd,
			 const struct digest *checksum, const struct digest *base, struct update_built *out,
			 struct err *err) NODISCARD;
/* Add all advisories of the segment whose ids are not keys of replaced. */
enum status update_take_over(const char *dir, const struct digest *base, const struct map *replaced,
			     const struct advisory_sink *out, struct err *err) NODISCARD;

/*
 * One source from its URL to its publication. What touches the store and what needs memory is the run's own thread's;
 * the bytes may come meanwhile, by any thread.
 */
struct update_job;
/* The source is copied. NULL with err set. */
struct update_job *update_job_new(const struct update_run *run, const struct feed_source *source, struct err *err);
/* Lock and load. false: nothing is to be fetched, the source is done. */
bool update_job_begin(struct update_job *job);
void update_job_fetch(struct update_job *job);
/* Build, publish, let go; outcomes are counted and told. */
void update_job_end(struct update_job *job);
void update_job_free(struct update_job *job);
/* Where its document comes from, for those who share out work; and the link of the list that it is in. */
struct slice update_job_url(const struct update_job *job);
struct update_job **update_job_next(struct update_job *job);

/* Count and tell a failure of the source at work; text of err. The store's row, if any, remembers it. */
void update_failed(struct update_run *run, const struct feed_source *source, const struct err *why);

/* What asks for small documents on behalf of the run, which it borrows. */
struct feed_fetcher update_fetcher(struct update_run *run);
/* List a feed's sources; each goes to the queue, or is worked on at once. Any thread with a queue. */
void update_list(struct update_run *run);

/* All feeds, with a few threads that list and fetch. STATUS_NOMEM: nothing was done. The caller looks at the feeds. */
enum status update_queue_run(struct update_run *run, struct update_feed *feeds, size_t n, struct err *err) NODISCARD;
/* From a thread that lists. */
void update_queue_add(struct update_queue *q, struct update_job *job);

#endif
