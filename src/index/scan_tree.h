/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_tree.h - the tree that one layer alone unpacks to, entry by entry, as container runtimes do it.
 *
 * A later entry replaces an earlier one of its path and, unless both are directories, everything below that.
 * Directories above an entry are made where they are missing, and links on the way are followed if this layer has them.
 * Private to the scan.
 */
#ifndef LIMPID_INDEX_SCAN_TREE_H
#define LIMPID_INDEX_SCAN_TREE_H

#include "base/limits.h"
#include "model/layer_report.h"

#define SCAN_NO_NODE UINT32_MAX
#define SCAN_ROOT 0u

enum scan_node_kind {
	NODE_DIRECTORY, /* value: the tree's own */
	NODE_FILE,     /* value: number of the entry that has its bytes; hard links share it */
	NODE_SYMLINK,  /* value: where its target is kept */
	NODE_OTHER,    /* something that stands in the way */
	NODE_WHITEOUT, /* nothing, on purpose */
};

struct scan_node {
	uint32_t parent;
	uint32_t name; /* where it is kept */
	uint32_t value;
	uint16_t name_len;
	uint8_t kind;
	bool dead; /* replaced; what is below a dead directory is dead once scan_tree_settle() has run */
};

struct scan_tree;

/* limits: layer_names (more is STATUS_LIMIT, and the tree stays as it is) and path_bytes. NULL: no memory. */
struct scan_tree *scan_tree_new(const struct limits *limits) NODISCARD;
void scan_tree_free(struct scan_tree *t);

/*
 * Make the directories above path (normalised, not the root) and name the last of them. *canon is the path free of
 * links: path itself, or text that is the tree's until the next call. STATUS_MALFORMED: links in a circle, or to
 * a path that is too long.
 */
enum status scan_tree_enter(struct scan_tree *t, struct slice path, uint32_t *dir, struct slice *canon,
			    struct err *err) NODISCARD;
/*
 * Put an entry there; target is of symlinks. *out is the old node where a directory meets a directory.
 * STATUS_UNSUPPORTED, as of scan_tree_enter(): a name or target of more than 65,535 bytes; the tree stays as it is.
 */
enum status scan_tree_put(struct scan_tree *t, uint32_t dir, struct slice name, enum scan_node_kind kind,
			  uint32_t value, struct slice target, uint32_t *out, struct err *err) NODISCARD;
/* What is in the directory under that name, or SCAN_NO_NODE. */
uint32_t scan_tree_child(const struct scan_tree *t, uint32_t dir, struct slice name);
/* What is at path, links above it followed; SCAN_NO_NODE: nothing, or the way there leads out of what is known. */
uint32_t scan_tree_find(struct scan_tree *t, struct slice path);
const struct scan_node *scan_tree_node(const struct scan_tree *t, uint32_t node);
/* Target of a symlink; valid until the next entry. */
struct slice scan_tree_target(const struct scan_tree *t, uint32_t node);

/* All entries are in: from now on every node knows whether it is dead. */
void scan_tree_settle(struct scan_tree *t);
/* After settling. True for SCAN_NO_NODE. */
bool scan_tree_alive(const struct scan_tree *t, uint32_t node);
/*
 * After settling: fill report->tree, memory from the arena. STATUS_LIMIT: no room, nothing was added. Nothing can be
 * looked up in the tree afterwards; which nodes are alive, it still knows.
 */
enum status scan_tree_report(struct scan_tree *t, struct arena *arena, struct layer_report *report,
			     struct err *err) NODISCARD;

#endif
