/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portage.c - packages of Gentoo: Portage's database of what is installed, with the files that belong to them.
 *
 * Source: docs/formats/portage.md.
 */
#include "index/package/installed.h"

#define PF_BYTES 4096u
#define SLOT_BYTES 64u
#define CONTENTS_BYTES ((uint64_t)128 << 20) /* lists of files; linux-firmware's has 1 MB */

/* var/db/pkg/CATEGORY/NAME-VERSION/PF */
static bool is_installed(struct slice path)
{
	return slice_eq(path_dir(path_dir(path_dir(path))), SLICE("var/db/pkg"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/PF", .need = DETECT_WHOLE, .max_bytes = PF_BYTES, .accept = is_installed },
	{ .match = PATH_SUFFIX, .text = "/SLOT", .need = DETECT_WHOLE, .max_bytes = PF_BYTES, .accept = is_installed },
	{ .match = PATH_SUFFIX,
	  .text = "/CONTENTS",
	  .need = DETECT_WHOLE,
	  .max_bytes = CONTENTS_BYTES,
	  .accept = is_installed },
	{ .text = NULL },
};

static size_t digits_of(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.ptr[n]))
		n++;
	return n;
}

/* One of "_alpha _beta _pre _rc _p", with a number or without: its length, or 0. */
static size_t suffix_of(struct slice s)
{
	static const char *const words[] = { "_alpha", "_beta", "_pre", "_rc", "_p" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_starts(s, slice_cstr(words[i])))
			return strlen(words[i]) + digits_of(slice_from(s, strlen(words[i])));
	return 0;
}

/* PMS 3.2: numbers between dots, a letter, suffixes, a revision; all of s. */
static bool is_version(struct slice s)
{
	size_t n = digits_of(s);

	if (n == 0)
		return false;
	while (n + 1 < s.len && s.ptr[n] == '.' && is_digit(s.ptr[n + 1]))
		n += 1 + digits_of(slice_from(s, n + 1));
	if (n < s.len && is_lower(s.ptr[n]))
		n++;
	for (size_t more = 1; more > 0; n += more)
		more = suffix_of(slice_from(s, n));
	if (n + 2 < s.len && s.ptr[n] == '-' && s.ptr[n + 1] == 'r')
		n += 2 + digits_of(slice_from(s, n + 2));
	return n == s.len;
}

/* "skopeo-1.5.1-r1" -> "skopeo", "1.5.1-r1": names have hyphens, but none before a version. */
static bool split(struct slice pf, struct slice *name, struct slice *version)
{
	struct slice before, after, last;

	if (!slice_rcut(pf, '-', &before, &after))
		return false;
	if (slice_starts(after, SLICE("r")) && after.len > 1 && slice_rcut(before, '-', name, &last)) {
		*version = slice_from(pf, name->len + 1);
		if (is_version(*version))
			return name->len > 0;
	}
	*name = before;
	*version = after;
	return before.len > 0 && is_version(after);
}

/* "0/1.1": the slot, and a part of it that says nothing of versions. */
static struct slice slot_of(const struct detect_file *file)
{
	struct slice slot = SLICE_EMPTY;

	if (slice_ends(file->path, SLICE("/SLOT")))
		slice_cut(slice_trim(file->bytes), '/', &slot, NULL);
	return installed_is_text(slot) && slot.len <= SLOT_BYTES ? slot : SLICE_EMPTY;
}

/* Named by the folder, which all of its files lie in: of one database, so that it counts once. */
static enum status emit(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			struct err *err)
{
	struct slice folder = path_dir(file->path), name, version;
	struct installed in = { file, env, out, PACKAGE_EBUILD, "portage", TOLD_NONE };
	struct package p = { .type = PACKAGE_EBUILD, .db = folder, .path = file->path, .detector = SLICE("portage") };

	if (!installed_is_text(folder) || !split(path_base(folder), &name, &version))
		return installed_refuse(&in, ERR_NO_OFFSET, "its folder is called after no package and version");
	if (!arena_printf(env->arena, &p.name, "%.*s/%.*s", SLICE_ARG(path_base(path_dir(folder))), SLICE_ARG(name)))
		return err_nomem(err, "a package");
	p.version = version;
	p.module = slot_of(file);
	return out->package(out->ctx, &p, err);
}

/* "obj /usr/bin/a b MD5 TIME", "sym /usr/bin/c -> b TIME"; directories are nobody's. */
static enum status take_line(struct slice line, const struct detect_env *env, const struct detect_sink *out,
			     struct err *err)
{
	struct slice path, rest;
	size_t arrow;

	if (slice_starts(line, SLICE("obj "))) {
		if (!slice_rcut(slice_from(line, 4), ' ', &rest, NULL) || !slice_rcut(rest, ' ', &path, NULL))
			return STATUS_OK;
	} else if (slice_starts(line, SLICE("sym "))) {
		path = slice_from(line, 4);
		arrow = slice_find(path, SLICE(" -> "));
		path = slice_take(path, arrow);
	} else {
		return STATUS_OK;
	}
	return path.len <= env->limits->path_bytes ? out->owned(out->ctx, path, err) : STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct slice rest = file->bytes, line;
	struct package of = { .db = path_dir(file->path) };

	TRY(emit(file, env, out, err));
	if (slice_ends(file->path, SLICE("/CONTENTS")))
		TRY(out->list(out->ctx, &of, err));
	while (slice_ends(file->path, SLICE("/CONTENTS")) && slice_line(&rest, &line))
		TRY(take_line(line, env, out, err));
	return STATUS_OK;
}

const struct detector detector_portage = {
	.name = "portage",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
