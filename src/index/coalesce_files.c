/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coalesce_files.c - which files of the image belong to each package: what lists of the layers name, as far as the
 * image still has it.
 */
#include "index/coalesce_impl.h"

#include <stdlib.h>

#define SCRATCH_MEMORY ((size_t)1 << 30)

/* The files of one package, gathered from its lists. */
struct gathering {
	struct coalesce *c;
	struct arena arena; /* scratch; reset for each package */
	VEC(struct slice) paths;
	struct map dirs; /* places of directories: the lists name something below them */
	bool known; /* there was a list */
};

/* ---- the lists, by what their packages are called ---- */

static bool key_of(struct arena *a, struct slice of, struct slice name, struct slice *out)
{
	uint8_t *key = arena_alloc(a, of.len + 1 + name.len);

	if (!key)
		return false;
	if (of.len > 0)
		memcpy(key, of.ptr, of.len);
	if (name.len > 0)
		memcpy(key + of.len + 1, name.ptr, name.len);
	*out = slice_make(key, of.len + 1 + name.len);
	return true;
}

static enum status add_list(struct coalesce *c, const struct layer_report *r, const struct layer_list *l,
			    struct err *err)
{
	struct list_ref *ref = VEC_PUSH(&c->list_refs, &c->arena);
	struct slice key;
	uint64_t *slot;
	bool is_new;

	slot = ref && key_of(&c->arena, l->of, l->name, &key) ? map_slot(&c->lists, key, &is_new) : NULL;
	if (!slot)
		return coalesce_nomem(err);
	*ref = (struct list_ref){ r, l, *slot > 0 ? (size_t)*slot - 1 : NO_GROUP };
	*slot = c->list_refs.len;
	return STATUS_OK;
}

static enum status add_lists(struct coalesce *c, size_t layer, struct err *err)
{
	const struct layer_report *r = c->reports[layer];
	bool aliases = owned_has_aliases(r), shown = false;
	struct slice says = SLICE_EMPTY;

	for (size_t i = 0; i < r->lists.len; i++) {
		const struct layer_list *l = &r->lists.at[i];

		if (i == 0 || !slice_eq(l->says, says)) {
			says = l->says;
			shown = owned_is_shown(&c->merged, says, layer, aliases);
		}
		if (shown)
			TRY(add_list(c, r, l, err));
	}
	return STATUS_OK;
}

/* ---- the files of a package ---- */

/* Something stands there, and it is no directory. */
static bool is_file(struct coalesce *c, struct slice path)
{
	struct merged_seen seen = merged_at_top(&c->merged, path);

	return seen.kind != MERGED_NOTHING && seen.kind != MERGED_DIRECTORY;
}

static bool gather_name(struct gathering *g, struct slice dir, struct slice name)
{
	struct slice path = name, *kept;

	if (dir.len > 0 &&
	    !arena_printf(&g->arena, &path, "%.*s/%.*s", SLICE_ARG(dir), SLICE_ARG(name)))
		return false;
	if (!is_file(g->c, path))
		return true;
	kept = VEC_PUSH(&g->paths, &g->arena);
	if (kept)
		*kept = path;
	return kept != NULL;
}

/*
 * To a package whose files lie below it a path is a directory, be it a link in the image: of sysvinit-utils, /bin. dpkg
 * names what is below it not always next.
 */
static bool note_dirs(struct gathering *g, struct slice dir)
{
	for (; dir.len > 0; dir = path_dir(dir)) {
		struct slice place = merged_canonical(&g->c->merged, dir, g->c->n - 1);
		uint64_t unused;

		if (map_get(&g->dirs, place, &unused))
			return true;
		if (!map_put(&g->dirs, place, 1))
			return false;
	}
	return true;
}

/* Names of a list may lead through links, as /bin does to /usr/bin: a file is where it lies. */
static bool gather_dir(struct gathering *g, const struct layer_dir *d)
{
	struct slice rest = d->names, name, dir = d->path, probe;

	if (!note_dirs(g, dir))
		return false;
	if (dir.len > 0) {
		if (!arena_printf(&g->arena, &probe, "%.*s/x", SLICE_ARG(dir)))
			return false;
		dir = path_dir(merged_canonical(&g->c->merged, probe, g->c->n - 1));
	}
	while (layer_names_next(&rest, &name))
		if (!gather_name(g, dir, name))
			return false;
	return true;
}

