/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dotnet.c - NuGet packages of .NET programs: NAME.deps.json beside a program, and that of a shared framework; and what
 * assemblies belong to them.
 *
 * Source: docs/formats/dotnet.md (dotnet/cli, "Runtime Configuration Files").
 */
#include "index/package/installed.h"
#include "text/json.h"

#define DEPS_BYTES ((uint64_t)32 << 20)

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = ".deps.json", .need = DETECT_WHOLE, .max_bytes = DEPS_BYTES },
	{ .text = NULL },
};

/* "Newtonsoft.Json/13.0.1": { "type": "package" }. A runtime pack is the runtime itself, packed with the program. */
static enum status emit(struct installed *in, struct slice key, yyjson_val *library, struct err *err)
{
	struct slice type = json_get_str(library, "type"), name, version;
	bool own = slice_eq(type, SLICE("project"));

	if (!own && !slice_eq(type, SLICE("package")) && !slice_eq(type, SLICE("runtimepack")))
		return STATUS_OK; /* "reference": a file without a package */
	if (!slice_rcut(key, '/', &name, &version))
		return installed_refuse(in, ERR_NO_OFFSET, "a library is not NAME/VERSION");
	if (slice_starts(name, SLICE("runtimepack.")))
		name = slice_from(name, strlen("runtimepack."));
	return installed_emit(in, name, version, own ? PACKAGE_MAIN_MODULE : 0, err);
}

/* ---- files ---- */

/* "lib/net6.0/de/a.dll", "runtimes/win/lib/net6.0/a.dll": published into the program's folder, as "de/a.dll". */
static struct slice published(struct slice path)
{
	struct slice rest = path;

	if (slice_starts(rest, SLICE("runtimes/"))) {
		slice_cut(rest, '/', NULL, &rest);
		slice_cut(rest, '/', NULL, &rest);
	}
	if (!slice_starts(rest, SLICE("lib/")) && !slice_starts(rest, SLICE("native/")))
		return path;
	slice_cut(rest, '/', NULL, &rest);
	if (slice_starts(path, SLICE("lib/")) || slice_has(path, SLICE("/lib/")))
		slice_cut(rest, '/', NULL, &rest);
	return rest;
}

static bool is_assembly(struct slice path)
{
	struct slice ending = path.len > 4 ? slice_from(path, path.len - 4) : SLICE_EMPTY;

	return slice_eq_nocase(ending, SLICE(".dll")) || slice_eq_nocase(ending, SLICE(".exe"));
}

static enum status own(struct installed *in, struct slice path, struct err *err)
{
	struct slice dir = path_dir(in->file->path), whole;

	/* Nothing but assemblies, and below the list's own folder: a list that lies hides no other package. */
	if (!is_assembly(path) || slice_starts(path, SLICE("../")) || slice_has(path, SLICE("/../")))
		return STATUS_OK;
	if (!arena_printf(in->env->arena, &whole, "%.*s%s%.*s", SLICE_ARG(dir), dir.len > 0 ? "/" : "",
			  SLICE_ARG(path)))
		return err_nomem(err, "the files of a package");
	return in->out->owned(in->out->ctx, whole, err);
}

/* "NAME/VERSION": { "runtime": { PATH: {} }, "resources", "native", "compile", "runtimeTargets" } */
static enum status own_files(struct installed *in, yyjson_val *library, struct err *err)
{
	static const char *const lists[] = { "runtime", "resources", "native", "compile", "runtimeTargets" };
	yyjson_obj_iter it;
	yyjson_val *key;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		yyjson_obj_iter_init(json_get(library, lists[i]), &it);
		while ((key = yyjson_obj_iter_next(&it)) != NULL) {
			struct slice path = json_str(key), short_path = published(path);

			TRY(own(in, path, err));
			if (!slice_eq(path, short_path))
				TRY(own(in, short_path, err));
		}
	}
	return STATUS_OK;
}

/* Assemblies that the list speaks of belong to its packages: they have no findings of their own (PACKAGE_OWNED). */
static enum status own_all(struct installed *in, yyjson_val *targets, struct err *err)
{
	yyjson_obj_iter it, libraries;
	yyjson_val *target, *library;

	yyjson_obj_iter_init(targets, &it);
	while ((target = yyjson_obj_iter_next(&it)) != NULL) {
		yyjson_obj_iter_init(yyjson_obj_iter_get_val(target), &libraries);
		while ((library = yyjson_obj_iter_next(&libraries)) != NULL)
			TRY(own_files(in, yyjson_obj_iter_get_val(library), err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_NUGET, "dotnet", TOLD_NONE };
	struct err why = ERR_INIT;
	yyjson_val *libraries, *key;
	yyjson_obj_iter it;
	struct json_doc doc;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	if (st != STATUS_OK)
		return err_at(err, why.code, why.offset, "the list of libraries cannot be read: %s", why.msg);
	libraries = json_get(doc.root, "libraries");
	if (!yyjson_is_obj(libraries)) {
		installed_refuse(&in, ERR_NO_OFFSET, "there is no list of libraries");
	} else {
		yyjson_obj_iter_init(libraries, &it);
		while (st == STATUS_OK && (key = yyjson_obj_iter_next(&it)) != NULL)
			st = emit(&in, json_str(key), yyjson_obj_iter_get_val(key), err);
	}
	if (st == STATUS_OK)
		st = own_all(&in, json_get(doc.root, "targets"), err);
	json_doc_free(&doc);
	installed_end(&in);
	return st;
}

const struct detector detector_dotnet = {
	.name = "dotnet",
	.version = "3",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
