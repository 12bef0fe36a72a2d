/* SPDX-License-Identifier: Apache-2.0 */
/* merged.c - the merged tree: events by canonical path, visibility as of a layer, links. */
#include "index/merged.h"

#include "io/tar.h"

#define MERGED_MEMORY ((size_t)1 << 30)
#define LINK_HOPS 40 /* as Linux */

static enum status add_event(struct merged *m, struct slice path, enum merged_kind kind, size_t layer,
			     struct slice target, struct err *err)
{
	struct merged_event *e = VEC_PUSH(&m->events, &m->arena);
	uint64_t *slot;
	bool is_new;

	slot = e ? map_slot(&m->by_path, path, &is_new) : NULL;
	if (!slot)
		return err_nomem(err, "merged layers");
	e->layer = (uint32_t)layer;
	e->kind = kind;
	e->target = target;
	e->older = *slot > 0 ? (uint32_t)(*slot - 1) : MERGED_NONE;
	*slot = m->events.len;
	return STATUS_OK;
}

static uint32_t newest(const struct merged *m, struct slice path)
{
	uint64_t at;

	return map_get(&m->by_path, path, &at) && at > 0 ? (uint32_t)(at - 1) : MERGED_NONE;
}

bool merged_knows(const struct merged *m, struct slice path)
{
	return newest(m, path) != MERGED_NONE;
}

/* Does a layer in (above, upto] replace the directory `dir` or hide what is in it? */
static bool hides(const struct merged *m, struct slice dir, size_t above, size_t upto)
{
	for (uint32_t i = newest(m, dir); i != MERGED_NONE; i = m->events.at[i].older) {
		const struct merged_event *e = &m->events.at[i];

		if (e->layer <= above)
			return false;
		if (e->layer <= upto && e->kind != MERGED_DIRECTORY)
			return true;
	}
	return false;
}

const struct merged_event *merged_visible(const struct merged *m, struct slice path, size_t layer)
{
	const struct merged_event *e = NULL;

	for (uint32_t i = newest(m, path); i != MERGED_NONE && !e; i = m->events.at[i].older)
		if (m->events.at[i].layer <= layer && m->events.at[i].kind != MERGED_OPAQUE)
			e = &m->events.at[i];
	if (!e || e->kind == MERGED_WHITEOUT)
		return NULL;
	while (path.len > 0) {
		path = path_dir(path);
		if (hides(m, path, e->layer, layer))
			return NULL;
	}
	return e;
}

static bool is_link(const struct merged_event *e)
{
	return e && e->kind == MERGED_SYMLINK;
}

/* Where the link at `at` leads, with what follows it in the path. False when memory is short or the name too long. */
static bool follow(struct merged *m, struct slice at, struct slice target, struct slice rest, struct slice *out)
{
	size_t n = target.len + rest.len;
	uint8_t *joined, *buf;

	if (n > 64 * 4096)
		return false;
	joined = arena_alloc(&m->arena, n + 1);
	buf = arena_alloc(&m->arena, at.len + n + 2);
	if (!joined || !buf)
		return false;
	if (target.len > 0)
		memcpy(joined, target.ptr, target.len);
	if (rest.len > 0)
		memcpy(joined + target.len, rest.ptr, rest.len);
	*out = path_resolve(at, slice_make(joined, n), buf);
	return true;
}

/* The first link among the directories of path, as of layer; SIZE_MAX if none. */
static size_t first_link(struct merged *m, struct slice path, size_t layer, const struct merged_event **out)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] != '/')
			continue;
		*out = merged_visible(m, slice_take(path, i), layer);
		if (is_link(*out))
			return i;
	}
	return SIZE_MAX;
}

/* False: links in a circle, or no memory. */
static bool clear_of_links(struct merged *m, struct slice path, size_t layer, int *hops, struct slice *out)
{
	const struct merged_event *link;
	size_t at;

	while ((at = first_link(m, path, layer, &link)) != SIZE_MAX) {
		if (++*hops > LINK_HOPS || !follow(m, slice_take(path, at), link->target, slice_from(path, at), &path))
			return false;
	}
	*out = path;
	return true;
}

struct slice merged_canonical(struct merged *m, struct slice path, size_t layer)
{
	struct slice dir = path_dir(path), canon, joined;
	int hops = 0;

