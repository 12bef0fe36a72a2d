/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nix.c - packages of Nix and NixOS: what stands in the store, by its names.
 *
 * Source: docs/formats/nix.md.
 */
#include "index/package/installed.h"

#define STORE "nix/store/"
#define HASH 32u /* characters of a store path's hash */

/* "0123456789abcdfghijklmnpqrsvwxyz": digits and letters but e, o, t and u. */
static bool is_hash(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]) &&
		    (!is_lower(s.ptr[i]) || s.ptr[i] == 'e' || s.ptr[i] == 'o' || s.ptr[i] == 't' || s.ptr[i] == 'u'))
			return false;
	return s.len == HASH;
}

/* nix/store/HASH-NAME */
static bool is_store_path(struct slice path)
{
	struct slice base = path_base(path);

	return base.len > HASH + 1 && base.ptr[HASH] == '-' && is_hash(slice_take(base, HASH));
}

static const struct path_rule rules[] = {
	{ .match = PATH_CHILD, .text = STORE, .need = DETECT_PRESENCE, .accept = is_store_path, .directories = true },
	{ .text = NULL },
};

/* A package is built into several; these are their names in nixpkgs. */
static const char *const outputs[] = { "bin",	 "debug", "dev",    "devdoc",	"devman", "dist",  "doc",
				       "info",	 "lib",	  "man",    "modules",	"nix",	  "out",   "py",
				       "static", "data",  "getent", "terminfo", "tools",  "daemon" };

/* What is built from, or for one machine: not installed. */
static bool is_material(struct slice name)
{
	static const char *const endings[] = { ".drv",	".tar",	 ".tar.gz",  ".tar.xz", ".tar.bz2", ".tar.zst",
					       ".tgz",	".zip",	 ".patch",   ".diff",	".lock",    ".sh",
					       ".json", ".conf", ".service", ".nix",	".gem",	    ".crate" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends(name, slice_cstr(endings[i])))
			return true;
	return false;
}

/* Nix's own rule (builtins.parseDrvName): the version begins after the first hyphen that no letter follows. */
static bool split(struct slice text, struct slice *name, struct slice *version)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.ptr[i] != '-' || is_alpha(text.ptr[i + 1]))
			continue;
		*name = slice_take(text, i);
		*version = slice_from(text, i + 1);
		return i > 0;
	}
	return false;
}

/* "2.34-210-bin" -> "2.34-210": the rule leaves the output with the version. */
static struct slice without_output(struct slice version)
{
	struct slice before, last;

	if (!slice_rcut(version, '-', &before, &last))
		return version;
	for (size_t i = 0; i < ARRAY_LEN(outputs); i++)
		if (slice_eq(last, slice_cstr(outputs[i])))
			return before;
	return version;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct package p = {
		.type = PACKAGE_NIX, .db = SLICE("nix:nix/store"), .path = file->path, .detector = SLICE("nix")
	};
	struct slice text = slice_from(path_base(file->path), HASH + 1);

	(void)env;
	/* Most of a store are parts of packages, scripts and settings, which have no version. */
	if (is_material(text) || !split(text, &p.name, &p.version))
		return STATUS_OK;
	p.version = without_output(p.version);
	if (!installed_is_text(p.name) || !installed_is_text(p.version) || !is_digit(p.version.ptr[0]))
		return STATUS_OK;
	return out->package(out->ctx, &p, err);
}

const struct detector detector_nix = {
	.name = "nix",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
