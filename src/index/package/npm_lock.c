/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npm_lock.c - lock files of npm: package-lock.json and npm-shrinkwrap.json of versions 1 (a tree of dependencies), 2
 * and 3 (a list by place in node_modules).
 *
 * Source: docs/formats/npm-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "package-lock.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .match = PATH_NAME,
	  .text = "npm-shrinkwrap.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

struct npm {
	struct lock *lock;
	const struct json_doc *doc;
	struct line_counter lines;
};

static uint32_t line_of(struct npm *n, yyjson_val *key)
{
	size_t offset = json_offset(n->doc, n->lines.text, key);

	return offset > 0 ? line_at(&n->lines, offset) : 0;
}

/* ---- versions 2 and 3 ---- */

static struct slice name_of_place(struct slice place)
{
	struct slice rest = place, last = SLICE_EMPTY;
	size_t at;

	for (; (at = slice_find(rest, SLICE("node_modules/"))) != SIZE_MAX; last = rest)
		rest = slice_from(rest, at + strlen("node_modules/"));
	return last;
}

/* "node_modules/a/node_modules/b": {"version", "dev", "link", "name"}; "" and folders of the project are no packages.
 */
static enum status add_place(struct npm *n, yyjson_val *key, yyjson_val *v, struct err *err)
{
	struct slice place = json_str(key), name = name_of_place(place);
	size_t at;

	if (name.len == 0 || json_get_bool(v, "link"))
		return STATUS_OK;
	if (json_get_str(v, "name").len > 0) /* installed under another name */
		name = json_get_str(v, "name");
	/* What is neither published nor of git may have no version; npm does not resolve it. */
	if (json_get_str(v, "version").len == 0) {
		lock_vague(n->lock, line_of(n, key));
		return STATUS_OK;
	}
	TRY(lock_add(n->lock, name, json_get_str(v, "version"), json_get_bool(v, "dev") ? PACKAGE_DEV : 0,
		     line_of(n, key), &at, err));
	return lock_name(n->lock, place, at, err);
}

/* The project itself ("") and its workspaces ask for packages. */
static void add_roots(struct npm *n, struct slice folder, yyjson_val *v)
{
	static const char *const lists[] = { "dependencies", "optionalDependencies", "devDependencies" };
	yyjson_val *name;
	yyjson_obj_iter it;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		yyjson_obj_iter_init(json_get(v, lists[i]), &it);
		while ((name = yyjson_obj_iter_next(&it)) != NULL)
			/* Node takes it from the nearest node_modules above. */
			lock_root(n->lock, lock_nearest(n->lock, folder, "node_modules/", json_str(name)),
				  i == 2 ? LOCK_DEV : LOCK_USE);
	}
}

static enum status read_places(struct npm *n, yyjson_val *packages, struct err *err)
{
	yyjson_val *key;
	yyjson_obj_iter it;

	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL)
		TRY(add_place(n, key, yyjson_obj_iter_get_val(key), err));
	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL)
		if (name_of_place(json_str(key)).len == 0)
			add_roots(n, json_str(key), yyjson_obj_iter_get_val(key));
	for (size_t i = 0; n->lock->rooted && i < n->lock->entries.len; i++)
		if (!(n->lock->entries.at[i].flags & PACKAGE_DIRECT))
			n->lock->entries.at[i].flags |= PACKAGE_INDIRECT;
	return STATUS_OK;
}

/* ---- version 1 ---- */

/* "a": {"version": "1.0.0" | "npm:b@1.0.0" | a place of git or of a file, "dev", "dependencies"} */
static enum status add_dependency(struct npm *n, yyjson_val *key, yyjson_val *v, struct err *err)
{
	struct slice name = json_str(key), version = json_get_str(v, "version");

	if (slice_starts(version, SLICE("npm:")))
		lock_cut_at(slice_from(version, 4), &name, &version);
	if (slice_starts(version, SLICE("file:")))
		return STATUS_OK; /* a folder of the project */
	if (slice_find_byte(version, ':') != SIZE_MAX || version.len == 0) {
		lock_vague(n->lock, line_of(n, key));
		return STATUS_OK;
	}
	return lock_add(n->lock, name, version, json_get_bool(v, "dev") ? PACKAGE_DEV : 0, line_of(n, key), NULL, err);
}

static enum status read_tree(struct npm *n, yyjson_val *dependencies, struct err *err)
{
	VEC(yyjson_obj_iter) stack = { NULL, 0, 0 };
	struct arena *a = n->lock->in.env->arena;
	yyjson_obj_iter *top = VEC_PUSH(&stack, a);

	if (!top)
		return err_nomem(err, "a lock file");
	yyjson_obj_iter_init(dependencies, top);
	while (stack.len > 0) {
		yyjson_val *key = yyjson_obj_iter_next(&stack.at[stack.len - 1]), *v, *below;

		if (!key) {
			stack.len--;
			continue;
		}
		v = yyjson_obj_iter_get_val(key);
		TRY(add_dependency(n, key, v, err));
		below = json_get(v, "dependencies");
		if (!yyjson_is_obj(below))
			continue;
		top = VEC_PUSH(&stack, a);
		if (!top)
			return err_nomem(err, "a lock file");
		yyjson_obj_iter_init(below, top);
	}
	return STATUS_OK;
}

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct npm n = { .lock = l, .doc = doc, .lines = LINE_COUNTER(l->in.file->bytes) };
	yyjson_val *packages = json_get(doc->root, "packages"), *dependencies = json_get(doc->root, "dependencies");

	if (yyjson_is_obj(packages))
		return read_places(&n, packages, err);
	if (yyjson_is_obj(dependencies))
		return read_tree(&n, dependencies, err);
	if (!json_get(doc->root, "lockfileVersion"))
		return err_set(err, STATUS_MALFORMED, "it is no lock file of npm: it has no list of packages");
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_NPM, "npm-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_npm_lock = {
	.name = "npm_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
