/* SPDX-License-Identifier: Apache-2.0 */
/*
 * python_lock.c - lock files of Python in TOML: poetry.lock, uv.lock, pdm.lock, pylock.toml (PEP 751). All are lists of
 * packages; they differ in how they say who asks for whom.
 *
 * Source: docs/formats/python-lock.md.
 */
#include "index/package/lock.h"
#include "text/toml.h"

static bool is_pylock(struct slice path)
{
	struct slice base = path_base(path);

	return lock_of_project(path) && (slice_eq(base, SLICE("pylock.toml")) || slice_starts(base, SLICE("pylock.")));
}

#define RULE(how, name, finer)                                                                                         \
	{                                                                                                              \
		.match = how, .text = name, .need = DETECT_WHOLE, .max_bytes = LOCK_BYTES, .accept = finer             \
	}

static const struct path_rule rules[] = {
	RULE(PATH_NAME, "poetry.lock", lock_of_project),
	RULE(PATH_NAME, "uv.lock", lock_of_project),
	RULE(PATH_NAME, "pdm.lock", lock_of_project),
	RULE(PATH_SUFFIX, ".toml", is_pylock),
	{ .text = NULL },
};

struct python {
	struct lock lock;
	const struct toml_node *packages;
	VEC(size_t) at;	  /* entry of each package, or LOCK_NONE */
	VEC(size_t) sets; /* entries that are no packages: they ask for all versions of a name */
};

static bool has_text(const struct toml_node *list, const char *text)
{
	for (const struct toml_node *n = list ? list->child : NULL; n; n = n->next)
		if (n->kind == TOML_KIND_SCALAR && slice_eq(n->scalar, slice_cstr(text)))
			return true;
	return false;
}

/* Before groups were introduced, Poetry said a category; "main" is the group of what the project needs to run. */
static bool is_dev(const struct toml_node *package)
{
	const struct toml_node *groups = toml_get(package, "groups");

	if (slice_eq(toml_get_str(package, "category"), SLICE("dev")))
		return true;
	return has_text(groups, "dev") && !has_text(groups, "main") && !has_text(groups, "default");
}

/* uv: the project itself and its folders. */
static bool is_own(const struct toml_node *package)
{
	const struct toml_node *source = toml_get(package, "source");

	return toml_get(source, "virtual") || toml_get(source, "editable");
}

static enum status name_of(struct python *y, struct slice name, struct slice *out, struct err *err)
{
	return package_pypi_name(y->lock.in.env->arena, name, out) ? STATUS_OK : err_nomem(err, "a lock file");
}

static struct slice id_of(struct python *y, struct slice name, struct slice version)
{
	struct slice id = SLICE_EMPTY;

	return arena_printf(y->lock.in.env->arena, &id, "%.*s %.*s", SLICE_ARG(name), SLICE_ARG(version)) ? id
													  : SLICE_EMPTY;
}

/* An entry that stands for several versions of a name, of which markers choose one: its id is "NAME ". */
static enum status add_set(struct python *y, struct slice name, size_t first, size_t *set, struct err *err)
{
	size_t *slot = VEC_PUSH(&y->sets, y->lock.in.env->arena);
	struct slice id = id_of(y, name, SLICE(""));

	if (!slot || id.len == 0)
		return err_nomem(err, "a lock file");
	TRY(lock_add(&y->lock, name, SLICE("0"), 0, 0, set, err));
	*slot = *set;
	y->lock.entries.at[*set].name = SLICE_EMPTY; /* not listed */
	TRY(lock_name(&y->lock, id, *set, err));
	return lock_ask(&y->lock, *set, first, err);
}

/* By its name and, of several versions, by name and version. */
static enum status name_entry(struct python *y, struct slice name, struct slice version, size_t at, struct err *err)
{
	struct slice id = id_of(y, name, version);
	size_t first = lock_find(&y->lock, name), set;

	if (id.len == 0)
		return err_nomem(err, "a lock file");
	TRY(lock_name(&y->lock, id, at, err));
	if (first == LOCK_NONE)
		return lock_name(&y->lock, name, at, err);
	set = lock_find(&y->lock, id_of(y, name, SLICE("")));
	if (set == LOCK_NONE)
		TRY(add_set(y, name, first, &set, err));
	return lock_ask(&y->lock, set, at, err);
}

