/* SPDX-License-Identifier: Apache-2.0 */
/* registry_image.c - an image of a registry: its documents now, its layers when they are asked for. */
#include "image/remote_impl.h"

#include <stdio.h>
#include <stdlib.h>

/* Schema 1 is named so that an old registry sends what can be refused in words, and nothing else. */
#define ACCEPT                                                                                                         \
	"application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "         \
	"application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "           \
	"application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1, application/json;q=0.1"

struct kept_layer {
	struct digest digest;
	struct slice *urls; /* of the image's arena */
	size_t n_urls;
};

struct registry_image {
	struct image_remote base;
	struct registry *registry;
	struct image_impl *impl;     /* borrowed: it owns this */
	const struct limits *limits; /* borrowed */
	struct digest root;	     /* the document that the reference leads to */
	struct slice root_json;
	VEC(struct kept_layer) layers;
};

/* ---- documents ---- */

static enum status keep_bytes(void *ctx, struct slice bytes, struct err *err)
{
	struct buf *b = ctx;

	buf_add(b, bytes);
	return buf_check(b, "a document of the registry", err);
}

/* A registry answers "text/html" when it is a login page, or no registry at all. */
static enum status check_page(const char *content_type, struct slice bytes, struct err *err)
{
	struct slice type = slice_cstr(content_type), start = slice_trim(bytes);

	if (slice_starts(type, SLICE("text/html")) || slice_starts(start, SLICE("<")))
		return err_set(err, STATUS_REMOTE, "a web page came instead of a document: is it a registry?");
	if (start.len == 0)
		return err_set(err, STATUS_REMOTE, "an empty answer");
	return STATUS_OK;
}

static enum status fetch(struct registry_image *ri, struct slice path, struct slice accept, struct slice *out,
			 struct http_caught *digest, struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT((size_t)ri->limits->manifest_bytes + 1);
	struct layer_sink sink = { .bytes = keep_bytes, .ctx = &body };
	struct http_caught type = { .name = "Content-Type" };
	struct registry_get get = { .path = path,
				    .accept = accept,
				    .max_bytes = ri->limits->manifest_bytes,
				    .sink = &sink,
				    .content_type = &type,
				    .content_digest = digest };

	TRY(registry_get(ri->registry, &get, err));
	TRY(check_page(type.value, buf_slice(&body), err));
	return arena_copy(&ri->impl->arena, buf_slice(&body), out) ? STATUS_OK
								   : err_nomem(err, "a document of the image");
}

static enum status read_blob(void *ctx, enum blob_kind kind, const struct digest *digest, struct slice *out,
			     struct err *err)
{
	struct registry_image *ri = ctx;
	struct digest_text text;
	struct slice path;
	bool manifest = kind != BLOB_CONFIG;

	if (digest_eq(digest, &ri->root)) {
		*out = ri->root_json;
		return STATUS_OK;
	}
	if (!arena_printf(&ri->impl->arena, &path, "%s/%s", manifest ? "manifests" : "blobs",
			  digest_print(&text, digest)))
		return err_nomem(err, "a URL");
	return fetch(ri, path, manifest ? SLICE(ACCEPT) : SLICE_EMPTY, out, NULL, err);
}

static enum status keep_layer(void *ctx, const struct descriptor *d, struct err *err)
{
	struct registry_image *ri = ctx;
	struct kept_layer *kept = VEC_PUSH(&ri->layers, &ri->impl->arena);

	if (!kept)
		return err_nomem(err, "a layer");
	*kept = (struct kept_layer){ d->digest, d->urls.at, d->urls.len };
	return STATUS_OK;
}

/* What the reference leads to; its digest is checked if the reference has one, or the registry says one. */
static enum status fetch_root(struct registry_image *ri, const struct reference *ref, struct err *err)
{
	struct http_caught said = { .name = "Docker-Content-Digest" };
	struct digest want = ref->digest, header;
	struct digest_text text, other;
	struct slice path;
	bool ok = ref->digest.algo != DIGEST_NONE
			  ? arena_printf(&ri->impl->arena, &path, "manifests/%s", digest_print(&text, &ref->digest))
			  : arena_printf(&ri->impl->arena, &path, "manifests/%.*s", SLICE_ARG(ref->tag));

