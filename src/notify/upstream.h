/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.h - what a notifier asks of a matcher and of an indexer: which update operations there are, what one
 * changed, and which manifests have a package that this is about.
 */
#ifndef LIMPID_NOTIFY_UPSTREAM_H
#define LIMPID_NOTIFY_UPSTREAM_H

#include "notify/change.h"
#include "store/pool.h"

struct notify_operation {
	struct slice source;
	char ref[37];
};

/* A manifest that has a package which the change is about: was it affected, is it? At least one is true. */
struct notify_affected_sink {
	enum status (*affected)(void *ctx, size_t change, const struct digest *manifest, bool before, bool after,
				struct err *err);
	void *ctx;
};

struct notify_upstream {
	/* The newest operation about vulnerabilities of every source, in the arena. */
	enum status (*latest)(void *ctx, struct arena *arena, struct notify_operation **out, size_t *out_n,
			      struct err *err);
	/*
	 * What changed between two operations of a source. previous "": all of current is new. One that is gone is
	 * replaced by the oldest one that is still there. STATUS_NOTFOUND: current is gone.
	 */
	enum status (*diff)(void *ctx, struct slice source, const char *previous, const char *current,
			    enum severity least, const struct notify_changes_sink *sink, struct err *err);
	/* Each manifest once for each change, as far as that is known; of one change one after the other. */
	enum status (*affected)(void *ctx, const struct notify_change *changes, size_t n,
				const struct notify_affected_sink *sink, struct err *err);
	void *ctx;
};

/* ---- upstream_store.c: both are in this process ---- */

struct notify_local {
	struct store_pool *matcher; /* update operations */
	struct store_pool *indexer; /* who has a package */
	/* STATUS_NOTFOUND: it is not there any more. */
	enum status (*open_segment)(void *ctx, const struct digest *digest, struct segment **out, struct err *err);
	void *segment_ctx;
	/* The segments in force, until they are let go: for judge_affects(). NULL: none. */
	void *(*hold)(void *ctx, struct judge_known *out);
	void (*let_go)(void *held);
};
/* local is borrowed. */
struct notify_upstream notify_upstream_local(struct notify_local *local);

/* What an operation is compared with, and what it brought. */
struct notify_pair {
	struct segment *before, *after; /* owned; NULL: nothing */
};
/* As diff() of above finds them. STATUS_NOTFOUND: current is gone. *out_any: there is something to compare. */
enum status notify_local_pair(struct notify_local *local, struct slice source, const char *previous,
			      const char *current, struct notify_pair *out, bool *out_any, struct err *err) NODISCARD;
void notify_pair_fini(struct notify_pair *p);
/* Is a package of the inverse index affected by any of these rows? known: as of judge_affects(). */
bool notify_rows_affect(const struct notify_row *rows, size_t n, const struct store_package *package,
			const struct judge_known *known);

/* The manifests of a store that a change is about, each once, in the order of the store. For who has a store alone. */
enum status notify_affected_in(struct store *s, const struct notify_change *change, size_t number,
			       const struct judge_known *known, const struct notify_affected_sink *sink,
			       struct err *err) NODISCARD;

#endif
