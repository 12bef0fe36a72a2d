/* SPDX-License-Identifier: Apache-2.0 */
/*
 * negotiate.h - Accept, Accept-Encoding and If-None-Match, as Clair reads them. No I/O.
 *
 * Where Clair crashes or answers 500 on a client's mistake, the answer here is 400 (docs/differences.md).
 */
#ifndef LIMPID_SERVER_NEGOTIATE_H
#define LIMPID_SERVER_NEGOTIATE_H

#include "server/request.h"
#include "server/response.h"

enum content_coding {
	CODING_IDENTITY,
	CODING_GZIP,
	CODING_DEFLATE,
	CODING_ZSTD,
	CODING_NONE /* nothing is acceptable */
};

/*
 * The content type that the client wants most, of the allowed ones, in the order of preference. NULL: the error is in
 * resp, and the handler ends with STATUS_OK. Without Accept it is the first; for a wildcard too.
 */
const char *negotiate_type(const struct request *req, struct response *resp, const char *const *allowed, size_t n);
#define NEGOTIATE_TYPE(req, resp, allowed) negotiate_type((req), (resp), (allowed), ARRAY_LEN(allowed))

/* Is one of the If-None-Match lines exactly "tag" (in its quotes)? */
bool negotiate_not_modified(const struct request *req, struct slice tag);

/*
 * From the first Accept-Encoding line. *told: there was one and it chose nothing, so that the answer says what there
 * is.
 */
enum content_coding negotiate_coding(const struct request *req, bool *told);
/* "gzip", "deflate", "zstd"; NULL for none. */
const char *content_coding_name(enum content_coding coding);

#endif
