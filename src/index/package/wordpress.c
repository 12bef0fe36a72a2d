/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wordpress.c - WordPress, and its plugins and themes, from the comments at the beginning of their main files.
 *
 * WordPress itself reads such files so, the first 8 KiB of each. Source: docs/formats/wordpress.md.
 */
#include "index/package/installed.h"

#define HEAD_BYTES 8192
#define VERSION_BYTES ((uint64_t)1 << 20)

static bool is_extension(struct slice path, struct slice folder)
{
	return slice_eq(installed_dir(path, 1), folder) && slice_eq(installed_dir(path, 2), SLICE("wp-content"));
}

/* plugins/NAME/any.php or plugins/NAME.php, those that cannot be turned off, too. */
static bool is_plugin(struct slice path)
{
	bool single = slice_eq(installed_dir(path, 1), SLICE("wp-content")) &&
		      (slice_eq(installed_dir(path, 0), SLICE("plugins")) ||
		       slice_eq(installed_dir(path, 0), SLICE("mu-plugins")));

	return single || is_extension(path, SLICE("plugins")) || is_extension(path, SLICE("mu-plugins"));
}

static bool is_theme(struct slice path)
{
	return is_extension(path, SLICE("themes"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/wp-includes/version.php", .need = DETECT_WHOLE, .max_bytes = VERSION_BYTES },
	{ .match = PATH_SUFFIX, .text = ".php", .need = DETECT_RANGES, .accept = is_plugin },
	{ .match = PATH_SUFFIX, .text = "/style.css", .need = DETECT_RANGES, .accept = is_theme },
	{ .text = NULL },
};

static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	(void)mode;
	if (!slice_has(head, SLICE("Plugin Name:")) && !slice_has(head, SLICE("Theme Name:")))
		return 0;
	out[0] = (struct byte_range){ 0, MIN(size, (uint64_t)HEAD_BYTES) };
	return 1;
}

/* " * Version: 5.0.2": what stands before the field are marks of a comment. */
static bool read_field(struct slice text, struct slice name, struct slice *value)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		size_t skip = 0;

		while (skip < line.len && (is_space(line.ptr[skip]) || line.ptr[skip] == '/' || line.ptr[skip] == '*' ||
					   line.ptr[skip] == '#' || line.ptr[skip] == '@'))
			skip++;
		line = slice_from(line, skip);
		if (line.len <= name.len || !slice_eq_nocase(slice_take(line, name.len), name) ||
		    line.ptr[name.len] != ':')
			continue;
		*value = slice_trim(slice_from(line, name.len + 1));
		if (slice_ends(*value, SLICE("*/")))
			*value = slice_trim(slice_take(*value, value->len - 2));
		return value->len > 0;
	}
	return false;
}

/* The folder is the name under which it is published; of a single file, the file's. */
static struct slice slug_of(struct slice path)
{
	struct slice dir = installed_dir(path, 0), base = path_base(path);

	if (!slice_eq(dir, SLICE("plugins")) && !slice_eq(dir, SLICE("mu-plugins")))
		return dir;
	return slice_take(base, base.len - strlen(".php"));
}

static enum status read_extension(struct installed *in, struct err *err)
{
	bool theme = slice_ends(in->file->path, SLICE("/style.css"));
	struct slice text = in->file->range_bytes[0], name, version;

	if (!read_field(text, theme ? SLICE("Theme Name") : SLICE("Plugin Name"), &name))
		return STATUS_OK;
	if (!read_field(text, SLICE("Version"), &version))
		return installed_refuse(in, ERR_NO_OFFSET, "a plugin or theme says no version");
	if (!arena_printf(in->env->arena, &name, "%s/%.*s", theme ? "themes" : "plugins",
			  SLICE_ARG(slug_of(in->file->path))))
		return err_nomem(err, "a plugin");
	return installed_emit(in, name, version, 0, err);
}

/* $wp_version = '6.1.1'; */
static enum status read_core(struct installed *in, struct err *err)
{
	struct slice rest = in->file->bytes, line, version;

	while (slice_line(&rest, &line)) {
		line = slice_trim(line);
		if (!slice_starts(line, SLICE("$wp_version")) || !installed_quoted(line, &version))
			continue;
		return installed_emit(in, SLICE("wordpress"), version, 0, err);
	}
	return installed_refuse(in, ERR_NO_OFFSET, "there is no $wp_version");
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_WORDPRESS, "wordpress", TOLD_NONE };

	return file->rule->need == DETECT_WHOLE ? read_core(&in, err) : read_extension(&in, err);
}

const struct detector detector_wordpress = {
	.name = "wordpress",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