/* Without a version, all of the name are meant. */
static size_t find(struct python *y, struct slice name, struct slice version)
{
	struct slice folded;
	size_t at;

	if (!package_pypi_name(y->lock.in.env->arena, name, &folded))
		return LOCK_NONE;
	at = lock_find(&y->lock, id_of(y, folded, version));
	return at != LOCK_NONE ? at : lock_find(&y->lock, folded);
}

/* What the project asks for is each version of the name. */
static void end_sets(struct python *y)
{
	for (size_t i = 0; i < y->sets.len; i++) {
		const struct lock_entry *set = &y->lock.entries.at[y->sets.at[i]];

		for (size_t k = set->edges; k > 0; k = y->lock.edges.at[k - 1].next)
			y->lock.entries.at[y->lock.edges.at[k - 1].to].flags |= set->flags & PACKAGE_DIRECT;
	}
}

static enum status add_package(struct python *y, const struct toml_node *package, struct err *err)
{
	struct slice name = toml_get_str(package, "name"), version = toml_get_str(package, "version");
	const struct toml_node *line = toml_get(package, "name");
	size_t *slot = VEC_PUSH(&y->at, y->lock.in.env->arena);
	uint32_t number = line ? line->line : package->line;

	if (!slot)
		return err_nomem(err, "a lock file");
	*slot = LOCK_NONE;
	TRY(name_of(y, name, &name, err));
	if (name.len > 0 && version.len == 0 && !is_own(package)) { /* a folder, or of git */
		lock_vague(&y->lock, number);
		return STATUS_OK;
	}
	if (version.len == 0 && is_own(package))
		version = SLICE("0"); /* not listed: it only asks for others */
	TRY(lock_add(&y->lock, name, version, is_dev(package) ? PACKAGE_DEV : 0, number, slot, err));
	return *slot == LOCK_NONE ? STATUS_OK : name_entry(y, name, version, *slot, err);
}

/* ---- who asks for whom ---- */

/* Poetry: {name = "range" | {...} | [...]}; uv, pylock: [{name, version?}]. from LOCK_NONE: the project does. */
static enum status on_asks(struct python *y, const struct toml_node *list, size_t from, enum lock_reach why,
			   struct err *err)
{
	for (const struct toml_node *n = list ? list->child : NULL; n; n = n->next) {
		bool by_key = list->kind == TOML_KIND_TABLE;
		size_t to = by_key ? find(y, n->key, SLICE_EMPTY)
				   : find(y, toml_get_str(n, "name"), toml_get_str(n, "version"));

		if (from == LOCK_NONE)
			lock_root(&y->lock, to, why);
		else
			TRY(lock_ask(&y->lock, from, to, err));
	}
	return STATUS_OK;
}

/* Lists by the name of an extra or a group. */
static enum status on_groups(struct python *y, const struct toml_node *groups, size_t from, enum lock_reach why,
			     struct err *err)
{
	for (const struct toml_node *n = groups ? groups->child : NULL; n; n = n->next)
		TRY(on_asks(y, n, from, why, err));
	return STATUS_OK;
}

static enum status add_asks(struct python *y, struct err *err)
{
	size_t i = 0;

	for (const struct toml_node *p = y->packages->child; p && i < y->at.len; p = p->next, i++) {
		size_t from = is_own(p) ? LOCK_NONE : y->at.at[i];

		if (from == LOCK_NONE && !is_own(p))
			continue;
		TRY(on_asks(y, toml_get(p, "dependencies"), from, LOCK_USE, err));
		TRY(on_groups(y, toml_get(p, "optional-dependencies"), from, LOCK_USE, err));
		TRY(on_groups(y, toml_get(p, "dev-dependencies"), from, LOCK_DEV, err));
	}
	return STATUS_OK;
}

/* "name>=1 ; marker" */
static struct slice requirement_name(struct slice s)
{
	size_t n = 0;

	while (n < s.len && (is_alnum(s.ptr[n]) || strchr("-_.", s.ptr[n])))
		n++;
	return slice_take(s, n);
}

static void on_requirements(struct python *y, const struct toml_node *list, enum lock_reach why)
{
	for (const struct toml_node *n = list ? list->child : NULL; n; n = n->next)
		if (n->kind == TOML_KIND_SCALAR && n->quoted)
			lock_root(&y->lock, find(y, requirement_name(n->scalar), SLICE_EMPTY), why);
}

