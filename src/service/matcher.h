/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matcher.h - vulnerability reports by manifest, from index reports and the advisories in force.
 *
 * The segments in force are one set that is held by reference: whoever makes a report holds one set from the beginning
 * to the end, and a new set takes its place without anybody waiting. What was made is kept (report_cache.h) under what
 * it was made of, so nothing is made twice while nothing changes. docs/internals/matcher.md tells the rest.
 *
 * Everything here may be called from any thread.
 */
#ifndef LIMPID_SERVICE_MATCHER_H
#define LIMPID_SERVICE_MATCHER_H

#include "base/limits.h"
#include "model/vulnerability_report.h"
#include "service/events.h"
#include "service/report_cache.h"
#include "store/pool.h"

struct matcher;

/* An index report as whoever has it hands it over. */
struct matcher_index {
	struct slice identity; /* another report, another identity; in the arena */
	struct slice bytes;    /* Clair's JSON, or index_report_pack(); in the arena; empty if it was not wanted */
};

/* Where index reports come from. */
struct matcher_reports {
	/*
	 * STATUS_NOTFOUND: there is none of this manifest that is finished. want: with its bytes (they may come all the
	 * same). Other failures say whose fault it was.
	 */
	enum status (*get)(void *ctx, const struct digest *manifest, bool want, struct arena *arena,
			   struct matcher_index *out, struct err *err);
	void *ctx; /* borrowed */
};

/* Those of an indexer whose store this is; pool is the ctx. */
enum status matcher_reports_of_store(void *pool, const struct digest *manifest, bool want, struct arena *arena,
				     struct matcher_index *out, struct err *err) NODISCARD;

/*
 * Who judges findings after they were matched: an operator's ignore files and VEX documents. Another identity, another
 * report; what it says holds for a day (UTC) at most. Any thread. judge NULL: nobody.
 */
struct matcher_judge {
	enum status (*judge)(void *ctx, struct vulnerability_report *r, int64_t now_s, struct arena *arena,
			     struct err *err);
	void *ctx;	       /* borrowed */
	struct slice identity; /* borrowed */
};

struct matcher_options {
	const char *data_dir;	  /* segments lie in <data_dir>/segments; copied */
	struct store_pool *store; /* sources and update operations; borrowed */
	struct store *watch;	  /* another handle of the same store, for matcher_start(); taken over on success */
	struct matcher_reports reports;
	/* The document of a report; report/ writes it. */
	enum status (*write)(const struct vulnerability_report *r, struct buf *out, struct err *err);
	/* As match_options' */
	bool (*scope_served)(struct slice scope, struct slice *out_feed);
	struct matcher_judge judge;
	const struct slice *matchers; /* Clair's or limpid's names of what is looked up; borrowed */
	size_t n_matchers;
	bool choose;		      /* those only; false: all */
	bool without_enrichment;      /* nothing is said of CVEs beside the advisories (matcher.disable_enrichment) */
	uint64_t cache_bytes;	      /* of finished reports in memory */
	const struct limits *limits;  /* borrowed; NULL: the defaults */
	struct service_events events; /* copied */
	int64_t (*now)(void);	      /* NULL: date_now(). For tests */
};

/* Opens the segments in force. One that cannot be opened is no failure: reports tell of it. */
enum status matcher_new(const struct matcher_options *options, struct matcher **out, struct err *err) NODISCARD;
/* Follow what is published in the store, by this node or another, in a thread of its own. */
enum status matcher_start(struct matcher *m, struct err *err) NODISCARD;
/* Nobody asks any more. NULL is fine. */
void matcher_free(struct matcher *m);

/* Have advisories been read at all? Before that there are no reports (Clair's 202). */
bool matcher_ready(struct matcher *m);
/* Look at the store now. */
enum status matcher_reload(struct matcher *m, struct err *err) NODISCARD;

struct matcher_state {
	uint8_t set[32]; /* identity of the set in force */
	size_t sources;	 /* that have a segment */
	uint64_t records;
	int64_t newest_s; /* last success of any source; DATE_NONE */
	uint64_t swaps;	  /* sets that came into force since the start */
};
void matcher_state(struct matcher *m, struct matcher_state *out);
void matcher_cache_stats(struct matcher *m, struct report_cache_stats *out);

/*
 * Open a segment by its digest, in force or not: for differences between operations. It is brought here if another node
 * has it. STATUS_NOTFOUND: nobody has it any more.
 */
struct segment;
enum status matcher_segment(struct matcher *m, const struct digest *digest, struct segment **out,
			    struct err *err) NODISCARD;
/* The segments in force, which stay what they are until they are let go; *out is borrowed from what is held. */
struct held_set;
struct segment_set;
struct held_set *matcher_hold(struct matcher *m, const struct segment_set **out) NODISCARD;
/* The same for judge_affects(), with what the settings leave out. */
struct judge_known;
struct held_set *matcher_hold_known(struct matcher *m, struct judge_known *out) NODISCARD;
void matcher_let_go(struct held_set *held);
/* A file without a name in the data folder, for what is too large for memory; -1 on failure. */
int matcher_temporary(struct matcher *m, struct err *err);

/* ---- a report ---- */

/* What a report would be made of: from here on its tag is known, though it need not have been made. */
struct matcher_request {
	struct matcher *matcher;
	struct digest manifest;
	struct held_set *set; /* owned */
	struct matcher_index index;
	struct report_key key;
	char tag[33]; /* changes when the report might: an ETag without its quotes */
};

/* STATUS_NOTFOUND as of reports.get. *out needs matcher_request_fini() when this succeeded. */
enum status matcher_request(struct matcher *m, const struct digest *manifest, struct arena *arena,
			    struct matcher_request *out, struct err *err) NODISCARD;
void matcher_request_fini(struct matcher_request *r);
/* Another document of the same report: what it looks like, and a name that says all it depends on beside the report. */
struct matcher_form {
	struct slice name;
	enum status (*write)(void *ctx, const struct vulnerability_report *r, struct buf *out, struct err *err);
	void *ctx;
};
/* As matcher_report(), in that form; each is kept for itself. */
enum status matcher_report_as(struct matcher_request *r, const struct matcher_form *form, struct arena *arena,
			      struct report_body **out, struct err *err) NODISCARD;
/* From the cache, or made now. STATUS_NOTFOUND: it was deleted meanwhile. *out is the caller's reference. */
enum status matcher_report(struct matcher_request *r, struct arena *arena, struct report_body **out,
			   struct err *err) NODISCARD;

#endif
