/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conan_lock.c - conan.lock of Conan 1 (a graph of nodes) and 2 (lists of references).
 *
 * Source: docs/formats/conan-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "conan.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

struct conan {
	struct lock *lock;
	const struct json_doc *doc;
	struct line_counter lines;
};

/* "name/version@user/channel#revision%time" */
static enum status add_reference(struct conan *c, yyjson_val *v, unsigned flags, size_t *at, struct err *err)
{
	struct slice name, version, said = json_str(v);
	size_t offset = v ? json_offset(c->doc, c->lines.text, v) : 0;

	if (at)
		*at = LOCK_NONE;
	slice_cut(said, '#', &said, NULL);
	slice_cut(said, '%', &said, NULL);
	slice_cut(said, '@', &said, NULL);
	if (!slice_cut(said, '/', &name, &version))
		return installed_refuse(&c->lock->in, ERR_NO_OFFSET, "a reference is not NAME/VERSION");
	return lock_add(c->lock, name, version, flags, offset > 0 ? line_at(&c->lines, offset) : 0, at, err);
}

/* Edges of one node: what it runs with, or what builds it. */
static enum status add_edges(struct conan *c, yyjson_val *node, bool project, size_t from, bool build, struct err *err)
{
	yyjson_arr_iter it;
	yyjson_val *one;
	size_t to;

	yyjson_arr_iter_init(json_get(node, build ? "build_requires" : "requires"), &it);
	while ((one = yyjson_arr_iter_next(&it)) != NULL) {
		to = lock_find(c->lock, json_str(one));
		if (project)
			lock_root(c->lock, to, build ? LOCK_DEV : LOCK_USE);
		else if (!build)
			TRY(lock_ask(c->lock, from, to, err));
		else if (to != LOCK_NONE)
			c->lock->entries.at[to].reached |= LOCK_DEV;
	}
	return STATUS_OK;
}

/* Conan 1: {"0": {"requires": ["1"], "build_requires": ["2"], "path": "conanfile.py"}, "1": {"ref": ..., "context":
 * "host"}}: the node with a path is the project, which may have a reference, too. */
static enum status read_nodes(struct conan *c, yyjson_val *nodes, struct err *err)
{
	yyjson_obj_iter it;
	yyjson_val *key, *v;
	size_t at;

	yyjson_obj_iter_init(nodes, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		unsigned flags = 0;

		v = yyjson_obj_iter_get_val(key);
		if (!json_get(v, "ref"))
			continue;
		if (json_get(v, "path"))
			flags = PACKAGE_MAIN_MODULE;
		else if (slice_eq(json_get_str(v, "context"), SLICE("build")))
			flags = PACKAGE_DEV;
		TRY(add_reference(c, json_get(v, "ref"), flags, &at, err));
		TRY(lock_name(c->lock, json_str(key), at, err));
	}
	yyjson_obj_iter_init(nodes, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		bool project;

		v = yyjson_obj_iter_get_val(key);
		project = !json_get(v, "ref") || json_get(v, "path");
		at = lock_find(c->lock, json_str(key));
		TRY(add_edges(c, v, project, at, false, err));
		TRY(add_edges(c, v, project, at, true, err));
	}
	return lock_reach(c->lock, true, err);
}

/* Conan 2: what is needed to run, to build, and by recipes. */
static enum status read_lists(struct conan *c, struct err *err)
{
	static const char *const lists[] = { "requires", "build_requires", "python_requires" };
	yyjson_val *one;
	yyjson_arr_iter it;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		yyjson_arr_iter_init(json_get(c->doc->root, lists[i]), &it);
		while ((one = yyjson_arr_iter_next(&it)) != NULL)
			TRY(add_reference(c, one, i > 0 ? PACKAGE_DEV : 0, NULL, err));
	}
	return STATUS_OK;
}

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct conan c = { .lock = l, .doc = doc, .lines = LINE_COUNTER(l->in.file->bytes) };
	yyjson_val *nodes = json_get(json_get(doc->root, "graph_lock"), "nodes");

	if (yyjson_is_obj(nodes))
		return read_nodes(&c, nodes, err);
	if (yyjson_is_arr(json_get(doc->root, "requires")) || yyjson_is_arr(json_get(doc->root, "build_requires")))
		return read_lists(&c, err);
	return err_set(err, STATUS_MALFORMED, "it is no lock file of Conan: it has no list of references");
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_CONAN, "conan-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_conan_lock = {
	.name = "conan_lock",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
