/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - what a handler sees of a request.
 *
 * All slices live as long as the request: they are copies in its arena. A handler runs on a thread of its route's pool
 * (routes.def), may block, and should ask request_gone() before and during long work.
 */
#ifndef LIMPID_SERVER_REQUEST_H
#define LIMPID_SERVER_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "io/digest.h"
#include "io/source.h"

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_PATCH,
	HTTP_OPTIONS,
	HTTP_OTHER,
	HTTP_METHODS,
};

struct http_header {
	struct slice name, value; /* value without blanks at its ends */
};

/* W3C trace context. */
struct trace {
	uint8_t id[16];
	uint8_t span[8];   /* of this request */
	uint8_t parent[8]; /* of the caller's, if has_parent */
	bool has_parent, sampled;
};

/* "00-<id>-<span>-<flags>"; false if it is not that. */
bool trace_parse(struct slice traceparent, struct trace *out);
/* For a request that we make on behalf of this one. */
struct trace_text {
	char text[56];
};
const char *trace_print(struct trace_text *t, const struct trace *trace);

struct exchange; /* the server's side of it */

struct request {
	enum http_method method;
	struct slice method_name; /* as sent */
	struct slice target;	  /* as sent: path and query */
	struct slice path;	  /* as sent, without the query */
	struct slice query;	  /* as sent, without the question mark */
	/*
	 * The path's variable, percent-decoded: the last element as Go's path.Base gives it, so "a/b/x/" is "x". Empty
	 * if the path has none.
	 */
	struct slice last;
	/* The same as a digest; valid where the route's variable is {digest}: others never reach a handler. */
	struct digest digest;

	const struct http_header *headers; /* in the order they came */
	size_t n_headers;
	struct slice body;	 /* whole; empty for a route with a streamed body */
	struct source *stream;	 /* of a route with a streamed body, else NULL; borrowed */
	uint64_t content_length; /* as announced; UINT64_MAX if it was not */

	struct slice request_id; /* of the client's X-Request-Id, else made; printable ASCII, at most 64 bytes */
	struct trace trace;
	struct slice remote;	   /* address and port of the peer */
	struct arena *arena;	   /* freed when the answer has been sent */
	struct exchange *exchange; /* for request_gone(); may be NULL in tests */
};

/* The value of the nth header of that name (any case); false if there are not so many. */
bool request_header(const struct request *req, const char *name, size_t nth, struct slice *out);

/*
 * The value of a query parameter, percent-decoded (+ is a blank), the first one of that name. False if absent; a value
 * that cannot be decoded counts as absent, as in Go.
 */
bool request_query(const struct request *req, const char *name, struct slice *out);

/*
 * Has the client gone away, or is the server at its end? Cheap (one poll), from the handler's thread only. Work for a
 * client that is gone should end with STATUS_CANCELLED; nothing is sent.
 */
bool request_gone(const struct request *req);

/* A digest; if it is none, err has Clair's words for why. */
bool request_digest(struct slice text, struct digest *out, struct err *err);

/* 128 bits in canonical form, as urn:uuid:, in braces, or 32 hexadecimal digits, as Clair reads them. */
bool uuid_parse(struct slice s, uint8_t out[16]);
struct uuid_text {
	char text[37];
};
const char *uuid_print(struct uuid_text *t, const uint8_t uuid[16]);

#endif
