/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yumdb.c - the repositories that packages were installed from, as yum keeps them: a folder for each package, a file
 * for each thing that it knows of it.
 *
 * Source: docs/formats/yumdb.md.
 */
#include "index/repository/origin.h"

#define FROM_BYTES 4096u /* a name; real ones stay below 100 */

/* The folder's parent: yumdb/FIRST-LETTER/. */
static bool is_of_yumdb(struct slice path)
{
	struct slice folder = path_dir(path_dir(path_dir(path)));

	return slice_eq(folder, SLICE("var/lib/yum/yumdb")) || slice_eq(folder, SLICE("var/lib/dnf/yumdb"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "from_repo",
	  .need = DETECT_WHOLE,
	  .max_bytes = FROM_BYTES,
	  .accept = is_of_yumdb },
	{ .text = NULL },
};

/* CHECKSUM-NAME-VERSION-RELEASE-ARCH */
static bool package_of(struct arena *arena, struct slice folder, struct slice *package, struct err *err)
{
	struct slice sum, rest, arch;
	size_t hyphens = 0;

	*package = SLICE_EMPTY;
	if (!slice_cut(folder, '-', &sum, &rest) || sum.len < 32 || !slice_rcut(rest, '-', &rest, &arch))
		return true;
	for (size_t i = 0; i < sum.len; i++)
		if (hex_value(sum.ptr[i]) < 0)
			return true;
	for (size_t i = 0; i < rest.len; i++)
		hyphens += rest.ptr[i] == '-';
	if (hyphens < 2 || arch.len == 0)
		return true;
	if (arena_printf(arena, package, "%.*s.%.*s", SLICE_ARG(rest), SLICE_ARG(arch)))
		return true;
	err_nomem(err, "a record of yum");
	return false;
}

/* Pages of the web and JSON are none. */
static bool is_id(struct slice s)
{
	return origin_is_word(s) && slice_find_byte(s, '<') == SIZE_MAX && slice_find_byte(s, '{') == SIZE_MAX;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct slice repository = slice_trim(file->bytes), package;

	if (!package_of(env->arena, path_base(path_dir(file->path)), &package, err))
		return STATUS_NOMEM;
	if (package.len == 0 || !is_id(repository)) {
		diag_emit(out->diags, DIAG_RECORD, file->path, ERR_NO_OFFSET,
			  "a record of yum says of no package which repository it is from");
		return STATUS_OK;
	}
	return origin_is_known(repository) ? origin_emit(file, out, package, repository, err) : STATUS_OK;
}

const struct detector detector_yumdb = {
	.name = "yumdb",
	.version = "1",
	.kind = DETECTOR_REPOSITORY,
	.rules = rules,
	.parse = parse,
};
