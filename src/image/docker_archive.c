/* SPDX-License-Identifier: Apache-2.0 */
/* docker_archive.c - an image of a file that docker save, podman save or skopeo wrote: manifest.json and its parts. */
#include "image/image_impl.h"

#include "io/tar.h"

struct found {
	const struct docker_image *image;
	struct image_config config;
	struct digest config_digest;
};

/* A configuration is named by its digest: "<hex>.json", or as a blob. */
static bool digest_of_config_name(struct slice name, struct digest *out)
{
	struct slice hex = path_base(name);
	uint8_t text[80] = "sha256:";

	if (blobs_digest_of_name(name, out))
		return true;
	if (slice_ends(hex, SLICE(".json")))
		hex.len -= 5;
	if (hex.len != 64)
		return false;
	memcpy(text + 7, hex.ptr, hex.len);
	return digest_parse(slice_make(text, 7 + hex.len), out);
}

static enum status normal_name(const struct blobs *b, struct slice raw, struct slice *out, struct err *err)
{
	uint8_t *buf = arena_alloc(&b->impl->arena, raw.len + 1);

	if (!buf)
		return err_nomem(err, "a file name");
	*out = path_normalise(raw, buf);
	return STATUS_OK;
}

static enum status read_config(const struct blobs *b, struct found *f, struct err *err)
{
	struct digest_text got, want;
	struct digest named;
	struct err_quote q;
	struct slice json, name;

	TRY(normal_name(b, f->image->config, &name, err));
	if (blobs_read(b, name, &json, err) != STATUS_OK)
		return err_wrap(err, "configuration");
	TRY(digest_of(DIGEST_SHA256, json, &f->config_digest, err));
	if (digest_of_config_name(name, &named) && !digest_eq(&named, &f->config_digest))
		return err_set(err, STATUS_MISMATCH, "the configuration %s has the digest %s, not %s",
			       err_slice(&q, name), digest_print(&got, &f->config_digest), digest_print(&want, &named));
	return manifest_parse_config(json, b->limits, &b->impl->arena, &f->config, err);
}

static bool has_tag(const struct docker_image *image, struct slice ref)
{
	for (size_t i = 0; i < image->tags.len; i++)
		if (reference_matches(ref, image->tags.at[i]))
			return true;
	return false;
}

/* "alpine:3.9 linux/amd64, ..." */
static enum status no_choice(const struct found *found, size_t n, const char *why, struct err *err)
{
	struct buf list = BUF_INIT(4096);
	struct err_quote q;

	for (size_t i = 0; i < n && i < 20; i++) {
		buf_add_cstr(&list, i ? ", " : "");
		if (found[i].image->tags.len > 0)
			buf_printf(&list, "%s ", err_slice(&q, found[i].image->tags.at[0]));
		platform_describe(&list, found[i].config.os, found[i].config.arch, found[i].config.variant);
	}
	buf_add_byte(&list, '\0');
	err_set(err, STATUS_NOTFOUND, "%s; there are: %s", why, list.failed ? "too many" : (char *)list.ptr);
	buf_fini(&list);
	return STATUS_NOTFOUND;
}

static enum status choose(struct found *found, size_t n, struct slice ref, const struct image_options *options,
			  struct found **out, struct err *err)
{
	struct image_platform want;
	struct found *only = NULL, *fitting = NULL;
	size_t named = 0, fit = 0;
	uint64_t number = 0;
	bool by_number = reference_is_number(ref, &number);

	platform_resolve(options, &want);
	for (size_t i = 0; i < n; i++) {
		if (by_number ? i != number : ref.len > 0 && !has_tag(found[i].image, ref))
			continue;
		named++;
		only = &found[i];
		if (!platform_matches(&want, only->config.os, only->config.arch, only->config.variant))
			continue;
		fit++;
		fitting = only;
	}
	if (named == 0)
		return no_choice(found, n, "there is no image of that name in the archive", err);
	if (named == 1 && !options->platform_given)
		fitting = only;
	else if (fit == 0)
		return no_choice(found, n, "there is no image for the platform asked for", err);
	else if (fit > 1)
		return no_choice(found, n, "there are several images in the archive, name one of them", err);
	*out = fitting;
	return STATUS_OK;
}

static enum status fill_layer(const struct blobs *b, struct slice raw, struct image_layer *layer, struct err *err)
{
	struct slice name;

	TRY(normal_name(b, raw, &name, err));
	if (blobs_locate(b, name, UINT64_MAX, layer, err) != STATUS_OK)
		return err_wrap(err, "layer");
	if (!blobs_digest_of_name(name, &layer->digest))
		layer->digest = (struct digest){ 0 };
	return STATUS_OK;
}

static enum status fill_image(struct image_impl *impl, const struct blobs *b, const struct found *f, struct err *err)
{
	struct image *image = &impl->image;
	size_t n = f->image->layers.len;

	if (n != f->config.diff_ids.len)
		return err_set(err, STATUS_MALFORMED, "manifest.json lists %zu layers, the configuration %zu DiffIDs",
			       n, f->config.diff_ids.len);
	image->manifest = image->config = f->config_digest;
	image->os = f->config.os;
	image->arch = f->config.arch;
	image->variant = f->config.variant;
	if (f->image->tags.len > 0 && image->name.len == 0)
		image->name = f->image->tags.at[0];
	image->layers = arena_array(&impl->arena, n + 1, sizeof(*image->layers));
	if (!image->layers)
		return err_nomem(err, "an image");
	for (size_t i = 0; i < n; i++) {
		TRY(fill_layer(b, f->image->layers.at[i], &image->layers[i], err));
		image->layers[i].diff_id = f->config.diff_ids.at[i];
		if (f->config.created_by.len == n)
			image->layers[i].created_by = f->config.created_by.at[i];
	}
	image->n_layers = n;
	image->base = base_image_find(&f->config, n, SLICE_EMPTY, SLICE_EMPTY);
	return STATUS_OK;
}

enum status docker_archive_open(struct image_impl *impl, const struct blobs *blobs, struct slice ref,
				const struct image_options *options, struct err *err)
{
	struct docker_manifest manifest;
	struct found *found, *chosen = NULL;
	struct slice json;

	if (!archive_find(blobs->archive, SLICE("manifest.json")) &&
	    archive_find(blobs->archive, SLICE("repositories")))
		return err_set(err, STATUS_UNSUPPORTED, "it was saved by a Docker before 1.10, without manifest.json");
	TRY(blobs_read(blobs, SLICE("manifest.json"), &json, err));
	TRY(manifest_parse_docker(json, options->limits, &impl->arena, &manifest, err));
	found = arena_array(&impl->arena, manifest.images.len, sizeof(*found));
	if (!found)
		return err_nomem(err, "manifest.json");
	for (size_t i = 0; i < manifest.images.len; i++) {
		found[i].image = &manifest.images.at[i];
		TRY(read_config(blobs, &found[i], err));
	}
	TRY(choose(found, manifest.images.len, ref, options, &chosen, err));
	if (ref.len > 0)
		impl->image.name = ref;
	return fill_image(impl, blobs, chosen, err);
}
