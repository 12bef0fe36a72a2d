/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gem.c - Ruby gems that RubyGems installed: specifications/NAME-VERSION[-PLATFORM].gemspec, those of Ruby itself in
 * specifications/default/, and those that Bundler took from git: bundler/gems/REPOSITORY-COMMIT/.
 *
 * Such files are written by Gem::Specification#to_ruby, a line per attribute. Source: docs/formats/gem.md.
 */
#include "index/package/installed.h"

#define GEMSPEC_BYTES ((uint64_t)8 << 20) /* lists of files; real ones stay below 300 KB */

/* bundler/gems/REPOSITORY-COMMIT/[NAME/]NAME.gemspec */
static bool is_of_git(struct slice path)
{
	struct slice base = path_base(path), dir = installed_dir(path, 0);
	unsigned deeper = base.len > dir.len && base.ptr[dir.len] == '.' && slice_starts(base, dir);

	for (unsigned up = 1; up <= 1 + deeper; up++)
		if (slice_eq(installed_dir(path, up), SLICE("gems")) &&
		    slice_eq(installed_dir(path, up + 1), SLICE("bundler")))
			return true;
	return false;
}

static bool is_installed(struct slice path)
{
	struct slice dir = installed_dir(path, 0);

	if (path_base(path).ptr[0] == '.')
		return false;
	return slice_eq(dir, SLICE("specifications")) ||
	       (slice_eq(dir, SLICE("default")) && slice_eq(installed_dir(path, 1), SLICE("specifications"))) ||
	       is_of_git(path);
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = ".gemspec",
	  .need = DETECT_WHOLE,
	  .max_bytes = GEMSPEC_BYTES,
	  .accept = is_installed },
	{ .text = NULL },
};

/* "s.name = ...": the receiver is any word. */
static bool attribute(struct slice line, struct slice name, struct slice *value)
{
	struct slice before, after;

	if (!slice_cut(line, '=', &before, &after) || !slice_cut(slice_trim(before), '.', NULL, &before) ||
	    !slice_eq(before, name))
		return false;
	return installed_quoted(after, value);
}

/* "# stub: NAME VERSION PLATFORM require_paths", which RubyGems itself reads first. */
static bool stub(struct slice line, struct slice *name, struct slice *version)
{
	struct slice rest;

	if (!slice_starts(line, SLICE("# stub: ")))
		return false;
	rest = slice_from(line, strlen("# stub: "));
	return slice_word(&rest, ' ', name) && slice_word(&rest, ' ', version);
}

/* A specification that was written by hand takes its version from a constant: then the file's name has it. */
static void from_name(struct slice path, struct slice *name, struct slice *version)
{
	struct slice base = path_base(path), rest;

	base.len -= strlen(".gemspec");
	for (size_t i = 1; i + 1 < base.len; i++) {
		if (base.ptr[i] != '-' || !is_digit(base.ptr[i + 1]))
			continue;
		if (name->len == 0)
			*name = slice_take(base, i);
		slice_cut(slice_from(base, i + 1), '-', version, &rest);
		return;
	}
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_GEM, "ruby", TOLD_NONE };
	struct slice rest = file->bytes, line, name = SLICE_EMPTY, version = SLICE_EMPTY, value;

	while (slice_line(&rest, &line) && (name.len == 0 || version.len == 0)) {
		line = slice_trim(line);
		if (stub(line, &name, &version))
			break;
		if (name.len == 0 && attribute(line, SLICE("name"), &value))
			name = value;
		else if (version.len == 0 && attribute(line, SLICE("version"), &value))
			version = value;
	}
	if (version.len == 0 || !is_digit(version.ptr[0]))
		from_name(file->path, &name, &version);
	return installed_emit(&in, name, version, 0, err);
}

const struct detector detector_gem = {
	.name = "gem",
	.version = "3",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
