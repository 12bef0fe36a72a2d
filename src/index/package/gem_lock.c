/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gem_lock.c - Gemfile.lock and gems.locked of Bundler: sections GEM, GIT, PATH with "specs:", and DEPENDENCIES.
 *
 * Source: docs/formats/gem-lock.md.
 */
#include "index/package/lock.h"

/* A gem's own lock file, in the folder of installed gems, is of its development. */
static bool is_read(struct slice path)
{
	struct slice rest = path_dir(path), part;
	bool below = false;

	if (!lock_of_project(path))
		return false;
	while (slice_word(&rest, '/', &part)) {
		for (size_t i = 0; below && i + 1 < part.len; i++)
			if (part.ptr[i] == '-' && is_digit(part.ptr[i + 1]))
				return false;
		below = slice_eq(part, SLICE("gems"));
	}
	return true;
}

#define RULE(name)                                                                                                     \
	{                                                                                                              \
		.match = PATH_NAME, .text = name, .need = DETECT_WHOLE, .max_bytes = LOCK_BYTES, .accept = is_read     \
	}

static const struct path_rule rules[] = {
	RULE("Gemfile.lock"),
	RULE("gems.locked"),
	{ .text = NULL },
};

struct bundler {
	struct lock lock;
	bool path, specs,
		dependencies; /* the section at hand: folders of the project, its list, what the project asks for */
	size_t spec;	      /* the last one, or LOCK_NONE */
	bool any;	      /* some section was met */
	VEC(struct lock_edge) asks; /* entry, and place in names + 1 */
	VEC(struct slice) names;
};

/* "name (version-platform)": a version has no hyphen. */
static void split(struct slice s, struct slice *name, struct slice *version)
{
	struct slice rest;

	s = slice_trim(s);
	slice_cut(s, ' ', name, &rest);
	if (slice_ends(*name, SLICE("!")))
		name->len--;
	rest = slice_trim(rest);
	*version = SLICE_EMPTY;
	if (rest.len > 2 && rest.ptr[0] == '(')
		slice_cut(slice_from(rest, 1), ')', version, NULL);
	slice_cut(*version, '-', version, NULL);
}

static enum status on_spec(struct bundler *b, struct slice line, uint32_t n, struct err *err)
{
	struct slice name, version;

	split(line, &name, &version);
	TRY(lock_add(&b->lock, name, version, b->path ? PACKAGE_MAIN_MODULE : 0, n, &b->spec, err));
	return lock_name(&b->lock, name, b->spec, err);
}

/* What the spec above needs: who that is, is known at the end. */
static enum status on_ask(struct bundler *b, struct slice line, struct err *err)
{
	struct lock_edge *ask;
	struct slice *name, version;

	if (b->spec == LOCK_NONE)
		return STATUS_OK;
	ask = VEC_PUSH(&b->asks, b->lock.in.env->arena);
	name = VEC_PUSH(&b->names, b->lock.in.env->arena);
	if (!ask || !name)
		return err_nomem(err, "a lock file");
	split(line, name, &version);
	*ask = (struct lock_edge){ b->spec, b->names.len };
	return STATUS_OK;
}

static enum status on_line(struct bundler *b, struct slice line, uint32_t n, struct err *err)
{
	struct slice name, version;
	size_t indent = 0;

	while (indent < line.len && line.ptr[indent] == ' ')
		indent++;
	if (indent == line.len)
		return STATUS_OK;
	if (indent == 0) {
		b->path = slice_eq(line, SLICE("PATH"));
		b->dependencies = slice_eq(line, SLICE("DEPENDENCIES"));
		b->specs = false;
		b->spec = LOCK_NONE;
		b->any |= is_upper(line.ptr[0]);
		if (!is_upper(line.ptr[0]))
			return err_set(err, STATUS_MALFORMED, "line %u: expected a section of Gemfile.lock", n);
	} else if (indent == 2 && b->dependencies) {
		split(line, &name, &version);
		lock_root(&b->lock, lock_find(&b->lock, name), LOCK_USE);
	} else if (indent == 2) {
		b->specs = slice_eq(slice_trim(line), SLICE("specs:"));
	} else if (indent == 4 && b->specs) {
		return on_spec(b, line, n, err);
	} else if (indent == 6 && b->specs) {
		return on_ask(b, line, err);
	}
	return STATUS_OK;
}

/* Bundler does not write who is of which group. */
static enum status read_all(struct bundler *b, struct err *err)
{
	struct slice rest = b->lock.in.file->bytes, line;
	uint32_t n = 0;

	while (slice_line(&rest, &line))
		TRY(on_line(b, line, ++n, err));
	if (!b->any && slice_trim(b->lock.in.file->bytes).len > 0)
		return err_set(err, STATUS_MALFORMED, "it is no Gemfile.lock: it has no section");
	for (size_t i = 0; i < b->asks.len; i++)
		TRY(lock_ask(&b->lock, b->asks.at[i].to, lock_find(&b->lock, b->names.at[i]), err));
	return lock_reach(&b->lock, false, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct bundler b = { .lock = LOCK_INIT(file, env, out, PACKAGE_GEM, "gem-lock"), .spec = LOCK_NONE };

	return lock_end(&b.lock, read_all(&b, err), err);
}

const struct detector detector_gem_lock = {
	.name = "gem_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
