/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.h - the index report of a whole image, kept under what it was made of: a scan of a known image then reads no
 * layer report and coalesces nothing. Private to index/.
 */
#ifndef LIMPID_INDEX_KEPT_H
#define LIMPID_INDEX_KEPT_H

#include "base/limits.h"
#include "model/index_report.h"
#include "store/store.h"

/* One layer, as far as its content is known before anything is read. */
struct kept_layer {
	struct digest digest;  /* by which its report is known; DIGEST_NONE: nobody knows, and nothing is kept */
	struct digest diff_id; /* that its tar must have, DIGEST_NONE if nobody says or nobody looks */
};

/*
 * The key of an image: a digest over its layers in their order, whether lock files were read, the limits, and the code
 * that coalesces; and the detector set as text, by which old entries are found. In the arena; empty when nothing can be
 * kept.
 */
struct slice kept_key(const struct kept_layer *layers, size_t n, bool source, const struct limits *limits,
		      struct arena *arena);

/*
 * False: not there, or not to be believed; *why is set when the store itself failed. Memory of *out is the arena's. Of
 * the layers, what the image itself does not say: sizes, and digests that were computed.
 */
bool kept_get(struct store *store, struct slice key, size_t n_layers, const struct limits *limits, struct arena *arena,
	      struct index_report *out, struct err *why);
/* Diagnostics before `from` are of this run alone and left out. Fails only as the store does. */
enum status kept_put(struct store *store, struct slice key, const struct index_report *r, size_t from,
		     const struct limits *limits, struct err *err) NODISCARD;

/* No diagnostic of severity WARNING or worse, and every layer read to its end. */
bool kept_is_complete(const struct index_report *r);

#endif
