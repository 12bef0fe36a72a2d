/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - untrusted bytes are parsed in sandboxed child processes, which answer over a pipe.
 *
 * A child gets open descriptors and nothing else, and is killed when its time is up. What it answers is checked as if
 * it came from the image itself, since it may. A crash, a timeout or too much memory costs one layer, and is told.
 * docs/internals/worker.md describes the pipe.
 */
#ifndef LIMPID_INDEX_WORKER_H
#define LIMPID_INDEX_WORKER_H

#include "index/sandbox.h"
#include "index/scan.h"

/* A layer to be scanned and, after worker_run(), its report. */
struct worker_job {
	struct scan_job scan; /* threads and progress are set by worker_run() */
	struct arena arena;   /* of the report; initialised by worker_run(), to be freed by worker_job_fini() */
	struct layer_report report;
	bool done;
};

struct worker_options {
	const struct limits *limits;
	unsigned workers; /* at once; 0 = number of CPUs */
	bool in_process;  /* no child: the same code and the same results, here */
	/* Directories for one unlinked temporary file, the first that can be used; ends with NULL. NULL: memory is
	 * used. */
	const char *const *temp_dirs;
	void (*progress)(void *ctx, size_t jobs_done, uint64_t bytes_done);
	void *progress_ctx;
};

/*
 * Scan all. Every job has a report afterwards: a layer that could not be read has one that says so. *out_level is the
 * weakest sandbox of a child; all zero in process. Fails only when no child can be made or memory is short.
 */
enum status worker_run(struct worker_job *jobs, size_t n, const struct worker_options *options,
		       struct sandbox_level *out_level, struct err *err) NODISCARD;
void worker_job_fini(struct worker_job *job);
/* Give the job the report of a layer that was not read, and why; its arena must be initialised. */
void worker_job_fail(struct worker_job *job, const char *msg);

/* For image_options.isolate: isolate_ctx is a const struct limits *. STATUS_CRASHED when the child died. */
enum status worker_isolate(void *isolate_ctx, int fd_in,
			   enum status (*work)(void *ctx, struct buf *out, struct err *err), void *ctx, struct buf *out,
			   struct err *err);

/* ---- the pipe ---- */

enum worker_frame_type {
	WORKER_FRAME_LEVEL = 1,	 /* struct sandbox_level, one byte a member */
	WORKER_FRAME_REPORT = 2, /* a layer report as JSON */
	WORKER_FRAME_FAILED = 3, /* status and message */
	WORKER_FRAME_RESULT = 4, /* bytes of worker_isolate */
	WORKER_FRAME_AGAIN = 5,	 /* the layer is needed for a second pass; nothing in it */
};

struct worker_frame {
	enum worker_frame_type type;
	uint32_t job;	      /* index in the batch */
	struct slice payload; /* borrowed from the input */
};

/*
 * Take the next frame from the front of in. *out_used is 0 when bytes are missing. STATUS_MALFORMED: no frame;
 * STATUS_LIMIT: longer than max bytes.
 */
enum status worker_frame_next(struct slice in, uint64_t max, struct worker_frame *out, size_t *out_used,
			      struct err *err) NODISCARD;
void worker_frame_head(uint8_t out[16], enum worker_frame_type type, uint32_t job, uint64_t len);
#define WORKER_FRAME_HEAD 16
/* Payloads of WORKER_FRAME_LEVEL and WORKER_FRAME_FAILED. */
enum status worker_level_parse(struct slice payload, struct sandbox_level *out, struct err *err) NODISCARD;
void worker_failed_parse(struct slice payload, struct err *out);

#endif
