/* SPDX-License-Identifier: Apache-2.0 */
/* merged.c - the merged tree: events by path, the layers' trees narrowed to a directory, links. */
#include "index/merged.h"

#include "io/tar.h"

#define MERGED_MEMORY ((size_t)1 << 30)
#define LINK_HOPS 40 /* as Linux */
#define NO_CUT UINT32_MAX

/* A layer that has a directory: tree[begin] up to tree[end] are it and what is below it. */
struct part {
	uint32_t layer, begin, end;
};

/* A directory that was asked about. */
struct merged_dir {
	struct slice path;
	const struct merged_dir *above; /* NULL: the root */
	struct part *parts;		/* newest first */
	size_t n_parts;
	uint32_t *cuts; /* layers that hide what lower ones have in it, newest first */
	size_t n_cuts;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "merged layers");
}

/* ---- events ---- */

static enum status add(struct merged *m, struct slice path, enum merged_kind kind, size_t layer, struct slice target,
		       struct err *err)
{
	struct merged_event *e = VEC_PUSH(&m->events, &m->arena);
	uint64_t *slot;
	bool is_new;

	slot = e ? map_slot(&m->by_path, path, &is_new) : NULL;
	if (!slot)
		return nomem(err);
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

/* The newest event up to a layer that says what stands at the path. */
static const struct merged_event *event_at(const struct merged *m, struct slice path, size_t layer)
{
	for (uint32_t i = newest(m, path); i != MERGED_NONE; i = m->events.at[i].older)
		if (m->events.at[i].layer <= layer && m->events.at[i].kind != MERGED_OPAQUE)
			return &m->events.at[i];
	return NULL;
}

static bool is_leaf(enum merged_kind kind)
{
	return kind == MERGED_FILE || kind == MERGED_OTHER || kind == MERGED_SYMLINK || kind == MERGED_HARDLINK;
}

/* ---- directories ---- */

static const struct layer_dir *own_names(const struct merged *m, const struct merged_dir *d, const struct part *p)
{
	const struct layer_dir *first = &m->reports[p->layer]->tree.at[p->begin];

	return slice_eq(first->path, d->path) ? first : NULL;
}

static bool has_leaf(const struct merged *m, const struct merged_dir *d, const struct part *p, struct slice path)
{
	const struct layer_dir *names = own_names(m, d, p);

	return names && layer_dir_has(names, path_base(path));
}

static bool find_parts(struct merged *m, struct merged_dir *d)
{
	size_t max = d->above ? d->above->n_parts : m->n_layers;

	d->parts = arena_array(&m->arena, max + 1, sizeof(*d->parts));
	for (size_t i = 0; d->parts && i < max; i++) {
		struct part p = { .layer = (uint32_t)(m->n_layers - 1 - i) };

		if (d->above)
			p = d->above->parts[i];
		else
			p.end = (uint32_t)m->reports[p.layer]->tree.len;
		if (layer_tree_narrow(m->reports[p.layer], d->path, &p.begin, &p.end))
			d->parts[d->n_parts++] = p;
	}
	return d->parts != NULL;
}

static bool add_cut(struct merged *m, struct merged_dir *d, size_t layer)
{
	if (d->n_cuts > 0 && d->cuts[d->n_cuts - 1] == layer)
		return true;
	if (!d->cuts)
		d->cuts = arena_array(&m->arena, m->n_layers, sizeof(*d->cuts));
	if (!d->cuts)
		return false;
	d->cuts[d->n_cuts++] = (uint32_t)layer;
	return true;
}

/* A whiteout, an opaque mark, or something that is no directory: what is below it in lower layers is hidden. */
static bool find_cuts(struct merged *m, struct merged_dir *d)
{
	uint32_t e = newest(m, d->path);
	size_t at = 0, max = d->above ? d->above->n_parts : 0;

	while (e != MERGED_NONE || at < max) {
		const struct merged_event *event = e != MERGED_NONE ? &m->events.at[e] : NULL;
		const struct part *p = at < max ? &d->above->parts[at] : NULL;
		bool ok = true;

		if (event && (!p || event->layer >= p->layer)) {
			if (event->kind != MERGED_DIRECTORY)
				ok = add_cut(m, d, event->layer);
			e = event->older;
		} else if (p) {
			if (has_leaf(m, d->above, p, d->path))
				ok = add_cut(m, d, p->layer);
			at++;
		}
		if (!ok)
			return false;
	}
	return true;
}

static const struct merged_dir *add_dir(struct merged *m, struct slice path, const struct merged_dir *above)
{
	struct merged_dir *d = ARENA_NEW(&m->arena, struct merged_dir);
	struct merged_dir **kept = d ? VEC_PUSH(&m->dirs, &m->arena) : NULL;

	if (!kept)
		return NULL;
	*kept = d;
	d->path = path;
	d->above = above;
	if (!find_parts(m, d) || !find_cuts(m, d) || !map_put(&m->dirs_by_path, path, m->dirs.len))
		return NULL;
	return d;
}

/* NULL: no memory. */
static const struct merged_dir *directory(struct merged *m, struct slice path)
{
	const struct merged_dir *at = NULL;
	struct slice known = path;
	uint64_t index;

	while (!map_get(&m->dirs_by_path, known, &index)) {
		if (known.len == 0) {
			known = path;
			index = 0;
			break;
		}
		known = path_dir(known);
	}
	if (index > 0)
		at = m->dirs.at[index - 1];
	else
		at = add_dir(m, SLICE_EMPTY, NULL);
	while (at && at->path.len < path.len) {
		size_t begin = at->path.len > 0 ? at->path.len + 1 : 0;
		size_t len = slice_find_byte(slice_from(path, begin), '/');

		at = add_dir(m, len == SIZE_MAX ? path : slice_take(path, begin + len), at);
	}
	if (!at)
		m->failed = true;
	return at;
}

/* The newest layer up to `layer` that hides what lower ones have in the directory; itself it counts. */
static size_t cut_of(const struct merged_dir *d, size_t layer)
{
	size_t cut = 0;

	for (; d; d = d->above) {
		for (size_t i = 0; i < d->n_cuts; i++) {
			if (d->cuts[i] <= layer) {
				cut = MAX(cut, (size_t)d->cuts[i]);
				break;
			}
		}
	}
	return cut;
}

/* ---- what stands at a path ---- */

static bool is_directory_in(const struct merged *m, const struct part *p, struct slice path)
{
	uint32_t begin = p->begin, end = p->end;

	return layer_tree_narrow(m->reports[p->layer], path, &begin, &end);
}

struct merged_seen merged_at(struct merged *m, struct slice path, size_t layer)
{
	const struct merged_dir *d = directory(m, path_dir(path));
	const struct merged_event *e = event_at(m, path, layer);
	size_t cut = d ? cut_of(d, layer) : 0;
	bool is_event = e && e->layer >= cut;

