/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swift_lock.c - Package.resolved of Swift's package manager, versions 1 to 3: pins, each a repository and its state.
 *
 * Source: docs/formats/swift-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "Package.resolved",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

/* A package is known by where it is from: "https://HOST/owner/name.git" and "git@HOST:owner/name" are HOST/owner/name.
 */
static bool name_of(struct slice place, struct arena *arena, struct slice *out)
{
	size_t at = slice_find(place, SLICE("://"));
	struct slice user, host, rest;

	if (at != SIZE_MAX)
		place = slice_from(place, at + 3);
	while (slice_ends(place, SLICE("/")))
		place.len--;
	if (slice_ends(place, SLICE(".git")))
		place.len -= 4;
	slice_cut(place, '/', &host, NULL);
	if (slice_cut(host, '@', &user, NULL))
		place = slice_from(place, user.len + 1);
	*out = place;
	if (at == SIZE_MAX && slice_cut(place, ':', &host, &rest))
		return arena_printf(arena, out, "%.*s/%.*s", SLICE_ARG(host), SLICE_ARG(rest));
	return true;
}

static enum status add_pin(struct lock *l, const struct json_doc *doc, struct line_counter *lines, yyjson_val *pin,
			   struct err *err)
{
	yyjson_val *place = json_get(pin, "location") ? json_get(pin, "location") : json_get(pin, "repositoryURL");
	size_t offset = place ? json_offset(doc, lines->text, place) : 0;
	uint32_t line = offset > 0 ? line_at(lines, offset) : 0;
	struct slice name, version = json_get_str(json_get(pin, "state"), "version");

	if (version.len == 0) { /* of a branch or a commit */
		lock_vague(l, line);
		return STATUS_OK;
	}
	if (!name_of(json_str(place), l->in.env->arena, &name))
		return err_nomem(err, "a lock file");
	return lock_add(l, name, version, 0, line, NULL, err);
}

static enum status read_all(struct lock *l, const struct json_doc *doc, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(l->in.file->bytes);
	yyjson_val *pins = json_get(doc->root, "pins"), *pin;
	yyjson_arr_iter it;

	if (!pins)
		pins = json_get(json_get(doc->root, "object"), "pins");
	if (!yyjson_is_arr(pins))
		return err_set(err, STATUS_MALFORMED, "it is no Package.resolved: it has no pins");
	yyjson_arr_iter_init(pins, &it);
	while ((pin = yyjson_arr_iter_next(&it)) != NULL)
		TRY(add_pin(l, doc, &lines, pin, err));
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_SWIFT, "swift-lock");

	return lock_json(&l, read_all, err);
}

const struct detector detector_swift_lock = {
	.name = "swift_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