	if (dir.len == 0)
		return path;
	if (m->memo_layer == layer && slice_eq(dir, m->memo_dir) && m->memo_dir.len > 0) {
		if (slice_eq(m->memo_dir, m->memo_canon))
			return path;
		if (m->memo_canon.len == 0)
			return path_base(path);
		return arena_printf(&m->arena, &joined, "%.*s/%.*s", SLICE_ARG(m->memo_canon),
				    SLICE_ARG(path_base(path)))
			       ? joined
			       : path;
	}
	if (!clear_of_links(m, path, layer, &hops, &canon))
		return path;
	m->memo_layer = layer;
	m->memo_dir = dir;
	m->memo_canon = path_dir(canon);
	return canon;
}

enum merged_end merged_resolve(struct merged *m, struct slice path, struct slice *out, bool *out_last_is_link)
{
	size_t top = m->n_layers ? m->n_layers - 1 : 0;
	struct slice at = path;
	int hops = 0;

	*out_last_is_link = false;
	*out = path;
	for (;;) {
		const struct merged_event *e;

		if (!clear_of_links(m, at, top, &hops, &at))
			return MERGED_END_CYCLE;
		e = merged_visible(m, at, top);
		if (!e || (e->kind != MERGED_SYMLINK && e->kind != MERGED_HARDLINK))
			break;
		*out_last_is_link = true;
		if (++hops > LINK_HOPS)
			return MERGED_END_CYCLE;
		if (e->kind == MERGED_HARDLINK)
			at = e->target;
		else if (!follow(m, at, e->target, SLICE_EMPTY, &at))
			return MERGED_END_CYCLE;
	}
	*out = at;
	return slice_eq(at, path) ? MERGED_END_PLAIN : MERGED_END_LINK;
}

/* The layer's own state: canonical names change as its directories and links are added. */
static enum status add(struct merged *m, struct slice path, enum merged_kind kind, size_t layer, size_t as_of,
		       struct slice target, struct err *err)
{
	TRY(add_event(m, as_of == SIZE_MAX ? path : merged_canonical(m, path, as_of), kind, layer, target, err));
	if (kind == MERGED_SYMLINK || kind == MERGED_DIRECTORY)
		m->memo_dir = SLICE_EMPTY;
	return STATUS_OK;
}

static enum status add_layer(struct merged *m, const struct layer_report *r, size_t layer, struct err *err)
{
	/* Deletions speak of the layers below, and so do the links on the way to them. */
	size_t below = layer == 0 ? SIZE_MAX : layer - 1;

	for (size_t i = 0; i < r->whiteouts.len; i++)
		TRY(add(m, r->whiteouts.at[i], MERGED_WHITEOUT, layer, below, SLICE_EMPTY, err));
	for (size_t i = 0; i < r->opaques.len; i++)
		TRY(add(m, r->opaques.at[i], MERGED_OPAQUE, layer, below, SLICE_EMPTY, err));
	m->memo_dir = SLICE_EMPTY;
	for (size_t i = 0; i < r->directories.len; i++)
		TRY(add(m, r->directories.at[i], MERGED_DIRECTORY, layer, layer, SLICE_EMPTY, err));
	for (size_t i = 0; i < r->links.len; i++)
		if (!r->links.at[i].hard)
			TRY(add(m, r->links.at[i].path, MERGED_SYMLINK, layer, layer, r->links.at[i].target, err));
	for (size_t i = 0; i < r->links.len; i++)
		if (r->links.at[i].hard)
			TRY(add(m, r->links.at[i].path, MERGED_HARDLINK, layer, layer, r->links.at[i].target, err));
	/* Last, so that a hard link that was read counts as the file it is. */
	for (size_t i = 0; i < r->files.len; i++)
		TRY(add(m, r->files.at[i].path, MERGED_FILE, layer, layer, SLICE_EMPTY, err));
	for (size_t i = 0; i < r->programs.len; i++)
		TRY(add(m, r->programs.at[i], MERGED_FILE, layer, layer, SLICE_EMPTY, err));
	return STATUS_OK;
}

enum status merged_init(struct merged *m, const struct layer_report *const *reports, size_t n, struct err *err)
{
	*m = (struct merged){ .arena = ARENA_INIT(MERGED_MEMORY), .n_layers = n };
	for (size_t i = 0; i < n; i++)
		TRY(add_layer(m, reports[i], i, err));
	return STATUS_OK;
}

void merged_fini(struct merged *m)
{
	arena_fini(&m->arena);
	map_fini(&m->by_path);
}
