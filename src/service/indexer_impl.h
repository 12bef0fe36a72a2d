/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_impl.h - what the files of the indexer share. Private to service/. */
#ifndef LIMPID_SERVICE_INDEXER_IMPL_H
#define LIMPID_SERVICE_INDEXER_IMPL_H

#include "index/worker.h"
#include "service/indexer.h"

#include <pthread.h>

#define INDEXER_STORE_WAIT_MS 30000u
#define INDEXER_RUN_MEMORY ((size_t)1 << 30)
#define INDEXER_ATTEMPTS_MAX 5 /* of one run: what kills the process so often is not begun again */

/* One manifest that is being indexed, or waits for it. */
struct run {
	struct run *next; /* of all, guarded by the indexer's lock, as is what follows */
	unsigned references;
	bool queued, done, forget; /* forget: it was deleted meanwhile, and is not stored any more */
	bool putting;		   /* its report goes into the store just now: who deletes waits */
	bool resumed;		   /* nobody asked now: another node may be at it */
	bool elsewhere;		   /* and it is: there is no result here */
	const char *state;	   /* Clair's name of what it is at; static */
	enum indexer_result result;
	struct buf report; /* set when done */
	char error[512];

	/* Of the run's own threads. */
	struct indexer *indexer;
	struct arena arena;
	struct posted_manifest manifest; /* in arena */
	_Atomic bool stop;		 /* what is being read need not be read any more */
	_Atomic bool crashed;		 /* a worker died on a layer */
};

/* A layer that is being read; others that want it wait. */
struct reading {
	struct reading *next;
	unsigned references;
	struct slice key; /* owned */
	bool done;
	struct buf report; /* JSON; empty if it could not be read */
};

struct indexer {
	struct indexer_options options;
	char *push_dir;
	struct report_cache *reports;
	pthread_mutex_t lock; /* guards all below; held for moments */
	pthread_cond_t changed;
	struct run *runs;
	struct reading *readings;
	unsigned waiting, running, workers_busy;
	struct indexer_load counts;
	bool stopping;
	_Atomic bool stop_all; /* the same, for who holds no lock */
	int wake_fd;	       /* can be read when stopping */
	pthread_t *threads;
	size_t n_threads;
	pthread_t keeper;
	bool have_keeper;
};

/* Wait for a change, at most ms. With the lock. */
void indexer_wait(struct indexer *ix, unsigned ms);
enum status indexer_take(struct indexer *ix, struct store **out, struct err *err) NODISCARD;
void indexer_log_error(const struct indexer *ix, const char *message, const struct digest *about,
		       const struct err *why);

/* indexer_run.c */
/* All of a run, by one of the indexer's threads; sets result, report and error. */
void run_execute(struct run *run);
/* A stored report that makes a run unnecessary. */
enum status run_stored(struct indexer *ix, const struct digest *manifest, struct buf *report, bool *out_found,
		       struct err *err) NODISCARD;

/* indexer_layer.c */
/* For index_env: ctx is the struct run. */
enum status run_read_layers(void *ctx, struct worker_job *jobs, size_t n, struct err *err) NODISCARD;
struct layer_pass;
/* The bytes of a layer, handed to layer_pass_bytes() in order; asked again for a second pass. */
struct layer_input {
	enum status (*pass)(void *ctx, struct layer_pass *pass, struct err *err);
	void *ctx;
	const _Atomic bool *stop;
};

/* Before the first byte; 0 where the length is not known. */
enum status layer_pass_begin(struct layer_pass *p, uint64_t length, struct err *err) NODISCARD;
enum status layer_pass_bytes(struct layer_pass *p, struct slice bytes, struct err *err) NODISCARD;
/*
 * Read, verify and cache a layer unless it is known or being read. *out_known: by whom. job: its arena is initialised,
 * its layer has a digest; *out_crashed: the worker died on it.
 */
enum status layer_obtain(struct indexer *ix, struct worker_job *job, const struct layer_input *input, bool *out_known,
			 bool *out_crashed, struct err *err) NODISCARD;

/* STATUS_NOTFOUND: the cache has no report of it. */
enum status layer_cached(struct indexer *ix, struct worker_job *job, struct err *err) NODISCARD;

/* indexer_push.c */
/* The bytes of a pushed layer: a descriptor of the caller's, or -1. */
int pushed_open(const struct indexer *ix, const struct digest *layer);
/* Delete what nobody asked for in time. */
void pushed_expire(struct indexer *ix);
/*
 * Read a whole layer of this digest from a file unless its report is there. Without a name (O_TMPFILE), of that many
 * bytes, the file gets one in push_dir; UINT64_MAX: it is somebody else's.
 */
enum status pushed_file(struct indexer *ix, const struct digest *layer, int fd, uint64_t bytes,
			struct err *err) NODISCARD;
/* Read a file as a layer's input; ctx is an int, the descriptor. */
enum status pushed_pass(void *ctx, struct layer_pass *pass, struct err *err) NODISCARD;

#endif
