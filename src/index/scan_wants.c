/* SPDX-License-Identifier: Apache-2.0 */
/* scan_wants.c - who wants a file of the layer: by its name, through links, or in the second pass. */
#include "index/scan_impl.h"

enum status scan_add_alias(struct scan *s, const struct scan_alias *alias, struct err *err)
{
	struct map *map = alias->dir ? &s->dir_aliases : &s->aliases_by_path;
	struct scan_alias *kept = VEC_PUSH(&s->aliases, s->arena);
	uint32_t *next = VEC_PUSH(&s->next_alias, s->arena);
	uint64_t *slot;
	bool is_new;

	if (!kept || !next)
		return scan_full(s, err);
	kept->dir = alias->dir;
	kept->hard = alias->hard;
	if (!arena_copy(s->arena, alias->real, &kept->real) || !arena_copy(s->arena, alias->wanted, &kept->wanted))
		return scan_full(s, err);
	slot = map_slot(map, kept->real, &is_new);
	if (!slot)
		return scan_full(s, err);
	*next = (uint32_t)*slot;
	*slot = s->aliases.len;
	return STATUS_OK;
}

static bool is_wanted_already(const struct scan_wants *out, const struct rule_hit *hit, struct slice wanted)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->at[i].hit.rule == hit->rule && out->at[i].hit.companion == hit->companion &&
		    slice_eq(out->at[i].wanted, wanted))
			return true;
	return false;
}

/* Reached by a link, a file is wanted by those alone who name it exactly: the others find it under its own name. */
enum reach { REACH_NAME, REACH_SYMLINK, REACH_HARD_LINK };

static void add_wants(struct scan *s, struct slice own, struct slice wanted, enum reach reach, struct scan_wants *out)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t n = rules_match(s->job->rules, wanted, hits);

	for (size_t i = 0; i < n && out->n < SCAN_WANTS_MAX; i++) {
		enum path_match match = hits[i].rule->match;

		if (reach == REACH_SYMLINK &&
		    (match == PATH_ANY_FILE || match == PATH_SUFFIX || match == PATH_NAME || match == PATH_GLOB ||
		     rules_want_too(s->job->rules, &hits[i], own)))
			continue;
		if (reach == REACH_NAME || !is_wanted_already(out, &hits[i], wanted))
			out->at[out->n++] = (struct scan_want){ hits[i], wanted, own, s->node, false };
	}
}

static bool join(struct scan *s, struct slice a, const char *between, struct slice b, struct slice *out)
{
	struct slice text = slice_cstr(between);
	uint8_t *joined = arena_alloc(s->arena, a.len + text.len + b.len);

	if (!joined)
		return false;
	memcpy(joined, a.ptr, a.len);
	memcpy(joined + a.len, text.ptr, text.len);
	memcpy(joined + a.len + text.len, b.ptr, b.len);
	*out = slice_make(joined, a.len + text.len + b.len);
	return true;
}

/* What the path is to be read as. A companion ("db-wal") goes by the alias of its file and what follows that. */
static bool aliased_path(struct scan *s, struct slice path, struct slice *out)
{
	size_t dash = slice_rfind_byte(path, '-');
	uint64_t at;

	if (dash != SIZE_MAX && map_get(&s->aliases_by_path, slice_take(path, dash), &at))
		return join(s, s->aliases.at[at - 1].wanted, "", slice_from(path, dash), out);
	return map_get(&s->dir_aliases, path_dir(path), &at) &&
	       join(s, s->aliases.at[at - 1].wanted, "/", path_base(path), out);
}

/* Links of other layers. One file may have any number of hard links, and be a database that a symlink leads to. */
static void add_aliased(struct scan *s, struct slice path, struct scan_wants *out)
{
	struct slice wanted;
	uint64_t at;

	if (!map_get(&s->aliases_by_path, path, &at))
		at = 0;
	for (; at > 0; at = s->next_alias.at[at - 1]) {
		const struct scan_alias *alias = &s->aliases.at[at - 1];

		add_wants(s, path, alias->wanted, alias->hard ? REACH_HARD_LINK : REACH_SYMLINK, out);
	}
	if (aliased_path(s, path, &wanted))
		add_wants(s, path, wanted, REACH_SYMLINK, out);
}

void scan_wanted(struct scan *s, struct slice path, struct scan_wants *out)
{
	out->n = 0;
	add_wants(s, path, path, REACH_NAME, out);
	if (!slice_eq(s->raw, path))
		add_wants(s, path, s->raw, REACH_SYMLINK, out);
	if (s->aliases.len > 0)
		add_aliased(s, path, out);
}

bool scan_keep_want(struct scan *s, const struct scan_want *in, struct scan_want *out)
{
	*out = *in;
	return arena_copy(s->arena, in->wanted, &out->wanted) && arena_copy(s->arena, in->own, &out->own);
}

/* A key for maps by the number of an entry: lives as long as the report. */
static bool entry_key(struct scan *s, uint64_t entry, struct slice *out)
{
	uint64_t *kept = ARENA_NEW(s->arena, uint64_t);

	if (!kept)
		return false;
	*kept = entry;
	*out = slice_make(kept, sizeof(*kept));
	return true;
}

enum status scan_add_again(struct scan *s, struct slice real, uint64_t entry, const struct scan_want *want,
			   struct err *err)
{
	struct scan_again *a = VEC_PUSH(&s->agains, s->arena);
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!a || !scan_keep_want(s, want, &a->want) || !arena_copy(s->arena, real, &a->real) ||
	    !entry_key(s, entry, &key))
		return scan_full(s, err);
	a->entry = entry;
	slot = map_slot(&s->agains_by_entry, key, &is_new);
	if (!slot)
		return scan_full(s, err);
	a->next = is_new ? NO_INDEX : (size_t)*slot - 1;
	*slot = s->agains.len;
	return STATUS_OK;
}

enum status scan_give(struct scan *s, uint64_t entry, struct err *err)
{
	struct slice key;

	if (scan_gave(s, entry))
		return STATUS_OK;
	return entry_key(s, entry, &key) && map_put(&s->given, key, 1) ? STATUS_OK : scan_full(s, err);
}

bool scan_gave(const struct scan *s, uint64_t entry)
{
	uint64_t unused;

	return map_get(&s->given, slice_make(&entry, sizeof(entry)), &unused);
}
