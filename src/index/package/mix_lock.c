/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mix_lock.c - mix.lock of Elixir: one line for each package, "name": {:hex, :name, "version", ...}.
 *
 * Source: docs/formats/mix-lock.md.
 */
#include "index/package/lock.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "mix.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

/* "key": {:hex, :name, "1.0.0", "digest", [...], ...}, */
static enum status on_line(struct lock *l, struct slice line, uint32_t n, struct err *err)
{
	struct slice rest = line, kind, name, version;

	if (!slice_cut(rest, '{', NULL, &rest))
		return installed_refuse(&l->in, ERR_NO_OFFSET, "a line has no package");
	slice_cut(rest, ',', &kind, &rest);
	if (!slice_eq(slice_trim(kind), SLICE(":hex"))) { /* :git, :path */
		lock_vague(l, n);
		return STATUS_OK;
	}
	slice_cut(rest, ',', &name, &rest);
	slice_cut(rest, ',', &version, NULL);
	name = slice_trim(name);
	if (name.len > 0 && name.ptr[0] == ':')
		name = slice_from(name, 1);
	if (name.len > 0 && name.ptr[0] == '"' && !installed_quoted(name, &name))
		name = SLICE_EMPTY;
	if (!installed_quoted(version, &version))
		version = SLICE_EMPTY;
	return lock_add(l, name, version, 0, n, NULL, err);
}

static enum status read_lines(struct lock *l, struct err *err)
{
	struct slice rest = l->in.file->bytes, line;
	bool open = false;
	uint32_t n = 0;

	while (slice_line(&rest, &line)) {
		n++;
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#' || slice_eq(line, SLICE("}")))
			continue;
		if (!open && line.ptr[0] == '%') {
			open = true;
			continue;
		}
		if (!open || line.ptr[0] != '"')
			return err_set(err, STATUS_MALFORMED, "line %u: expected a package of mix.lock", n);
		TRY(on_line(l, line, n, err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_HEX, "mix-lock");

	return lock_end(&l, read_lines(&l, err), err);
}

const struct detector detector_mix_lock = {
	.name = "mix_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
