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
