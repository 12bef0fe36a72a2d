/* SPDX-License-Identifier: Apache-2.0 */
/*
 * composer_lock.c - composer.lock: {"packages": [{name, version}], "packages-dev": [...]}.
 *
 * Source: docs/formats/composer-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "composer.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

struct composer {
	struct lock *lock;
	const struct json_doc *doc;
	struct line_counter lines;
};

static enum status add_list(struct composer *c, yyjson_val *list, bool dev, struct err *err)
{
	yyjson_val *package;
	yyjson_arr_iter it;

	yyjson_arr_iter_init(list, &it);
	while ((package = yyjson_arr_iter_next(&it)) != NULL) {
		yyjson_val *name = json_get(package, "name");
		struct slice version = json_get_str(package, "version");
		size_t at, offset = name ? json_offset(c->doc, c->lines.text, name) : 0;

		if (version.len > 1 && version.ptr[0] == 'v' && is_digit(version.ptr[1]))
			version = slice_from(version, 1);
		TRY(lock_add(c->lock, json_str(name), version, dev ? PACKAGE_DEV : 0,
			     offset > 0 ? line_at(&c->lines, offset) : 0, &at, err));
		TRY(lock_name(c->lock, json_str(name), at, err));
	}
	return STATUS_OK;
}

/* composer.json beside it says who asks; names are folded there and here alike. */
static void add_roots(struct composer *c)
{
	static const char *const lists[] = { "require", "require-dev" };
	struct err why = ERR_INIT;
	struct json_doc doc;
	struct slice bytes;
	yyjson_obj_iter it;
	yyjson_val *name;

	if (!lock_beside(c->lock, "composer.json", LOCK_BESIDE_BYTES, &bytes) ||
	    json_parse_file(bytes, c->lock->in.env->limits, &doc, &why) != STATUS_OK)
		return;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		yyjson_obj_iter_init(json_get(doc.root, lists[i]), &it);
		while ((name = yyjson_obj_iter_next(&it)) != NULL)
			lock_root(c->lock, lock_find(c->lock, json_str(name)), i == 0 ? LOCK_USE : LOCK_DEV);
	}
	for (size_t i = 0; c->lock->rooted && i < c->lock->entries.len; i++)
		if (!(c->lock->entries.at[i].flags & PACKAGE_DIRECT))
			c->lock->entries.at[i].flags |= PACKAGE_INDIRECT;
	json_doc_free(&doc);
}

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct composer c = { .lock = l, .doc = doc, .lines = LINE_COUNTER(l->in.file->bytes) };
	yyjson_val *packages = json_get(doc->root, "packages"), *dev = json_get(doc->root, "packages-dev");

	if (!yyjson_is_arr(packages) && !yyjson_is_arr(dev))
		return err_set(err, STATUS_MALFORMED, "it is no lock file of Composer: it has no list of packages");
	TRY(add_list(&c, packages, false, err));
	TRY(add_list(&c, dev, true, err));
	add_roots(&c);
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_COMPOSER, "composer-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_composer_lock = {
	.name = "composer_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
