/* SPDX-License-Identifier: Apache-2.0 */
/* writer_impl.h - what the files of the segment writer share: texts and records as they wait. Private to segment/. */
#ifndef LIMPID_SEGMENT_WRITER_IMPL_H
#define LIMPID_SEGMENT_WRITER_IMPL_H

#include "segment/segment.h"
#include "segment/strpool.h"

struct pending_row {
	uint32_t scope, package, detail; /* texts */
	uint32_t advisory;		 /* as added */
};

struct pending_advisory {
	uint32_t id; /* text */
	uint32_t body_len;
	uint64_t body_at; /* in the spill file */
	uint64_t hash;
	uint32_t number; /* final, once sorted */
};

struct pending_alias {
	uint32_t id; /* text */
	uint32_t advisory;
};

/* A growing array on the heap: rows are too many for an arena that keeps its old copies. */
struct vector {
	void *at; /* owned */
	size_t len, cap, size;
};

struct segment_writer {
	char *dir; /* owned */
	struct arena arena;
	struct segment_meta meta; /* in the arena */
	const struct limits *limits;
	struct strpool pool; /* text 0 is the empty one */
	struct vector rows, advisories, aliases;
	struct vector by_hash; /* uint32_t table of advisories by content, 0 = free */
	int spill;	       /* unlinked file of bodies */
	struct buf spill_buf, scratch;
	uint64_t spilled; /* bytes written to it */
};

static inline struct pending_row *writer_row(const struct segment_writer *w, uint32_t i)
{
	return (struct pending_row *)w->rows.at + i;
}

static inline struct pending_advisory *writer_advisory(const struct segment_writer *w, uint32_t i)
{
	return (struct pending_advisory *)w->advisories.at + i;
}

static inline struct pending_alias *writer_alias(const struct segment_writer *w, uint32_t i)
{
	return (struct pending_alias *)w->aliases.at + i;
}

/* Everything in its final order, without what was said twice. Advisories have their final numbers. */
struct writer_order {
	uint32_t *rows, *advisories, *aliases; /* owned; numbers as added */
	uint32_t n_rows, n_advisories, n_aliases;
};

void writer_order_fini(struct writer_order *o);
enum status writer_sort(struct segment_writer *w, struct writer_order *out, struct err *err) NODISCARD;
/* Into a temporary file beside the others, then under its digest's name. */
enum status writer_write(struct segment_writer *w, const struct writer_order *order, struct digest *out_digest,
			 struct segment_stats *out_stats, struct err *err) NODISCARD;

#endif
