/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yarn_pnp.c - packages of projects without node_modules: what Yarn's Plug'n'Play loads, in .pnp.cjs (JSON in a
 * program, bare or between quotation marks) or .pnp.data.json.
 *
 * It is what runs, and so the installed form. Source: docs/formats/yarn-pnp.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

#define PNP_BYTES ((uint64_t)64 << 20)

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = ".pnp.cjs",
	  .need = DETECT_WHOLE,
	  .max_bytes = PNP_BYTES,
	  .accept = lock_of_project },
	{ .match = PATH_NAME,
	  .text = ".pnp.js",
	  .need = DETECT_WHOLE,
	  .max_bytes = PNP_BYTES,
	  .accept = lock_of_project },
	{ .match = PATH_NAME,
	  .text = ".pnp.data.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = PNP_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

/* ---- JSON in a program ---- */

/* A text of JavaScript between single quotation marks; a backslash at the end of a line joins lines. */
static bool unquote(struct arena *a, struct slice s, struct slice *out)
{
	uint8_t *text = arena_alloc(a, s.len + 1);
	size_t n = 0;

	if (!text)
		return false;
	for (size_t i = 0; i < s.len && s.ptr[i] != '\''; i++) {
		if (s.ptr[i] == '\\' && ++i < s.len && s.ptr[i] == '\n')
			continue;
		if (i < s.len)
			text[n++] = s.ptr[i];
	}
	*out = slice_make(text, n);
	return true;
}

/* False if there is none: with .pnp.data.json beside it, the program has no list of its own. */
static bool find_list(struct slice program, struct slice mark, uint8_t first, struct slice *out)
{
	size_t at = slice_find(program, mark);

	if (at == SIZE_MAX)
		return false;
	*out = slice_trim(slice_from(program, at + mark.len));
	if (out->len == 0 || out->ptr[0] != first)
		return false;
	if (first == '\'')
		*out = slice_from(*out, 1);
	return true;
}

/* ---- packages ---- */

/* "virtual:HASH#npm:1.0.0" is the same package as "npm:1.0.0", seen by somebody else. */
static struct slice plain_reference(struct slice reference)
{
	struct slice rest;

	if (slice_starts(reference, SLICE("virtual:")) && slice_cut(reference, '#', NULL, &rest))
		return rest;
	return reference;
}

enum pnp_kind { PNP_PACKAGE, PNP_OWN, PNP_VAGUE };

/* "npm:1.0.0::__archiveUrl=...", "patch:a@npm%3A1.0.0#...::version=1.0.0&hash=...": what is published has a version. */
static enum pnp_kind version_of(struct slice reference, struct slice *version)
{
	size_t at;

	reference = plain_reference(reference);
	if (slice_starts(reference, SLICE("workspace:")) || slice_starts(reference, SLICE("portal:")) ||
	    slice_starts(reference, SLICE("link:")) || slice_starts(reference, SLICE("file:")))
		return PNP_OWN;
	if (slice_starts(reference, SLICE("npm:"))) {
		*version = slice_from(reference, 4);
		*version = slice_take(*version, slice_find(*version, SLICE("::")));
		return version->len > 0 ? PNP_PACKAGE : PNP_VAGUE;
	}
	if (!slice_starts(reference, SLICE("patch:")) ||
	    (at = slice_find(reference, SLICE("::version="))) == SIZE_MAX)
		return PNP_VAGUE;
	slice_cut(slice_from(reference, at + strlen("::version=")), '&', version, NULL);
	return version->len > 0 ? PNP_PACKAGE : PNP_VAGUE;
}

static bool id_of(struct lock *l, struct slice name, struct slice reference, struct slice *out)
{
	return arena_printf(l->in.env->arena, out, "%.*s@%.*s", SLICE_ARG(name), SLICE_ARG(reference));
}

/* [NAME, [[REFERENCE, {"packageLocation", "packageDependencies"}], ...]]; null and null are the project itself. */
static enum status add_package(struct lock *l, struct slice name, struct slice reference, struct err *err)
{
	struct slice version, id;
	size_t at;

	switch (version_of(reference, &version)) {
	case PNP_PACKAGE:
		break;
	case PNP_VAGUE:
		lock_vague(l, 0);
		return STATUS_OK;
	case PNP_OWN:
		return STATUS_OK;
	}
	TRY(lock_add(l, name, version, 0, 0, &at, err));
	if (at == LOCK_NONE)
		return STATUS_OK;
	if (!id_of(l, name, reference, &id))
		return err_nomem(err, "a list of packages");
	return lock_name(l, id, at, err);
}

/* ["name", "reference"], ["alias", ["name", "reference"]], ["name", null] */
static size_t find_asked(struct lock *l, yyjson_val *ask)
{
	struct slice name = json_str(yyjson_arr_get_first(ask)), id;
	yyjson_val *reference = yyjson_arr_get(ask, 1);

	if (yyjson_is_arr(reference)) {
		name = json_str(yyjson_arr_get_first(reference));
		reference = yyjson_arr_get(reference, 1);
	}
	if (!yyjson_is_str(reference) || !id_of(l, name, json_str(reference), &id))
		return LOCK_NONE;
	return lock_find(l, id);
}

/* Yarn lists each as asking for itself, too. */
static enum status add_asks(struct lock *l, struct slice name, struct slice reference, yyjson_val *package,
			    struct err *err)
{
	struct slice version, id = SLICE_EMPTY;
	bool own = reference.len == 0 || version_of(reference, &version) == PNP_OWN;
	size_t from = LOCK_NONE;
	yyjson_arr_iter it;
	yyjson_val *ask;

	if (!own) {
		if (!id_of(l, name, reference, &id))
			return err_nomem(err, "a list of packages");
		from = lock_find(l, id);
	}
	yyjson_arr_iter_init(json_get(package, "packageDependencies"), &it);
	while ((ask = yyjson_arr_iter_next(&it)) != NULL) {
		size_t to = find_asked(l, ask);

		if (own)
			lock_root(l, to, LOCK_USE);
		else if (from != to)
			TRY(lock_ask(l, from, to, err));
	}
	return STATUS_OK;
}

static enum status read_all(struct lock *l, yyjson_val *list, struct err *err)
{
	yyjson_arr_iter names, references;
	yyjson_val *row, *one;

	if (!yyjson_is_arr(list))
		return err_set(err, STATUS_MALFORMED, "it is no list of Plug'n'Play: it has no packages");
	for (unsigned asks = 0; asks < 2; asks++) {
		yyjson_arr_iter_init(list, &names);
		while ((row = yyjson_arr_iter_next(&names)) != NULL) {
			struct slice name = json_str(yyjson_arr_get_first(row));

			yyjson_arr_iter_init(yyjson_arr_get(row, 1), &references);
			while ((one = yyjson_arr_iter_next(&references)) != NULL) {
				struct slice reference = json_str(yyjson_arr_get_first(one));

				if (asks)
					TRY(add_asks(l, name, reference, yyjson_arr_get(one, 1), err));
				else if (name.len > 0 && reference.len > 0)
					TRY(add_package(l, name, reference, err));
			}
		}
	}
	return lock_reach(l, false, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_NPM, "yarn-pnp");
	struct slice text = file->bytes, quoted;
	struct json_doc doc;
	enum status st;

	if (!slice_ends(file->path, SLICE(".json"))) {
		if (find_list(file->bytes, SLICE("RAW_RUNTIME_STATE ="), '\'', &quoted) ||
		    find_list(file->bytes, SLICE("hydrateRuntimeState(JSON.parse("), '\'', &quoted)) {
			if (!unquote(env->arena, quoted, &text))
				return err_nomem(err, "a list of packages");
		} else if (!find_list(file->bytes, SLICE("hydrateRuntimeState("), '{', &text)) {
			if (slice_has(file->bytes, SLICE(".pnp.data.json")))
				return STATUS_OK; /* that is where the list is */
			return err_set(err, STATUS_MALFORMED, "it is none of Plug'n'Play: it has no list of packages");
		}
	}
	st = json_parse_first(text, env->limits, &doc, err);
	if (st != STATUS_OK)
		return err_wrap(err, "the list of packages cannot be read");
	st = lock_end(&l, read_all(&l, json_get(doc.root, "packageRegistryData"), err), err);
	json_doc_free(&doc);
	return st;
}

const struct detector detector_yarn_pnp = {
	.name = "yarn_pnp",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
