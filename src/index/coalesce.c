/* SPDX-License-Identifier: Apache-2.0 */
/* coalesce.c - what of the layers' packages survives in the image, and since when. */
#include "index/coalesce_impl.h"

#include <stdlib.h>

#define COALESCE_MEMORY ((size_t)1 << 30)

/* ---- building ---- */

/* A file read as something else counts only where the image's links really lead to it. */
static struct standing stands_as(struct coalesce *c, size_t layer, struct slice path, struct slice alias)
{
	struct standing s = { .canon = path, .layer = layer };
	struct merged_end end;

	merged_resolve(&c->merged, alias, c->n - 1, &end);
	if (end.how == MERGED_END_CYCLE || end.source_layer != layer || !slice_eq(end.source, path) ||
	    (end.seen.kind != MERGED_FILE && end.seen.kind != MERGED_OTHER && end.seen.kind != MERGED_HARDLINK))
		return s;
	s.canon = end.path;
	s.layer = end.seen.layer;
	s.survives = true;
	return s;
}

struct standing coalesce_stands(struct coalesce *c, size_t layer, struct slice path, struct slice alias)
{
	struct merged_seen seen;

	/* Nothing of a document's packages lies in a layer. */
	if (c->reports[layer]->document)
		return (struct standing){ .canon = path, .layer = layer, .survives = true };
	if (alias.len > 0)
		return stands_as(c, layer, path, alias);
	seen = merged_at_top(&c->merged, path);
	return (struct standing){
		.canon = path,
		.layer = layer,
		.survives = seen.layer == layer && (seen.kind == MERGED_FILE || seen.kind == MERGED_DIRECTORY),
	};
}

bool coalesce_survives(struct coalesce *c, size_t layer, struct slice path, struct slice alias)
{
	return coalesce_stands(c, layer, path, alias).survives;
}

const struct group *coalesce_group(const struct coalesce *c, struct slice path)
{
	uint64_t at;

	return map_get(&c->groups_by_path, path, &at) && at > 0 ? &c->groups.at[at - 1] : NULL;
}

static bool is_same_group(const struct package *a, const struct package *b)
{
	return slice_eq(a->path, b->path) && slice_eq(a->detector, b->detector) && slice_eq(a->alias, b->alias);
}

static enum status add_groups(struct coalesce *c, size_t layer, struct err *err)
{
	const struct layer_report *r = c->reports[layer];

	for (size_t i = 0; i < r->packages.len;) {
		const struct package *first = &r->packages.at[i];
		struct standing s = coalesce_stands(c, layer, first->path, first->alias);
		struct group *g = VEC_PUSH(&c->groups, &c->arena);
		uint64_t *slot;
		bool is_new;

		if (!g)
			return coalesce_nomem(err);
		*g = (struct group){ .source = layer,
				     .begin = i,
				     .layer = s.layer,
				     .canon = s.canon,
				     .detector = first->detector,
				     .alias = first->alias,
				     .survives = s.survives };
		while (i < r->packages.len && is_same_group(&r->packages.at[i], first))
			i++;
		g->end = i;
		slot = map_slot(&c->groups_by_path, g->canon, &is_new);
		if (!slot)
			return coalesce_nomem(err);
		g->older = *slot > 0 ? (size_t)*slot - 1 : NO_GROUP;
		*slot = c->groups.len;
	}
	return STATUS_OK;
}

static struct group *surviving(const struct coalesce *c, struct slice path, size_t layer, struct slice detector)
{
	uint64_t at;

	if (!map_get(&c->groups_by_path, path, &at) || at == 0)
		return NULL;
	for (size_t i = (size_t)at - 1; i != NO_GROUP; i = c->groups.at[i].older)
		if (c->groups.at[i].layer == layer && c->groups.at[i].survives &&
		    (detector.len == 0 || slice_eq(c->groups.at[i].detector, detector)))
			return &c->groups.at[i];
	return NULL;
}

