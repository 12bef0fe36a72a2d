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
	struct lock lock;
	struct json_doc doc;
	struct line_counter lines;
};

/* "name/version@user/channel#revision%time" */
static enum status add_reference(struct conan *c, yyjson_val *v, unsigned flags, size_t *at, struct err *err)
{
	struct slice name, version, said = json_str(v);
	size_t offset = v ? json_offset(&c->doc, c->lines.text, v) : 0;

	if (at)
		*at = LOCK_NONE;
	slice_cut(said, '#', &said, NULL);
	slice_cut(said, '%', &said, NULL);
	slice_cut(said, '@', &said, NULL);
	if (!slice_cut(said, '/', &name, &version))
		return installed_refuse(&c->lock.in, ERR_NO_OFFSET, "a reference is not NAME/VERSION");
	return lock_add(&c->lock, name, version, flags, offset > 0 ? line_at(&c->lines, offset) : 0, at, err);
}

/* Conan 1: {"0": {"requires": ["1"]}, "1": {"ref": ..., "context": "host"}}: 0 is the project, if it has no reference.
 */
static enum status read_nodes(struct conan *c, yyjson_val *nodes, struct err *err)
{
	yyjson_obj_iter it;
	yyjson_arr_iter asked;
	yyjson_val *key, *v, *one;
	size_t at;
	bool own;

	yyjson_obj_iter_init(nodes, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		v = yyjson_obj_iter_get_val(key);
		if (!json_get(v, "ref"))
			continue;
		TRY(add_reference(c, json_get(v, "ref"),
				  slice_eq(json_get_str(v, "context"), SLICE("build")) ? PACKAGE_DEV : 0, &at, err));
		TRY(lock_name(&c->lock, json_str(key), at, err));
	}
	yyjson_obj_iter_init(nodes, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		v = yyjson_obj_iter_get_val(key);
		own = json_get(v, "ref") == NULL;
		at = own ? LOCK_NONE : lock_find(&c->lock, json_str(key));
		yyjson_arr_iter_init(json_get(v, "requires"), &asked);
		while ((one = yyjson_arr_iter_next(&asked)) != NULL) {
			if (!own)
				TRY(lock_ask(&c->lock, at, lock_find(&c->lock, json_str(one)), err));
			else
				lock_root(&c->lock, lock_find(&c->lock, json_str(one)), LOCK_USE);
		}
	}
	return lock_reach(&c->lock, false, err);
}

/* Conan 2: what is needed to run, to build, and by recipes. */
static enum status read_lists(struct conan *c, struct err *err)
{
	static const char *const lists[] = { "requires", "build_requires", "python_requires" };
	yyjson_val *one;
	yyjson_arr_iter it;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		yyjson_arr_iter_init(json_get(c->doc.root, lists[i]), &it);
		while ((one = yyjson_arr_iter_next(&it)) != NULL)
			TRY(add_reference(c, one, i > 0 ? PACKAGE_DEV : 0, NULL, err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct conan c = { .lock = LOCK_INIT(file, env, out, PACKAGE_CONAN, "conan-lock"),
			   .lines = LINE_COUNTER(file->bytes) };
	enum status st = json_parse_file(file->bytes, env->limits, &c.doc, err);
	yyjson_val *nodes;

	if (st != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	nodes = json_get(json_get(c.doc.root, "graph_lock"), "nodes");
	if (yyjson_is_obj(nodes))
		st = read_nodes(&c, nodes, err);
	else if (yyjson_is_arr(json_get(c.doc.root, "requires")) ||
		 yyjson_is_arr(json_get(c.doc.root, "build_requires")))
		st = read_lists(&c, err);
	else
		st = err_set(err, STATUS_MALFORMED, "it is no lock file of Conan: it has no list of references");
	st = lock_end(&c.lock, st, err);
	json_doc_free(&c.doc);
	return st;
}

const struct detector detector_conan_lock = {
	.name = "conan_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
