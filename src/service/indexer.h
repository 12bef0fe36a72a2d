/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer.h - index reports by manifest: posted manifests become reports in the store, each layer read once.
 *
 * A manifest has one run however many clients ask: in the process by a table of runs, among nodes by the store's lock.
 * A run that was accepted is kept until it is finished, so that a client that goes away, or a process that dies, leaves
 * nothing half done. A layer is read once for a detector set: its report is cached, and whoever wants one that is being
 * read waits for it. docs/internals/indexer.md tells the rest. Everything here may be called from any thread.
 */
#ifndef LIMPID_SERVICE_INDEXER_H
#define LIMPID_SERVICE_INDEXER_H

#include "index/zygote.h"
#include "io/http_client.h"
#include "model/index_report.h"
#include "model/manifest.h"
#include "service/events.h"
#include "service/report_cache.h"
#include "store/pool.h"

#include <stdatomic.h>

struct indexer;

/* What is borrowed outlives the indexer. */
struct indexer_options {
	struct store_pool *store;    /* borrowed */
	struct zygote *zygote;	     /* borrowed */
	struct http_client *http;    /* borrowed */
	const struct limits *limits; /* borrowed */
	unsigned workers;	     /* layers read at once in this process; 0: number of CPUs */
	unsigned runs;		     /* manifests indexed at once; 0: 8 */
	unsigned queue;		     /* manifests that may wait for that; 0: 64 */
	unsigned layers_per_run;     /* 0: 10 */
	unsigned layer_timeout_s;    /* of fetching one layer; 0: 1800 */
	const char *push_dir;	     /* where pushed layers wait; NULL: nothing can be pushed; copied */
	uint64_t push_bytes;	     /* of all of them */
	unsigned push_keep_s;
	unsigned keep_reports_s; /* manifests with older reports are forgotten; 0: none */
	/* Clair's document of a report; report/ writes it. */
	enum status (*write)(void *ctx, const struct index_report *r, struct buf *out, struct err *err);
	void *write_ctx;
	struct service_events events; /* copied */
};

/* Starts the threads, and takes up runs that were accepted before and are not finished. */
enum status indexer_new(const struct indexer_options *options, struct indexer **out, struct err *err) NODISCARD;
/* Whoever waits is answered with STATUS_CANCELLED; runs that are not finished are taken up at the next start. */
void indexer_stop(struct indexer *ix);
/* After indexer_stop(). NULL is fine. */
void indexer_free(struct indexer *ix);

/* 32 hexadecimal digits that change when another report might come out: Clair's state. */
struct slice indexer_state(void);

enum indexer_result {
	INDEXER_FINISHED,	/* a report; its state may be IndexError for a part of the image that was not read */
	INDEXER_BAD_LAYER,	/* a layer's bytes are no layer */
	INDEXER_MISSING_LAYERS, /* layers without a URI that nobody pushed */
	INDEXER_FAILED,		/* a layer could not be fetched or its worker died, or something of ours failed */
};

struct indexer_answer {
	enum indexer_result result;
	struct slice report; /* Clair's document; in the arena; empty where nothing could be stored */
	struct slice error;  /* for INDEXER_FAILED and so on: why; in the arena */
};

/*
 * Index a manifest, or find that it is. Waits for the end of the run; gone (may be NULL) is asked now and then, and
 * when it says true the call ends with STATUS_CANCELLED while the run goes on. STATUS_LIMIT: too many wait already.
 */
enum status indexer_post(struct indexer *ix, const struct posted_manifest *m, bool (*gone)(void *ctx), void *ctx,
			 struct arena *arena, struct indexer_answer *out, struct err *err) NODISCARD;
/*
 * The stored report, or one that says what a run is at. STATUS_NOTFOUND if there is neither. *out is the caller's
 * reference; reports that are asked for again and again are kept in memory,
 * up to 32 MiB.
 */
enum status indexer_get(struct indexer *ix, const struct digest *manifest, struct report_body **out,
			struct err *err) NODISCARD;
/* out_deleted[i]: was there one? A run that is under way will leave nothing. */
enum status indexer_delete(struct indexer *ix, const struct digest *manifests, size_t n, bool *out_deleted,
			   struct err *err) NODISCARD;

/* ---- pushed layers ---- */

/* Is its report there, for this detector set? */
enum status indexer_layer_known(struct indexer *ix, const struct digest *layer, bool *out, struct err *err) NODISCARD;
/*
 * Read a layer while it arrives, keep its report, and its bytes for push_keep_s. *out_known: it was known before, and
 * bytes is not read. STATUS_MISMATCH: bytes are not what the digest says. STATUS_MALFORMED: they are no layer.
 * STATUS_UNSUPPORTED: nothing can be pushed here.
 */
enum status indexer_push(struct indexer *ix, const struct digest *layer, struct source *bytes, bool *out_known,
			 struct err *err) NODISCARD;

/* ---- layers whose digest nobody knows ---- */

struct indexer_fetch {
	struct slice uri; /* http:// or https:// */
	const struct posted_header *headers;
	size_t n_headers;
	const char *dir; /* for the bytes until they were read, where nothing can be pushed */
};
/*
 * Fetch a layer, read it, and keep its report under the digest of what came, and its bytes as if they had been pushed.
 * *out_came: all of it came, and a failure is one of the layer (STATUS_MALFORMED, STATUS_CRASHED) or of ours.
 */
enum status indexer_fetch_layer(struct indexer *ix, const struct indexer_fetch *f, struct digest *out, bool *out_came,
				struct err *err) NODISCARD;
/* The same of a regular file, which stays the caller's. */
enum status indexer_file_layer(struct indexer *ix, int fd, struct digest *out, struct err *err) NODISCARD;

/* ---- for metrics and the status page ---- */

struct indexer_load {
	unsigned running, waiting;   /* runs */
	unsigned layers;	     /* being read */
	uint64_t layers_read, bytes_read;
	uint64_t layers_known;	     /* that were cached, or being read for another run */
	uint64_t runs_finished, runs_failed;
};
void indexer_load(struct indexer *ix, struct indexer_load *out);

#endif
