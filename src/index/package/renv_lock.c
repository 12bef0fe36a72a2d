/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renv_lock.c - renv.lock of R: {"Packages": {"NAME": {"Package", "Version"}}}.
 *
 * Source: docs/formats/renv-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "renv.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(l->in.file->bytes);
	yyjson_val *packages = json_get(doc->root, "Packages"), *key;
	yyjson_obj_iter it;

	if (!yyjson_is_obj(packages))
		return err_set(err, STATUS_MALFORMED, "it is no lock file of renv: it has no list of packages");
	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		yyjson_val *v = yyjson_obj_iter_get_val(key);
		size_t offset = json_offset(doc, lines.text, key);
		struct slice name = json_get_str(v, "Package");

		TRY(lock_add(l, name.len > 0 ? name : json_str(key), json_get_str(v, "Version"), 0,
			     offset > 0 ? line_at(&lines, offset) : 0, NULL, err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_CRAN, "renv-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_renv_lock = {
	.name = "renv_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
