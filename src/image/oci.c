/* SPDX-License-Identifier: Apache-2.0 */
/* oci.c - an image of an OCI layout, in a directory or an archive: index, choice of platform, manifest, config. */
#include "image/image_impl.h"

#define NESTED_MAX 256 /* indexes inside the index that are opened */

struct candidate {
	struct descriptor d;
	struct slice ref; /* of the entry of index.json it was reached by */
};

struct chooser {
	struct image_impl *impl;
	const struct blobs *blobs;
	const struct limits *limits;
	VEC(struct candidate) images; /* manifests of images */
	VEC(struct candidate) queue;  /* indexes to be opened */
	size_t artifacts;	      /* attestations and the like that were passed over */
};

bool reference_matches(struct slice wanted, struct slice reference)
{
	static const char *const prefixes[] = { "docker.io/library/", "docker.io/", "library/" };
	struct slice rest;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		struct slice prefix = slice_cstr(prefixes[i]);

		if (slice_starts(wanted, prefix))
			wanted = slice_from(wanted, prefix.len);
		if (slice_starts(reference, prefix))
			reference = slice_from(reference, prefix.len);
	}
	if (slice_eq(wanted, reference))
		return true;
	if (!slice_starts(reference, wanted) || wanted.len == 0)
		return false;
	rest = slice_from(reference, wanted.len);
	return slice_eq(rest, SLICE(":latest")) && slice_find_byte(path_base(wanted), ':') == SIZE_MAX;
}

bool reference_is_number(struct slice ref, uint64_t *out)
{
	return slice_starts(ref, SLICE("@")) && slice_to_u64(slice_from(ref, 1), out);
}

static struct slice label_of(const struct candidate *c)
{
	return c->d.name.len > 0 ? c->d.name : c->ref;
}

/* d is entry number i of index.json. */
static bool is_asked_for(const struct descriptor *d, size_t i, struct slice ref)
{
	struct digest digest;
	struct slice tag;
	uint64_t number;

	if (ref.len == 0)
		return true;
	if (reference_is_number(ref, &number))
		return number == i;
	if (slice_starts(ref, SLICE("@")))
		return digest_parse(slice_from(ref, 1), &digest) && digest_eq(&digest, &d->digest);
	if (digest_parse(ref, &digest))
		return digest_eq(&digest, &d->digest);
	if (slice_eq(ref, d->ref) || (d->name.len > 0 && reference_matches(ref, d->name)))
		return true;
	/* The annotation may hold the tag only, or all of the reference. */
	if (d->ref.len > 0 && reference_matches(ref, d->ref))
		return true;
	return slice_rcut(ref, ':', NULL, &tag) && slice_eq(tag, d->ref) && slice_find_byte(tag, '/') == SIZE_MAX;
}

static bool is_image(const struct descriptor *d)
{
	return !d->attestation && d->artifact_type.len == 0;
}

static enum status sort_out(struct chooser *c, const struct descriptor *d, struct slice ref, struct err *err)
{
	struct candidate *kept;

	if (!is_image(d)) {
		c->artifacts++;
		return STATUS_OK;
	}
	kept = manifest_is_index(d->media_type) ? VEC_PUSH(&c->queue, &c->impl->arena)
						: VEC_PUSH(&c->images, &c->impl->arena);
	if (!kept)
		return err_nomem(err, "an image index");
	kept->d = *d;
	kept->ref = ref;
	return STATUS_OK;
}

static enum status open_indexes(struct chooser *c, struct err *err)
{
	for (size_t i = 0; i < c->queue.len; i++) {
		struct candidate at = c->queue.at[i];
		struct manifest_index index;
		struct slice json;

		if (i >= NESTED_MAX)
			return err_set(err, STATUS_LIMIT, "more than %d image indexes are nested", NESTED_MAX);
		TRY(blobs_read_digest(c->blobs, &at.d.digest, at.d.size, BLOB_INDEX, &json, err));
		TRY(manifest_parse_index(json, c->limits, &c->impl->arena, &index, err));
		for (size_t j = 0; j < index.manifests.len; j++) {
			struct descriptor *d = &index.manifests.at[j];

			if (d->name.len == 0)
				d->name = at.d.name;
			TRY(sort_out(c, d, at.ref, err));
		}
	}
	return STATUS_OK;
}

/* A descriptor need not name the platform; the configuration does. */
static enum status fill_platform(struct chooser *c, struct candidate *at, struct err *err)
{
	struct image_config config;
	struct manifest manifest;
	struct slice json;

