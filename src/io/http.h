/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - fetching a document by HTTP(S), with validators, limits and retries (libcurl). */
#ifndef LIMPID_IO_HTTP_H
#define LIMPID_IO_HTTP_H

#include "base/buf.h"
#include "base/limits.h"
#include "io/digest.h"

struct http_validators {
	char etag[256];
	char last_modified[64];
};

struct http_request {
	const char *url;                         /* http:// or https:// */
	const struct http_validators *validators; /* of the copy we have; NULL if none */
	uint64_t max_bytes;                      /* of the body */
	unsigned timeout_s;                      /* without progress (under 1 byte/s), not in all */
	unsigned connect_timeout_s;              /* 0: 30 */
	unsigned retries; /* for connection failures, 429 and 5xx; Retry-After is honoured up to 60 s */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *progress_ctx;
};

struct http_answer {
	long code;          /* 200, or 304 when the validators still hold */
	struct http_validators validators;
	uint64_t bytes;
	struct digest digest; /* sha256 of them */
	/* Of a failure: another try may go better, and how long the peer wants to be left alone before (0: not said).
	 */
	bool again;
	unsigned retry_after_s;
};

/*
 * GET url into fd (nothing is written on 304). STATUS_REMOTE with sys_errno = HTTP code for other codes,
 * STATUS_NOTFOUND for 404 and 410, STATUS_AUTH for 401 and 403, STATUS_LIMIT over max_bytes, STATUS_INVALID for a URL
 * of another kind, STATUS_TIMEOUT, STATUS_IO. Redirects stay on http(s), at most 5. After a failure fd may hold a part.
 */
enum status http_get(const struct http_request *req, int fd, struct http_answer *out, struct err *err) NODISCARD;

#endif
