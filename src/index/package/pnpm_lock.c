/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pnpm_lock.c - pnpm-lock.yaml of versions 5 ("/a/1.0.0_peer"), 6 ("/a@1.0.0(peer@2)") and 9 ("a@1.0.0", whose
 * dependencies stand apart as snapshots).
 *
 * Source: docs/formats/pnpm-lock.md.
 */
#include "index/package/lock.h"
#include "text/yaml.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "pnpm-lock.yaml",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

struct pnpm {
	struct lock lock;
	unsigned major;
	struct map packages; /* of version 9: key -> its node, the first of several. Owned */
};

/* Without what says which peers it was installed with: "1.0.0(react@18)" and, up to version 5, "1.0.0_react@18". */
static struct slice without_peers(const struct pnpm *p, struct slice s)
{
	size_t at = slice_find_byte(s, p->major >= 6 ? '(' : '_');

	return at == SIZE_MAX ? s : slice_take(s, at);
}

/* The key of a package, or the reference of another to it: name and version. False: a folder, an archive, a commit. */
static bool split_key(const struct pnpm *p, struct slice key, struct slice *name, struct slice *version)
{
	struct slice scope = SLICE_EMPTY, rest = key;
	const uint8_t *begin;

	if (p->major < 9) {
		/* "/a/1.0.0", or with the host of another registry in front. */
		if (slice_find_byte(key, '/') == SIZE_MAX)
			return false;
		slice_cut(key, '/', NULL, &rest);
	}
	begin = rest.ptr;
	if (rest.len > 0 && rest.ptr[0] == '@' && !slice_cut(rest, '/', &scope, &rest))
		return false;
	if (p->major >= 6 ? !slice_cut(rest, '@', name, version) : !slice_cut(rest, '/', name, version))
		return false;
	*name = slice_make(begin, (size_t)(name->ptr - begin) + name->len);
	*version = without_peers(p, *version);
	return version->len > 0 && is_digit(version->ptr[0]);
}

/* What a dependency of that name and version is called among the packages: "1.0.0" or a key as a whole. */
static size_t find(struct pnpm *p, struct slice name, struct slice version)
{
	struct slice id;
	size_t at = lock_find(&p->lock, version);

	if (at != LOCK_NONE)
		return at;
	if (!arena_printf(p->lock.in.env->arena, &id, "%s%.*s%c%.*s", p->major < 9 ? "/" : "", SLICE_ARG(name),
			  p->major >= 6 ? '@' : '/', SLICE_ARG(version)))
		return LOCK_NONE;
	return lock_find(&p->lock, id);
}

/* "dependencies: {a: 1.0.0}" of a project (from LOCK_NONE) or a package; later ones have {specifier, version}. */
static enum status on_list(struct pnpm *p, const struct yaml_node *list, size_t from, enum lock_reach why,
			   struct err *err)
{
	for (const struct yaml_node *n = list && list->kind == YAML_KIND_MAPPING ? list->child : NULL; n; n = n->next) {
		struct slice version = n->kind == YAML_KIND_MAPPING ? yaml_get_str(n, "version") : n->scalar;
		size_t at = find(p, n->key->scalar, version);

		if (from == LOCK_NONE)
			lock_root(&p->lock, at, why);
		else
			TRY(lock_ask(&p->lock, from, at, err));
	}
	return STATUS_OK;
}

static enum status add_project(struct pnpm *p, const struct yaml_node *project, struct err *err)
{
	TRY(on_list(p, yaml_get(project, "dependencies"), LOCK_NONE, LOCK_USE, err));
	TRY(on_list(p, yaml_get(project, "optionalDependencies"), LOCK_NONE, LOCK_USE, err));
	return on_list(p, yaml_get(project, "devDependencies"), LOCK_NONE, LOCK_DEV, err);
}

