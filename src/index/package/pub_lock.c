/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pub_lock.c - pubspec.lock of Dart: packages: {name: {dependency, source, version}}.
 *
 * Source: docs/formats/pub-lock.md.
 */
#include "index/package/lock.h"
#include "text/yaml.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "pubspec.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

static enum status add_package(struct lock *l, const struct yaml_node *n, struct err *err)
{
	struct slice source = yaml_get_str(n, "source"), by = yaml_get_str(n, "dependency");
	unsigned flags = PACKAGE_DIRECT;

	/* Of the SDK itself, or a folder of the project. */
	if (slice_eq(source, SLICE("sdk")) || slice_eq(source, SLICE("path")))
		return STATUS_OK;
	if (slice_eq(by, SLICE("transitive")))
		flags = PACKAGE_INDIRECT;
	else if (slice_eq(by, SLICE("direct dev")))
		flags |= PACKAGE_DEV;
	else if (!slice_starts(by, SLICE("direct")))
		flags = 0;
	return lock_add(l, n->key->scalar, yaml_get_str(n, "version"), flags, n->key->line, NULL, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_PUB, "pub-lock");
	struct yaml_node *root = NULL, *packages;
	enum status st = yaml_parse(file->bytes, env->limits, env->arena, &root, err);

	if (st != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	packages = yaml_get(root, "packages");
	if (!packages || packages->kind != YAML_KIND_MAPPING)
		return err_set(err, STATUS_MALFORMED, "it is no lock file of pub: it has no list of packages");
	for (const struct yaml_node *n = packages->child; n && st == STATUS_OK; n = n->next)
		st = add_package(&l, n, err);
	return lock_end(&l, st, err);
}

const struct detector detector_pub_lock = {
	.name = "pub_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
