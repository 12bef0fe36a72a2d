/* SPDX-License-Identifier: Apache-2.0 */
/*
 * composer.c - PHP packages that Composer installed: vendor/composer/installed.json of Composer 1 and 2.
 *
 * Source: docs/formats/composer.md.
 */
#include "index/package/installed.h"
#include "text/json.h"

#define INSTALLED_BYTES ((uint64_t)64 << 20)

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = "/composer/installed.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = INSTALLED_BYTES },
	{ .text = NULL },
};

/* A package that stands in for others, or is a list of them, has no files of its own but is named in advisories all the
 * same. */
static enum status emit(struct installed *in, yyjson_val *package, struct err *err)
{
	struct slice version = json_get_str(package, "version");

	/* "v5.4.0" is a tag of git; versions of branches ("dev-main") stay as they are. */
	if (version.len > 1 && version.ptr[0] == 'v' && is_digit(version.ptr[1]))
		version = slice_from(version, 1);
	return installed_emit(in, json_get_str(package, "name"), version, 0, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_COMPOSER, "composer", TOLD_NONE };
	struct err why = ERR_INIT;
	yyjson_val *list, *package;
	yyjson_arr_iter it;
	struct json_doc doc;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	if (st != STATUS_OK)
		return err_at(err, why.code, why.offset, "the list of packages cannot be read: %s", why.msg);
	list = yyjson_is_arr(doc.root) ? doc.root : json_get(doc.root, "packages");
	if (!yyjson_is_arr(list)) {
		installed_refuse(&in, ERR_NO_OFFSET, "there is no list of packages");
	} else {
		yyjson_arr_iter_init(list, &it);
		while (st == STATUS_OK && (package = yyjson_arr_iter_next(&it)) != NULL)
			st = emit(&in, package, err);
	}
	json_doc_free(&doc);
	installed_end(&in);
	return st;
}

const struct detector detector_composer = {
	.name = "composer",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
