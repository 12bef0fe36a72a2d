/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h - a Clair of either generation, or limpid-serve, as its clients talk to it.
 *
 * Used by one thread at a time. Messages say what to do next; what a server said is quoted in part, a token never.
 */
#ifndef LIMPID_CLIENT_SERVICE_H
#define LIMPID_CLIENT_SERVICE_H

#include "base/arena.h"
#include "io/digest.h"
#include "io/http_call.h"

enum service_api {
	SERVICE_V4, /* indexer and matcher of Clair 4 */
	SERVICE_V1, /* layers of Clair 2 */
};

struct service_options {
	struct slice address;	  /* http(s) URL; a path is kept */
	struct slice key, issuer; /* tokens are signed with the key of auth.psk; "" none */
	struct slice token;	  /* or this one is sent; "" none */
	const char *user_agent;
	const char *ca_file;
	bool insecure;
	unsigned wait_s; /* for an answer; 0: 900, which Clair 2 takes at most */
	const struct limits *limits;
};

struct service;
/* Options are copied. STATUS_INVALID: the address is no URL of http(s). */
enum status service_new(const struct service_options *options, struct service **out, struct err *err) NODISCARD;
void service_free(struct service *s); /* NULL is fine */

struct service_kind {
	enum service_api api;
	bool limpid; /* it has limpid's own paths: layers may be pushed, if its settings allow it */
};
/* Ask what it is. STATUS_UNSUPPORTED: it answers, but has neither API. */
enum status service_ask(struct service *s, struct service_kind *out, struct err *err) NODISCARD;

/* ---- Clair 4 ---- */

struct service_indexed {
	long code; /* of the answer: 200, 201, 304, 404 */
	bool finished;
	char etag[256];
};
/*
 * GET index_report of a manifest. Codes 200, 304 and 404 are STATUS_OK. validator: an ETag that is known; "" none.
 */
enum status service_index_known(struct service *s, const struct digest *manifest, const char *validator,
				struct service_indexed *out, struct err *err) NODISCARD;
/*
 * POST a manifest; it is indexed when this returns, or out->finished is false. STATUS_REMOTE: the server refused it,
 * or the report says that it failed ("indexer error: ...").
 */
enum status service_index(struct service *s, struct slice manifest, struct service_indexed *out,
			  struct err *err) NODISCARD;
/*
 * GET a vulnerability report; the bytes are the service's until its next request. STATUS_CONFLICT: the server has read
 * no advisories yet (202); STATUS_NOTFOUND.
 */
enum status service_report(struct service *s, const struct digest *manifest, struct slice *out,
			   struct err *err) NODISCARD;
/* DELETE the index reports of manifests, which need not be there. */
enum status service_delete(struct service *s, const struct digest *manifests, size_t n, struct err *err) NODISCARD;

/* ---- limpid's push (docs/api.md) ---- */

enum status service_layer_known(struct service *s, const struct digest *layer, bool *out, struct err *err) NODISCARD;
/*
 * STATUS_UNSUPPORTED: pushing is off there; STATUS_CONFLICT: too many push at once, try again with new bytes. bytes is
 * borrowed; length UINT64_MAX: not known.
 */
enum status service_push(struct service *s, const struct digest *layer, struct source *bytes, uint64_t length,
			 struct err *err) NODISCARD;

/* ---- Clair 2 ---- */

enum status service_post_layer(struct service *s, struct slice name, struct slice path, struct slice parent,
			       struct err *err) NODISCARD;
/* GET a layer with its vulnerabilities; the bytes are the service's until its next request. */
enum status service_get_layer(struct service *s, struct slice name, struct slice *out, struct err *err) NODISCARD;

#endif
