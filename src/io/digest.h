/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - content digests, "sha256:<hex>", and streams that compute one on the way. */
#ifndef LIMPID_IO_DIGEST_H
#define LIMPID_IO_DIGEST_H

#include "io/source.h"

enum digest_algo { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA512 };

struct digest {
	enum digest_algo algo;
	uint8_t bytes[64]; /* 32 or 64 used, the rest zero */
};

struct digest_text {
	char text[136]; /* "sha256:" or "sha512:" and lower-case hex */
};

/* "sha256:<64 hex>" or "sha512:<128 hex>", hex of either case. False on anything else. */
bool digest_parse(struct slice s, struct digest *out);
/* The same; on failure (STATUS_INVALID) with the words by which Clair says what is wrong, which its clients know. */
enum status digest_read(struct slice s, struct digest *out, struct err *err) NODISCARD;
/* Text of a digest; "" for DIGEST_NONE. Returns t->text. */
const char *digest_print(struct digest_text *t, const struct digest *d);
bool digest_eq(const struct digest *a, const struct digest *b);

/* Digest of bytes in memory. */
enum status digest_of(enum digest_algo algo, struct slice bytes, struct digest *out, struct err *err) NODISCARD;

/* A running digest. */
struct hasher;
struct hasher *hasher_new(enum digest_algo algo) NODISCARD; /* NULL when memory is short or the algorithm is missing */
void hasher_add(struct hasher *h, struct slice bytes);
/* The digest of what was added; ends the hasher's use. */
enum status hasher_final(struct hasher *h, struct digest *out, struct err *err) NODISCARD;
void hasher_free(struct hasher *h);

/*
 * Pass bytes through and hash them. When the stream has ended cleanly, digest_source_result() gives the digest of
 * all of it; before that it is STATUS_BUG. Owns inner.
 */
struct source *digest_source(struct source *inner, enum digest_algo algo) NODISCARD;
enum status digest_source_result(struct source *s, struct digest *out, struct err *err) NODISCARD;

/*
 * Hash len bytes of fd from offset in a thread of its own (the page cache makes the second read cheap), while the
 * caller reads them otherwise. digest_job_wait() joins and frees the job.
 */
struct digest_job;
struct digest_job *digest_job_start(int fd, uint64_t offset, uint64_t len, enum digest_algo algo) NODISCARD;
enum status digest_job_wait(struct digest_job *job, struct digest *out, struct err *err) NODISCARD;

#endif
