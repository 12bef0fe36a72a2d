/* SPDX-License-Identifier: Apache-2.0 */
/* layers_envelope.c - layers as clients post them and as they are kept. */
#include "server/layers_document.h"

#include <stdio.h>

#define KEPT_VERSION 1 /* of what layers_chain_print() writes */

/* ---- reading as Go's decoder does ---- */

yyjson_val *layers_member(yyjson_val *obj, const char *name)
{
	yyjson_obj_iter it;
	yyjson_val *k, *found = NULL;

	if (!yyjson_obj_iter_init(obj, &it))
		return NULL;
	while ((k = yyjson_obj_iter_next(&it))) {
		if (slice_eq_nocase(json_str(k), slice_cstr(name)))
			found = yyjson_obj_iter_get_val(k);
	}
	return yyjson_is_null(found) ? NULL : found;
}

static enum status wrong_type(yyjson_val *v, const char *object, const char *name, const char *want, struct err *err)
{
	return err_set(err, STATUS_MALFORMED, "json: cannot unmarshal %s into Go struct field %s.%s of type %s",
		       yyjson_is_obj(v)	   ? "object"
		       : yyjson_is_arr(v)  ? "array"
		       : yyjson_is_num(v)  ? "number"
		       : yyjson_is_bool(v) ? "bool"
					   : "string",
		       object, name, want);
}

enum status layers_text(yyjson_val *obj, const char *object, const char *name, struct arena *arena, struct slice *out,
			struct err *err)
{
	yyjson_val *v = layers_member(obj, name);

	*out = SLICE_EMPTY;
	if (v && !yyjson_is_str(v))
		return wrong_type(v, object, name, "string", err);
	return arena_copy(arena, json_str(v), out) ? STATUS_OK : err_nomem(err, "a posted document");
}

static enum status read_headers(yyjson_val *layer, struct arena *arena, struct posted_v1_layer *out, struct err *err)
{
	yyjson_val *map = layers_member(layer, "Headers"), *k, *v;
	struct layers_header *list;
	yyjson_obj_iter it;

	if (map && !yyjson_is_obj(map))
		return wrong_type(map, "Layer", "Headers", "map[string]string", err);
	list = arena_array(arena, yyjson_obj_size(map) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "headers");
	out->has_headers = map != NULL;
	out->headers = list;
	yyjson_obj_iter_init(map, &it);
	while (map && (k = yyjson_obj_iter_next(&it))) {
		struct layers_header *h = &list[out->n_headers];

		v = yyjson_obj_iter_get_val(k);
		if (!yyjson_is_str(v) && !yyjson_is_null(v))
			return wrong_type(v, "Layer", "Headers", "string", err);
		/* Klar sends Authorization whether or not it has one. */
		if (json_str(v).len == 0)
			continue;
		if (!arena_copy(arena, json_str(k), &h->name) || !arena_copy(arena, json_str(v), &h->value))
			return err_nomem(err, "headers");
		out->n_headers++;
	}
	return STATUS_OK;
}

static enum status read_layer(yyjson_val *root, struct arena *arena, struct posted_v1_layer *out, struct err *err)
{
	yyjson_val *layer = layers_member(root, "Layer");

	if (!yyjson_is_obj(root) && !yyjson_is_null(root))
		return err_set(err, STATUS_MALFORMED,
			       "json: cannot unmarshal %s into Go value of type v1.LayerEnvelope",
			       yyjson_get_type_desc(root));
	if (!layer)
		return err_set(err, STATUS_INVALID, "failed to provide layer");
	if (!yyjson_is_obj(layer))
		return wrong_type(layer, "LayerEnvelope", "Layer", "v1.Layer", err);
	TRY(layers_text(layer, "Layer", "Name", arena, &out->name, err));
	TRY(layers_text(layer, "Layer", "Path", arena, &out->path, err));
	TRY(layers_text(layer, "Layer", "ParentName", arena, &out->parent, err));
	TRY(layers_text(layer, "Layer", "Format", arena, &out->format, err));
	return read_headers(layer, arena, out, err);
}

enum status layers_envelope_parse(struct slice json, const struct limits *limits, struct arena *arena,
				  struct posted_v1_layer *out, struct err *err)
{
	struct json_doc doc;
	enum status st;

