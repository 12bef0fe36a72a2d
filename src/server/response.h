/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response.h - what a handler answers.
 *
 * A handler sets code, headers and one kind of body, and returns STATUS_OK; or returns a failure, which becomes an
 * error body with a code by response_failure(). Compression is the server's work, by what the client accepts.
 */
#ifndef LIMPID_SERVER_RESPONSE_H
#define LIMPID_SERVER_RESPONSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "io/source.h"
#include "server/request.h"

#define RESPONSE_HEADERS 24

struct response {
	int code; /* 200 unless set */
	/* Names as they go out ("Etag"); name and value must live as long as the request: literals, or its arena. */
	struct http_header headers[RESPONSE_HEADERS];
	size_t n_headers;

	/* Body, first form: text in a buffer that the response owns. The usual one: json_writer_init(&w, &resp->body,
	 * 0). */
	struct buf body;
	/* Second form: bytes that somebody else keeps until release(ctx) is called, once, from any thread. */
	struct slice shared;
	void (*release)(void *ctx);
	void *release_ctx;
	/*
	 * Third form: a stream that is read while it is sent, owned by the response. Of unknown length; a failure on
	 * the way cuts the connection, so that no client takes a part for the whole.
	 */
	struct source *stream;

	bool plain;	     /* never compress */
	struct arena *arena; /* the request's */
};

/* Add a header. Too many, or one with a control byte in its value, are dropped: they cannot be sent. */
void response_header(struct response *r, const char *name, struct slice value);
/* Replace the header of that name (any case), or add it. */
void response_set_header(struct response *r, const char *name, struct slice value);
void response_header_printf(struct response *r, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* "text" in double quotes as Etag. */
void response_etag(struct response *r, struct slice tag);
void response_content_type(struct response *r, const char *type);
/* Bytes that are kept elsewhere; see above. Takes over the duty to call release, even on failure. */
void response_shared(struct response *r, struct slice bytes, void (*release)(void *ctx), void *ctx);

/*
 * Clair's error: {"code":"...","message":"..."} with its headers; a body set before is dropped, Link as well. Returns
 * STATUS_OK so that a handler may end with it.
 */
enum status response_error(struct response *r, int http_code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The answer to a handler that failed: one map for all. "prefix: message", prefix may be NULL. */
enum status response_failure(struct response *r, const char *prefix, const struct err *err);
/* The HTTP code of a failure. */
int response_code_of(enum status st);

/* Go's plain answer to a path that nobody has. */
void response_not_found(struct response *r);
void response_text(struct response *r, int code, struct slice text);

/* Drop body, stream and shared bytes; for the server. */
void response_clear_body(struct response *r);

#endif
