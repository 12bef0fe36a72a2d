/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_sets.c - the repositories that a layer of a Red Hat image was made from: its content manifests.
 *
 * Source: docs/formats/content-sets.md.
 */
#include "index/detector.h"
#include "index/told.h"
#include "text/json.h"

#define MANIFEST_BYTES ((uint64_t)4 << 20) /* real ones have some KB */
#define NAME_BYTES 1024u		   /* of a content set; real ones stay below 100 */

static bool is_json(struct slice path)
{
	return slice_ends(path, SLICE(".json"));
}

/* labels.json lies beside them; it is another detector's. */
static bool is_manifest(struct slice path)
{
	return is_json(path) && !slice_eq(path_base(path), SLICE("labels.json"));
}

#define MANIFESTS(folder, finer)                                                                                       \
	{                                                                                                              \
		.match = PATH_CHILD, .text = folder, .need = DETECT_WHOLE, .max_bytes = MANIFEST_BYTES,                \
		.accept = finer                                                                                        \
	}

static const struct path_rule rules[] = {
	MANIFESTS("root/buildinfo/content_manifests/", is_json),
	MANIFESTS("usr/share/buildinfo/content_manifests/", is_json),
	MANIFESTS("usr/share/buildinfo/", is_manifest),
	{ .text = NULL },
};

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f)
			return false;
	return s.len > 0 && s.len <= NAME_BYTES;
}

static enum status take_sets(struct told *told, const struct detect_file *file, const struct detect_sink *out,
			     yyjson_val *root, struct err *err)
{
	yyjson_val *sets = json_get(root, "content_sets"), *set;
	struct layer_repository r = { .key = SLICE(REPOSITORY_CONTENT_SET), .path = file->path };
	struct layer_repository hint = { .key = SLICE(REPOSITORY_DNF_HINT), .name = SLICE("dnf"), .path = file->path };
	size_t i, n;

	if (!yyjson_is_obj(root) || (sets && !yyjson_is_arr(sets) && !yyjson_is_null(sets))) {
		told_emit(told, DIAG_FIELD, ERR_NO_OFFSET, "content_sets is no list of names");
		return STATUS_OK;
	}
	if (yyjson_is_true(json_get(root, "from_dnf_hint")))
		TRY(out->repository(out->ctx, &hint, err));
	yyjson_arr_foreach(sets, i, n, set)
	{
		r.name = json_str(set);
		if (is_name(r.name))
			TRY(out->repository(out->ctx, &r, err));
		else
			told_emit(told, DIAG_FIELD, ERR_NO_OFFSET, "content set %zu is no name of one", i + 1);
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct told told = { .diags = out->diags, .where = file->path };
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	/* Tools that make images smaller put a sentence in its place. The packages are there all the same. */
	if (st != STATUS_OK) {
		diag_emit(out->diags, DIAG_RECORD, file->path, why.offset,
			  "the content manifest cannot be read, so its repositories are not known: %s", why.msg);
		return STATUS_OK;
	}
	st = take_sets(&told, file, out, doc.root, err);
	told_end(&told);
	json_doc_free(&doc);
	return st;
}

const struct detector detector_content_sets = {
	.name = "content_sets",
	.version = "2",
	.kind = DETECTOR_REPOSITORY,
	.rules = rules,
	.parse = parse,
};
