/* SPDX-License-Identifier: Apache-2.0 */
/* client_image.c - from an image to a manifest of layers that a server can have. */
#include "cli/client_image.h"

#include "cli/remote.h"
#include "image/remote.h"
#include "index/worker.h"
#include "io/codec.h"
#include "model/manifest.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENT_MEMORY ((size_t)64 << 20)
#define DOCKER_SOCKET "/var/run/docker.sock"
#define PUSH_TRIES 30u

/* ---- targets ---- */

bool client_has_transport(struct slice name)
{
	size_t n;
	const struct image_transport *t = image_transports(&n);
	struct slice head;

	if (!slice_cut(name, ':', &head, NULL))
		return false;
	for (size_t i = 0; i < n; i++)
		if (slice_eq(head, slice_cstr(t[i].name)))
			return true;
	return false;
}

static bool answers(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

enum status client_target(struct slice name, struct arena *arena, struct slice *out, bool *out_registry,
			  struct err *err)
{
	const char *daemon = getenv("DOCKER_HOST");

	*out_registry = false;
	*out = name;
	/* A file: what looks like a reference and is none of a registry, the table of transports knows. */
	if (client_has_transport(name) || !image_target_is_remote(name))
		return STATUS_OK;
	*out_registry = !(daemon && daemon[0]) && !answers(DOCKER_SOCKET);
	if (!arena_printf(arena, out, *out_registry ? "docker://%.*s" : "docker-daemon:%.*s", SLICE_ARG(name)))
		return err_nomem(err, "a target");
	return STATUS_OK;
}

/* ---- layers ---- */

static enum status digest_layer(const struct client_layer *layer, struct digest *out, struct err *err)
{
	struct source *bytes, *hashed;
	enum status st;

	TRY(client_layer_open(layer, &bytes, err));
	hashed = digest_source(bytes, DIGEST_SHA256);
	if (!hashed)
		return err_nomem(err, "a digest");
	st = source_drain(hashed, err);
	if (st == STATUS_OK)
		st = digest_source_result(hashed, out, err);
	source_free(hashed);
	return st;
}

/* "<64 hex>/layer.tar" of docker save before Docker 25: its ids are of the chain. */
static struct slice classic_id(struct slice member)
{
	struct slice id;

	if (!slice_ends(member, SLICE("/layer.tar")))
		return SLICE_EMPTY;
	id = path_base(slice_take(member, member.len - strlen("/layer.tar")));
	for (size_t i = 0; i < id.len; i++)
		if (hex_value(id.ptr[i]) < 0)
			return SLICE_EMPTY;
	return id.len == 64 ? id : SLICE_EMPTY;
}

/* Else a digest over the digests up to this layer: a blob's own digest would stand for it on any other layer, too. */
static enum status name_layer(struct client_image *c, size_t i, struct err *err)
{
	struct slice id = classic_id(c->layers[i].layer->name), text;
	struct digest_text digest;
	struct digest chain;

	if (id.len > 0) {
		c->layers[i].name = id;
		return STATUS_OK;
	}
	if (!arena_printf(&c->arena, &text, "%.*s %s", i > 0 ? (int)c->layers[i - 1].name.len : 0,
			  i > 0 ? (const char *)c->layers[i - 1].name.ptr : "",
			  digest_print(&digest, &c->layers[i].digest)))
		return err_nomem(err, "an image");
	TRY(digest_of(DIGEST_SHA256, text, &chain, err));
	if (!arena_copy(&c->arena, slice_from(slice_cstr(digest_print(&digest, &chain)), strlen("sha256:")), &text))
		return err_nomem(err, "an image");
	c->layers[i].name = text;
	return STATUS_OK;
}

/* A server knows an image by a digest: where it has no manifest, one of its layers. */
static enum status derive_manifest(struct client_image *c, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(CLIENT_MEMORY);

	for (size_t i = 0; i < c->image->n_layers; i++) {
		struct digest_text digest;

		buf_printf(&text, "%s\n", digest_print(&digest, &c->layers[i].digest));
	}
	TRY(buf_check(&text, "a manifest", err));
	return digest_of(DIGEST_SHA256, buf_slice(&text), &c->manifest, err);
}

static enum status examine(struct client_image *c, struct err *err)
{
	const struct image *image = c->image;
	struct err_quote q;

	c->manifest = image->manifest;
	if (image->n_layers == 0)
		return err_set(err, STATUS_NOTFOUND, "%s: the image has no layers", err_slice(&q, image->target));
	c->layers = arena_array(&c->arena, image->n_layers, sizeof(*c->layers));
	if (!c->layers)
		return err_nomem(err, "an image");
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct image_layer *layer = &image->layers[i];

		c->layers[i] = (struct client_layer){ .image = image, .layer = layer, .digest = layer->digest };
		if (layer->place == LAYER_DIRECTORY)
			return err_set(err, STATUS_UNSUPPORTED,
				       "%s: a directory cannot be sent to a server: scan it without one",
				       err_slice(&q, image->target));
		if (layer->digest.algo == DIGEST_NONE)
			TRY(digest_layer(&c->layers[i], &c->layers[i].digest, err));
		TRY(name_layer(c, i, err));
	}
	return c->manifest.algo == DIGEST_NONE ? derive_manifest(c, err) : STATUS_OK;
}

