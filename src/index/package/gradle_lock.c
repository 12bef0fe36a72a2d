/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gradle_lock.c - lock files of Gradle ("group:artifact:version=configurations", one a line) and of sbt's plugin
 * sbt-dependency-lock (build.sbt.lock, JSON).
 *
 * Source: docs/formats/gradle-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

#define RULE(name)                                                                                                     \
	{                                                                                                              \
		.match = PATH_NAME, .text = name, .need = DETECT_WHOLE, .max_bytes = LOCK_BYTES,                       \
		.accept = lock_of_project                                                                              \
	}

static bool is_old_folder(struct slice path)
{
	return lock_of_project(path) && slice_eq(path_base(path_dir(path)), SLICE("dependency-locks"));
}

static const struct path_rule rules[] = {
	RULE("gradle.lockfile"),
	RULE("buildscript-gradle.lockfile"),
	{ .match = PATH_SUFFIX,
	  .text = ".lockfile",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = is_old_folder },
	RULE("build.sbt.lock"),
	{ .text = NULL },
};

static bool is_test(struct slice configuration)
{
	return slice_has(configuration, SLICE("test")) || slice_has(configuration, SLICE("Test"));
}

/* Are all configurations that need it ones of tests? */
static bool only_tests(struct slice configurations)
{
	struct slice one;
	bool any = false;

	while (slice_word(&configurations, ',', &one)) {
		any = true;
		if (!is_test(one))
			return false;
	}
	return any;
}

static enum status read_lines(struct lock *l, struct err *err)
{
	struct slice rest = l->in.file->bytes, line, name, version, configurations;
	uint32_t n = 0;

	while (slice_line(&rest, &line)) {
		n++;
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#' || slice_starts(line, SLICE("empty=")))
			continue;
		slice_cut(line, '=', &line, &configurations);
		if (!slice_rcut(line, ':', &name, &version) || slice_find_byte(name, ':') == SIZE_MAX ||
		    name.ptr[0] == ':') {
			TRY(installed_refuse(&l->in, ERR_NO_OFFSET, "a line is not GROUP:ARTIFACT:VERSION"));
			continue;
		}
		TRY(lock_add(l, name, version, only_tests(configurations) ? PACKAGE_DEV : 0, n, NULL, err));
	}
	return STATUS_OK;
}

static enum status add_module(struct lock *l, const struct json_doc *doc, struct line_counter *lines, yyjson_val *v,
			      struct err *err)
{
	yyjson_val *configurations = json_get(v, "configurations"), *one, *org = json_get(v, "org");
	size_t offset = org ? json_offset(doc, lines->text, org) : 0;
	bool test = yyjson_arr_size(configurations) > 0;
	yyjson_arr_iter it;
	struct slice name;

	yyjson_arr_iter_init(configurations, &it);
	while ((one = yyjson_arr_iter_next(&it)) != NULL)
		test &= is_test(json_str(one));
	if (json_str(org).len == 0)
		return installed_refuse(&l->in, ERR_NO_OFFSET, "a module has no organisation");
	if (!arena_printf(l->in.env->arena, &name, "%.*s:%.*s", SLICE_ARG(json_str(org)),
			  SLICE_ARG(json_get_str(v, "name"))))
		return err_nomem(err, "a lock file");
	return lock_add(l, name, json_get_str(v, "version"), test ? PACKAGE_DEV : 0,
			offset > 0 ? line_at(lines, offset) : 0, NULL, err);
}

static enum status read_sbt(struct lock *l, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(l->in.file->bytes);
	yyjson_val *list, *v;
	yyjson_arr_iter it;
	struct json_doc doc;
	enum status st = json_parse_file(l->in.file->bytes, l->in.env->limits, &doc, err);

	if (st != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	list = json_get(doc.root, "dependencies");
	if (!yyjson_is_arr(list))
		st = err_set(err, STATUS_MALFORMED, "it is no lock file of sbt: it has no list of modules");
	yyjson_arr_iter_init(list, &it);
	while (st == STATUS_OK && (v = yyjson_arr_iter_next(&it)) != NULL)
		st = add_module(l, &doc, &lines, v, err);
	st = lock_end(l, st, err);
	json_doc_free(&doc);
	return st;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_MAVEN, "gradle-lock");

	if (slice_ends(file->path, SLICE(".lock")))
		return read_sbt(&l, err);
	return lock_end(&l, read_lines(&l, err), err);
}

const struct detector detector_gradle_lock = {
	.name = "gradle_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
