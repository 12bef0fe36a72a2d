/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lua.c - rocks that LuaRocks installed: lib/luarocks/rocks-5.4/NAME/VERSION/NAME-VERSION.rockspec.
 *
 * A rockspec is a Lua program; the tree says name and version in its directories. Source: docs/formats/lua.md.
 */
#include "index/package/installed.h"

static bool is_installed(struct slice path)
{
	return slice_starts(installed_dir(path, 2), SLICE("rocks-")) ||
	       slice_eq(installed_dir(path, 2), SLICE("rocks"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = ".rockspec", .need = DETECT_PRESENCE, .accept = is_installed },
	{ .text = NULL },
};

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_LUAROCKS, "lua", TOLD_NONE };

	return installed_emit(&in, installed_dir(file->path, 1), installed_dir(file->path, 0), 0, err);
}

const struct detector detector_lua = {
	.name = "lua",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
