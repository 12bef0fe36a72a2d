/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.c - the JSON documents that describe images.
 *
 * Sources: OCI image specification (index, manifest, config), Docker's image manifest v2 schema 2, and the
 * manifest.json that docker save writes.
 */
#include "image/image_impl.h"

#include "text/json.h"

/* The OCI image specification, annotations. */
#define BASE_NAME "org.opencontainers.image.base.name"
#define BASE_DIGEST "org.opencontainers.image.base.digest"

#define DESCRIPTORS_MAX 4096
#define URLS_MAX 16

static bool copy(struct arena *a, yyjson_val *v, struct slice *out)
{
	return arena_copy(a, json_str(v), out);
}

bool manifest_is_index(struct slice media_type)
{
	return slice_eq(media_type, SLICE("application/vnd.oci.image.index.v1+json")) ||
	       slice_eq(media_type, SLICE("application/vnd.docker.distribution.manifest.list.v2+json"));
}

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"

static enum status parse_object(struct slice json, const struct limits *limits, const char *what, struct json_doc *doc,
				struct err *err)
{
	if (json_parse(json, limits, doc, err) != STATUS_OK)
		return err_wrap(err, "%s", what);
	if (!yyjson_is_obj(doc->root)) {
		json_doc_free(doc);
		return err_set(err, STATUS_MALFORMED, "%s is not a JSON object", what);
	}
	return STATUS_OK;
}

/*
 * Go's JSON, by which runtimes read these documents, takes a name in any case for a field. Of two spellings the last
 * one counts there, so a document with another one than ours could be another image to them.
 */
static enum status check_spelling(yyjson_val *obj, const char *const *names, size_t n, struct err *err)
{
	yyjson_val *key, *value;
	struct err_quote q;
	size_t i, max;

	if (!yyjson_is_obj(obj))
		return STATUS_OK;
	yyjson_obj_foreach(obj, i, max, key, value)
	{
		struct slice name = json_str(key);

		for (size_t j = 0; j < n; j++)
			if (slice_eq_nocase(name, slice_cstr(names[j])) && !slice_eq(name, slice_cstr(names[j])))
				return err_set(err, STATUS_MALFORMED, "\"%s\" was expected, \"%s\" found", names[j],
					       err_slice(&q, name));
	}
	return STATUS_OK;
}

static bool is_unknown(yyjson_val *platform)
{
	return slice_eq(json_get_str(platform, "os"), SLICE("unknown")) &&
	       slice_eq(json_get_str(platform, "architecture"), SLICE("unknown"));
}

static enum status get_urls(yyjson_val *list, struct arena *arena, struct descriptor *out, struct err *err)
{
	yyjson_val *v;
	size_t i, n;

	if (!list || !yyjson_is_arr(list))
		return STATUS_OK;
	if (yyjson_arr_size(list) > URLS_MAX)
		return err_set(err, STATUS_LIMIT, "a descriptor has more than %d URLs", URLS_MAX);
	yyjson_arr_foreach(list, i, n, v)
	{
		struct slice *url = VEC_PUSH(&out->urls, arena);

		if (!url || !copy(arena, v, url))
			return err_nomem(err, "an image's manifest");
	}
	return STATUS_OK;
}

static enum status get_descriptor(yyjson_val *v, struct arena *arena, struct descriptor *out, struct err *err)
{
	yyjson_val *platform = json_get(v, "platform"), *notes = json_get(v, "annotations");
	static const char *const names[] = { "digest", "mediaType" };
	struct err_quote q;