static bool is_of(const struct layer_list *l, const struct package *p)
{
	return (l->version.len == 0 || slice_eq(l->version, p->version)) &&
	       (l->arch.len == 0 || slice_eq(l->arch, p->arch));
}

static bool gather_key(struct gathering *g, const struct package *p, struct slice of, struct slice name)
{
	struct slice key;
	uint64_t at;

	if (!key_of(&g->arena, of, name, &key))
		return false;
	if (!map_get(&g->c->lists, key, &at) || at == 0)
		return true;
	for (size_t i = (size_t)at - 1; i != NO_GROUP; i = g->c->list_refs.at[i].older) {
		const struct list_ref *ref = &g->c->list_refs.at[i];

		if (!is_of(ref->list, p))
			continue;
		g->known = true;
		for (size_t j = 0; j < ref->list->n; j++)
			if (!gather_dir(g, &ref->report->list_dirs.at[ref->list->first + j]))
				return false;
	}
	return true;
}

static bool gather(struct gathering *g, const struct package *p)
{
	const struct slice of[] = { p->db, p->path };
	size_t n = slice_eq(p->db, p->path) ? 1 : 2;

	for (size_t i = 0; i < n; i++)
		if (!gather_key(g, p, of[i], p->name) || !gather_key(g, p, of[i], SLICE_EMPTY))
			return false;
	return true;
}

static int by_place(const void *x, const void *y)
{
	const struct slice *a = x, *b = y;
	int c = layer_path_cmp(path_dir(*a), path_dir(*b));

	return c != 0 ? c : slice_cmp(path_base(*a), path_base(*b));
}

/* A run of paths of one directory becomes one of the report's. */
static bool put_run(struct gathering *g, const struct slice *paths, size_t n)
{
	struct coalesce *c = g->c;
	struct slice *names = arena_array(&g->arena, n, sizeof(*names));
	struct layer_dir *dir = names ? VEC_PUSH(&c->out->files, c->out_arena) : NULL;

	if (!dir)
		return false;
	for (size_t i = 0; i < n; i++)
		names[i] = path_base(paths[i]);
	return arena_copy(c->out_arena, path_dir(paths[0]), &dir->path) &&
	       layer_names_join(c->out_arena, names, n, &dir->names);
}

static void drop_dirs(struct gathering *g)
{
	size_t n = 0;
	uint64_t unused;

	for (size_t i = 0; i < g->paths.len; i++)
		if (!map_get(&g->dirs, g->paths.at[i], &unused))
			g->paths.at[n++] = g->paths.at[i];
	g->paths.len = n;
}

static bool put(struct gathering *g, struct index_package *p)
{
	const struct slice *at = g->paths.at;
	size_t n;

	drop_dirs(g);
	n = g->paths.len;
	p->files_known = g->known;
	p->first_files = g->c->out->files.len;
	if (n > 1)
		qsort(g->paths.at, n, sizeof(*g->paths.at), by_place);
	for (size_t begin = 0, end; begin < n; begin = end) {
		for (end = begin + 1; end < n && slice_eq(path_dir(at[end]), path_dir(at[begin])); end++)
			;
		if (!put_run(g, at + begin, end - begin))
			return false;
	}
	p->n_files = g->c->out->files.len - p->first_files;
	return true;
}

enum status coalesce_put_files(struct coalesce *c, struct err *err)
{
	struct gathering g = { .c = c, .arena = ARENA_INIT(SCRATCH_MEMORY) };
	bool ok = true;

	for (size_t i = 0; i < c->n; i++)
		TRY(add_lists(c, i, err));
	for (size_t i = 0; c->list_refs.len > 0 && i < c->out->packages.len && ok; i++) {
		arena_reset(&g.arena);
		g.paths.at = NULL;
		g.paths.len = g.paths.cap = 0;
		map_fini(&g.dirs);
		g.known = false;
		ok = gather(&g, &c->out->packages.at[i].package) && put(&g, &c->out->packages.at[i]);
	}
	map_fini(&g.dirs);
	arena_fini(&g.arena);
	return ok ? STATUS_OK : coalesce_nomem(err);
}