/* One database that a layer has under two names, both of them read: the link's counts where the other is gone. */
static void drop_twins(struct coalesce *c, size_t layer)
{
	const struct layer_report *r = c->reports[layer];

	for (size_t i = 0; i < r->links.len; i++) {
		struct group *link;

		if (!r->links.at[i].hard)
			continue;
		link = surviving(c, r->links.at[i].path, layer, SLICE_EMPTY);
		if (link && surviving(c, r->links.at[i].target, layer, link->detector))
			link->survives = false;
	}
}

static enum status init(struct coalesce *c, struct err *err)
{
	TRY(merged_init(&c->merged, c->reports, c->n, err));
	for (size_t i = 0; i < c->n; i++)
		TRY(add_groups(c, i, err));
	for (size_t i = 0; i < c->n; i++)
		drop_twins(c, i);
	return c->merged.failed ? coalesce_nomem(err) : STATUS_OK;
}

enum status coalesce_new(const struct layer_report *const *reports, size_t n, const struct rules *rules,
			 const struct limits *limits, struct coalesce **out, struct err *err)
{
	struct coalesce *c = calloc(1, sizeof(*c));
	enum status st;

	if (!c)
		return coalesce_nomem(err);
	*c = (struct coalesce){ .reports = reports, .n = n, .rules = rules, .limits = limits };
	c->arena = (struct arena)ARENA_INIT(COALESCE_MEMORY);
	st = init(c, err);
	if (st != STATUS_OK)
		coalesce_free(c);
	else
		*out = c;
	return st;
}

void coalesce_free(struct coalesce *c)
{
	if (!c)
		return;
	merged_fini(&c->merged);
	map_fini(&c->groups_by_path);
	coalesce_forget_repositories(c);
	map_fini(&c->repositories);
	map_fini(&c->lists);
	owned_fini(&c->owned);
	arena_fini(&c->arena);
	free(c);
}

/* ---- packages ---- */

/* What makes a package one; db: of which database, or empty. */
static bool package_key(struct coalesce *c, const struct package *p, struct slice db, struct slice *out)
{
	/* One of several files says a slot; there is one package of that version in any case. */
	struct slice module = p->type == PACKAGE_EBUILD ? SLICE_EMPTY : p->module;
	struct slice parts[] = { p->name, p->version, p->arch, module, slice_cstr(package_type_purl(p->type)), db };
	size_t n = ARRAY_LEN(parts);
	uint8_t *key;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		n += parts[i].len;
	key = arena_alloc(&c->arena, n);
	if (!key)
		return false;
	*out = slice_make(key, n);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].len > 0)
			memcpy(key, parts[i].ptr, parts[i].len);
		key += parts[i].len;
		*key++ = 0;
	}
	return true;
}

/* What the file of a group held before: it was the same since the layer `since`. */
struct state {
	const struct group *group; /* NULL: it was not there, or held nothing */
	size_t since;
};

static const struct group *find_group(const struct coalesce *c, struct slice path, size_t source, struct slice alias,
				      struct slice detector)
{
	for (const struct group *g = coalesce_group(c, path); g;
	     g = g->older != NO_GROUP ? &c->groups.at[g->older] : NULL)
		if (g->source == source && slice_eq(g->alias, alias) && slice_eq(g->detector, detector))
			return g;
	return NULL;
}

/* As of a layer, under the name that the group was read as: links of each layer may lead elsewhere. */
static struct state state_behind(struct coalesce *c, const struct group *g, size_t layer)
{
	struct merged_end end;
	const struct group *at;

	merged_resolve(&c->merged, g->alias, layer, &end);
	if (end.how == MERGED_END_CYCLE ||
	    (end.seen.kind != MERGED_FILE && end.seen.kind != MERGED_OTHER && end.seen.kind != MERGED_HARDLINK))
		return (struct state){ NULL, layer };
	/* Grouped under where it stands, or under its own name if that is not in the image. */
	at = find_group(c, end.path, end.source_layer, g->alias, g->detector);
	if (!at)
		at = find_group(c, end.source, end.source_layer, g->alias, g->detector);
	if (!at)
		at = find_group(c, end.source, end.source_layer, SLICE_EMPTY, g->detector);
	return (struct state){ at, layer };
}

