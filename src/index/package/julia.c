/* SPDX-License-Identifier: Apache-2.0 */
/*
 * julia.c - Julia packages in a depot: packages/NAME/SLUG/Project.toml.
 *
 * Source: docs/formats/julia.md (Pkg documentation, "Project.toml").
 */
#include "index/package/installed.h"

#define PROJECT_BYTES ((uint64_t)1 << 20)

static bool is_in_depot(struct slice path)
{
	return slice_eq(installed_dir(path, 2), SLICE("packages")) && installed_dir(path, 0).len == 5;
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = "/Project.toml",
	  .need = DETECT_WHOLE,
	  .max_bytes = PROJECT_BYTES,
	  .accept = is_in_depot },
	{ .text = NULL },
};

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_JULIA, "julia", TOLD_NONE };
	struct slice rest = file->bytes, line, key, value, name = SLICE_EMPTY, version = SLICE_EMPTY;

	/* Keys of the document itself come before the first table. */
	while (slice_line(&rest, &line)) {
		line = slice_trim(line);
		if (line.len > 0 && line.ptr[0] == '[')
			break;
		if (!slice_cut(line, '=', &key, &value) || !installed_quoted(value, &value))
			continue;
		if (slice_eq(slice_trim(key), SLICE("name")))
			name = value;
		else if (slice_eq(slice_trim(key), SLICE("version")))
			version = value;
	}
	return installed_emit(&in, name, version, 0, err);
}

const struct detector detector_julia = {
	.name = "julia",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
