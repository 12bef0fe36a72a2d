/* SPDX-License-Identifier: Apache-2.0 */
/* v2.c - a file of Clair v2 as the settings of today, by the rows of v2.def. Values keep their places. */
#include "config/load_impl.h"

enum how { AS_IS, DURATION, INTERVAL, PORT, DATABASE, UPDATERS, NONE, QUIET };

static const struct row {
	const char *path, *targets;
	enum how how;
} rows[] = {
#define V2(path, targets, how) { path, targets, how },
#include "config/v2.def"
#undef V2
};

/* Updaters of v2 by the names of today; others have kept theirs. */
static const struct {
	const char *begins, *now;
} updaters[] = { { "amzn", "aws" }, { "opensuse", "suse" }, { "rhel", "rhel-vex" } };

bool load_is_v2(const struct node *root)
{
	const struct node *clair = node_get_nocase((struct node *)(uintptr_t)root, SLICE("clair"));

	return clair && clair->kind == NODE_OBJECT && root->child == clair && !clair->next;
}

static struct node *find(struct node *n, struct slice path)
{
	struct slice step;

	while (n && path.len) {
		slice_cut(path, '.', &step, &path);
		n = node_get_nocase(n, step);
	}
	return n;
}

static struct node *new_member(struct loader *l, const struct node *like, enum node_kind kind, struct slice key)
{
	struct node *n = node_new(l->arena, kind, like->place);

	if (!n) {
		load_nomem(l);
		return NULL;
	}
	n->key = key;
	n->key_place = like->key_place;
	return n;
}

/* Put a copy of the value at a path of today, with the mappings it stands in. */
static void put(struct loader *l, struct node *root, struct slice path, const struct node *value)
{
	struct node *object = root, *copy;
	struct slice step;

	while (slice_cut(path, '.', &step, &path)) {
		struct node *next = node_get(object, step);

		if (!next) {
			next = new_member(l, value, NODE_OBJECT, step);
			if (!next)
				return;
			node_put(object, next);
		}
		object = next;
	}
	copy = node_copy(value, l->arena);
	if (!copy) {
		load_nomem(l);
		return;
	}
	copy->key = step;
	node_put(object, copy);
}

static void put_text(struct loader *l, struct node *root, const char *path, const struct node *like,
		     enum node_kind kind, struct slice text)
{
	struct node *n = new_member(l, like, kind, like->key);

	if (!n)
		return;
	n->text = text;
	put(l, root, slice_cstr(path), n);
}

static void put_port(struct loader *l, struct node *root, const char *path, const struct node *n)
{
	struct slice text;

	if (!arena_printf(l->arena, &text, ":%.*s", SLICE_ARG(n->text)))
		load_nomem(l);
	else
		put_text(l, root, path, n, NODE_STRING, text);
}

/* yaml.v2 takes "2h", and a number as nanoseconds. */
static void put_duration(struct loader *l, struct node *root, const char *path, const struct node *n)
{
	struct slice text = n->text;

	if (n->kind == NODE_NUMBER && !arena_printf(l->arena, &text, "%.*sns", SLICE_ARG(n->text)))
		load_nomem(l);
	else
		put_text(l, root, path, n, n->kind == NODE_NUMBER ? NODE_STRING : n->kind, text);
}

static void put_interval(struct loader *l, struct node *root, const char *path, const struct node *n)
{
	int64_t ns;
	bool off = n->kind == NODE_NUMBER ? slice_eq(n->text, SLICE("0")) : value_duration(n->text, &ns) && ns == 0;

	if (off)
		put_text(l, root, "matcher.disable_updaters", n, NODE_BOOL, SLICE("true"));
	else
		put_duration(l, root, path, n);
}

static void put_updaters(struct loader *l, struct node *root, const char *path, struct node *n)
{
	for (struct node *e = n->kind == NODE_ARRAY ? n->child : NULL; e; e = e->next)
		for (size_t i = 0; i < ARRAY_LEN(updaters); i++)
			if (slice_starts(e->text, slice_cstr(updaters[i].begins)))
				e->text = slice_cstr(updaters[i].now);
	put(l, root, slice_cstr(path), n);
}