	if (path.len == 0)
		return (struct merged_seen){ .kind = MERGED_DIRECTORY, .layer = layer };
	for (size_t i = 0; d && i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];

		if (p->layer > layer)
			continue;
		if (p->layer < cut || (is_event && (p->layer < e->layer || (p->layer == e->layer && is_leaf(e->kind)))))
			break;
		if (has_leaf(m, d, p, path))
			return (struct merged_seen){ .kind = MERGED_OTHER, .layer = p->layer };
		if (is_directory_in(m, p, path))
			return (struct merged_seen){ .kind = MERGED_DIRECTORY, .layer = p->layer };
	}
	if (!is_event || e->kind == MERGED_WHITEOUT)
		return (struct merged_seen){ .kind = MERGED_NOTHING };
	return (struct merged_seen){ e->kind, e->layer, e->target, e->source_layer };
}

struct merged_seen merged_at_top(struct merged *m, struct slice path)
{
	return m->n_layers > 0 ? merged_at(m, path, m->n_layers - 1) : (struct merged_seen){ .kind = MERGED_NOTHING };
}

size_t merged_dir_layer(struct merged *m, struct slice dir, size_t above)
{
	const struct merged_dir *d = directory(m, dir);
	size_t cut = d && m->n_layers > 0 ? cut_of(d, m->n_layers - 1) : 0;

	for (size_t i = 0; d && i < d->n_parts && d->parts[i].layer >= cut; i++) {
		const struct layer_dir *names = own_names(m, d, &d->parts[i]);

		if (d->parts[i].layer < above && names && names->names.len > 0)
			return d->parts[i].layer;
	}
	return SIZE_MAX;
}

/* ---- links ---- */

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
static size_t first_link(struct merged *m, struct slice path, size_t layer, struct slice *target)
{
	for (size_t i = 0; i < path.len; i++) {
		struct merged_seen seen;

		/* Nothing is a link of which no report says so. */
		if (path.ptr[i] != '/' || newest(m, slice_take(path, i)) == MERGED_NONE)
			continue;
		seen = merged_at(m, slice_take(path, i), layer);
		*target = seen.target;
		if (seen.kind == MERGED_SYMLINK)
			return i;
	}
	return SIZE_MAX;
}

