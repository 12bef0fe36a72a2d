/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merged.h - the merged tree of an image: what stands at a path as of a layer, and which layer has put it there.
 *
 * Layers are stacked as overlayfs does it: names are compared as they are, never through links of other layers. Only
 * looking something up follows links, as opening a file does.
 */
#ifndef LIMPID_INDEX_MERGED_H
#define LIMPID_INDEX_MERGED_H

#include "base/map.h"
#include "model/layer_tree.h"

enum merged_kind {
	MERGED_NOTHING,
	MERGED_FILE,  /* that a detector has seen */
	MERGED_OTHER, /* that nobody wanted */
	MERGED_DIRECTORY,
	MERGED_SYMLINK,
	MERGED_HARDLINK, /* to a file of a lower layer */
	MERGED_WHITEOUT, /* of events only */
	MERGED_OPAQUE,	 /* of events only */
};

#define MERGED_NONE UINT32_MAX

/* Something a report says about a path, beside that it is there. */
struct merged_event {
	uint32_t layer;
	uint32_t older; /* of the same path, or MERGED_NONE */
	enum merged_kind kind;
	struct slice target;   /* symlink: as written; hard link: path of the file */
	uint32_t source_layer; /* hard link: of the file */
};

/* What stands at a path. */
struct merged_seen {
	enum merged_kind kind;
	size_t layer;
	struct slice target;
	size_t source_layer;
};

/* Where a path leads in the end. */
struct merged_end {
	enum {
		MERGED_END_PLAIN,
		MERGED_END_LINK,
		MERGED_END_CYCLE
	} how;			 /* LINK: a link was followed; CYCLE: too many */
	bool last_is_link;	 /* the path itself is a symlink */
	struct slice path;	 /* free of links */
	struct merged_seen seen; /* there */
	struct slice source;	 /* where its bytes are: differs for hard links to lower layers */
	size_t source_layer;
};

struct merged_dir;

struct merged {
	const struct layer_report *const *reports; /* borrowed */
	size_t n_layers;
	struct arena arena; /* of paths, events and directories */
	VEC(struct merged_event) events;
	struct map by_path; /* newest event + 1 */
	VEC(struct merged_dir *) dirs;
	struct map dirs_by_path;	   /* index + 1 */
	struct slice memo_dir, memo_canon; /* last directory that was made canonical, as of memo_layer */
	size_t memo_layer;
	bool failed; /* memory ran out: what was answered since may be wrong */
};

/* Add the layers' entries. Reports are borrowed. */
enum status merged_init(struct merged *m, const struct layer_report *const *reports, size_t n,
			struct err *err) NODISCARD;
void merged_fini(struct merged *m);
/* What a path (as a layer report has it) shows as of a layer. */
struct merged_seen merged_at(struct merged *m, struct slice path, size_t layer);
/* The same in the whole image. */
struct merged_seen merged_at_top(struct merged *m, struct slice path);
/* The path with the directories above it free of links, as of a layer. Memory is the tree's. Falls back to path. */
struct slice merged_canonical(struct merged *m, struct slice path, size_t layer);
/* Follow all links, the last component's too, as of a layer. */
void merged_resolve(struct merged *m, struct slice path, size_t layer, struct merged_end *out);
/* Of the layers that have something in a directory the image shows: the next one below `above`, or SIZE_MAX. */
size_t merged_dir_layer(struct merged *m, struct slice dir, size_t above);

#endif
