/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - one layer, read once: digest, decompression, tar walk, path rules, detectors, layer report.
 *
 * Runs in a sandboxed worker or, with the same result, in the caller's process. Memory does not grow with the layer:
 * files a rule wants are kept one at a time, in a buffer or, when large, in a temporary file without a name.
 */
#ifndef LIMPID_INDEX_SCAN_H
#define LIMPID_INDEX_SCAN_H

#include "image/image.h"
#include "index/rules.h"
#include "io/spool.h"

/*
 * Read the file (or, with dir, the children of the directory) at `real` as if it were at `wanted`, a path that a rule
 * names and that is reached through links of other layers. A hard link is wanted by all rules, those of suffixes, too.
 */
struct scan_alias {
	struct slice real, wanted;
	bool dir, hard;
};

struct scan_job {
	const struct image_layer *layer;
	const struct rules *rules;
	const struct limits *limits;
	const struct scan_alias *aliases;
	size_t n_aliases;
	struct source *stream; /* LAYER_IN_STREAM: the archive, positioned at the layer; borrowed. NULL: opened here */
	/*
	 * LAYER_STREAM: the stored bytes, to their end, in a source that the scan owns. again: for a second pass. What
	 * breaks off must not look like an end.
	 */
	enum status (*open)(void *ctx, bool again, struct source **out, struct err *err);
	void *open_ctx;
	bool threads;	       /* decompress and hash in threads of their own */
	bool verify_diff_id;   /* hash the tar, too */
	struct digest known_digest; /* of the stored bytes, hashed by the caller already; DIGEST_NONE: hashed here */
	_Atomic uint64_t *progress; /* stored bytes read so far are added; may be NULL */
	struct spool_area *area; /* for files that are too large for memory, borrowed; NULL: memory all the same */
};

/* Memory the report of one layer may take. */
uint64_t scan_arena_bytes(const struct limits *limits);

/*
 * Fill *out, whose memory is the arena's. What is wrong with the layer's bytes is a diagnostic in the report with
 * complete = false; what was read before stands, except after a wrong digest: then nothing does. STATUS_NOMEM and
 * STATUS_BUG are the only failures.
 */
enum status scan_layer(const struct scan_job *job, struct arena *arena, struct layer_report *out,
		       struct err *err) NODISCARD;

#endif
