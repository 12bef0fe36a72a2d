/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.h - walking a tar stream: ustar, pax (x, g), GNU (L, K, base-256, sparse S and pax sparse), old v7.
 *
 * Strict: a header with a bad check sum, a size that is not a number, an end inside an entry are STATUS_MALFORMED with
 * the offset in the tar stream; what was visited before stands. An archive ends at two zero blocks or at the end of
 * the stream on a block boundary. The whole stream is consumed, since bytes after the end belong to the DiffID.
 * Where readers differ in what an archive means, it means what Go's archive/tar makes of it: container runtimes unpack
 * layers with that.
 */
#ifndef LIMPID_IO_TAR_H
#define LIMPID_IO_TAR_H

#include "base/diag.h"
#include "io/source.h"

enum tar_type { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK, TAR_CHAR, TAR_BLOCK, TAR_FIFO, TAR_OTHER };

struct tar_entry {
	/* Normalised: no leading "/" or "./", no "." or empty components, ".." resolved and kept inside the root, no
	 * trailing slash. The root itself is "". Any bytes but NUL. */
	struct slice path;
	struct slice raw_path; /* as in the archive, for messages */
	struct slice link;     /* symlink: target as written; hard link: target normalised as path */
	enum tar_type type;
	uint32_t mode;   /* permission bits */
	uint64_t size;   /* bytes of the file in this archive, holes included; 0 for all but files */
	uint64_t offset; /* of the body in the tar stream: random access when the stream is a plain file */
	bool sparse;     /* stored without its holes, which body gives as zeros: nothing is at offset */
};

/*
 * One entry. body gives exactly entry->size bytes and is NULL when there are none; what is not read is skipped.
 * Everything is valid only during the call. STATUS_CANCELLED ends the walk quietly (tar_walk returns STATUS_OK,
 * the rest of the stream is not consumed); any other failure is returned by tar_walk unchanged.
 */
typedef enum status (*tar_visit_fn)(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err);

/*
 * Walk src (borrowed, uncompressed). limits: layer_entries, path_bytes, path_depth, and layer_bytes for the zeros read
 * of holes. Entries with a name over path_bytes
 * or path_depth or with a NUL are left out and told to diags (DIAG_ARCHIVE); layer_entries gives STATUS_LIMIT.
 */
enum status tar_walk(struct source *src, const struct limits *limits, tar_visit_fn visit, void *ctx,
		     const struct diag_sink *diags, struct err *err) NODISCARD;

/* True if the first 512 bytes of a stream look like a tar header (valid check sum), or are an empty archive. */
bool tar_claims(struct slice head);

/*
 * Normalise a path as tar_entry.path is. buf holds at least raw.len bytes; the result lies in buf.
 * Leading ".." stay at the root (as a chroot does).
 */
struct slice path_normalise(struct slice raw, uint8_t *buf);
/* Resolve target, found in a symlink at path link, to a normalised path; buf holds link.len + target.len + 1 bytes. */
struct slice path_resolve(struct slice link, struct slice target, uint8_t *buf);

#endif
