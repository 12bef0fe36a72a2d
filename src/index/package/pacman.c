/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pacman.c - packages of Arch Linux and its relatives: pacman's local database, with the files that belong to them.
 *
 * Source: docs/formats/pacman.md.
 */
#include "index/package/installed.h"

#define DESC_BYTES ((uint64_t)1 << 20)	  /* real ones have some KB */
#define FILES_BYTES ((uint64_t)128 << 20) /* lists of files; the largest of Arch's have 10 MB */

/* var/lib/pacman/local/NAME-VERSION/desc */
static bool is_local(struct slice path)
{
	return slice_eq(path_dir(path_dir(path)), SLICE("var/lib/pacman/local"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/desc", .need = DETECT_WHOLE, .max_bytes = DESC_BYTES, .accept = is_local },
	{ .match = PATH_SUFFIX, .text = "/files", .need = DETECT_WHOLE, .max_bytes = FILES_BYTES, .accept = is_local },
	{ .text = NULL },
};

/* A line "%NAME%", and the lines up to the next of that kind or an empty one. */
struct block {
	struct slice rest, key;
};

static bool is_key(struct slice line)
{
	return line.len > 2 && line.ptr[0] == '%' && line.ptr[line.len - 1] == '%';
}

/* The next line that has a value; b->key is what it is of. */
static bool next_value(struct block *b, struct slice *out)
{
	struct slice line;

	while (slice_line(&b->rest, &line)) {
		if (is_key(line))
			b->key = slice_take(slice_from(line, 1), line.len - 2);
		else if (line.len == 0)
			b->key = SLICE_EMPTY;
		else if (b->key.len > 0) {
			*out = line;
			return true;
		}
	}
	return false;
}

static enum status read_desc(const struct detect_file *file, const struct detect_env *env,
			     const struct detect_sink *out, struct err *err)
{
	struct block b = { .rest = file->bytes, .key = SLICE_EMPTY };
	struct installed in = { file, env, out, PACKAGE_ALPM, "pacman", TOLD_NONE };
	struct package p = { .type = PACKAGE_ALPM, .db = file->path, .path = file->path, .detector = SLICE("pacman") };
	struct slice value;

	while (next_value(&b, &value)) {
		if (slice_eq(b.key, SLICE("NAME")))
			p.name = value;
		else if (slice_eq(b.key, SLICE("VERSION")))
			p.version = value;
		else if (slice_eq(b.key, SLICE("ARCH")))
			p.arch = value;
		else if (slice_eq(b.key, SLICE("BASE")))
			p.source_name = value;
	}
	if (!installed_is_text(p.name) || !installed_is_text(p.version))
		return installed_refuse(&in, ERR_NO_OFFSET, "desc has no name or no version that is a text");
	if (!installed_is_text(p.arch))
		p.arch = SLICE_EMPTY;
	if (installed_is_text(p.source_name))
		p.source_version = p.version;
	else
		p.source_name = SLICE_EMPTY;
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	return out->package(out->ctx, &p, err);
}

static enum status read_files(const struct detect_file *file, const struct detect_env *env,
			      const struct detect_sink *out, struct err *err)
{
	struct block b = { .rest = file->bytes, .key = SLICE_EMPTY };
	struct package of = { .type = PACKAGE_ALPM };
	struct slice value;

	if (!arena_printf(env->arena, &of.path, "%.*s/desc", SLICE_ARG(path_dir(file->path))))
		return err_nomem(err, "a package");
	TRY(out->list(out->ctx, &of, err));
	while (next_value(&b, &value))
		if (slice_eq(b.key, SLICE("FILES")) && value.len <= env->limits->path_bytes &&
		    value.ptr[value.len - 1] != '/')
			TRY(out->owned(out->ctx, value, err));
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	return slice_ends(file->path, SLICE("/desc")) ? read_desc(file, env, out, err)
						      : read_files(file, env, out, err);
}

const struct detector detector_pacman = {
	.name = "pacman",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
