/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opam.c - OCaml packages of opam: .opam-switch/packages/NAME.VERSION/opam of a switch.
 *
 * The directory says name and version. Source: docs/formats/opam.md.
 */
#include "index/package/installed.h"

static bool is_installed(struct slice path)
{
	return slice_eq(installed_dir(path, 1), SLICE("packages")) &&
	       slice_eq(installed_dir(path, 2), SLICE(".opam-switch"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/opam", .need = DETECT_PRESENCE, .accept = is_installed },
	{ .text = NULL },
};

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_OPAM, "opam", TOLD_NONE };
	struct slice name, version;

	slice_cut(installed_dir(file->path, 0), '.', &name, &version);
	return installed_emit(&in, name, version, 0, err);
}

const struct detector detector_opam = {
	.name = "opam",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
