/* SPDX-License-Identifier: Apache-2.0 */
/* clair_export.h - what the two files that write Clair's lines share. Private to carry/. */
#ifndef LIMPID_CARRY_CLAIR_EXPORT_H
#define LIMPID_CARRY_CLAIR_EXPORT_H

#include "carry/publish.h"
#include "model/enrichment.h"
#include "text/json_writer.h"

#define EXPORT_FLUSH_BYTES ((size_t)64 << 10)

struct export
{
	struct carry_run run;
	const struct carry_out *to;
	struct buf text;
	struct arena row, scratch;
	struct segment_bodies bodies;
	/* the source at work */
	const struct store_source *source;
	const struct segment *seg;
	char ref[37];
	uint64_t lines;
};

/* Hand on what there is, if it is so much. */
enum status export_flush(struct export *x, size_t at_least, struct err *err) NODISCARD;
/* The newest update operation of a source into x->ref; uses x->scratch. */
enum status export_ref(struct export *x, struct slice name, struct err *err) NODISCARD;
/* What the sources of an enricher say, as one update operation of it. Nothing is written if there is none. */
enum status export_enrichments(struct export *x, enum enricher e, const struct store_source *sources, size_t n,
			       struct err *err) NODISCARD;

#endif
