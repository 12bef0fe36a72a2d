/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.h - images that are not files of this machine: of registries, and of the daemons of Docker and podman.
 *
 * For programs with a network (libcurl); image_open() reaches it through image_options.remote. One struct remotes
 * serves any number of images, and keeps connections and tokens. docs/internals/registry.md tells how it works.
 */
#ifndef LIMPID_IMAGE_REMOTE_H
#define LIMPID_IMAGE_REMOTE_H

#include "image/credentials.h"
#include "image/image.h"

struct remote_options {
	const struct limits *limits; /* borrowed, as all that follows */
	struct credential_sources credentials;
	/* Directories with a folder for each registry, as /etc/docker/certs.d; NULL at the end; may be NULL. */
	const char *const *cert_dirs;
	bool plain_http;   /* registries are asked without TLS */
	bool insecure;	   /* certificates are not checked */
	unsigned parallel; /* transfers at once from one registry; 0: 4 */
	/* Where the daemons listen: "unix:///path", "tcp://host:port"; NULL at the end. The first that is there. */
	const char *const *docker_hosts, *const *podman_hosts;
	const char *docker_cert_dir; /* ca.pem, cert.pem and key.pem for tcp://; NULL: without TLS */
	const char *const
		*temp_dirs; /* for one file without a name: the archive that a daemon sends; NULL at the end */
	/* Things to be told while it goes on ("asks to wait 30 s"); any thread; may be NULL. */
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
};

struct remotes;
enum status remotes_new(const struct remote_options *options, struct remotes **out, struct err *err) NODISCARD;
/* Its images must be gone. NULL is fine. */
void remotes_free(struct remotes *all);
/* For image_options.remote; lives as long as all. */
const struct image_remote_ops *remotes_ops(const struct remotes *all);

/* Where the bytes of a layer go. */
struct layer_sink {
	/* Before the first byte; length is 0 where nobody says it. */
	enum status (*begin)(void *ctx, uint64_t length, struct err *err);
	enum status (*bytes)(void *ctx, struct slice bytes, struct err *err);
	void *ctx;
	const _Atomic bool *stop; /* the caller gave up */
};

/* Do its layers come by image_remote_pass()? If not, image_remote_bring() puts them here, all at once. */
bool image_remote_streams(const struct image *image);
/*
 * After it the image's layers can be read as those of an archive. Options as for image_open(); isolate is needed again.
 */
enum status image_remote_bring(const struct image *image, const struct image_options *options,
			       struct err *err) NODISCARD;

/*
 * All stored bytes of a layer of image.remote once, in order; any thread, several layers at once. The digest is the
 * caller's to check. Failures as of http_client_get(), in words that name the registry.
 */
enum status image_remote_pass(const struct image *image, const struct image_layer *layer, const struct layer_sink *sink,
			      struct err *err) NODISCARD;

/*
 * Where a server can have a layer from, instead of through this machine: its URL, and the value of the header
 * Authorization that goes with it, "" if the registry asks for none. STATUS_UNSUPPORTED: of a daemon. No request is
 * made.
 */
enum status image_remote_locate(const struct image *image, const struct image_layer *layer, struct arena *arena,
				struct slice *out_url, struct slice *out_authorization, struct err *err) NODISCARD;

#endif
