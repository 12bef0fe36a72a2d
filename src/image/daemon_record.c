/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_record.c - what a daemon says of an image, and what is remembered of it. */
#include "image/daemon_impl.h"

#include "text/json.h"
#include "text/json_writer.h"

enum status daemon_inspect_parse(struct slice json, struct arena *arena, struct slice *out_id, struct err *err)
{
	struct json_doc doc;
	bool kept;

	if (json_parse(json, &limits_default, &doc, err) != STATUS_OK)
		return err_set(err, STATUS_REMOTE, "its answer is not a JSON document");
	kept = arena_copy(arena, json_get_str(doc.root, "Id"), out_id);
	json_doc_free(&doc);
	return kept ? STATUS_OK : err_nomem(err, "an image");
}

static void put_digest(struct json_writer *w, const char *name, const struct digest *d)
{
	struct digest_text text;

	json_member_cstr(w, name, digest_print(&text, d));
}

enum status daemon_record_print(const struct image *image, struct buf *out, struct err *err)
{
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_str(&w, "os", image->os);
	json_member_str(&w, "arch", image->arch);
	json_member_str(&w, "variant", image->variant);
	put_digest(&w, "config", &image->config);
	json_member_cstr(&w, "base_how", base_how_name(image->base.how));
	json_member_u64(&w, "base_layers", image->base.layers);
	json_member_str(&w, "base_name", image->base.name);
	put_digest(&w, "base_digest", &image->base.digest);
	json_key(&w, "layers");
	json_array(&w);
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct image_layer *layer = &image->layers[i];

		json_object(&w);
		put_digest(&w, "digest", &layer->digest);
		put_digest(&w, "diff_id", &layer->diff_id);
		json_member_str(&w, "name", layer->name);
		json_member_str(&w, "created_by", layer->created_by);
		json_member_u64(&w, "len", layer->len);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	return json_writer_end(&w, err);
}

static enum status take_layer(yyjson_val *v, struct arena *arena, struct image_layer *out, struct err *err)
{
	struct slice digest = json_get_str(v, "digest");

	out->place = LAYER_FD;
	out->fd = -1;
	if ((digest.len > 0 && !digest_parse(digest, &out->digest)) ||
	    !digest_parse(json_get_str(v, "diff_id"), &out->diff_id) || !json_get_u64(v, "len", &out->len))
		return err_set(err, STATUS_MALFORMED, "a record of another form");
	if (!arena_copy(arena, json_get_str(v, "name"), &out->name) ||
	    !arena_copy(arena, json_get_str(v, "created_by"), &out->created_by))
		return err_nomem(err, "an image");
	return STATUS_OK;
}

static enum status take_base(yyjson_val *root, struct arena *arena, struct image *out, struct err *err)
{
	struct slice digest = json_get_str(root, "base_digest");
	uint64_t layers = 0;

	if (!base_how_by_name(json_get_str(root, "base_how"), &out->base.how) ||
	    !json_get_u64(root, "base_layers", &layers) || layers > out->n_layers ||
	    (digest.len > 0 && !digest_parse(digest, &out->base.digest)))
		return err_set(err, STATUS_MALFORMED, "a record of another form");
	out->base.layers = (size_t)layers;
	return arena_copy(arena, json_get_str(root, "base_name"), &out->base.name) ? STATUS_OK
										   : err_nomem(err, "an image");
}

static enum status take_image(yyjson_val *root, const struct limits *limits, struct arena *arena, struct image *out,
			      struct err *err)
{
	yyjson_val *list = json_get(root, "layers"), *v;
	size_t i, n;

	if (!list || !yyjson_is_arr(list) || yyjson_arr_size(list) > limits->layers ||
	    !digest_parse(json_get_str(root, "config"), &out->config))
		return err_set(err, STATUS_MALFORMED, "a record of another form");
	out->manifest = out->config;
	out->layers = arena_array(arena, yyjson_arr_size(list) + 1, sizeof(*out->layers));
	if (!out->layers || !arena_copy(arena, json_get_str(root, "os"), &out->os) ||
	    !arena_copy(arena, json_get_str(root, "arch"), &out->arch) ||
	    !arena_copy(arena, json_get_str(root, "variant"), &out->variant))
		return err_nomem(err, "an image");
	yyjson_arr_foreach(list, i, n, v)
	{
		TRY(take_layer(v, arena, &out->layers[i], err));
	}
	out->n_layers = yyjson_arr_size(list);
	return take_base(root, arena, out, err);
}

enum status daemon_record_parse(struct slice record, const struct limits *limits, struct arena *arena,
				struct image *out, struct err *err)
{
	struct image image = *out;
	struct json_doc doc;
	enum status st;

	TRY(json_parse(record, limits, &doc, err));
	st = take_image(doc.root, limits, arena, &image, err);
	json_doc_free(&doc);
	if (st == STATUS_OK)
		*out = image;
	return st;
}
