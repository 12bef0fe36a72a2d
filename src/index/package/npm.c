/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npm.c - packages that npm installed: node_modules/NAME/package.json and node_modules/@SCOPE/NAME/package.json, or
 * Deno: npm/HOST/NAME/VERSION/package.json; and programs, whose package.json lies outside of these, but for extensions
 * of VS Code (vscode.c).
 *
 * Source: docs/formats/npm.md. A package.json deeper inside an installed package is a test fixture or a sub-entry.
 */
#include "index/package/vscode.h"

#define PACKAGE_JSON_BYTES ((uint64_t)4 << 20)

/* Does path end in node_modules/NAME/package.json or node_modules/@SCOPE/NAME/package.json? */
static bool is_package_root(struct slice path)
{
	struct slice dir = path_dir(path), parent = path_dir(dir);

	if (path_base(parent).len > 0 && path_base(parent).ptr[0] == '@')
		parent = path_dir(parent);
	return path_base(dir).len > 0 && path_base(dir).ptr[0] != '.' &&
	       slice_eq(path_base(parent), SLICE("node_modules"));
}

/*
 * Deno keeps packages in a folder of its own: npm/HOST/NAME/VERSION/, npm/HOST/@SCOPE/NAME/VERSION/. True for what lies
 * in such a folder; *below: its path there.
 */
static bool is_kept_by_deno(struct slice path, struct slice *below)
{
	struct slice host = SLICE_EMPTY, rest = path, name, version;

	while (!slice_has(host, SLICE("."))) {
		size_t at = slice_find(rest, SLICE("/npm/"));

		if (at == SIZE_MAX || !slice_cut(slice_from(rest, at + 5), '/', &host, NULL))
			return false;
		rest = slice_from(rest, at + 4);
	}
	rest = slice_from(rest, host.len + 2);
	if (!slice_cut(rest, '/', &name, &rest))
		return false;
	if (slice_starts(name, SLICE("@")))
		slice_cut(rest, '/', NULL, &rest);
	return slice_cut(rest, '/', &version, below) && version.len > 0 && is_digit(version.ptr[0]);
}

static bool is_installed(struct slice path)
{
	struct slice below;

	return slice_starts(path, SLICE("node_modules/")) || slice_has(path, SLICE("/node_modules/")) ||
	       is_kept_by_deno(path, &below);
}

static bool is_wanted(struct slice path)
{
	struct slice below;

	if (is_kept_by_deno(path, &below))
		return slice_eq(below, SLICE("package.json"));
	return !is_installed(path) || is_package_root(path);
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = "/package.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = PACKAGE_JSON_BYTES,
	  .accept = is_wanted },
	{ .text = NULL },
};

static enum status emit(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			yyjson_val *root, struct err *err)
{
	struct package p = { .type = PACKAGE_NPM, .path = file->path, .detector = SLICE("npm") };

	bool own = !is_installed(file->path);

	if (own && vscode_is_extension(file->path, root))
		return STATUS_OK;
	/* What is never published may be nameless; and many tools keep settings under this name. */
	if (own && (json_get_str(root, "name").len == 0 || json_get_str(root, "version").len == 0))
		return STATUS_OK;
	if (own)
		p.flags |= PACKAGE_MAIN_MODULE;
	if (!yyjson_is_obj(root)) {
		diag_emit(out->diags, DIAG_RECORD, file->path, ERR_NO_OFFSET, "package.json is no JSON object");
		return STATUS_OK;
	}
	p.name = json_get_str(root, "name");
	p.version = json_get_str(root, "version");
	if (p.name.len == 0 || p.version.len == 0) {
		diag_emit(out->diags, DIAG_FIELD, file->path, ERR_NO_OFFSET,
			  "package.json names no package: it has no %s", p.name.len == 0 ? "name" : "version");
		return STATUS_OK;
	}
	if (!package_type_scheme(PACKAGE_NPM)->valid(p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	if (!arena_printf(env->arena, &p.db, "nodejs:%.*s", SLICE_ARG(file->path)))
		return err_nomem(err, "npm package");
	return out->package(out->ctx, &p, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct json_doc doc;
	struct err why = ERR_INIT;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	/* One damaged package.json is one package that is not known; nothing else depends on it. */
	if (st != STATUS_OK && !is_installed(file->path) && vscode_is_installed(file->path))
		return STATUS_OK; /* told as an extension */
	if (st != STATUS_OK) {
		diag_emit(out->diags, is_installed(file->path) ? DIAG_RECORD : DIAG_FIELD, file->path, why.offset,
			  "package.json cannot be read: %s", why.msg);
		return STATUS_OK;
	}
	st = emit(file, env, out, doc.root, err);
	json_doc_free(&doc);
	return st;
}

const struct detector detector_npm = {
	.name = "npm",
	.version = "5",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