	if (at->d.arch.len > 0)
		return STATUS_OK;
	TRY(blobs_read_digest(c->blobs, &at->d.digest, at->d.size, BLOB_MANIFEST, &json, err));
	TRY(manifest_parse(json, c->limits, &c->impl->arena, &manifest, err));
	TRY(blobs_read_digest(c->blobs, &manifest.config.digest, manifest.config.size, BLOB_CONFIG, &json, err));
	TRY(manifest_parse_config(json, c->limits, &c->impl->arena, &config, err));
	at->d.os = config.os;
	at->d.arch = config.arch;
	at->d.variant = config.variant;
	return STATUS_OK;
}

static void list_candidates(const struct chooser *c, struct buf *out)
{
	for (size_t i = 0; i < c->images.len && i < 20; i++) {
		const struct candidate *at = &c->images.at[i];
		struct err_quote q;

		buf_add_cstr(out, i ? ", " : "");
		if (label_of(at).len > 0)
			buf_printf(out, "%s ", err_slice(&q, label_of(at)));
		platform_describe(out, at->d.os, at->d.arch, at->d.variant);
	}
	if (c->images.len > 20)
		buf_printf(out, " and %zu more", c->images.len - 20);
	buf_add_byte(out, '\0');
}

static enum status no_choice(const struct chooser *c, const struct image_platform *want, size_t matching,
			     struct err *err)
{
	struct buf list = BUF_INIT(4096), name = BUF_INIT(256);

	list_candidates(c, &list);
	platform_describe(&name, want->os, want->arch, want->variant);
	buf_add_byte(&name, '\0');
	if (list.failed || name.failed)
		err_set(err, STATUS_NOTFOUND, "no single image fits");
	else if (matching > 1)
		err_set(err, STATUS_NOTFOUND, "there are several images for %s, name one of them: %s", (char *)name.ptr,
			(char *)list.ptr);
	else
		err_set(err, STATUS_NOTFOUND, "there is no image for %s; there are: %s", (char *)name.ptr,
			(char *)list.ptr);
	buf_fini(&list);
	buf_fini(&name);
	return STATUS_NOTFOUND;
}

/* The one image of the platform asked for, or the only one there is. */
static enum status choose(struct chooser *c, const struct image_options *options, struct candidate **out,
			  struct err *err)
{
	struct image_platform want;
	struct candidate *found = NULL;
	size_t matching = 0;

	if (c->images.len == 0)
		return err_set(err, c->artifacts ? STATUS_UNSUPPORTED : STATUS_NOTFOUND, "%s",
			       c->artifacts ? "it holds no image, only attestations or other artifacts"
					    : "the image index is empty");
	platform_resolve(options, &want);
	for (size_t i = 0; i < c->images.len; i++) {
		struct candidate *at = &c->images.at[i];

		if (c->images.len > 1 || options->platform_given)
			TRY(fill_platform(c, at, err));
		if (!platform_matches(&want, at->d.os, at->d.arch, at->d.variant))
			continue;
		matching += !found || !digest_eq(&found->d.digest, &at->d.digest);
		if (!found)
			found = at;
	}
	if (!options->platform_given && c->images.len == 1)
		found = &c->images.at[0];
	else if (matching != 1)
		return no_choice(c, &want, matching, err);
	*out = found;
	return STATUS_OK;
}

static enum status find_ref(struct chooser *c, const struct manifest_index *index, struct slice ref, struct err *err)
{
	struct buf list = BUF_INIT(4096);
	struct err_quote q;
	size_t matching = 0, named = 0;

	for (size_t i = 0; i < index->manifests.len; i++) {
		const struct descriptor *d = &index->manifests.at[i];

		if (is_asked_for(d, i, ref)) {
			matching++;
			TRY(sort_out(c, d, d->ref, err));
		}
	}
	if (ref.len == 0 || matching > 0)
		return STATUS_OK;
	for (size_t i = 0; i < index->manifests.len && i < 20; i++) {
		const struct descriptor *d = &index->manifests.at[i];
		struct slice name = d->name.len > 0 ? d->name : d->ref;

		if (name.len > 0)
			buf_printf(&list, "%s%s", named++ ? ", " : "", err_slice(&q, name));
	}
	buf_add_byte(&list, '\0');
	err_set(err, STATUS_NOTFOUND, "there is no image %s in it; %s%s", err_slice(&q, ref),
		named ? "there are: " : "its images have no names", named && !list.failed ? (char *)list.ptr : "");
	buf_fini(&list);
	return STATUS_NOTFOUND;
}

static bool is_layer_type(struct slice t)
{
	return t.len == 0 || slice_starts(t, SLICE("application/vnd.oci.image.layer.")) ||
	       slice_starts(t, SLICE("application/vnd.docker.image.rootfs."));
}

