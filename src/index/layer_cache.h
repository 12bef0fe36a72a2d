/* SPDX-License-Identifier: Apache-2.0 */
/* layer_cache.h - reports of layers in the store, by what they were made of. */
#ifndef LIMPID_INDEX_LAYER_CACHE_H
#define LIMPID_INDEX_LAYER_CACHE_H

#include "index/scan.h"
#include "store/store.h"

/* What of a layer is read beyond what is installed: its source form (lock files), lists of packages' files. */
struct layer_read {
	bool source, lists;
};

/*
 * The key of the report of a layer with this digest (of its stored bytes or, where nobody says that, of its tar): with
 * the detector set, what was asked, and the aliases asked for, in whatever order. In the arena. False when memory is
 * short.
 */
bool layer_cache_key(const struct digest *digest, struct layer_read read, const struct scan_alias *aliases, size_t n,
		     struct arena *arena, struct slice *out);
/*
 * A report that may be believed: complete, and about these stored bytes (DIGEST_NONE: nobody says which). Memory of
 * *out is the arena's. STATUS_NOTFOUND if there is none; other failures are the store's.
 */
enum status layer_cache_get(struct store *store, struct slice key, const struct digest *stored,
			    const struct limits *limits, struct arena *arena, struct layer_report *out,
			    struct err *err) NODISCARD;
/* One that is not complete is not kept, which is no failure. */
enum status layer_cache_put(struct store *store, struct slice key, const struct layer_report *report,
			    const struct limits *limits, struct err *err) NODISCARD;

#endif
