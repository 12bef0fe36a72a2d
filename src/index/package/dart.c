/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dart.c - Dart packages in the cache of pub: .pub-cache/hosted/HOST/NAME-VERSION/pubspec.yaml.
 *
 * The directory says name and version. Source: docs/formats/dart.md.
 */
#include "index/package/installed.h"

static bool is_cached(struct slice path)
{
	return slice_eq(installed_dir(path, 2), SLICE("hosted")) && slice_has(path, SLICE("pub-cache/"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/pubspec.yaml", .need = DETECT_PRESENCE, .accept = is_cached },
	{ .text = NULL },
};

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_PUB, "dart", TOLD_NONE };
	struct slice name, version;

	/* A version may have hyphens, a name has none. */
	slice_cut(installed_dir(file->path, 0), '-', &name, &version);
	return installed_emit(&in, name, version, 0, err);
}

const struct detector detector_dart = {
	.name = "dart",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
