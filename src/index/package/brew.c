/* SPDX-License-Identifier: Apache-2.0 */
/*
 * brew.c - packages of Homebrew: the kegs of a Cellar.
 *
 * Source: docs/formats/brew.md.
 */
#include "index/package/installed.h"

/* Cellar/NAME/VERSION/FILE, or with `deeper` Cellar/NAME/VERSION/.brew/FILE */
static bool is_of_keg(struct slice dir)
{
	struct slice cellar = path_dir(path_dir(dir));

	return slice_eq(path_base(cellar), SLICE("Cellar"));
}

static bool is_receipt(struct slice path)
{
	return is_of_keg(path_dir(path));
}

static bool is_formula(struct slice path)
{
	struct slice dir = path_dir(path);

	return slice_eq(path_base(dir), SLICE(".brew")) && is_of_keg(path_dir(dir));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/INSTALL_RECEIPT.json", .need = DETECT_PRESENCE, .accept = is_receipt },
	{ .match = PATH_SUFFIX, .text = ".rb", .need = DETECT_PRESENCE, .accept = is_formula },
	{ .text = NULL },
};

/* The keg is called after the package and its version; both files say so once. */
static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_BREW, "brew", TOLD_NONE };
	struct slice keg = path_dir(file->path);
	struct package p = { .type = PACKAGE_BREW, .path = file->path, .detector = SLICE("brew") };

	if (slice_eq(path_base(keg), SLICE(".brew")))
		keg = path_dir(keg);
	p.version = path_base(keg);
	p.name = path_base(path_dir(keg));
	p.db = keg;
	if (!installed_is_text(p.name) || !installed_is_text(p.version))
		return installed_refuse(&in, ERR_NO_OFFSET, "its folders are called after no package and version");
	return out->package(out->ctx, &p, err);
}

const struct detector detector_brew = {
	.name = "brew",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
