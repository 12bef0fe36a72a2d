/* SPDX-License-Identifier: Apache-2.0 */
/* index.h - from an image to its index report: cache, workers, coalescing. */
#ifndef LIMPID_INDEX_INDEX_H
#define LIMPID_INDEX_INDEX_H

#include "image/image.h"
#include "model/index_report.h"
#include "store/store.h"

struct index_progress {
	/* Called now and then while layers are read; may be NULL. */
	void (*fn)(void *ctx, size_t layers_done, size_t layers, uint64_t bytes_stored_done, uint64_t bytes_stored);
	void *ctx;
};

struct worker_job;    /* index/worker.h */
struct sandbox_level; /* index/sandbox.h */

/* Are lock files read? By itself: those of a directory, which may be a project. */
enum index_source { INDEX_SOURCE_AUTO, INDEX_SOURCE_ON, INDEX_SOURCE_OFF };

struct index_env {
	const struct limits *limits;
	enum index_source source; /* ON does not reach read_layers, whose children read what is installed */
	bool lists;	       /* of the files of packages, where a source has them */
	struct store *cache;   /* borrowed; NULL = no cache */
	struct err *cache_trouble; /* gets the first failure of the cache, which stops nothing; NULL: nobody asks */
	unsigned workers;      /* layers read at once; 0 = number of CPUs */
	bool in_process;       /* parse here, without worker or sandbox: for debugging; results are identical */
	bool verify_diff_ids;  /* hash the tar too (on by default in the program) */
	int64_t (*now)(void);  /* the clock by which a file has settled (io/file_identity.h); NULL: date_now() */
	const char *const *temp_dirs; /* for files too large for memory, by preference, NULL at the end; or NULL */
	struct index_progress progress;
	/*
	 * Reads layers (LAYER_STREAM) in place of workers of this process: gives every job its report, as worker_run()
	 * does (their arenas are initialised), or fails as a whole. May be NULL.
	 */
	enum status (*read_layers)(void *ctx, struct worker_job *jobs, size_t n, struct err *err);
	void *read_ctx;
	/* The weakest sandbox of read_layers' children so far, for the report; NULL: it says nothing of it. */
	const struct sandbox_level *read_level;
};

/*
 * Index every layer and coalesce. A layer that cannot be read is a diagnostic and leaves the report incomplete; only
 * failures of the machine (memory, fork) are failures of the call. Memory of *out is the arena's.
 */
enum status index_image(const struct image *image, const struct index_env *env, struct arena *arena,
			struct index_report *out, struct err *err) NODISCARD;

#endif