static bool parse_platform(const char *text, struct image_platform *out)
{
	struct slice rest = slice_cstr(text);

	if (!slice_cut(rest, '/', &out->os, &rest) || out->os.len == 0)
		return false;
	slice_cut(rest, '/', &out->arch, &out->variant);
	return out->arch.len > 0;
}

enum status client_image_open(const struct options *o, struct slice target, const char *platform,
			      struct client_image *out, struct err *err)
{
	struct diag_sink quiet = { NULL, NULL };
	struct image_options options = { .limits = &limits_default,
					 .diags = &quiet,
					 .isolate = worker_isolate,
					 .isolate_ctx = (void *)(uintptr_t)&limits_default };

	*out = (struct client_image){ .arena = ARENA_INIT(CLIENT_MEMORY) };
	if (option_given(o, OPTION_platform)) {
		if (!parse_platform(o->value[OPTION_platform], &options.platform))
			return err_set(err, STATUS_INVALID, "--platform: expected OS/ARCH or OS/ARCH/VARIANT");
		options.platform_given = true;
	}
	if (!options.platform_given && platform)
		(void)parse_platform(platform, &options.platform);
	if (cli_network)
		TRY(cli_network->begin(o, &options.remote, err));
	TRY(image_open(target, &options, &out->image, err));
	return examine(out, err);
}

void client_image_free(struct client_image *c)
{
	image_free(c->image);
	arena_fini(&c->arena);
	*c = (struct client_image){ .image = NULL };
}

/* ---- to a server ---- */

struct slice client_layer_path(const struct client_image *c, size_t i, enum service_api api, struct arena *arena)
{
	struct digest_text text;
	struct slice path = SLICE_EMPTY, algorithm, hex;

	slice_cut(slice_cstr(digest_print(&text, &c->layers[i].digest)), ':', &algorithm, &hex);
	if (!(api == SERVICE_V1 ? arena_printf(arena, &path, "/%.*s/layer.tar", SLICE_ARG(c->layers[i].name))
				: arena_printf(arena, &path, "/blobs/%.*s/%.*s", SLICE_ARG(algorithm), SLICE_ARG(hex))))
		return SLICE_EMPTY;
	return path;
}

enum status client_manifest(const struct client_image *c, struct slice base, struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(CLIENT_MEMORY);
	size_t n = c->image->n_layers;
	struct posted_layer *layers = arena_array(&arena, n, sizeof(*layers));
	struct posted_manifest manifest = { .digest = c->manifest, .layers = layers, .n_layers = n };

	if (!layers)
		return err_nomem(err, "a manifest");
	for (size_t i = 0; i < n; i++) {
		struct slice path = client_layer_path(c, i, SERVICE_V4, &arena);

		layers[i].digest = c->layers[i].digest;
		if (base.len > 0 && (path.len == 0 || !arena_printf(&arena, &layers[i].uri, "%.*s%.*s", SLICE_ARG(base),
								    SLICE_ARG(path))))
			return err_nomem(err, "a manifest");
	}
	return posted_manifest_print(&manifest, out, err);
}

