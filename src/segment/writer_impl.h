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
};

struct pending_alias {
	uint32_t id; /* text */
	uint32_t advisory;
};

/* Half of the hash lies beside the number: a probe reads hardly any other advisory. */
struct hash_slot {
	uint32_t hash;
	uint32_t advisory; /* number + 1; 0 = free */
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
	uint32_t *numbers;     /* owned; final ones of the advisories, once they are sorted */
	struct vector by_hash; /* table of advisories by content: struct hash_slot */
	struct pending_row last_row;
	int row_file;	       /* unlinked file of rows that memory should not hold; -1: none */
	uint64_t rows_filed;   /* in it */
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

/* A file without a name in the folder; -1 with errno. */
int writer_open_unlinked(const char *dir);
/* n bytes of such a file. */
enum status writer_read(const struct segment_writer *w, int fd, uint64_t from, uint8_t *to, size_t n,
			struct err *err) NODISCARD;

/* The bodies of n advisories, in their order, at the end of *out; together they have less than 4 GiB. */
enum status writer_read_bodies(const struct segment_writer *w, const uint32_t *advisories, size_t n, struct buf *out,
			       struct err *err) NODISCARD;

/* Append rows to the file, which is made if there is none yet; read n of them from the first on. */
enum status writer_rows_put(struct segment_writer *w, int *fd, const struct pending_row *rows, size_t n,
			    struct err *err) NODISCARD;
enum status writer_rows_get(const struct segment_writer *w, int fd, uint64_t first, struct pending_row *out, size_t n,
			    struct err *err) NODISCARD;

/* Rows of a file of sorted runs, one after the other, each once. */
struct writer_merge;
/* Takes fd in any case; what is in *out is freed by the caller, also after a failure. rank is borrowed. */
enum status writer_merge_open(struct segment_writer *w, const uint32_t *rank, int fd, uint64_t n_rows,
			      uint64_t run_rows, struct writer_merge **out, struct err *err) NODISCARD;
/* STATUS_NOTFOUND at the end, without a message. */
enum status writer_merge_next(struct writer_merge *m, struct pending_row *out, struct err *err) NODISCARD;
void writer_merge_free(struct writer_merge *m); /* NULL is fine */

/* Everything in its final order, without what was said twice. Advisories have their final numbers. */
struct writer_order {
	uint32_t *rows, *advisories, *aliases; /* owned; numbers as added */
	uint32_t n_rows, n_advisories, n_aliases;
	struct writer_merge *merge; /* owned; of the rows, which are not in rows then; NULL: they are */
	uint32_t *rank;		    /* owned; what merge borrows */
	uint32_t at;		    /* the next one of rows */
};
/* The next row in order. STATUS_NOTFOUND at the end. */
enum status writer_next_row(const struct segment_writer *w, struct writer_order *o, struct pending_row *out,
			    struct err *err) NODISCARD;

void writer_order_fini(struct writer_order *o);
enum status writer_sort(struct segment_writer *w, struct writer_order *out, struct err *err) NODISCARD;
/* Into a temporary file beside the others, then under its digest's name. */
enum status writer_write(struct segment_writer *w, struct writer_order *order, struct digest *out_digest,
			 struct segment_stats *out_stats, struct err *err) NODISCARD;

#endif
