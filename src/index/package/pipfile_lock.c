/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipfile_lock.c - Pipfile.lock of pipenv: {"default": {"name": {"version": "==1.0"}}, "develop": {...}}.
 *
 * Source: docs/formats/pipfile-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "Pipfile.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

static enum status add_package(struct lock *l, struct slice name, struct slice version, bool dev, uint32_t line,
			       struct err *err)
{
	if (slice_starts(version, SLICE("===")))
		version = slice_from(version, 3);
	else if (slice_starts(version, SLICE("==")))
		version = slice_from(version, 2);
	else
		version = SLICE_EMPTY;
	if (version.len == 0) { /* of git, or of a folder */
		lock_vague(l, line);
		return STATUS_OK;
	}
	if (!package_pypi_name(l->in.env->arena, name, &name))
		return err_nomem(err, "a lock file");
	return lock_add(l, name, version, dev ? PACKAGE_DEV : 0, line, NULL, err);
}

/* Categories of one's own (pipenv 2022.10) are needed to run, for all that is known. */
static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(l->in.file->bytes);
	yyjson_val *category, *name;
	yyjson_obj_iter it, names;

	if (!yyjson_is_obj(json_get(doc->root, "_meta")) && !yyjson_is_obj(json_get(doc->root, "default")))
		return err_set(err, STATUS_MALFORMED, "it is no lock file of pipenv: it has no list of packages");
	yyjson_obj_iter_init(doc->root, &it);
	while ((category = yyjson_obj_iter_next(&it)) != NULL) {
		if (slice_eq(json_str(category), SLICE("_meta")))
			continue;
		yyjson_obj_iter_init(yyjson_obj_iter_get_val(category), &names);
		while ((name = yyjson_obj_iter_next(&names)) != NULL) {
			size_t offset = json_offset(doc, lines.text, name);

			TRY(add_package(l, json_str(name), json_get_str(yyjson_obj_iter_get_val(name), "version"),
					slice_eq(json_str(category), SLICE("develop")),
					offset > 0 ? line_at(&lines, offset) : 0, err));
		}
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_PYPI, "pipfile-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_pipfile_lock = {
	.name = "pipfile_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