enum status client_manifest_located(const struct client_image *c, struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(CLIENT_MEMORY);
	size_t n = c->image->n_layers;
	struct posted_layer *layers = arena_array(&arena, n, sizeof(*layers));
	struct posted_header *headers = arena_array(&arena, n, sizeof(*headers));
	struct posted_manifest manifest = { .digest = c->manifest, .layers = layers, .n_layers = n };

	if (!layers || !headers)
		return err_nomem(err, "a manifest");
	for (size_t i = 0; i < n; i++) {
		layers[i].digest = c->layers[i].digest;
		headers[i].name = SLICE("Authorization");
		TRY(image_remote_locate(c->image, c->layers[i].layer, &arena, &layers[i].uri, &headers[i].value, err));
		layers[i].headers = &headers[i];
		layers[i].n_headers = headers[i].value.len > 0;
	}
	return posted_manifest_print(&manifest, out, err);
}

static enum status push_one(const struct client_layer *layer, struct service *s, struct err *err)
{
	enum status st = STATUS_CONFLICT;

	for (unsigned tries = 0; st == STATUS_CONFLICT && tries < PUSH_TRIES; tries++) {
		struct source *bytes;
		uint64_t length = layer->layer->len ? layer->layer->len : UINT64_MAX;

		if (tries > 0)
			nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		TRY(client_layer_open(layer, &bytes, err));
		st = service_push(s, &layer->digest, bytes, length, err);
		source_free(bytes);
	}
	return st;
}

enum status client_push(const struct client_image *c, struct service *s, void (*said)(void *ctx, const char *text),
			void *ctx, struct err *err)
{
	for (size_t i = 0; i < c->image->n_layers; i++) {
		struct digest_text digest;
		char text[256];
		bool known;

		TRY(service_layer_known(s, &c->layers[i].digest, &known, err));
		snprintf(text, sizeof(text), "%s layer %zu of %zu: %s", known ? "Known is" : "Pushing", i + 1,
			 c->image->n_layers, digest_print(&digest, &c->layers[i].digest));
		said(ctx, text);
		if (!known)
			TRY(push_one(&c->layers[i], s, err));
	}
	return STATUS_OK;
}

static enum status open_layer(void *ctx, struct source **out, struct err *err)
{
	const struct client_layer *layer = ctx;
	struct source *bytes;
	enum codec_id codec;

	TRY(client_layer_open(layer, &bytes, err));
	if (layer->decode)
		return codec_open(bytes, &limits_default, &codec, out, err);
	*out = bytes;
	return STATUS_OK;
}

static bool is_zstd(const struct client_layer *layer)
{
	struct err ignored = ERR_INIT;
	struct source *bytes, *decoded = NULL;
	enum codec_id codec = CODEC_PLAIN;

	if (client_layer_open(layer, &bytes, &ignored) != STATUS_OK)
		return false;
	if (codec_open(bytes, &limits_default, &codec, &decoded, &ignored) == STATUS_OK)
		source_free(decoded);
	return codec == CODEC_zstd;
}

enum status client_serve(struct client_image *c, enum service_api api, const char *ip, struct slice peer,
			 struct layer_server **out, struct err *err)
{
	size_t n = c->image->n_layers;
	struct served_layer *served = arena_array(&c->arena, n, sizeof(*served));
	struct layer_server_options options = { .ip = ip, .peer = peer, .layers = served, .n_layers = n };

	if (!served)
		return err_nomem(err, "layers");
	for (size_t i = 0; i < n; i++) {
		const struct image_layer *layer = c->layers[i].layer;

		c->layers[i].decode = api == SERVICE_V1 && is_zstd(&c->layers[i]);
		served[i] = (struct served_layer){ .path = client_layer_path(c, i, api, &c->arena),
						   .fd = -1,
						   .length = c->layers[i].decode ? 0 : layer->len,
						   .open = open_layer,
						   .ctx = &c->layers[i] };
		if (served[i].path.len == 0)
			return err_nomem(err, "layers");
		if (layer->place == LAYER_FD && !c->layers[i].decode) {
			served[i].fd = layer->fd;
			served[i].offset = layer->offset;
		}
	}
	return layer_server_start(&options, out, err);
}
