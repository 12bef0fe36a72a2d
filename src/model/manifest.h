/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - what a client asks to be indexed: a manifest's digest and where its layers are (Clair's Manifest). */
#ifndef LIMPID_MODEL_MANIFEST_H
#define LIMPID_MODEL_MANIFEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "io/digest.h"

struct posted_header {
	struct slice name, value;
};

struct posted_layer {
	struct digest digest;
	struct slice uri;		     /* "" if there is none: the layer must be known, or was pushed */
	const struct posted_header *headers; /* a name with many values is many headers */
	size_t n_headers;
};

struct posted_manifest {
	struct digest digest;
	const struct posted_layer *layers; /* base first */
	size_t n_layers;
};

/*
 * Read what POST index_report gets; memory of *out is the arena's, and nothing of json is kept. As lenient as Clair:
 * one value is read and what follows is not looked at, unknown members are passed over, of doubles the last counts, a
 * URL may be a number, a layer an array. STATUS_INVALID "bogus manifest": no digest or no layers. STATUS_MALFORMED
 * otherwise, and STATUS_LIMIT beyond limits.layers; err has words for the client.
 */
enum status posted_manifest_parse(struct slice json, const struct limits *limits, struct arena *arena,
				  struct posted_manifest *out, struct err *err) NODISCARD;
/* Append it as JSON, from which the same is read. */
enum status posted_manifest_print(const struct posted_manifest *m, struct buf *out, struct err *err) NODISCARD;

#endif