/* As of a layer, at the group's own path. Nothing hid the file since it was put there, or it would not be seen. */
static struct state state_at(struct coalesce *c, const struct group *g, size_t layer)
{
	struct merged_seen seen = merged_at(&c->merged, g->canon, layer);

	if (seen.kind == MERGED_FILE || seen.kind == MERGED_DIRECTORY)
		return (struct state){ find_group(c, g->canon, seen.layer, SLICE_EMPTY, g->detector), seen.layer };
	if (seen.kind == MERGED_HARDLINK)
		return (struct state){ find_group(c, g->canon, seen.source_layer, g->canon, g->detector), seen.layer };
	return (struct state){ NULL, layer };
}

static struct state state_before(struct coalesce *c, const struct group *g, size_t layer)
{
	if (layer == 0 || (g->alias.len == 0 && g->older == NO_GROUP))
		return (struct state){ NULL, 0 };
	return g->alias.len > 0 && !slice_eq(g->alias, g->canon) ? state_behind(c, g, layer - 1)
								 : state_at(c, g, layer - 1);
}

/* Which of the packages have been there as of that state, too? Keys of the others are emptied. */
static enum status still_there(struct coalesce *c, const struct state *state, size_t *introduced, struct slice *keys,
			       size_t n, size_t *alive, struct err *err)
{
	const struct group *g = state->group;
	struct map present = MAP_INIT;
	bool ok = true;
	uint64_t unused;

	for (size_t i = g->begin; ok && i < g->end; i++) {
		struct slice key;

		ok = package_key(c, &c->reports[g->source]->packages.at[i], SLICE_EMPTY, &key) &&
		     map_put(&present, key, 1);
	}
	*alive = 0;
	for (size_t i = 0; ok && i < n; i++) {
		if (keys[i].ptr && map_get(&present, keys[i], &unused)) {
			introduced[i] = state->since;
			++*alive;
		} else {
			keys[i] = SLICE_EMPTY;
		}
	}
	map_fini(&present);
	return ok ? STATUS_OK : coalesce_nomem(err);
}

/* introduced[i]: the lowest layer since which package begin + i has been there. */
static enum status introduce(struct coalesce *c, const struct group *g, size_t *introduced, struct slice *keys,
			     struct err *err)
{
	size_t n = g->end - g->begin, alive = n;
	struct state state = { g, g->alias.len > 0 && !slice_eq(g->alias, g->canon) ? c->n - 1 : g->layer };

	for (size_t i = 0; i < n; i++)
		introduced[i] = state.since;
	state = state_before(c, g, state.since);
	for (size_t i = 0; i < n && state.group; i++)
		if (!package_key(c, &c->reports[g->source]->packages.at[g->begin + i], SLICE_EMPTY, &keys[i]))
			return coalesce_nomem(err);
	while (state.group && alive > 0) {
		TRY(still_there(c, &state, introduced, keys, n, &alive, err));
		state = state_before(c, g, state.since);
	}
	return STATUS_OK;
}

static bool copy_package(struct arena *a, const struct package *in, struct package *out)
{
	*out = *in;
	return arena_copy(a, in->name, &out->name) && arena_copy(a, in->version, &out->version) &&
	       arena_copy(a, in->arch, &out->arch) && arena_copy(a, in->module, &out->module) &&
	       arena_copy(a, in->source_name, &out->source_name) &&
	       arena_copy(a, in->source_version, &out->source_version) && arena_copy(a, in->db, &out->db) &&
	       arena_copy(a, in->path, &out->path) && arena_copy(a, in->detector, &out->detector);
}

