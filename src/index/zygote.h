/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zygote.h - workers for a program with many threads: layers that arrive as streams are read in sandboxed children.
 *
 * fork() in a process with threads copies their locks as they are. So one process, the zygote, is forked before any
 * thread is started; it keeps the compiled rules, and forks the children. A job gets its layer's bytes through a pipe
 * while they arrive. A child's crash or hang costs its layer. docs/internals/worker.md describes the protocol.
 */
#ifndef LIMPID_INDEX_ZYGOTE_H
#define LIMPID_INDEX_ZYGOTE_H

#include "index/scan.h"

struct zygote;

struct zygote_options {
	const struct limits *limits;  /* borrowed, for the zygote's life */
	const char *const *temp_dirs; /* as in struct worker_options */
	/*
	 * Program and arguments that call zygote_main(ZYGOTE_FD): replaces a zygote that died. NULL: it is not
	 * replaced, and jobs fail with STATUS_CRASHED. Ends with NULL; borrowed.
	 */
	char *const *respawn;
};

/* Where a replacement finds its end of the socket. */
#define ZYGOTE_FD 3

/* Before any thread is started. Threads may use *out at the same time. */
enum status zygote_start(const struct zygote_options *options, struct zygote **out, struct err *err) NODISCARD;
/* Jobs must have ended. NULL is fine. */
void zygote_free(struct zygote *z);
/* Process of the zygote now, and how often it was replaced; for status pages and tests. */
struct zygote_state {
	int pid;
	unsigned replaced;
};
struct zygote_state zygote_state(struct zygote *z);
/* The replacement's whole life; gives the exit status. */
int zygote_main(int fd);

/* ---- one layer, by one thread ---- */

struct zygote_job;

struct zygote_request {
	struct digest digest; /* that the caller verifies over the bytes it feeds; the report is about it */
	struct digest diff_id; /* that the child verifies over the tar; DIGEST_NONE: nobody says */
	const struct scan_alias *aliases;
	size_t n_aliases;
	bool threads; /* the layer is large enough for threads to pay */
	bool lists;   /* of packages' files are wanted */
	/* The caller gave up: the job fails with STATUS_CANCELLED. May be NULL. */
	const _Atomic bool *stop;
};

/* STATUS_CRASHED: there is no zygote any more. req and what it points to are copied, except stop. */
enum status zygote_job_start(struct zygote *z, const struct zygote_request *req, struct zygote_job **out,
			     struct err *err) NODISCARD;
/*
 * Stored bytes for the child, which waits until it takes them. A child that does not want more (it ended, or knows that
 * the layer is broken) is no failure: the bytes are dropped. STATUS_TIMEOUT when it takes nothing for
 * limits.worker_seconds; STATUS_CANCELLED.
 */
enum status zygote_job_feed(struct zygote_job *job, struct slice bytes, struct err *err) NODISCARD;
/*
 * All bytes were fed: wait for the answer. ZYGOTE_AGAIN: the same bytes are wanted once more, feed them and call again;
 * at most once. ZYGOTE_REPORT: *out is filled, its memory is the arena's; what is wrong with the layer is a diagnostic
 * in it. STATUS_CRASHED, STATUS_TIMEOUT, STATUS_MALFORMED (the answer is not to be believed): the layer was not read.
 * STATUS_CONFLICT: the zygote died, which says nothing about the layer; a new job may end otherwise.
 */
enum zygote_news { ZYGOTE_REPORT, ZYGOTE_AGAIN };
enum status zygote_job_wait(struct zygote_job *job, struct arena *arena, enum zygote_news *out_news,
			    struct layer_report *out, struct err *err) NODISCARD;
/* What the child reached of its sandbox; all zero before it said so. */
struct sandbox_level;
void zygote_job_level(const struct zygote_job *job, struct sandbox_level *out);
/* Ends the child if it is still there. NULL is fine. */
void zygote_job_free(struct zygote_job *job);

#endif