	if (!ok)
		return err_nomem(err, "a URL");
	TRY(fetch(ri, path, SLICE(ACCEPT), &ri->root_json, &said, err));
	if (want.algo == DIGEST_NONE && digest_parse(slice_cstr(said.value), &header))
		want = header;
	TRY(digest_of(want.algo == DIGEST_NONE ? DIGEST_SHA256 : want.algo, ri->root_json, &ri->root, err));
	if (want.algo != DIGEST_NONE && !digest_eq(&want, &ri->root))
		return err_set(err, STATUS_MISMATCH, "the manifest has the digest %s, not %s",
			       digest_print(&text, &ri->root), digest_print(&other, &want));
	return STATUS_OK;
}

/* ---- layers ---- */

static enum status pass(struct image_remote *remote, const struct image_layer *layer, const struct layer_sink *sink,
			struct err *err)
{
	struct registry_image *ri = (struct registry_image *)remote;
	const struct kept_layer *kept = NULL;
	struct digest_text text;
	char path[160];
	struct registry_get get = { .max_bytes = ri->limits->layer_bytes, .sink = sink };
	enum status st;

	for (size_t i = 0; i < ri->layers.len && !kept; i++)
		if (digest_eq(&ri->layers.at[i].digest, &layer->digest))
			kept = &ri->layers.at[i];
	snprintf(path, sizeof(path), "blobs/%s", digest_print(&text, &layer->digest));
	get.path = slice_cstr(path);
	st = registry_get(ri->registry, &get, err);
	/* The registry need not have what the manifest says is kept elsewhere. */
	for (size_t i = 0; st == STATUS_NOTFOUND && kept && i < kept->n_urls; i++) {
		st = registry_get_url(ri->registry, kept->urls[i], ri->limits->layer_bytes, sink, err);
		if (st != STATUS_OK && i + 1 < kept->n_urls && (st == STATUS_REMOTE || st == STATUS_AUTH))
			st = STATUS_NOTFOUND;
		else if (st != STATUS_OK)
			return err_wrap(err, "layer %s, kept elsewhere", text.text);
	}
	return st == STATUS_OK ? st : err_wrap(err, "layer %s", text.text);
}

static enum status locate(struct image_remote *remote, const struct image_layer *layer, struct arena *arena,
			  struct slice *out_url, struct slice *out_authorization, struct err *err)
{
	struct registry_image *ri = (struct registry_image *)remote;

	return registry_locate(ri->registry, &layer->digest, arena, out_url, out_authorization, err);
}

/* ---- opening ---- */

static void close_image(struct image_remote *remote)
{
	free(remote);
}

static enum status open_image(struct registry_image *ri, const struct reference *ref,
			      const struct image_options *options, struct err *err)
{
	struct blobs_remote remote = { .read = read_blob, .keep = keep_layer, .ctx = ri };
	struct blobs blobs = { .dir_fd = -1, .remote = &remote, .impl = ri->impl, .limits = ri->limits };
	struct buf AUTO(buf_fini) name = BUF_INIT(4096);
	struct manifest_index index = { 0 };
	struct descriptor *root = VEC_PUSH(&index.manifests, &ri->impl->arena);

	TRY(fetch_root(ri, ref, err));
	reference_print(ref, &name);
	if (!root || !arena_copy(&ri->impl->arena, buf_slice(&name), &root->name))
		return err_nomem(err, "an image");
	TRY(manifest_media_type(ri->root_json, ri->limits, &ri->impl->arena, &root->media_type, err));
	root->digest = ri->root;
	root->size = UINT64_MAX;
	return oci_open_index(ri->impl, &blobs, &index, SLICE_EMPTY, options, err);
}

enum status registry_image_open(struct remotes *all, struct slice text, struct image_impl *impl,
				const struct image_options *options, struct err *err)
{
	struct registry_image *ri;
	struct reference ref;
	struct err_quote q;

	TRY(reference_parse(text, &impl->arena, &ref, err));
	ri = calloc(1, sizeof(*ri));
	if (!ri)
		return err_nomem(err, "an image");
	*ri = (struct registry_image){ .base = { .pass = pass, .close = close_image, .locate = locate },
				       .impl = impl,
				       .limits = options->limits };
	impl->image.remote = &ri->base;
	if (registry_of(all, &ref, &ri->registry, err) != STATUS_OK || open_image(ri, &ref, options, err) != STATUS_OK)
		return err_wrap(err, "%s", err_slice(&q, text));
	return STATUS_OK;
}
