/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bun_lock.c - bun.lock, the text form of Bun's lock file: JSON with commas before closing brackets; and the older
 * binary one, bun.lockb (bun_lockb.h).
 *
 * Source: docs/formats/bun-lock.md.
 */
#include "index/package/bun_lockb.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "bun.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .match = PATH_NAME,
	  .text = "bun.lockb",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

static const char *const lists[] = { "dependencies", "optionalDependencies", "peerDependencies", "devDependencies" };

/* "key": ["name@version", registry, {dependencies}, digest]. The key is the place in node_modules, "/" between parents.
 */
static enum status add_package(struct lock *l, const struct json_doc *doc, struct line_counter *lines, yyjson_val *key,
			       yyjson_val *v, struct err *err)
{
	struct slice name, version;
	size_t offset = json_offset(doc, lines->text, key), at;
	uint32_t line = offset > 0 ? line_at(lines, offset) : 0;

	lock_cut_at(json_str(yyjson_arr_get_first(v)), &name, &version);
	if (slice_starts(version, SLICE("workspace:")) || slice_starts(version, SLICE("link:")) ||
	    slice_starts(version, SLICE("root:")) || slice_starts(version, SLICE("file:")))
		return STATUS_OK;
	if (version.len == 0 || slice_find_byte(version, ':') != SIZE_MAX) { /* a commit, or an archive somewhere */
		lock_vague(l, line);
		return STATUS_OK;
	}
	TRY(lock_add(l, name, version, 0, line, &at, err));
	return lock_name(l, json_str(key), at, err);
}

static enum status add_asks(struct lock *l, yyjson_val *key, yyjson_val *v, struct err *err)
{
	size_t from = lock_find(l, json_str(key));
	yyjson_val *name;
	yyjson_obj_iter it;

	for (size_t i = 0; from != LOCK_NONE && i < 3; i++) {
		yyjson_obj_iter_init(json_get(yyjson_arr_get(v, 2), lists[i]), &it);
		while ((name = yyjson_obj_iter_next(&it)) != NULL)
			TRY(lock_ask(l, from, lock_nearest(l, json_str(key), "", json_str(name)), err));
	}
	return STATUS_OK;
}

static void add_roots(struct lock *l, yyjson_val *workspaces)
{
	yyjson_val *folder, *name, *v;
	yyjson_obj_iter it, names;
	struct slice own;

	yyjson_obj_iter_init(workspaces, &it);
	while ((folder = yyjson_obj_iter_next(&it)) != NULL) {
		v = yyjson_obj_iter_get_val(folder);
		own = json_get_str(v, "name");
		for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
			yyjson_obj_iter_init(json_get(v, lists[i]), &names);
			while ((name = yyjson_obj_iter_next(&names)) != NULL)
				lock_root(l, lock_nearest(l, own, "", json_str(name)),
					  i == 3 ? LOCK_DEV : LOCK_USE);
		}
	}
}

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(l->in.file->bytes);
	yyjson_val *packages = json_get(doc->root, "packages"), *workspaces = json_get(doc->root, "workspaces"), *key;
	yyjson_obj_iter it;

	if (!yyjson_is_obj(packages) && !yyjson_is_obj(workspaces))
		return err_set(err, STATUS_MALFORMED, "it is no lock file of Bun: it has no workspaces");
	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL)
		TRY(add_package(l, doc, &lines, key, yyjson_obj_iter_get_val(key), err));
	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL)
		TRY(add_asks(l, key, yyjson_obj_iter_get_val(key), err));
	add_roots(l, workspaces);
	return lock_reach(l, true, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_NPM, "bun-lock");
	struct json_doc doc;
	enum status st;

	if (slice_ends(file->path, SLICE(".lockb")))
		return lock_end(&l, bun_lockb_read(&l, err), err);
	st = json_parse_loose(file->bytes, env->limits, &doc, err);
	if (st != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	st = lock_end(&l, read_all(&l, &doc, err), err);
	json_doc_free(&doc);
	return st;
}

const struct detector detector_bun_lock = {
	.name = "bun_lock",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
