/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_tree.h - looking up where in a layer something stands: its directories in order, the names in each.
 *
 * What an upper layer has at a path, or at a directory above it, replaces what lower layers have there, whether or not
 * a detector wants it. So a report names everything, as shortly as can be looked up without another index.
 */
#ifndef LIMPID_MODEL_LAYER_TREE_H
#define LIMPID_MODEL_LAYER_TREE_H

#include "model/layer_report.h"

/* The order of layer_report.tree: by bytes, '/' before all others, so that a directory and all below it are one run. */
int layer_path_cmp(struct slice a, struct slice b);
/* Narrow [*begin, *end) of the tree to the directory and those below it. False: the layer has no such directory. */
bool layer_tree_narrow(const struct layer_report *r, struct slice dir, uint32_t *begin, uint32_t *end);
/* The names one by one: begin with rest = d->names. False: there is none any more. */
bool layer_names_next(struct slice *rest, struct slice *out_name);
/* Does something other than a directory stand there under that name? */
bool layer_dir_has(const struct layer_dir *d, struct slice name);
/* Are they as layer_dir.names must be? The parser asks. */
bool layer_names_valid(struct slice names);
/* Make layer_dir.names of names in any order, which are sorted in place; one that comes twice counts once. */
bool layer_names_join(struct arena *a, struct slice *names, size_t n, struct slice *out) NODISCARD;

#endif
