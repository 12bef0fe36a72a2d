/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - the JSON of posted manifests. */
#include "model/manifest.h"

#include "text/json.h"
#include "text/json_writer.h"

#include <stdlib.h>

/* Header lines of one layer: signed URLs need none, registries one. */
#define HEADERS_MAX 256

struct reader {
	const struct limits *limits;
	struct arena *arena;
};

static enum status of_type(struct err *err, const char *what, const char *expected, yyjson_val *found)
{
	return err_set(err, STATUS_MALFORMED, "%s: expected %s, found %s", what, expected, yyjson_get_type_desc(found));
}

/* Go's decoder takes numbers and booleans for strings, and null for an empty one. */
static enum status read_text(struct reader *r, yyjson_val *v, const char *what, struct slice *out, struct err *err)
{
	char *text;
	bool ok;

	*out = SLICE_EMPTY;
	if (!v || yyjson_is_null(v))
		return STATUS_OK;
	if (yyjson_is_str(v))
		return arena_copy(r->arena, json_str(v), out) ? STATUS_OK : err_nomem(err, "a manifest");
	if (yyjson_is_ctn(v))
		return of_type(err, what, "a string", v);
	text = yyjson_val_write(v, 0, NULL);
	ok = text && arena_copy(r->arena, slice_cstr(text), out);
	free(text);
	return ok ? STATUS_OK : err_nomem(err, "a manifest");
}

static enum status read_digest(struct reader *r, yyjson_val *v, const char *what, struct digest *out, struct err *err)
{
	struct slice text;

	TRY(read_text(r, v, what, &text, err));
	if (digest_read(text, out, err) == STATUS_OK)
		return STATUS_OK;
	err->code = STATUS_MALFORMED;
	return err_wrap(err, "%s", what);
}

typedef VEC(struct posted_header) header_list;

static enum status add_headers(struct reader *r, yyjson_val *name, yyjson_val *values, header_list *out,
			       struct err *err)
{
	yyjson_val *v;
	yyjson_arr_iter iter;

	if (yyjson_is_null(values))
		return STATUS_OK;
	if (!yyjson_arr_iter_init(values, &iter) && !yyjson_is_arr(values))
		return of_type(err, "headers of a layer", "an array of strings", values);
	while ((v = yyjson_arr_iter_next(&iter))) {
		struct posted_header *h = VEC_PUSH(out, r->arena);

		if (out->len > HEADERS_MAX)
			return err_set(err, STATUS_LIMIT, "headers of a layer: more than %d", HEADERS_MAX);
		if (!h || !arena_copy(r->arena, json_str(name), &h->name))
			return err_nomem(err, "a manifest");
		TRY(read_text(r, v, "a header of a layer", &h->value, err));
	}
	return STATUS_OK;
}

/* Is there a later member of the same name? Then that one counts. */
static bool is_last(yyjson_val *object, yyjson_val *key)
{
	return json_get(object, yyjson_get_str(key)) == unsafe_yyjson_get_next(key);
}

static enum status read_headers(struct reader *r, yyjson_val *v, struct posted_layer *out, struct err *err)
{
	header_list list = { 0 };
	yyjson_obj_iter iter;
	yyjson_val *key;

	if (!v || yyjson_is_null(v))
		return STATUS_OK;
	if (!yyjson_is_obj(v))
		return of_type(err, "headers of a layer", "an object", v);
	if (yyjson_obj_size(v) > HEADERS_MAX)
		return err_set(err, STATUS_LIMIT, "headers of a layer: more than %d", HEADERS_MAX);
	yyjson_obj_iter_init(v, &iter);
	while ((key = yyjson_obj_iter_next(&iter)))
		if (is_last(v, key) || memchr(yyjson_get_str(key), '\0', yyjson_get_len(key)))
			TRY(add_headers(r, key, yyjson_obj_iter_get_val(key), &list, err));
	out->headers = list.at;
	out->n_headers = list.len;
	return STATUS_OK;
}

static enum status read_layer(struct reader *r, yyjson_val *v, struct posted_layer *out, struct err *err)
{
	yyjson_val *hash, *uri, *headers;