/* Snapshots lead to packages, of which there may be as many. */
static enum status gather_packages(struct pnpm *p, const struct yaml_node *packages, struct err *err)
{
	for (const struct yaml_node *n = packages ? packages->child : NULL; n; n = n->next) {
		bool is_new = false;
		uint64_t *slot = n->key ? map_slot(&p->packages, n->key->scalar, &is_new) : NULL;

		if (n->key && !slot)
			return err_nomem(err, "a lock file");
		if (slot && is_new)
			*slot = (uint64_t)(uintptr_t)n;
	}
	return STATUS_OK;
}

static enum status add_package(struct pnpm *p, const struct yaml_node *n, struct err *err)
{
	struct slice name = SLICE_EMPTY, version = SLICE_EMPTY, said = yaml_get_str(n, "version");
	bool plain = split_key(p, n->key->scalar, &name, &version);
	unsigned flags = slice_eq(yaml_get_str(n, "dev"), SLICE("true")) ? PACKAGE_DEV : 0;
	uint64_t package;
	size_t at;

	/* A snapshot; its package says the version. */
	if (!plain && said.len == 0 && map_get(&p->packages, without_peers(p, n->key->scalar), &package))
		said = yaml_get_str((const struct yaml_node *)(uintptr_t)package, "version");
	if (yaml_get_str(n, "name").len > 0)
		name = yaml_get_str(n, "name");
	if (said.len > 0)
		version = said;
	else if (!plain)
		version = SLICE_EMPTY;
	if (slice_has(n->key->scalar, SLICE("@file:")) || slice_starts(n->key->scalar, SLICE("file:")))
		return STATUS_OK; /* a folder of the project */
	if (name.len == 0 || version.len == 0) {
		lock_vague(&p->lock, n->key->line);
		return STATUS_OK;
	}
	TRY(lock_add(&p->lock, name, version, flags, n->key->line, &at, err));
	return lock_name(&p->lock, n->key->scalar, at, err);
}

static enum status read_packages(struct pnpm *p, const struct yaml_node *root, struct err *err)
{
	const struct yaml_node *packages = yaml_get(root, "packages"), *list = packages;
	const struct yaml_node *importers = yaml_get(root, "importers");

	if (p->major >= 9) {
		list = yaml_get(root, "snapshots");
		TRY(gather_packages(p, packages, err));
	}
	for (const struct yaml_node *n = list ? list->child : NULL; n; n = n->next)
		if (n->key)
			TRY(add_package(p, n, err));
	for (const struct yaml_node *n = list ? list->child : NULL; n; n = n->next) {
		size_t from = n->key ? lock_find(&p->lock, n->key->scalar) : LOCK_NONE;

		if (from == LOCK_NONE)
			continue;
		TRY(on_list(p, yaml_get(n, "dependencies"), from, LOCK_USE, err));
		TRY(on_list(p, yaml_get(n, "optionalDependencies"), from, LOCK_USE, err));
	}
	TRY(add_project(p, root, err));
	for (const struct yaml_node *n = importers ? importers->child : NULL; n; n = n->next)
		TRY(add_project(p, n, err));
	/* Up to version 6 each package says itself whether it is of development. */
	return lock_reach(&p->lock, p->major >= 9, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct pnpm p = { .lock = LOCK_INIT(file, env, out, PACKAGE_NPM, "pnpm-lock") };
	struct yaml_node *root = NULL;
	struct slice version, major;
	enum status st = yaml_parse(file->bytes, env->limits, env->arena, &root, err);
	uint64_t n;

	if (st != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	version = yaml_get_str(root, "lockfileVersion");
	slice_cut(version, '.', &major, NULL);
	if (!slice_to_u64(major, &n) || n < 5 || n > 9)
		return err_set(err, STATUS_UNSUPPORTED, "it says no lockfileVersion of 5 to 9");
	p.major = (unsigned)n;
	st = read_packages(&p, root, err);
	map_fini(&p.packages);
	return lock_end(&p.lock, st, err);
}

const struct detector detector_pnpm_lock = {
	.name = "pnpm_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
