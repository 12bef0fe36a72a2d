/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cargo_lock.c - Cargo.lock of versions 1 to 4: [[package]] with name, version, source and dependencies.
 *
 * Source: docs/formats/cargo-lock.md.
 */
#include "index/package/lock.h"
#include "text/toml.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "Cargo.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

struct cargo {
	struct lock lock;
	const struct toml_node *packages;
	VEC(size_t) at;	   /* entry of each package, or LOCK_NONE */
	size_t own;	   /* packages of the project itself */
	bool has_manifest; /* Cargo.toml lies beside it */
	struct map crates; /* what that asks for -> LOCK_USE, LOCK_DEV; owned */
};

/* Without a source it is a part of the project. */
static bool is_own(const struct toml_node *package)
{
	return !toml_get(package, "source");
}

static enum status add_package(struct cargo *c, const struct toml_node *p, struct err *err)
{
	struct slice name = toml_get_str(p, "name"), version = toml_get_str(p, "version"), id;
	const struct toml_node *line = toml_get(p, "name");
	size_t *slot = VEC_PUSH(&c->at, c->lock.in.env->arena);

	if (!slot)
		return err_nomem(err, "a lock file");
	TRY(lock_add(&c->lock, name, version, is_own(p) ? PACKAGE_MAIN_MODULE : 0, line ? line->line : p->line, slot,
		     err));
	if (*slot == LOCK_NONE)
		return STATUS_OK;
	c->own += is_own(p);
	TRY(lock_name(&c->lock, name, *slot, err));
	if (!arena_printf(c->lock.in.env->arena, &id, "%.*s %.*s", SLICE_ARG(name), SLICE_ARG(version)))
		return err_nomem(err, "a lock file");
	return lock_name(&c->lock, id, *slot, err);
}

/* "name", "name version" where there are several, "name version (source)" */
static size_t find(struct cargo *c, struct slice said)
{
	struct slice name, rest, version, id;

	slice_cut(said, ' ', &name, &rest);
	slice_cut(rest, ' ', &version, NULL);
	if (version.len > 0 &&
	    arena_printf(c->lock.in.env->arena, &id, "%.*s %.*s", SLICE_ARG(name), SLICE_ARG(version)))
		return lock_find(&c->lock, id);
	return lock_find(&c->lock, name);
}

/* The crates of a table of the manifest, which may have other names there. */
static enum status add_crates(struct cargo *c, const struct toml_node *table, enum lock_reach why, struct err *err)
{
	for (const struct toml_node *n = table ? table->child : NULL; n; n = n->next) {
		struct slice package = toml_get_str(n, "package");
		bool is_new;
		uint64_t *slot = map_slot(&c->crates, package.len > 0 ? package : n->key, &is_new);

		if (!slot)
			return err_nomem(err, "a lock file");
		*slot |= why;
	}
	return STATUS_OK;
}

static enum status add_tables(struct cargo *c, const struct toml_node *n, struct err *err)
{
	TRY(add_crates(c, toml_get(n, "dependencies"), LOCK_USE, err));
	TRY(add_crates(c, toml_get(n, "build-dependencies"), LOCK_USE, err));
	return add_crates(c, toml_get(n, "dev-dependencies"), LOCK_DEV, err);
}

static enum lock_reach reach_of(const struct cargo *c, struct slice name)
{
	uint64_t why;

	return map_get(&c->crates, name, &why) && why == LOCK_DEV ? LOCK_DEV : LOCK_USE;
}

static enum status add_asks(struct cargo *c, struct err *err)
{
	size_t i = 0;

	for (const struct toml_node *p = c->packages->child; p; p = p->next, i++) {
		const struct toml_node *list = toml_get(p, "dependencies");
		size_t from = c->at.at[i];

		for (const struct toml_node *n = list ? list->child : NULL; n && from != LOCK_NONE; n = n->next) {
			size_t to = n->kind == TOML_KIND_SCALAR ? find(c, n->scalar) : LOCK_NONE;

			if (!is_own(p))
				TRY(lock_ask(&c->lock, from, to, err));
			else if (to != LOCK_NONE)
				lock_root(&c->lock, to, reach_of(c, c->lock.entries.at[to].name));
		}
	}
	return STATUS_OK;
}

/* What is only for development is known of a project of one package, whose manifest stands beside the lock file. */
static enum status read_manifest(struct cargo *c, struct err *err)
{
	const struct toml_node *targets;
	struct err why = ERR_INIT;
	struct toml_node *root;
	struct slice bytes;

	if (c->own != 1 || !lock_beside(&c->lock, "Cargo.toml", LOCK_BESIDE_BYTES, &bytes) ||
	    toml_parse(bytes, c->lock.in.env->limits, c->lock.in.env->arena, &root, &why) != STATUS_OK)
		return STATUS_OK;
	c->has_manifest = true;
	TRY(add_tables(c, root, err));
	targets = toml_get(root, "target");
	for (const struct toml_node *t = targets ? targets->child : NULL; t; t = t->next)
		TRY(add_tables(c, t, err));
	return STATUS_OK;
}

static enum status read_all(struct cargo *c, struct err *err)
{
	for (const struct toml_node *p = c->packages->child; p; p = p->next)
		TRY(add_package(c, p, err));
	TRY(read_manifest(c, err));
	TRY(add_asks(c, err));
	return lock_reach(&c->lock, c->has_manifest, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct cargo c = { .lock = LOCK_INIT(file, env, out, PACKAGE_CARGO, "cargo-lock") };
	struct toml_node *root;
	enum status st;

	if (toml_parse(file->bytes, env->limits, env->arena, &root, err) != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	c.packages = toml_get(root, "package");
	if (!c.packages || c.packages->kind != TOML_KIND_ARRAY) {
		if (root->child && !c.packages)
			return STATUS_OK; /* of a project without packages */
		return err_set(err, STATUS_MALFORMED, "it is no lock file: it has no list of packages");
	}
	st = lock_end(&c.lock, read_all(&c, err), err);
	map_fini(&c.crates);
	return st;
}

const struct detector detector_cargo_lock = {
	.name = "cargo_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
