/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nuget_lock.c - packages.lock.json of NuGet: {"dependencies": {"net8.0": {"Name": {"type", "resolved"}}}}.
 *
 * Source: docs/formats/nuget-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "packages.lock.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(l->in.file->bytes);
	yyjson_val *frameworks = json_get(doc->root, "dependencies"), *key, *name;
	yyjson_obj_iter it, names;

	if (!yyjson_is_obj(frameworks))
		return err_set(err, STATUS_MALFORMED, "it is no lock file of NuGet: it has no list of packages");
	yyjson_obj_iter_init(frameworks, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		yyjson_obj_iter_init(yyjson_obj_iter_get_val(key), &names);
		while ((name = yyjson_obj_iter_next(&names)) != NULL) {
			yyjson_val *v = yyjson_obj_iter_get_val(name);
			struct slice type = json_get_str(v, "type");
			size_t offset = json_offset(doc, lines.text, name);

			if (slice_eq(type, SLICE("Project")))
				continue;
			TRY(lock_add(l, json_str(name), json_get_str(v, "resolved"),
				     slice_eq(type, SLICE("Direct")) ? PACKAGE_DIRECT : PACKAGE_INDIRECT,
				     offset > 0 ? line_at(&lines, offset) : 0, NULL, err));
		}
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_NUGET, "nuget-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_nuget_lock = {
	.name = "nuget_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
