/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - a stream of bytes that is pulled, once, forward.
 *
 * Sources stack: a digest source over a decompressing source over a file window. A wrapper owns what it wraps; freeing
 * the top frees all. A source is used by one thread at a time.
 */
#ifndef LIMPID_IO_SOURCE_H
#define LIMPID_IO_SOURCE_H

#include "base/err.h"
#include "base/limits.h"

struct source;

struct source_ops {
	/*
	 * Put up to cap (> 0) bytes at buf. *out_n == 0 means the clean end of the stream and only that; short reads
	 * are allowed. Not called again after it failed.
	 */
	enum status (*read)(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err);
	void (*close)(struct source *s); /* frees s */
};

struct source {
	const struct source_ops *ops;
	uint64_t pos; /* bytes handed out so far */
	/*
	 * The failure that further reads give; STATUS_OK while there is none. source_read() keeps it. A read that has
	 * bytes and a failure may fill it itself and return STATUS_OK with the bytes.
	 */
	struct err failed;
	/*
	 * Pass over at most n bytes without reading them; gives how many, fewer where they would have to be read. May
	 * be NULL: everything is read.
	 */
	uint64_t (*advance)(struct source *s, uint64_t n);
};

/* A failure is sticky: further reads give the same one. */
enum status source_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err) NODISCARD;
/* Exactly n bytes; STATUS_MALFORMED at an early end (err->offset = where it ended). */
enum status source_read_full(struct source *s, uint8_t *buf, size_t n, struct err *err) NODISCARD;
/* Pass over n bytes, read or not. STATUS_MALFORMED at an early end. */
enum status source_skip(struct source *s, uint64_t n, struct err *err) NODISCARD;
/*
 * Pass over at most n bytes without reading them, if the source can (a plain file, memory); gives how many. 0 says
 * nothing about the end: read on.
 */
uint64_t source_advance(struct source *s, uint64_t n);
/* Read and drop the rest. */
enum status source_drain(struct source *s, struct err *err) NODISCARD;
void source_free(struct source *s); /* NULL is fine */
void source_freep(struct source **s);

/* Bytes in memory, borrowed. NULL when memory is short (all constructors). */
struct source *source_from_slice(struct slice bytes) NODISCARD;
/* len bytes of fd from offset, by pread; fd is borrowed. len == UINT64_MAX reads to the end of the file. */
struct source *source_from_fd(int fd, uint64_t offset, uint64_t len) NODISCARD;
/* What comes out of a pipe or socket, to its end; fd is borrowed. */
struct source *source_from_pipe(int fd) NODISCARD;
/* The next len bytes of inner, which is borrowed, not owned; an early end of inner is STATUS_MALFORMED. */
struct source *source_window(struct source *inner, uint64_t len) NODISCARD;
/* Count bytes for progress: *counter (atomic, borrowed) grows as bytes pass. Owns inner. */
struct source *source_counted(struct source *inner, _Atomic uint64_t *counter) NODISCARD;
/*
 * Read ahead in a thread of its own, through a ring of fixed buffers: lets decompression of one layer overlap with
 * walking it. Owns inner. Falls back to plain reading when no thread can be made.
 */
struct source *source_threaded(struct source *inner) NODISCARD;

#endif