	if (!yyjson_is_obj(v))
		return err_set(err, STATUS_MALFORMED, "a descriptor is not an object");
	TRY(check_spelling(v, names, ARRAY_LEN(names), err));
	if (!digest_parse(json_get_str(v, "digest"), &out->digest))
		return err_set(err, STATUS_MALFORMED, "a descriptor's digest is \"%s\"; sha256:<hex> was expected",
			       err_slice(&q, json_get_str(v, "digest")));
	if (!json_get_u64(v, "size", &out->size))
		out->size = UINT64_MAX;
	out->attestation = is_unknown(platform) ||
			   slice_eq(json_get_str(notes, "vnd.docker.reference.type"), SLICE("attestation-manifest"));
	TRY(get_urls(json_get(v, "urls"), arena, out, err));
	if (!copy(arena, json_get(v, "mediaType"), &out->media_type) ||
	    !copy(arena, json_get(v, "artifactType"), &out->artifact_type) ||
	    !copy(arena, json_get(notes, "org.opencontainers.image.ref.name"), &out->ref) ||
	    !copy(arena, json_get(notes, "io.containerd.image.name"), &out->name) ||
	    !copy(arena, json_get(platform, "os"), &out->os) ||
	    !copy(arena, json_get(platform, "architecture"), &out->arch) ||
	    !copy(arena, json_get(platform, "variant"), &out->variant))
		return err_nomem(err, "an image's manifest");
	return STATUS_OK;
}

/* A document that could be read as an index and as a manifest is neither (OCI image specification, mediaType). */
static enum status check_kind(yyjson_val *root, struct err *err)
{
	static const char *const names[] = { "manifests", "layers", "config" };

	TRY(check_spelling(root, names, ARRAY_LEN(names), err));
	if (json_get(root, "manifests") && (json_get(root, "layers") || json_get(root, "config")))
		return err_set(err, STATUS_MALFORMED, "the document is an image index and a manifest at once");
	return STATUS_OK;
}

static enum status get_index(yyjson_val *root, struct arena *arena, struct manifest_index *out, struct err *err)
{
	yyjson_val *list = json_get(root, "manifests"), *v;
	size_t i, n;

	TRY(check_kind(root, err));
	if (!list || !yyjson_is_arr(list))
		return err_set(err, STATUS_MALFORMED, "the image index has no list \"manifests\"");
	if (yyjson_arr_size(list) > DESCRIPTORS_MAX)
		return err_set(err, STATUS_LIMIT, "the image index has more than %d entries", DESCRIPTORS_MAX);
	yyjson_arr_foreach(list, i, n, v)
	{
		struct descriptor *d = VEC_PUSH(&out->manifests, arena);

		if (!d)
			return err_nomem(err, "an image index");
		if (get_descriptor(v, arena, d, err) != STATUS_OK)
			return err_wrap(err, "image index");
	}
	return STATUS_OK;
}

enum status manifest_media_type(struct slice json, const struct limits *limits, struct arena *arena, struct slice *out,
				struct err *err)
{
	struct slice type = SLICE_EMPTY;
	struct json_doc doc;
	bool kept;

	TRY(parse_object(json, limits, "image manifest", &doc, err));
	if (json_get(doc.root, "mediaType"))
		type = json_get_str(doc.root, "mediaType");
	else if (json_get(doc.root, "manifests"))
		type = SLICE(OCI_INDEX);
	else if (json_get(doc.root, "layers") || json_get(doc.root, "fsLayers"))
		type = SLICE(OCI_MANIFEST);
	kept = arena_copy(arena, type, out);
	json_doc_free(&doc);
	return kept ? STATUS_OK : err_nomem(err, "an image's manifest");
}

enum status manifest_parse_index(struct slice json, const struct limits *limits, struct arena *arena,
				 struct manifest_index *out, struct err *err)
{
	struct manifest_index index = { 0 };
	struct json_doc doc;
	enum status st;

	TRY(parse_object(json, limits, "image index", &doc, err));
	st = get_index(doc.root, arena, &index, err);
	json_doc_free(&doc);
	if (st == STATUS_OK)
		*out = index;
	return st;
}

static enum status get_manifest(yyjson_val *root, const struct limits *limits, struct arena *arena,
				struct manifest *out, struct err *err)
{
	yyjson_val *layers = json_get(root, "layers"), *v;
	uint64_t schema = 2;
	size_t i, n;

