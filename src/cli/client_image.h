/* SPDX-License-Identifier: Apache-2.0 */
/* client_image.h - an image on its way to a server: its layers pushed or served. Private to cli/. */
#ifndef LIMPID_CLI_CLIENT_IMAGE_H
#define LIMPID_CLI_CLIENT_IMAGE_H

#include "cli/cli.h"
#include "client/layer_server.h"
#include "client/service.h"
#include "image/image.h"

struct client_layer {
	const struct image *image; /* that it is of */
	const struct image_layer *layer;
	struct digest digest; /* of the stored bytes */
	struct slice name;    /* in the layer API of Clair 2: unique for the layer and all below it */
	bool decode;	      /* served decompressed: Clair 2 knows no zstd */
};

struct client_image {
	struct image *image; /* owned */
	struct client_layer *layers;
	struct digest manifest;
	struct arena arena; /* owned */
};

/* "docker-archive:..." and the like. */
bool client_has_transport(struct slice name);
/*
 * The target of an image's name as it was typed: a file or a target with its transport as it is, else an image of the
 * Docker daemon, if one is there, else of a registry (*out_registry).
 */
enum status client_target(struct slice name, struct arena *arena, struct slice *out, bool *out_registry,
			  struct err *err) NODISCARD;
/*
 * Open it and find out the digests of its layers. options: --platform counts; without it platform ("linux/amd64") is
 * preferred, or this machine's if that is NULL. client_image_free() in any case.
 */
enum status client_image_open(const struct options *o, struct slice target, const char *platform,
			      struct client_image *out, struct err *err) NODISCARD;
void client_image_free(struct client_image *c);

/* The stored bytes of a layer, wherever they lie; any thread. */
enum status client_layer_open(const struct client_layer *layer, struct source **out, struct err *err) NODISCARD;
/* {"hash","layers":[{"hash","uri"}]}; base: of the server of layers; "" if they were pushed. */
enum status client_manifest(const struct client_image *c, struct slice base, struct buf *out,
			    struct err *err) NODISCARD;
/* The same with the layers where the registry has them, for a server that fetches them there. */
enum status client_manifest_located(const struct client_image *c, struct buf *out, struct err *err) NODISCARD;
/* Upload what the server does not know yet. said(ctx, text) is told of each. STATUS_UNSUPPORTED: it takes none. */
enum status client_push(const struct client_image *c, struct service *s, void (*said)(void *ctx, const char *text),
			void *ctx, struct err *err) NODISCARD;
/* Serve the layers under the paths of the API. */
enum status client_serve(struct client_image *c, enum service_api api, const char *ip, struct slice peer,
			 struct layer_server **out, struct err *err) NODISCARD;
/* Path of a layer below layer_server_base(). */
struct slice client_layer_path(const struct client_image *c, size_t i, enum service_api api, struct arena *arena);

#endif
