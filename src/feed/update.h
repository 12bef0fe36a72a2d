/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.h - the update run: list, fetch, parse, build, publish; each source on its own.
 *
 * A source that fails, shrinks by more than a fifth or becomes empty never replaces its last good segment: the row says
 * why, the old segment serves on. An interrupted run leaves what was in force. By network, documents are fetched many
 * at once (a few of each host), so that one that does not come delays no other; each is published as it is there.
 */
#ifndef LIMPID_FEED_UPDATE_H
#define LIMPID_FEED_UPDATE_H

#include "feed/feed_settings.h"
#include "store/store.h"

enum update_event_kind {
	UPDATE_EVENT_STARTED,   /* of a source */
	UPDATE_EVENT_PROGRESS,  /* bytes fetched or records parsed so far */
	UPDATE_EVENT_UNCHANGED, /* validators or bytes are the same */
	UPDATE_EVENT_PUBLISHED,
	UPDATE_EVENT_HELD_BACK, /* suddenly tiny: kept aside, not in force */
	UPDATE_EVENT_FAILED,
	UPDATE_EVENT_ABSENT,    /* optional source that is not there */
	UPDATE_EVENT_DIAG,      /* a bad record; text says which */
};

struct update_event {
	enum update_event_kind kind;
	struct slice feed, source;
	uint64_t bytes, records, previous_records, diags;
	struct slice text; /* error or reason, "" otherwise */
};

struct update_options {
	const char *dir;             /* data folder: segments lie in <dir>/segments */
	const struct limits *limits;
	const struct feed *const *sets; /* which feeds */
	size_t n_sets;
	const struct slice *only;    /* names of sources ("osv/go"): of their feeds only these; of other feeds all */
	size_t n_only;
	struct slice mirror;         /* directory or http(s) base in place of every origin; "" = origins */
	struct slice download_to;    /* directory: only fill this mirror, build nothing; "" = build */
	const struct feed_settings *settings; /* borrowed; NULL: none */
	unsigned stall_s;		      /* a transfer without a byte for so long has failed; 0: 60 */
	bool accept_shrunk;          /* publish what would be held back */
	bool force;                  /* parse even if nothing changed */
	/* One at a time, by any thread; of one source in their order. */
	void (*event)(void *ctx, const struct update_event *e);
	void *event_ctx;
};

struct update_summary {
	size_t sources, published, unchanged, held_back, failed, absent;
	size_t passed_over; /* feeds of which a mirror has nothing, and which never had anything: no failure */
	uint64_t records, diags;
};

/* Failures of single sources are counted, not returned. store is borrowed (NULL with download_to). */
enum status update_run(struct store *store, const struct update_options *options, struct update_summary *out,
		       struct err *err) NODISCARD;

#endif