	if (json_get_u64(root, "schemaVersion", &schema) && schema == 1)
		return err_set(err, STATUS_UNSUPPORTED, "the manifest is of Docker's old schema 1");
	if (!copy(arena, json_get(root, "artifactType"), &out->artifact_type) ||
	    !copy(arena, json_get(json_get(root, "annotations"), BASE_NAME), &out->base_name) ||
	    !copy(arena, json_get(json_get(root, "annotations"), BASE_DIGEST), &out->base_digest))
		return err_nomem(err, "an image's manifest");
	TRY(check_kind(root, err));
	if (!json_get(root, "config") || !layers || !yyjson_is_arr(layers))
		return err_set(err, STATUS_MALFORMED, "the manifest has no \"config\" or no list \"layers\"");
	if (yyjson_arr_size(layers) > limits->layers)
		return err_set(err, STATUS_LIMIT, "the image has %zu layers; at most %llu are read",
			       yyjson_arr_size(layers), (unsigned long long)limits->layers);
	if (get_descriptor(json_get(root, "config"), arena, &out->config, err) != STATUS_OK)
		return err_wrap(err, "manifest");
	yyjson_arr_foreach(layers, i, n, v)
	{
		struct descriptor *d = VEC_PUSH(&out->layers, arena);

		if (!d)
			return err_nomem(err, "an image's manifest");
		if (get_descriptor(v, arena, d, err) != STATUS_OK)
			return err_wrap(err, "layer %zu of the manifest", i);
	}
	return STATUS_OK;
}

enum status manifest_parse(struct slice json, const struct limits *limits, struct arena *arena, struct manifest *out,
			   struct err *err)
{
	struct manifest m = { 0 };
	struct json_doc doc;
	enum status st;

	TRY(parse_object(json, limits, "image manifest", &doc, err));
	st = get_manifest(doc.root, limits, arena, &m, err);
	json_doc_free(&doc);
	if (st == STATUS_OK)
		*out = m;
	return st;
}

static enum status get_history(yyjson_val *root, struct arena *arena, struct image_config *out, struct err *err)
{
	yyjson_val *list = json_get(root, "history"), *v;
	size_t i, n;

	if (!list || !yyjson_is_arr(list))
		return STATUS_OK;
	yyjson_arr_foreach(list, i, n, v)
	{
		struct image_step *step = VEC_PUSH(&out->history, arena);
		struct slice *s;

		if (!step || !copy(arena, json_get(v, "created_by"), &step->created_by) ||
		    !copy(arena, json_get(v, "comment"), &step->comment))
			return err_nomem(err, "an image's history");
		step->empty = json_get_bool(v, "empty_layer");
		if (step->empty)
			continue;
		s = VEC_PUSH(&out->created_by, arena);
		if (!s)
			return err_nomem(err, "an image's history");
		*s = step->created_by;
	}
	return STATUS_OK;
}

static enum status get_config(yyjson_val *root, const struct limits *limits, struct arena *arena,
			      struct image_config *out, struct err *err)
{
	yyjson_val *ids = json_get(json_get(root, "rootfs"), "diff_ids"), *v;
	yyjson_val *labels = json_get(json_get(root, "config"), "Labels");
	static const char *const names[] = { "rootfs" }, *const inner[] = { "diff_ids" };
	struct err_quote q;
	size_t i, n;

	TRY(check_spelling(root, names, ARRAY_LEN(names), err));
	TRY(check_spelling(json_get(root, "rootfs"), inner, ARRAY_LEN(inner), err));
	if (!ids || !yyjson_is_arr(ids))
		return err_set(err, STATUS_MALFORMED, "the image's configuration has no list \"rootfs.diff_ids\"");
	if (yyjson_arr_size(ids) > limits->layers)
		return err_set(err, STATUS_LIMIT, "the image has %zu layers; at most %llu are read",
			       yyjson_arr_size(ids), (unsigned long long)limits->layers);
	yyjson_arr_foreach(ids, i, n, v)
	{
		struct digest *d = VEC_PUSH(&out->diff_ids, arena);

		if (!d)
			return err_nomem(err, "an image's configuration");
		if (!digest_parse(json_str(v), d))
			return err_set(err, STATUS_MALFORMED, "DiffID %zu of the image's configuration is \"%s\"", i,
				       err_slice(&q, json_str(v)));
	}
	if (!copy(arena, json_get(root, "os"), &out->os) || !copy(arena, json_get(root, "architecture"), &out->arch) ||
	    !copy(arena, json_get(root, "variant"), &out->variant) ||
	    !copy(arena, json_get(labels, BASE_NAME), &out->base_name) ||
	    !copy(arena, json_get(labels, BASE_DIGEST), &out->base_digest))
		return err_nomem(err, "an image's configuration");
	return get_history(root, arena, out, err);
}