	if (yyjson_is_arr(v)) { /* the members in Clair's order */
		hash = yyjson_arr_get(v, 0);
		uri = yyjson_arr_get(v, 1);
		headers = yyjson_arr_get(v, 2);
	} else if (yyjson_is_obj(v)) {
		hash = json_get(v, "hash");
		uri = json_get(v, "uri");
		headers = json_get(v, "headers");
	} else {
		return of_type(err, "a layer", "an object", v);
	}
	TRY(read_digest(r, hash, "a layer's hash", &out->digest, err));
	TRY(read_text(r, uri, "a layer's uri", &out->uri, err));
	return read_headers(r, headers, out, err);
}

static enum status read_layers(struct reader *r, yyjson_val *v, struct posted_manifest *out, struct err *err)
{
	struct posted_layer *layers;
	yyjson_arr_iter iter;
	size_t n = yyjson_arr_size(v);

	if (n > r->limits->layers)
		return err_set(err, STATUS_LIMIT, "%zu layers; at most %llu are taken", n,
			       (unsigned long long)r->limits->layers);
	layers = arena_array(r->arena, n + 1, sizeof(*layers));
	if (!layers)
		return err_nomem(err, "a manifest");
	yyjson_arr_iter_init(v, &iter);
	for (size_t i = 0; i < n; i++) {
		if (read_layer(r, yyjson_arr_iter_next(&iter), &layers[i], err) != STATUS_OK)
			return err_wrap(err, "layer %zu", i + 1);
	}
	out->layers = layers;
	out->n_layers = n;
	return STATUS_OK;
}

static enum status read_root(struct reader *r, yyjson_val *root, struct posted_manifest *out, struct err *err)
{
	yyjson_val *hash = NULL, *layers = NULL;

	if (yyjson_is_obj(root)) {
		hash = json_get(root, "hash");
		layers = json_get(root, "layers");
	} else if (yyjson_is_arr(root)) {
		hash = yyjson_arr_get(root, 0);
		layers = yyjson_arr_get(root, 1);
	} else if (!yyjson_is_null(root)) {
		return of_type(err, "a manifest", "an object", root);
	}
	if (hash && !yyjson_is_null(hash))
		TRY(read_digest(r, hash, "hash", &out->digest, err));
	if (layers && !yyjson_is_arr(layers) && !yyjson_is_null(layers) && !yyjson_is_obj(layers))
		return of_type(err, "layers", "an array", layers);
	if (out->digest.algo == DIGEST_NONE || yyjson_arr_size(layers) == 0)
		return err_set(err, STATUS_INVALID, "bogus manifest");
	return read_layers(r, layers, out, err);
}

enum status posted_manifest_parse(struct slice json, const struct limits *limits, struct arena *arena,
				  struct posted_manifest *out, struct err *err)
{
	struct reader r = { limits, arena };
	struct json_doc doc;
	enum status st;

	*out = (struct posted_manifest){ 0 };
	if (slice_trim(json).len == 0)
		return err_set(err, STATUS_MALFORMED, "EOF");
	TRY(json_parse_first(json, limits, &doc, err));
	st = read_root(&r, doc.root, out, err);
	json_doc_free(&doc);
	return st;
}

static void print_headers(struct json_writer *w, const struct posted_layer *layer)
{
	json_key(w, "headers");
	json_object(w);
	for (size_t i = 0; i < layer->n_headers; i++) {
		struct slice name = layer->headers[i].name;
		bool first = true;

		for (size_t j = 0; j < i; j++)
			first = first && !slice_eq(layer->headers[j].name, name);
		if (!first)
			continue;
		json_key_slice(w, name);
		json_array(w);
		for (size_t j = i; j < layer->n_headers; j++)
			if (slice_eq(layer->headers[j].name, name))
				json_string(w, layer->headers[j].value);
		json_close(w);
	}
	json_close(w);
}

enum status posted_manifest_print(const struct posted_manifest *m, struct buf *out, struct err *err)
{
	struct digest_text text;
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_cstr(&w, "hash", digest_print(&text, &m->digest));
	json_key(&w, "layers");
	json_array(&w);
	for (size_t i = 0; i < m->n_layers; i++) {
		json_object(&w);
		json_member_cstr(&w, "hash", digest_print(&text, &m->layers[i].digest));
		json_member_str(&w, "uri", m->layers[i].uri);
		print_headers(&w, &m->layers[i]);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	return json_writer_end(&w, err);
}
