/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conda.c - packages of conda: conda-meta/NAME-VERSION-BUILD.json of an environment.
 *
 * Source: docs/formats/conda.md.
 */
#include "index/package/installed.h"
#include "text/json.h"

#define META_BYTES ((uint64_t)32 << 20) /* lists of files; those of large packages have some MB */

static bool is_meta(struct slice path)
{
	return slice_eq(installed_dir(path, 0), SLICE("conda-meta"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = ".json", .need = DETECT_WHOLE, .max_bytes = META_BYTES, .accept = is_meta },
	{ .text = NULL },
};

/* The files lie below the environment, whose conda-meta this is. */
static enum status put_files(const struct detect_file *file, const struct detect_env *env, yyjson_val *root,
			     const struct detect_sink *out, struct err *err)
{
	struct package of = { .path = file->path };
	yyjson_val *list = json_get(root, "files"), *v;
	struct slice prefix = path_dir(path_dir(file->path)), path;
	size_t i, n;

	TRY(out->list(out->ctx, &of, err));
	yyjson_arr_foreach(list, i, n, v)
	{
		if (!yyjson_is_str(v) || json_str(v).len > env->limits->path_bytes)
			continue;
		if (!arena_printf(env->arena, &path, "%.*s/%.*s", SLICE_ARG(prefix), SLICE_ARG(json_str(v))))
			return err_nomem(err, "a list of files");
		TRY(out->listed(out->ctx, path, err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_CONDA, "conda", TOLD_NONE };
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	if (st != STATUS_OK)
		return installed_refuse(&in, why.offset, why.msg);
	st = installed_emit(&in, json_get_str(doc.root, "name"), json_get_str(doc.root, "version"), 0, err);
	if (st == STATUS_OK && env->lists)
		st = put_files(file, env, doc.root, out, err);
	json_doc_free(&doc);
	return st;
}

const struct detector detector_conda = {
	.name = "conda",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
