/* SPDX-License-Identifier: Apache-2.0 */
/* remote_impl.h - private to image/: what registries and daemons share. */
#ifndef LIMPID_IMAGE_REMOTE_IMPL_H
#define LIMPID_IMAGE_REMOTE_IMPL_H

#include "image/image_impl.h"
#include "image/remote.h"
#include "io/http_client.h"

#include <pthread.h>

struct registry;

struct remotes {
	struct remote_options options;
	struct image_remote_ops ops;
	struct registry *registries; /* owned */
};

/* Behind image.remote; the first member of what each kind keeps. Either pass or bring is NULL. */
struct image_remote {
	/* Put the layers on this machine: after it they are LAYER_FD or LAYER_IN_STREAM. */
	enum status (*bring)(struct image_remote *remote, const struct image_options *options, struct err *err);
	enum status (*pass)(struct image_remote *remote, const struct image_layer *layer, const struct layer_sink *sink,
			    struct err *err);
	void (*close)(struct image_remote *remote);
	/* image_remote_locate(); NULL: of a daemon. */
	enum status (*locate)(struct image_remote *remote, const struct image_layer *layer, struct arena *arena,
			      struct slice *out_url, struct slice *out_authorization, struct err *err);
};

void remote_note(const struct remotes *all, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* registry_image.c */
enum status registry_image_open(struct remotes *all, struct slice ref, struct image_impl *impl,
				const struct image_options *options, struct err *err) NODISCARD;
/* daemon.c */
enum status daemon_image_open(struct remotes *all, enum image_remote_kind kind, struct slice ref,
			      struct image_impl *impl, const struct image_options *options, struct err *err) NODISCARD;

/* ---- registry.c: one repository of a registry, asked by several threads ---- */

/* What one answer is for. */
struct registry_get {
	struct slice path;   /* "manifests/latest", "blobs/sha256:..." */
	struct slice accept; /* "" for blobs */
	uint64_t max_bytes;
	const struct layer_sink *sink;
	/* Of the answer; arrays of the caller's. */
	struct http_caught *content_type, *content_digest;
};

/* Kept in all until remotes_free(). */
enum status registry_of(struct remotes *all, const struct reference *ref, struct registry **out,
			struct err *err) NODISCARD;
void registry_free(struct registry *r);
struct registry *registry_next(const struct registry *r);
/* A blob's URL and the authorization in force; both of the arena. */
enum status registry_locate(struct registry *r, const struct digest *blob, struct arena *arena, struct slice *out_url,
			    struct slice *out_authorization, struct err *err) NODISCARD;
enum status registry_get(struct registry *r, const struct registry_get *get, struct err *err) NODISCARD;
/* A layer that a manifest says is kept elsewhere: without credentials, and not from this machine or its network. */
enum status registry_get_url(struct registry *r, struct slice url, uint64_t max_bytes, const struct layer_sink *sink,
			     struct err *err) NODISCARD;

/* ---- registry_token.c ---- */

struct token_request {
	struct http_client *http;
	const struct challenge *challenge;
	const struct credentials *credentials;
	struct slice path; /* of the repository, if the challenge names no scope */
	struct slice host; /* of the registry, with its port */
	bool plain;	   /* the registry itself is asked without TLS */
};
/* "Bearer <token>", malloc'ed. Never quotes what it sent or got. */
struct challenge;
enum status registry_token(const struct token_request *req, char **out, struct err *err) NODISCARD;
/* token or access_token of the server's answer; STATUS_REMOTE if there is none. */
enum status token_answer_parse(struct slice json, struct arena *arena, struct slice *out, struct err *err) NODISCARD;

/* ---- registry_tls.c ---- */

/* What the folders say about a host: authorities, a certificate and its key. Memory is the arena's. */
struct registry_tls {
	struct slice ca_pem;
	const char *cert_file, *key_file; /* NULL: none */
};
enum status registry_tls_find(const char *const *dirs, struct slice host, struct arena *arena, struct registry_tls *out,
			      struct err *err) NODISCARD;

#endif