	*out = (struct posted_v1_layer){ .n_headers = 0 };
	if (slice_trim(json).len == 0)
		return err_set(err, STATUS_MALFORMED, "EOF");
	TRY(json_parse_first(json, limits, &doc, err));
	st = read_layer(doc.root, arena, out, err);
	json_doc_free(&doc);
	TRY(st);
	if (out->name.len == 0)
		return err_set(err, STATUS_INVALID, "could not process a layer which does not have a name");
	if (out->path.len == 0)
		return err_set(err, STATUS_INVALID, "could not process a layer which does not have a path");
	if (out->format.len == 0)
		return err_set(err, STATUS_INVALID, "could not process a layer which does not have a format");
	if (out->name.len > LAYERS_NAME_MAX || out->parent.len > LAYERS_NAME_MAX)
		return err_set(err, STATUS_INVALID, "a layer's name is longer than %d bytes", LAYERS_NAME_MAX);
	return STATUS_OK;
}

/* ---- chains ---- */

enum status layers_chain_identify(struct layers_chain *c, struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct digest_text text;
	enum status st;

	if (!h)
		return err_nomem(err, "a digest");
	/* Of the name as well: two layers never share a manifest, so that one can be deleted without the other. */
	hasher_add(h, SLICE("limpid layer\n"));
	for (size_t i = 0; i < c->n; i++) {
		hasher_add(h, slice_cstr(digest_print(&text, &c->at[i].digest)));
		hasher_add(h, SLICE("\n"));
	}
	if (c->n > 0)
		hasher_add(h, c->at[c->n - 1].name);
	st = hasher_final(h, &c->manifest, err);
	hasher_free(h);
	return st;
}

enum status layers_chain_print(const struct layers_chain *c, struct buf *out, struct err *err)
{
	struct digest_text text;
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_u64(&w, "version", KEPT_VERSION);
	json_member_cstr(&w, "manifest", digest_print(&text, &c->manifest));
	json_key(&w, "layers");
	json_array(&w);
	for (size_t i = 0; i < c->n; i++) {
		json_array(&w);
		json_string(&w, c->at[i].name);
		json_cstr(&w, digest_print(&text, &c->at[i].digest));
		json_string(&w, c->at[i].path);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	return json_writer_end(&w, err);
}

static bool read_chain(yyjson_val *root, const struct limits *limits, struct arena *arena, struct layers_chain *out)
{
	yyjson_val *layers = json_get(root, "layers"), *v;
	yyjson_arr_iter it;
	uint64_t version;

	if (!json_get_u64(root, "version", &version) || version != KEPT_VERSION ||
	    !digest_parse(json_get_str(root, "manifest"), &out->manifest) || !yyjson_is_arr(layers) ||
	    yyjson_arr_size(layers) == 0 || yyjson_arr_size(layers) > limits->layers)
		return false;
	out->at = arena_array(arena, yyjson_arr_size(layers), sizeof(*out->at));
	if (!out->at)
		return false;
	yyjson_arr_iter_init(layers, &it);
	while ((v = yyjson_arr_iter_next(&it))) {
		struct layers_link *l = &out->at[out->n++];

		if (!digest_parse(json_str(yyjson_arr_get(v, 1)), &l->digest) ||
		    !arena_copy(arena, json_str(yyjson_arr_get(v, 0)), &l->name) ||
		    !arena_copy(arena, json_str(yyjson_arr_get(v, 2)), &l->path))
			return false;
	}
	return true;
}

enum status layers_chain_parse(struct slice json, const struct limits *limits, struct arena *arena,
			       struct layers_chain *out, struct err *err)
{
	struct json_doc doc;
	bool good;

	*out = (struct layers_chain){ .n = 0 };
	TRY(json_parse(json, limits, &doc, err));
	good = read_chain(doc.root, limits, arena, out);
	json_doc_free(&doc);
	return good ? STATUS_OK : err_set(err, STATUS_MALFORMED, "a layer in the store is damaged");
}

bool layers_path_digest(struct slice path, struct digest *out)
{
	struct slice rest, part;

	slice_cut(path, '?', &rest, NULL);
	while (slice_word(&rest, '/', &part)) {
		if (digest_parse(part, out))
			return true;
	}
	return false;
}
