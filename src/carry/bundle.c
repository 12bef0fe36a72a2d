/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.c - the manifest, both ways. */
#include "carry/bundle.h"

#include "text/json.h"
#include "text/json_writer.h"

#include <stdio.h>

static const char *name(const char *folder, const struct digest *segment, const char *suffix, struct bundle_name *out)
{
	struct digest_text t;
	struct slice hex;

	digest_print(&t, segment);
	slice_cut(slice_cstr(t.text), ':', NULL, &hex);
	snprintf(out->text, sizeof(out->text), "%s/%.64s.%s", folder, hex.len ? (const char *)hex.ptr : "", suffix);
	return out->text;
}

const char *bundle_name(const struct digest *segment, struct bundle_name *out)
{
	return name("segments", segment, "seg", out);
}

const char *bundle_delta_name(const struct digest *segment, struct bundle_name *out)
{
	return name("deltas", segment, "zst", out);
}

static void put_date(struct json_writer *w, const char *key, int64_t s)
{
	struct date_text t;

	json_member_cstr(w, key, s == DATE_NONE ? "" : date_print(&t, s));
}

enum status bundle_manifest_write(const bundle_source_list *sources, int64_t made_s, struct buf *out, struct err *err)
{
	struct json_writer w;
	struct digest_text t;
	bool deltas = false;

	for (size_t i = 0; i < sources->len; i++)
		deltas |= sources->at[i].base.algo != DIGEST_NONE;
	json_writer_init(&w, out, 1);
	json_object(&w);
	json_member_cstr(&w, "format", "limpid-bundle");
	json_member_u64(&w, "version", deltas ? BUNDLE_FORMAT : 1);
	put_date(&w, "made", made_s);
	json_key(&w, "sources");
	json_array(&w);
	for (size_t i = 0; i < sources->len; i++) {
		const struct bundle_source *s = &sources->at[i];

		json_object(&w);
		json_member_str(&w, "name", s->name);
		json_member_str(&w, "feed", s->feed);
		json_member_cstr(&w, "segment", digest_print(&t, &s->segment));
		json_member_u64(&w, "bytes", s->bytes);
		json_member_bool(&w, "here", s->here);
		if (s->base.algo != DIGEST_NONE) {
			json_key(&w, "delta");
			json_object(&w);
			json_member_cstr(&w, "base", digest_print(&t, &s->base));
			json_member_u64(&w, "bytes", s->delta_bytes);
			json_close(&w);
		}
		put_date(&w, "as_of", s->as_of_s);
		json_member_str(&w, "url", s->url);
		json_member_str(&w, "etag", s->etag);
		json_member_str(&w, "last_modified", s->last_modified);
		json_member_cstr(&w, "document", digest_print(&t, &s->document));
		json_member_str(&w, "format_version", s->format_version);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(out, '\n');
	return buf_check(out, "a manifest", err);
}

static enum status read_source(yyjson_val *v, struct arena *arena, struct bundle_source *s, struct err *err)
{
	const struct {
		const char *key;
		struct slice *to;
	} texts[] = { { "name", &s->name },		{ "feed", &s->feed },
		      { "url", &s->url },		{ "etag", &s->etag },
		      { "last_modified", &s->last_modified }, { "format_version", &s->format_version } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!arena_copy(arena, slice_take(json_get_str(v, texts[i].key), 8192), texts[i].to))
			return err_nomem(err, "a manifest");
	if (s->name.len == 0 || !digest_parse(json_get_str(v, "segment"), &s->segment) ||
	    s->segment.algo != DIGEST_SHA256 || !json_get_u64(v, "bytes", &s->bytes))
		return err_set(err, STATUS_MALFORMED, "a source without name, segment or size");
	if (!digest_parse(json_get_str(v, "document"), &s->document))
		s->document = (struct digest){ .algo = DIGEST_NONE };
	if (!date_parse(json_get_str(v, "as_of"), &s->as_of_s))
		s->as_of_s = DATE_NONE;
	s->here = json_get_bool(v, "here");
	if (!s->here || !json_get(v, "delta"))
		return STATUS_OK;
	if (!digest_parse(json_get_str(json_get(v, "delta"), "base"), &s->base) || s->base.algo != DIGEST_SHA256 ||
	    !json_get_u64(json_get(v, "delta"), "bytes", &s->delta_bytes))
		return err_set(err, STATUS_MALFORMED, "a change without base or size");
	return STATUS_OK;
}

static enum status read_tree(yyjson_val *root, struct arena *arena, bundle_source_list *out, struct err *err)
{
	yyjson_val *list = json_get(root, "sources"), *v;
	uint64_t version = 0;
	size_t i, n;

	if (!slice_eq(json_get_str(root, "format"), SLICE("limpid-bundle")) || !json_get_u64(root, "version", &version))
		return err_set(err, STATUS_MALFORMED, "it is no manifest of a bundle");
	if (version < 1 || version > BUNDLE_FORMAT)
		return err_set(err, STATUS_UNSUPPORTED, "bundles of format %llu are not read",
			       (unsigned long long)version);
	yyjson_arr_foreach(list, i, n, v)
	{
		struct bundle_source *s = VEC_PUSH(out, arena);

		if (!s)
			return err_nomem(err, "a manifest");
		TRY(read_source(v, arena, s, err));
	}
	return STATUS_OK;
}

enum status bundle_manifest_read(struct slice json, const struct limits *limits, struct arena *arena,
				 bundle_source_list *out, struct err *err)
{
	struct json_doc doc;
	enum status st;

	memset(out, 0, sizeof(*out));
	TRY(json_parse(json, limits, &doc, err));
	st = read_tree(doc.root, arena, out, err);
	json_doc_free(&doc);
	return st;
}
