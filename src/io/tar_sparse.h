/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_sparse.h - files that a tar stores with holes, by maps of old GNU headers and of pax 0.0, 0.1 and 1.0. Private to
 * io/.
 *
 * Source of the formats: the GNU tar manual, "Storing Sparse Files" and "Basic Tar Format". What makes a pax entry a
 * sparse one is decided as Go's archive/tar does.
 */
#ifndef LIMPID_IO_TAR_SPARSE_H
#define LIMPID_IO_TAR_SPARSE_H

#include "base/buf.h"
#include "io/source.h"

struct tar_run {
	uint64_t at, len; /* in the file; the data of all runs are stored one behind the other */
};

struct tar_sparse {
	struct buf runs;       /* of struct tar_run */
	struct buf name;       /* GNU.sparse.name: the true one */
	uint64_t size;	       /* of the file, holes included */
	uint64_t major, minor; /* of the format */
	bool has_major, has_minor, has_size;
	bool half; /* the last run has no length yet */
};

#define TAR_SPARSE_MAP_BYTES ((size_t)1 << 20) /* of a map, as of any extended header */
#define TAR_SPARSE_INIT                                                                                                \
	{                                                                                                              \
		.runs = BUF_INIT(TAR_SPARSE_MAP_BYTES * 4), .name = BUF_INIT(TAR_SPARSE_MAP_BYTES)                     \
	}

void tar_sparse_fini(struct tar_sparse *s);
void tar_sparse_reset(struct tar_sparse *s);

/* A pax record whose key begins with "GNU.sparse."; at: its offset, for messages. */
enum status tar_sparse_record(struct tar_sparse *s, struct slice key, struct slice value, uint64_t at,
			      struct err *err) NODISCARD;
/* Do the records make this a sparse file? Without that they mean nothing, the name included. */
bool tar_sparse_is_one(const struct tar_sparse *s);
/* In format 1.0 the map comes before the data: take it from the body. Nothing is done for other formats. */
enum status tar_sparse_take_map(struct tar_sparse *s, struct source *body, struct err *err) NODISCARD;
/* Runs of an old GNU header: count pairs of 12 bytes each; an empty one ends them. */
enum status tar_sparse_fields(struct tar_sparse *s, struct slice fields, uint64_t at, struct err *err) NODISCARD;
/* Runs ascend and lie in the file, and their data are the stored bytes. */
enum status tar_sparse_check(const struct tar_sparse *s, uint64_t stored, uint64_t at, struct err *err) NODISCARD;

/* The file with its holes. */
struct tar_sparse_source {
	struct source base;
	const struct tar_sparse *map; /* borrowed */
	struct source *data;	      /* borrowed: the stored bytes */
	size_t run;		      /* that pos is in or before */
	uint64_t *zeros_left;	      /* borrowed: bytes of holes that may still be read */
};
void tar_sparse_open(struct tar_sparse_source *out, const struct tar_sparse *map, struct source *data,
		     uint64_t *zeros_left);

/* A number of a tar header: octal, or base-256. */
bool tar_number(struct slice field, uint64_t *out);

#endif