static bool join_module(struct coalesce *c, const struct package *more, struct package *known)
{
	return known->module.len > 0 || more->module.len == 0 ||
	       arena_copy(c->out_arena, more->module, &known->module);
}

static enum status put_group(struct coalesce *c, const struct group *g, struct map *seen, struct err *err)
{
	const struct layer_report *r = c->reports[g->source];
	size_t n = g->end - g->begin;
	size_t *introduced = arena_array(&c->arena, n, sizeof(*introduced));
	struct slice *keys = arena_array(&c->arena, n, sizeof(*keys));

	if (!introduced || !keys)
		return coalesce_nomem(err);
	TRY(introduce(c, g, introduced, keys, err));
	for (size_t i = 0; i < n; i++) {
		const struct package *p = &r->packages.at[g->begin + i];
		struct index_package *kept;
		struct slice key;
		uint64_t *slot;
		bool is_new;

		if (!package_key(c, p, p->db, &key) || !(slot = map_slot(seen, key, &is_new)))
			return coalesce_nomem(err);
		/* A database may list the same package twice. */
		if (!is_new) {
			if (!join_module(c, p, &c->out->packages.at[*slot].package))
				return coalesce_nomem(err);
			continue;
		}
		*slot = c->out->packages.len;
		kept = VEC_PUSH(&c->out->packages, c->out_arena);
		if (!kept || !copy_package(c->out_arena, p, &kept->package))
			return coalesce_nomem(err);
		kept->package.path = kept->package.alias = SLICE_EMPTY;
		if (!arena_copy(c->out_arena, g->canon, &kept->package.path))
			return coalesce_nomem(err);
		kept->layer = introduced[i];
		kept->distribution = coalesce_distribution_for(c, p->type);
		TRY(coalesce_repositories_for(c, kept, err));
	}
	return STATUS_OK;
}

static enum status put_packages(struct coalesce *c, struct err *err)
{
	struct map seen = MAP_INIT;
	enum status st = STATUS_OK;
	size_t n = 0;

	/* The largest of lists: made in one piece, since an arena keeps the pieces that were outgrown. */
	for (size_t i = 0; i < c->groups.len; i++)
		n += c->groups.at[i].survives ? c->groups.at[i].end - c->groups.at[i].begin : 0;
	c->out->packages.at = n > 0 ? arena_array(c->out_arena, n, sizeof(*c->out->packages.at)) : NULL;
	c->out->packages.cap = c->out->packages.at ? n : 0;
	for (size_t i = 0; i < c->groups.len && st == STATUS_OK; i++)
		if (c->groups.at[i].survives)
			st = put_group(c, &c->groups.at[i], &seen, err);
	map_fini(&seen);
	return st;
}

static int by_identity(const void *left, const void *right)
{
	const struct package *a = &((const struct index_package *)left)->package;
	const struct package *b = &((const struct index_package *)right)->package;
	int c = (int)a->type - (int)b->type;

	if (c == 0)
		c = slice_cmp(a->name, b->name);
	if (c == 0)
		c = slice_cmp(a->version, b->version);
	if (c == 0)
		c = slice_cmp(a->arch, b->arch);
	if (c == 0)
		c = slice_cmp(a->db, b->db);
	if (c == 0)
		c = slice_cmp(a->path, b->path);
	return c != 0 ? c : slice_cmp(a->module, b->module);
}

enum status coalesce_report(struct coalesce *c, struct arena *arena, struct index_report *out, struct err *err)
{
	c->out = out;
	c->out_arena = arena;
	TRY(coalesce_put_distribution(c, err));
	TRY(coalesce_put_repositories(c, err));
	TRY(put_packages(c, err));
	TRY(coalesce_put_diags(c, err));
	TRY(coalesce_drop_declared(c, err));
	TRY(coalesce_put_files(c, err));
	if (out->packages.len > 1)
		qsort(out->packages.at, out->packages.len, sizeof(*out->packages.at), by_identity);
	return c->merged.failed ? coalesce_nomem(err) : STATUS_OK;
}
