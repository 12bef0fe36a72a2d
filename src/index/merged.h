/* SPDX-License-Identifier: Apache-2.0 */
/* merged.h - the merged tree of an image: of every path that matters, which layer shows what. */
#ifndef LIMPID_INDEX_MERGED_H
#define LIMPID_INDEX_MERGED_H

#include "base/map.h"
#include "model/layer_report.h"

enum merged_kind { MERGED_FILE, MERGED_SYMLINK, MERGED_HARDLINK, MERGED_DIRECTORY, MERGED_WHITEOUT, MERGED_OPAQUE };

#define MERGED_NONE UINT32_MAX

/* Something a layer says about a path. */
struct merged_event {
	uint32_t layer;
	uint32_t older; /* of the same path, or MERGED_NONE */
	enum merged_kind kind;
	struct slice target; /* of links */
};

struct merged {
	struct arena arena; /* of paths and events */
	VEC(struct merged_event) events;
	struct map by_path; /* canonical path -> newest event + 1 */
	size_t n_layers;
	struct slice memo_dir, memo_canon; /* last directory that was made canonical, as of memo_layer */
	size_t memo_layer;
};

enum merged_end {
	MERGED_END_PLAIN, /* no link at the end */
	MERGED_END_LINK,  /* the path itself is a link, or its directory is reached by one */
	MERGED_END_CYCLE, /* too many links */
};

/* Add the layers' entries. Slices of the reports are borrowed. */
enum status merged_init(struct merged *m, const struct layer_report *const *reports, size_t n,
			struct err *err) NODISCARD;
void merged_fini(struct merged *m);
/* The path with the directories above it free of links, as of a layer. Memory is the tree's. Falls back to path. */
struct slice merged_canonical(struct merged *m, struct slice path, size_t layer);
/* What a canonical path shows as of a layer; NULL: nothing that is known, or hidden. */
const struct merged_event *merged_visible(const struct merged *m, struct slice path, size_t layer);
/* Did any layer say anything about the path? */
bool merged_knows(const struct merged *m, struct slice path);
/* Follow all links, the last component's too, in the whole image. */
enum merged_end merged_resolve(struct merged *m, struct slice path, struct slice *out, bool *out_last_is_link);

#endif