static void put_all(struct loader *l, struct node *root, const struct row *row, const struct node *n)
{
	struct slice rest = slice_cstr(row->targets), target;

	while (slice_word(&rest, ' ', &target))
		put(l, root, target, n);
}

static void map_row(struct loader *l, struct node *root, const struct row *row, struct node *n)
{
	switch (row->how) {
	case AS_IS:
		put_all(l, root, row, n);
		return;
	case DURATION:
		put_duration(l, root, row->targets, n);
		return;
	case INTERVAL:
		put_interval(l, root, row->targets, n);
		return;
	case PORT:
		put_port(l, root, row->targets, n);
		return;
	case DATABASE:
		if (!slice_eq(n->text, SLICE("pgsql")))
			load_problem(l, CONFIG_ERROR, n->place, NULL, "Clair v2 knows only the database pgsql");
		return;
	case UPDATERS:
		put_updaters(l, root, row->targets, n);
		return;
	case NONE:
		load_problem(l, CONFIG_WARNING, n->key_place, NULL, "%s of Clair v2 has no effect", row->path);
		return;
	case QUIET:
		return;
	}
}

static bool is_known(struct slice path)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice own = slice_cstr(rows[i].path);

		if (slice_eq_nocase(slice_take(own, path.len), path) &&
		    (own.len == path.len || own.ptr[path.len] == '.'))
			return true;
	}
	return false;
}

/* Clair v2 said nothing of keys it does not know. Three levels are looked at: as deep as the rows. */
static void warn_unknown(struct loader *l, const struct node *object, struct slice path, unsigned levels)
{
	for (const struct node *n = object->child; n; n = n->next) {
		struct slice full;
		struct err_quote q;

		if (!arena_printf(l->arena, &full, "%.*s%s%.*s", SLICE_ARG(path), path.len ? "." : "",
				  SLICE_ARG(n->key))) {
			load_nomem(l);
			return;
		}
		if (!is_known(full))
			load_problem(l, CONFIG_WARNING, n->key_place, NULL,
				     "unknown key \"%s\" is ignored, as Clair v2 does", err_slice(&q, n->key));
		else if (n->kind == NODE_OBJECT && levels > 1)
			warn_unknown(l, n, full, levels - 1);
	}
}

static bool says_something(const struct node *n)
{
	return n && n->kind != NODE_NULL && !(n->kind == NODE_STRING && n->text.len == 0);
}

void load_from_v2(struct loader *l, struct node **root)
{
	static const char *const migrated[] = { "indexer.migrations", "matcher.migrations", "notifier.migrations" };
	struct node *clair = node_get_nocase(*root, SLICE("clair")), *out, *source;

	out = node_new(l->arena, NODE_OBJECT, clair->place);
	if (!out) {
		load_nomem(l);
		return;
	}
	warn_unknown(l, clair, SLICE(""), 3);
	/* What v2 does without being told. */
	put_text(l, out, "introspection_addr", clair, NODE_STRING, SLICE(":6061"));
	source = find(clair, SLICE("database.options.source"));
	for (size_t i = 0; says_something(source) && i < ARRAY_LEN(migrated); i++)
		put_text(l, out, migrated[i], source, NODE_BOOL, SLICE("true"));
	for (size_t i = 0; i < ARRAY_LEN(rows) && l->fatal == STATUS_OK; i++) {
		struct node *n = find(clair, slice_cstr(rows[i].path));

		/* Without a certificate v2 serves without TLS, whatever else is there. */
		if (slice_eq(slice_cstr(rows[i].path), SLICE("api.cafile")) &&
		    !says_something(find(clair, SLICE("api.certfile"))))
			continue;
		if (says_something(n))
			map_row(l, out, &rows[i], n);
	}
	*root = out;
}
