/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dotnet.c - NuGet packages of .NET programs: NAME.deps.json beside a program, and that of a shared framework.
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

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_NUGET, "dotnet", TOLD_NONE };
	struct err why = ERR_INIT;
	yyjson_val *libraries, *key;
	yyjson_obj_iter it;
	struct json_doc doc;
	enum status st = json_parse(file->bytes, env->limits, &doc, &why);

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
	json_doc_free(&doc);
	installed_end(&in);
	return st;
}

const struct detector detector_dotnet = {
	.name = "dotnet",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