static enum status check_is_image(const struct manifest *m, struct err *err)
{
	struct slice t = m->config.media_type;
	struct err_quote q;

	if (m->artifact_type.len > 0 || (t.len > 0 && !slice_starts(t, SLICE("application/vnd.oci.image.config.")) &&
					 !slice_starts(t, SLICE("application/vnd.docker.container.image."))))
		return err_set(err, STATUS_UNSUPPORTED, "it is an artifact of type %s, not an image",
			       err_slice(&q, m->artifact_type.len > 0 ? m->artifact_type : t));
	for (size_t i = 0; i < m->layers.len; i++) {
		t = m->layers.at[i].media_type;
		if (!is_layer_type(t) || slice_has(t, SLICE("encrypted")))
			return err_set(err, STATUS_UNSUPPORTED, "layer %zu is of type %s, which is not read", i,
				       err_slice(&q, t));
	}
	return STATUS_OK;
}

static enum status fill_layer(const struct blobs *blobs, const struct descriptor *d, struct image_layer *layer,
			      struct err *err)
{
	struct digest_text text;
	struct slice name;

	TRY(blobs_name(blobs, &d->digest, &name, err));
	if (blobs->remote) {
		layer->place = LAYER_STREAM;
		layer->fd = -1;
		layer->name = name;
		layer->len = d->size != UINT64_MAX ? d->size : 0;
		TRY(blobs->remote->keep(blobs->remote->ctx, d, err));
	} else if (blobs_locate(blobs, name, d->size, layer, err) != STATUS_OK)
		return err_wrap(err, "layer %s%s", digest_print(&text, &d->digest),
				d->urls.len > 0 ? ", which the manifest says is kept elsewhere" : "");
	layer->digest = d->digest;
	layer->media_type = d->media_type;
	layer->size_said = d->size != UINT64_MAX ? d->size : 0;
	return STATUS_OK;
}

static enum status fill_image(struct image_impl *impl, const struct blobs *blobs, const struct manifest *m,
			      const struct image_config *config, struct err *err)
{
	struct image *image = &impl->image;

	if (m->layers.len != config->diff_ids.len)
		return err_set(err, STATUS_MALFORMED, "the manifest has %zu layers, the configuration %zu DiffIDs",
			       m->layers.len, config->diff_ids.len);
	image->config = m->config.digest;
	image->os = config->os;
	image->arch = config->arch;
	image->variant = config->variant;
	image->layers = arena_array(&impl->arena, m->layers.len + 1, sizeof(*image->layers));
	if (!image->layers)
		return err_nomem(err, "an image");
	for (size_t i = 0; i < m->layers.len; i++) {
		struct image_layer *layer = &image->layers[i];

		TRY(fill_layer(blobs, &m->layers.at[i], layer, err));
		layer->diff_id = config->diff_ids.at[i];
		if (config->created_by.len == m->layers.len)
			layer->created_by = config->created_by.at[i];
	}
	image->n_layers = m->layers.len;
	image->base = base_image_find(config, image->n_layers, m->base_name, m->base_digest);
	return STATUS_OK;
}

enum status oci_open(struct image_impl *impl, const struct blobs *blobs, struct slice ref,
		     const struct image_options *options, struct err *err)
{
	struct manifest_index index;
	struct slice json;

	TRY(blobs_read(blobs, SLICE("index.json"), &json, err));
	TRY(manifest_parse_index(json, options->limits, &impl->arena, &index, err));
	return oci_open_index(impl, blobs, &index, ref, options, err);
}

enum status oci_open_index(struct image_impl *impl, const struct blobs *blobs, const struct manifest_index *index,
			   struct slice ref, const struct image_options *options, struct err *err)
{
	struct chooser c = { .impl = impl, .blobs = blobs, .limits = options->limits };
	struct candidate *chosen = NULL;
	struct image_config config;
	struct manifest manifest;
	struct slice json;

	TRY(find_ref(&c, index, ref, err));
	TRY(open_indexes(&c, err));
	TRY(choose(&c, options, &chosen, err));
	TRY(blobs_read_digest(blobs, &chosen->d.digest, chosen->d.size, BLOB_MANIFEST, &json, err));
	TRY(manifest_parse(json, options->limits, &impl->arena, &manifest, err));
	TRY(check_is_image(&manifest, err));
	TRY(blobs_read_digest(blobs, &manifest.config.digest, manifest.config.size, BLOB_CONFIG, &json, err));
	TRY(manifest_parse_config(json, options->limits, &impl->arena, &config, err));
	impl->image.manifest = chosen->d.digest;
	impl->image.name = label_of(chosen);
	return fill_image(impl, blobs, &manifest, &config, err);
}
