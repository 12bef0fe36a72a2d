/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_call.h - one request of any method, with its answer in memory whatever its code: for clients of an API
 * (libcurl).
 *
 * http_client.h is for bodies of any size; here an answer is a document. A caller keeps its connection and is used by
 * one thread at a time. No message carries secrets of a URL or bytes of an answer.
 */
#ifndef LIMPID_IO_HTTP_CALL_H
#define LIMPID_IO_HTTP_CALL_H

#include "base/buf.h"
#include "io/source.h"

struct http_caller;

struct http_caller_options {
	const char *user_agent;	    /* NULL: "limpid" */
	unsigned connect_timeout_s; /* 0: 15 */
	unsigned wait_s;	    /* for a byte in either direction; 0: 60 */
	const char *ca_file;	    /* PEM; NULL: the system's */
	bool insecure;		    /* certificates are not checked */
};
enum status http_caller_new(const struct http_caller_options *options, struct http_caller **out,
			    struct err *err) NODISCARD;
void http_caller_free(struct http_caller *c); /* NULL is fine */

struct http_call_header {
	const char *name;
	struct slice value;
};

struct http_call {
	const char *method; /* "GET"... */
	struct slice url;
	const struct http_call_header *headers;
	size_t n_headers;
	bool has_body;
	struct slice body;	  /* what is sent if has_body */
	struct source *upload;	  /* or this, borrowed; NULL: body */
	uint64_t upload_bytes;	  /* of upload; UINT64_MAX: in chunks, to its end */
	uint64_t max_bytes;	  /* of the answer */
	const _Atomic bool *stop; /* STATUS_CANCELLED; may be NULL */
};

struct http_reply {
	long code;
	struct buf body; /* owned */
	char etag[256], content_type[128];
	unsigned retry_after_s; /* 0: not said */
	uint64_t sent;		/* bytes of the body that were sent */
};
#define HTTP_REPLY_INIT                                                                                                \
	{                                                                                                              \
		.body = BUF_INIT(0)                                                                                    \
	}
void http_reply_fini(struct http_reply *r);

/*
 * Any code is STATUS_OK. GET is redirected, without headers to another host; others are not. STATUS_INVALID: no
 * http(s) URL, or a header that cannot be sent. STATUS_IO, STATUS_TIMEOUT, STATUS_REMOTE: there was no answer;
 * STATUS_LIMIT: it is over max_bytes. A failure of upload is passed on. *out may be a reply that was used before.
 */
enum status http_call(struct http_caller *c, const struct http_call *call, struct http_reply *out,
		      struct err *err) NODISCARD;

#endif
