/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deno_lock.c - deno.lock of Deno, versions 2 to 5: packages of npm and of JSR.
 *
 * Source: docs/formats/deno-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "deno.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

struct reading {
	struct lock *l;
	const struct json_doc *doc;
	struct line_counter lines;
};

/* Without the packages that it was installed beside: "18.3.1_react@18.3.1". */
static struct slice version_of(struct slice version)
{
	return slice_take(version, MIN(slice_find_byte(version, '_'), version.len));
}

/* bare: the name as Deno has it. */
static enum status add(struct reading *r, yyjson_val *key, struct slice bare, struct slice name, struct slice version,
		       struct err *err)
{
	size_t offset = json_offset(r->doc, r->lines.text, key), at;

	TRY(lock_add(r->l, name, version, 0, offset > 0 ? line_at(&r->lines, offset) : 0, &at, err));
	TRY(lock_name(r->l, json_str(key), at, err));
	/* Who asks for the only version of a package says its name alone. */
	return lock_name(r->l, bare, at, err);
}

/* "NAME@VERSION": {"integrity", "dependencies"} */
static enum status add_npm(struct reading *r, yyjson_val *packages, struct err *err)
{
	yyjson_val *key;
	yyjson_obj_iter it;

	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		struct slice name, version;

		lock_cut_at(json_str(key), &name, &version);
		TRY(add(r, key, name, name, version_of(version), err));
	}
	return STATUS_OK;
}

/* "@SCOPE/NAME@VERSION", which npm knows as "@jsr/SCOPE__NAME". */
static enum status add_jsr(struct reading *r, yyjson_val *packages, struct err *err)
{
	yyjson_val *key;
	yyjson_obj_iter it;

	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		struct slice id = json_str(key), name, version, scope, own, known;

		lock_cut_at(id, &name, &version);
		if (!slice_starts(name, SLICE("@")) || !slice_cut(slice_from(name, 1), '/', &scope, &own)) {
			lock_vague(r->l, 0);
			continue;
		}
		if (!arena_printf(r->l->in.env->arena, &known, "@jsr/%.*s__%.*s", SLICE_ARG(scope), SLICE_ARG(own)))
			return err_nomem(err, "a lock file");
		TRY(add(r, key, name, known, version, err));
	}
	return STATUS_OK;
}

/* "npm:NAME", "jsr:@SCOPE/NAME", as far as the name goes. */
static struct slice without_prefix(struct slice s)
{
	return slice_starts(s, SLICE("npm:")) || slice_starts(s, SLICE("jsr:")) ? slice_from(s, 4) : s;
}

/* "NAME" or "NAME@VERSION", whose entry may be there as one of several; ranges are those of the only one. */
static size_t find(const struct lock *l, struct slice id)
{
	size_t at = lock_find(l, id);
	struct slice name, version;

	return at == LOCK_NONE && lock_cut_at(id, &name, &version) ? lock_find(l, name) : at;
}

/* Who asks for whom: a list of names (versions 4, 5), or an object whose values are keys (2, 3). */
static enum status add_asks(struct lock *l, yyjson_val *packages, struct err *err)
{
	yyjson_val *key, *asked;
	yyjson_obj_iter it, members;
	yyjson_arr_iter list;

	yyjson_obj_iter_init(packages, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		yyjson_val *asks = json_get(yyjson_obj_iter_get_val(key), "dependencies");
		size_t from = lock_find(l, json_str(key));

		yyjson_arr_iter_init(asks, &list);
		while ((asked = yyjson_arr_iter_next(&list)) != NULL)
			TRY(lock_ask(l, from, find(l, without_prefix(json_str(asked))), err));
		yyjson_obj_iter_init(asks, &members);
		while ((asked = yyjson_obj_iter_next(&members)) != NULL)
			TRY(lock_ask(l, from, lock_find(l, json_str(yyjson_obj_iter_get_val(asked))), err));
	}
	return STATUS_OK;
}

/* specifiers: "npm:chalk@5": "5.6.2" (versions 4, 5) or "npm:chalk@5.6.2" (3), "chalk@5": "chalk@5.6.2" (2). */
static enum status add_roots(struct lock *l, yyjson_val *specifiers, struct err *err)
{
	yyjson_val *key;
	yyjson_obj_iter it;

	yyjson_obj_iter_init(specifiers, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		struct slice value = without_prefix(json_str(yyjson_obj_iter_get_val(key))), name, asked, id;
		size_t at = lock_find(l, value);

		lock_cut_at(without_prefix(json_str(key)), &name, &asked);
		if (!arena_printf(l->in.env->arena, &id, "%.*s@%.*s", SLICE_ARG(name), SLICE_ARG(value)))
			return err_nomem(err, "a lock file");
		lock_root(l, at != LOCK_NONE ? at : lock_find(l, id), LOCK_USE);
	}
	return STATUS_OK;
}

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct reading r = { l, doc, LINE_COUNTER(l->in.file->bytes) };
	struct slice version = json_get_str(doc->root, "version");
	yyjson_val *in = doc->root, *npm, *specifiers;

	if (version.len == 0)
		return err_set(err, STATUS_MALFORMED, "it is no lock file of Deno: it has no version");
	if (slice_eq(version, SLICE("3")))
		in = json_get(doc->root, "packages");
	npm = json_get(in, "npm");
	specifiers = json_get(in, "specifiers");
	if (slice_eq(version, SLICE("2"))) {
		specifiers = json_get(npm, "specifiers");
		npm = json_get(npm, "packages");
	}
	TRY(add_npm(&r, npm, err));
	TRY(add_jsr(&r, json_get(in, "jsr"), err));
	TRY(add_asks(l, npm, err));
	TRY(add_asks(l, json_get(in, "jsr"), err));
	TRY(add_roots(l, specifiers, err));
	return lock_reach(l, false, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_NPM, "deno-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_deno_lock = {
	.name = "deno_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
