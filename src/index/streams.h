/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams.h - layers of an image that come from elsewhere: from the network into workers, several at once.
 *
 * For index_env.read_layers of a program that has a zygote and looks at one image after the other. Nothing is kept: a
 * layer that needs a second look is fetched twice.
 */
#ifndef LIMPID_INDEX_STREAMS_H
#define LIMPID_INDEX_STREAMS_H

#include "image/remote.h"
#include "index/worker.h"
#include "index/zygote.h"

struct streams_options {
	const struct limits *limits;
	struct zygote *zygote; /* borrowed; NULL: layers are parsed in this process */
	unsigned workers;      /* layers at once; 0: 2, or as many as there are CPUs */
	/* All bytes of a layer once; several threads at once. */
	enum status (*pass)(void *ctx, const struct image_layer *layer, const struct layer_sink *sink, struct err *err);
	void *pass_ctx;
	/* In the caller's thread, several times a second; may be NULL. */
	void (*progress)(void *ctx, size_t layers_done, uint64_t bytes_done);
	void *progress_ctx;
};

/*
 * Give every job its report; arenas are initialised. Fails as a whole when bytes cannot be had; bytes that are not what
 * their digest says, and those that a worker does not survive, are a layer that was not read. *level is the weakest
 * sandbox of a worker.
 */
enum status streams_read(const struct streams_options *options, struct worker_job *jobs, size_t n,
			 struct sandbox_level *level, struct err *err) NODISCARD;

#endif