/* False: links in a circle, or no memory. */
static bool clear_of_links(struct merged *m, struct slice path, size_t layer, int *hops, struct slice *out)
{
	struct slice target;
	size_t at;

	while ((at = first_link(m, path, layer, &target)) != SIZE_MAX) {
		if (++*hops > LINK_HOPS || !follow(m, slice_take(path, at), target, slice_from(path, at), &path))
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
	/* Copies: the path need not outlive the call. */
	if (!arena_copy(&m->arena, dir, &m->memo_dir) || !arena_copy(&m->arena, path_dir(canon), &m->memo_canon))
		m->memo_dir = SLICE_EMPTY;
	return canon;
}

void merged_resolve(struct merged *m, struct slice path, size_t layer, struct merged_end *out)
{
	struct slice at = path;
	int hops = 0;

	*out = (struct merged_end){ .how = MERGED_END_CYCLE, .path = path };
	for (;;) {
		if (!clear_of_links(m, at, layer, &hops, &at))
			return;
		out->seen = merged_at(m, at, layer);
		if (out->seen.kind != MERGED_SYMLINK)
			break;
		out->last_is_link = true;
		if (++hops > LINK_HOPS || !follow(m, at, out->seen.target, SLICE_EMPTY, &at))
			return;
	}
	out->how = slice_eq(at, path) ? MERGED_END_PLAIN : MERGED_END_LINK;
	out->path = out->source = at;
	out->source_layer = out->seen.layer;
	if (out->seen.kind == MERGED_HARDLINK) {
		out->source = out->seen.target;
		out->source_layer = out->seen.source_layer;
	}
}

/* ---- building ---- */

static enum status add_layer(struct merged *m, const struct layer_report *r, size_t layer, struct err *err)
{
	for (size_t i = 0; i < r->whiteouts.len; i++)
		TRY(add(m, r->whiteouts.at[i], MERGED_WHITEOUT, layer, SLICE_EMPTY, err));
	for (size_t i = 0; i < r->opaques.len; i++)
		TRY(add(m, r->opaques.at[i], MERGED_OPAQUE, layer, SLICE_EMPTY, err));
	for (size_t i = 0; i < r->links.len; i++)
		if (!r->links.at[i].hard)
			TRY(add(m, r->links.at[i].path, MERGED_SYMLINK, layer, r->links.at[i].target, err));
	for (size_t i = 0; i < r->links.len; i++)
		if (r->links.at[i].hard)
			TRY(add(m, r->links.at[i].path, MERGED_HARDLINK, layer, r->links.at[i].target, err));
	/* Last, so that a hard link that was read counts as the file it is. */
	for (size_t i = 0; i < r->files.len; i++)
		TRY(add(m, r->files.at[i].path,
			r->files.at[i].kind == LAYER_FILE_DIRECTORY ? MERGED_DIRECTORY : MERGED_FILE, layer,
			SLICE_EMPTY, err));
	return STATUS_OK;
}

/* What was at the path when the link was made: as of the layer below it. Events of lower layers are settled. */
static void settle_hardlink(struct merged *m, struct merged_event *e)
{
	struct merged_seen seen = { .kind = MERGED_NOTHING };
	struct slice target = e->target;
	int hops = 0;

	if (e->layer > 0 && clear_of_links(m, target, e->layer - 1, &hops, &target))
		seen = merged_at(m, target, e->layer - 1);
	e->target = target;
	e->source_layer = (uint32_t)seen.layer;
	if (seen.kind == MERGED_HARDLINK) {
		e->target = seen.target;
		e->source_layer = (uint32_t)seen.source_layer;
	} else if (seen.kind == MERGED_SYMLINK) {
		e->kind = MERGED_SYMLINK;
		e->target = seen.target;
	} else if (seen.kind != MERGED_FILE && seen.kind != MERGED_OTHER) {
		e->kind = MERGED_OTHER;
	}
}

enum status merged_init(struct merged *m, const struct layer_report *const *reports, size_t n, struct err *err)
{
	*m = (struct merged){ .arena = ARENA_INIT(MERGED_MEMORY), .reports = reports, .n_layers = n };
	for (size_t i = 0; i < n; i++)
		TRY(add_layer(m, reports[i], i, err));
	for (size_t i = 0; i < m->events.len; i++)
		if (m->events.at[i].kind == MERGED_HARDLINK)
			settle_hardlink(m, &m->events.at[i]);
	return m->failed ? nomem(err) : STATUS_OK;
}

void merged_fini(struct merged *m)
{
	arena_fini(&m->arena);
	map_fini(&m->by_path);
	map_fini(&m->dirs_by_path);
}