/* Lists of requirements by the name of an extra, or of a group (PEP 735; Poetry from 2.2). */
static void on_named(struct python *y, const struct toml_node *lists, bool groups)
{
	for (const struct toml_node *n = lists ? lists->child : NULL; n; n = n->next)
		on_requirements(y, n, groups && slice_eq(n->key, SLICE("dev")) ? LOCK_DEV : LOCK_USE);
}

/* pyproject.toml of a Poetry project; *grouped: its groups say what is only for development. */
static enum status read_project(struct python *y, bool *grouped, struct err *err)
{
	const struct toml_node *poetry, *project;
	struct err why = ERR_INIT;
	struct toml_node *root;
	struct slice bytes;

	*grouped = false;
	if (!lock_beside(&y->lock, "pyproject.toml", LOCK_BESIDE_BYTES, &bytes) ||
	    toml_parse(bytes, y->lock.in.env->limits, y->lock.in.env->arena, &root, &why) != STATUS_OK)
		return STATUS_OK;
	poetry = toml_get(toml_get(root, "tool"), "poetry");
	project = toml_get(root, "project");
	TRY(on_asks(y, toml_get(poetry, "dependencies"), LOCK_NONE, LOCK_USE, err));
	on_requirements(y, toml_get(project, "dependencies"), LOCK_USE);
	on_named(y, toml_get(project, "optional-dependencies"), false);
	on_named(y, toml_get(root, "dependency-groups"), true);
	TRY(on_asks(y, toml_get(poetry, "dev-dependencies"), LOCK_NONE, LOCK_DEV, err));
	for (const struct toml_node *n = toml_get(poetry, "group"); n && n->child; n = NULL)
		for (const struct toml_node *group = n->child; group; group = group->next)
			TRY(on_asks(y, toml_get(group, "dependencies"), LOCK_NONE,
				    slice_eq(group->key, SLICE("dev")) ? LOCK_DEV : LOCK_USE, err));
	*grouped = y->lock.rooted;
	return STATUS_OK;
}

/* What is for development only is not said by the lock file of Poetry 1.5 to 2.0, but by the project. */
static bool says_groups(const struct python *y)
{
	for (const struct toml_node *p = y->packages->child; p; p = p->next)
		if (toml_get(p, "groups") || toml_get(p, "category"))
			return true;
	return false;
}

static enum status read_all(struct python *y, struct err *err)
{
	bool uv = slice_eq(path_base(y->lock.in.file->path), SLICE("uv.lock")), grouped = false;
	size_t i = 0;

	for (const struct toml_node *p = y->packages->child; p; p = p->next)
		TRY(add_package(y, p, err));
	TRY(add_asks(y, err));
	if (!uv && slice_eq(path_base(y->lock.in.file->path), SLICE("poetry.lock")))
		TRY(read_project(y, &grouped, err));
	end_sets(y);
	TRY(lock_reach(&y->lock, uv || (grouped && !says_groups(y)), err));
	/* Without a version the project is not listed. */
	for (const struct toml_node *p = y->packages->child; p && i < y->at.len; p = p->next, i++) {
		if (!is_own(p) || y->at.at[i] == LOCK_NONE)
			continue;
		if (toml_get_str(p, "version").len > 0)
			y->lock.entries.at[y->at.at[i]].flags |= PACKAGE_MAIN_MODULE;
		else
			y->lock.entries.at[y->at.at[i]].name = SLICE_EMPTY;
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct python y = { .lock = LOCK_INIT(file, env, out, PACKAGE_PYPI, "python-lock") };
	struct toml_node *root;

	if (toml_parse(file->bytes, env->limits, env->arena, &root, err) != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	y.packages = toml_get(root, slice_ends(file->path, SLICE(".toml")) ? "packages" : "package");
	if (!y.packages || y.packages->kind != TOML_KIND_ARRAY) {
		if (root->child)
			return STATUS_OK; /* of a project that asks for nothing */
		return err_set(err, STATUS_MALFORMED, "it is no lock file: it has no list of packages");
	}
	return lock_end(&y.lock, read_all(&y, err), err);
}

const struct detector detector_python_lock = {
	.name = "python_lock",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
