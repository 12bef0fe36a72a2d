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

static size_t find_nocase(struct slice s, struct slice what)
{
	for (size_t i = 0; i + what.len <= s.len; i++)
		if (slice_eq_nocase(slice_take(slice_from(s, i), what.len), what))
			return i;
	return SIZE_MAX;
}

/* What is beyond the head may still say it. */
static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	(void)mode;
	if (size <= head.len && find_nocase(head, SLICE("Plugin Name:")) == SIZE_MAX &&
	    find_nocase(head, SLICE("Theme Name:")) == SIZE_MAX)
		return 0;
	out[0] = (struct byte_range){ 0, MIN(size, (uint64_t)HEAD_BYTES) };
	return 1;
}

static bool is_mark(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '/' || c == '*' || c == '#' || c == '@';
}

/* "<?php # NAME: VALUE": the value with the rest of the line. */
static bool take_field(struct slice line, struct slice name, struct slice *value)
{
	struct slice php = SLICE("<?php"), bare = line;

	while (bare.len > 0 && (bare.ptr[0] == ' ' || bare.ptr[0] == '\t'))
		bare = slice_from(bare, 1);
	if (slice_eq_nocase(slice_take(bare, php.len), php))
		line = slice_from(bare, php.len);
	while (line.len > 0 && is_mark(line.ptr[0]))
		line = slice_from(line, 1);
	if (line.len <= name.len || !slice_eq_nocase(slice_take(line, name.len), name) || line.ptr[name.len] != ':')
		return false;
	*value = slice_from(line, name.len + 1);
	return true;
}

/* " * Version: 5.0.2": what stands before the field are marks of a comment; what ends one, or PHP, ends the value. A
 * carriage return ends a line, too. */
static bool read_field(struct slice text, struct slice name, struct slice *value)
{
	static const char *const ends[] = { "*/", "?>" };
	struct slice line, part;

	while (slice_line(&text, &line)) {
		while (line.len > 0) {
			slice_cut(line, '\r', &part, &line);
			if (!take_field(part, name, value))
				continue;
			for (size_t i = 0; i < ARRAY_LEN(ends); i++)
				*value = slice_take(*value, slice_find(*value, slice_cstr(ends[i])));
			*value = slice_trim(*value);
			return value->len > 0;
		}
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
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
