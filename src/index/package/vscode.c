/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vscode.c - extensions of VS Code, code-server and their like: extensions/FOLDER/package.json, {name, publisher,
 * version, engines: {vscode}}.
 *
 * Source: docs/formats/vscode.md.
 */
#include "index/package/vscode.h"

#include "index/package/installed.h"

#define PACKAGE_JSON_BYTES ((uint64_t)4 << 20)

bool vscode_is_placed(struct slice path)
{
	struct slice dir = path_dir(path);

	return slice_eq(path_base(path), SLICE("package.json")) &&
	       slice_eq(path_base(path_dir(dir)), SLICE("extensions"));
}

bool vscode_is_installed(struct slice path)
{
	struct slice name, version;
	size_t at;

	/* "a.b-1.2.3-linux-x64": the version begins at the first hyphen before a digit that numbers and dots follow. */
	if (!vscode_is_placed(path))
		return false;
	name = installed_dir(path, 0);
	at = slice_find_byte(name, '.');
	if (at == 0 || at == SIZE_MAX)
		return false;
	for (name = slice_from(name, at + 1); slice_cut(name, '-', NULL, &version); name = version) {
		size_t i = 0;

		while (i < version.len && is_digit(version.ptr[i]))
			i++;
		if (i > 0 && i < version.len && version.ptr[i] == '.')
			return true;
	}
	return false;
}

bool vscode_is_extension(struct slice path, yyjson_val *root)
{
	return vscode_is_placed(path) && json_get_str(json_get(root, "engines"), "vscode").len > 0 &&
	       json_get_str(root, "publisher").len > 0;
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = "/package.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = PACKAGE_JSON_BYTES,
	  .accept = vscode_is_placed },
	{ .text = NULL },
};

static enum status emit(struct installed *in, yyjson_val *root, struct err *err)
{
	struct slice publisher = json_get_str(root, "publisher"), name = json_get_str(root, "name"), id = name;

	if (!vscode_is_extension(in->file->path, root))
		return STATUS_OK;
	if (name.len > 0 && !arena_printf(in->env->arena, &id, "%.*s.%.*s", SLICE_ARG(publisher), SLICE_ARG(name)))
		return err_nomem(err, "an extension");
	return installed_emit(in, id, json_get_str(root, "version"), 0, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_VSCODE, "vscode", TOLD_NONE };
	struct json_doc doc;
	struct err why = ERR_INIT;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	/* Elsewhere nobody knows that it is one, and the detector of npm tells. */
	if (st != STATUS_OK)
		return vscode_is_installed(file->path) ? installed_refuse(&in, why.offset, why.msg) : STATUS_OK;
	st = emit(&in, doc.root, err);
	json_doc_free(&doc);
	return st;
}

const struct detector detector_vscode = {
	.name = "vscode",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