enum status manifest_parse_config(struct slice json, const struct limits *limits, struct arena *arena,
				  struct image_config *out, struct err *err)
{
	struct image_config c = { 0 };
	struct json_doc doc;
	enum status st;

	TRY(parse_object(json, limits, "image configuration", &doc, err));
	st = get_config(doc.root, limits, arena, &c, err);
	json_doc_free(&doc);
	if (st == STATUS_OK)
		*out = c;
	return st;
}

static enum status get_docker_image(yyjson_val *v, const struct limits *limits, struct arena *arena,
				    struct docker_image *out, struct err *err)
{
	static const char *const names[] = { "Config", "Layers" };
	yyjson_val *tags = json_get(v, "RepoTags"), *layers = json_get(v, "Layers"), *item;
	size_t i, n;

	TRY(check_spelling(v, names, ARRAY_LEN(names), err));
	if (!yyjson_is_str(json_get(v, "Config")) || !layers || !yyjson_is_arr(layers))
		return err_set(err, STATUS_MALFORMED,
			       "an image in manifest.json has no \"Config\" or no list \"Layers\"");
	if (yyjson_arr_size(layers) > limits->layers)
		return err_set(err, STATUS_LIMIT, "the image has %zu layers; at most %llu are read",
			       yyjson_arr_size(layers), (unsigned long long)limits->layers);
	if (!copy(arena, json_get(v, "Config"), &out->config))
		return err_nomem(err, "manifest.json");
	yyjson_arr_foreach(layers, i, n, item)
	{
		struct slice *s = VEC_PUSH(&out->layers, arena);

		if (!s || !copy(arena, item, s))
			return err_nomem(err, "manifest.json");
		if (!yyjson_is_str(item))
			return err_set(err, STATUS_MALFORMED, "layer %zu in manifest.json is not a name", i);
	}
	if (!tags || !yyjson_is_arr(tags))
		return STATUS_OK;
	yyjson_arr_foreach(tags, i, n, item)
	{
		struct slice *s = VEC_PUSH(&out->tags, arena);

		if (!s || !copy(arena, item, s))
			return err_nomem(err, "manifest.json");
	}
	return STATUS_OK;
}

static enum status get_docker(yyjson_val *root, const struct limits *limits, struct arena *arena,
			      struct docker_manifest *out, struct err *err)
{
	yyjson_val *v;
	size_t i, n;

	if (!yyjson_is_arr(root) || yyjson_arr_size(root) == 0)
		return err_set(err, STATUS_MALFORMED, "manifest.json is not a list of images");
	if (yyjson_arr_size(root) > DESCRIPTORS_MAX)
		return err_set(err, STATUS_LIMIT, "manifest.json lists more than %d images", DESCRIPTORS_MAX);
	yyjson_arr_foreach(root, i, n, v)
	{
		struct docker_image *image = VEC_PUSH(&out->images, arena);

		if (!image)
			return err_nomem(err, "manifest.json");
		TRY(get_docker_image(v, limits, arena, image, err));
	}
	return STATUS_OK;
}

enum status manifest_parse_docker(struct slice json, const struct limits *limits, struct arena *arena,
				  struct docker_manifest *out, struct err *err)
{
	struct docker_manifest m = { 0 };
	struct json_doc doc;
	enum status st;

	if (json_parse(json, limits, &doc, err) != STATUS_OK)
		return err_wrap(err, "manifest.json");
	st = get_docker(doc.root, limits, arena, &m, err);
	json_doc_free(&doc);
	if (st == STATUS_OK)
		*out = m;
	return st;
}
