/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coalesce.h - layer reports become one image, as a union file system would show it.
 *
 * Per path the topmost layer wins; whiteouts, opaque directories and entries of another kind hide what lies below;
 * links are followed over the merged tree and never leave the image. docs/internals/coalesce.md has the rules.
 */
#ifndef LIMPID_INDEX_COALESCE_H
#define LIMPID_INDEX_COALESCE_H

#include "index/scan.h"
#include "model/index_report.h"

struct coalesce;

/* Reports base first, borrowed; what a layer without content (unreadable) holds is an empty report. */
enum status coalesce_new(const struct layer_report *const *reports, size_t n, const struct rules *rules,
			 const struct limits *limits, struct coalesce **out, struct err *err) NODISCARD;
void coalesce_free(struct coalesce *c);

/*
 * Wanted paths that lead through links to files no rule named: the layer is to be scanned again with these aliases.
 * They belong to the coalescer, until it is asked for another layer.
 */
enum status coalesce_asks(struct coalesce *c, size_t layer, const struct scan_alias **out, size_t *out_n,
			  struct err *err) NODISCARD;

/*
 * Fill packages, distributions, repositories, diags, complete and expected_packages of *out with copies in the arena.
 * out->layers is the caller's, and so are diagnostics it has put there already.
 */
enum status coalesce_report(struct coalesce *c, struct arena *arena, struct index_report *out,
			    struct err *err) NODISCARD;

#endif
