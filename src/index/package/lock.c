/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c - packages of one lock file: gathered, marked by who asks for them, emitted once each. */
#include "index/package/lock.h"
#include "text/json.h"

bool lock_of_project(struct slice path)
{
	static const char *const folders[] = { "node_modules",	"bower_components",
					       "site-packages", "dist-packages",
					       "vendor",	".cargo",
					       ".git",		".venv",
					       ".tox",		".yarn" };
	struct slice rest = path_dir(path), part, above = SLICE_EMPTY;

	for (; slice_word(&rest, '/', &part); above = part) {
		for (size_t i = 0; i < ARRAY_LEN(folders); i++)
			if (slice_eq(part, slice_cstr(folders[i])))
				return false;
		if (slice_eq(above, SLICE("pkg")) && slice_eq(part, SLICE("mod"))) /* Go's module cache */
			return false;
	}
	return true;
}

enum status lock_add(struct lock *l, struct slice name, struct slice version, unsigned flags, uint32_t line, size_t *at,
		     struct err *err)
{
	struct lock_entry *e;

	if (at)
		*at = LOCK_NONE;
	if (!installed_is_text(name))
		return installed_refuse(&l->in, ERR_NO_OFFSET, "there is no name, or it is no text");
	if (!installed_is_text(version))
		return installed_refuse(&l->in, ERR_NO_OFFSET, "there is no version, or it is no text");
	if (l->entries.len >= l->in.env->limits->packages)
		return err_set(err, STATUS_LIMIT, "more than %llu packages (limits.packages)",
			       (unsigned long long)l->in.env->limits->packages);
	e = VEC_PUSH(&l->entries, l->in.env->arena);
	if (!e)
		return err_nomem(err, "a lock file");
	*e = (struct lock_entry){ .name = name, .version = version, .flags = flags, .line = line };
	if (at)
		*at = l->entries.len - 1;
	return STATUS_OK;
}

void lock_vague(struct lock *l, uint32_t line)
{
	if (l->vague++ == 0)
		l->first_vague = line;
}

enum status lock_name(struct lock *l, struct slice id, size_t at, struct err *err)
{
	struct slice kept;
	uint64_t *slot;
	bool is_new;

	if (at == LOCK_NONE)
		return STATUS_OK;
	if (!arena_copy(l->in.env->arena, id, &kept))
		return err_nomem(err, "a lock file");
	slot = map_slot(&l->ids, kept, &is_new);
	if (!slot)
		return err_nomem(err, "a lock file");
	if (is_new)
		*slot = at + 1;
	return STATUS_OK;
}

size_t lock_find(const struct lock *l, struct slice id)
{
	uint64_t at;

	return map_get(&l->ids, id, &at) ? (size_t)at - 1 : LOCK_NONE;
}

static bool is_climbing(const struct lock *l)
{
	return l->climbed <= LOCK_CLIMB_BYTES;
}

size_t lock_nearest(struct lock *l, struct slice folder, const char *between, struct slice name)
{
	while (is_climbing(l)) {
		size_t at = LOCK_NONE;

		buf_reset(&l->place);
		buf_add(&l->place, folder);
		if (folder.len > 0)
			buf_add_byte(&l->place, '/');
		buf_add_cstr(&l->place, between);
		buf_add(&l->place, name);
		l->climbed += l->place.len + 1;
		if (l->place.failed == STATUS_OK)
			at = lock_find(l, buf_slice(&l->place));
		if (at != LOCK_NONE || folder.len == 0)
			return at;
		folder = path_dir(folder);
	}
	return LOCK_NONE;
}

enum status lock_ask(struct lock *l, size_t from, size_t to, struct err *err)
{
	struct lock_edge *edge;

	if (from == LOCK_NONE || to == LOCK_NONE)
		return STATUS_OK;
	edge = VEC_PUSH(&l->edges, l->in.env->arena);
	if (!edge)
		return err_nomem(err, "a lock file");
	*edge = (struct lock_edge){ to, l->entries.at[from].edges };
	l->entries.at[from].edges = l->edges.len;
	return STATUS_OK;
}

void lock_root(struct lock *l, size_t to, enum lock_reach why)
{
	l->rooted = true;
	if (to == LOCK_NONE)
		return;
	l->entries.at[to].flags |= PACKAGE_DIRECT;
	l->entries.at[to].reached |= why;
}

/* All that is asked for by what is marked so, too. */
static enum status spread(struct lock *l, enum lock_reach why, struct err *err)
{
	size_t *slot;

	l->queue.len = 0;
	for (size_t i = 0; i < l->entries.len; i++) {
		if (!(l->entries.at[i].reached & why))
			continue;
		slot = VEC_PUSH(&l->queue, l->in.env->arena);
		if (!slot)
			return err_nomem(err, "a lock file");
		*slot = i;
	}
	for (size_t i = 0; i < l->queue.len; i++) {
		for (size_t k = l->entries.at[l->queue.at[i]].edges; k > 0; k = l->edges.at[k - 1].next) {
			struct lock_entry *e = &l->entries.at[l->edges.at[k - 1].to];

			if (e->reached & why)
				continue;
			e->reached |= why;
			slot = VEC_PUSH(&l->queue, l->in.env->arena);
			if (!slot)
				return err_nomem(err, "a lock file");
			*slot = l->edges.at[k - 1].to;
		}
	}
	return STATUS_OK;
}

enum status lock_reach(struct lock *l, bool dev, struct err *err)
{
	if (!l->rooted || !is_climbing(l))
		return STATUS_OK;
	TRY(spread(l, LOCK_USE, err));
	TRY(spread(l, LOCK_DEV, err));
	for (size_t i = 0; i < l->entries.len; i++) {
		struct lock_entry *e = &l->entries.at[i];

		if (e->reached && !(e->flags & (PACKAGE_DIRECT | PACKAGE_MAIN_MODULE)))
			e->flags |= PACKAGE_INDIRECT;
		if (dev && e->reached == LOCK_DEV)
			e->flags |= PACKAGE_DEV;
	}
	return STATUS_OK;
}

static unsigned joined_flags(unsigned a, unsigned b)
{
	unsigned all = a | b;

	if (!(a & b & PACKAGE_DEV))
		all &= ~(unsigned)PACKAGE_DEV;
	if (all & PACKAGE_DIRECT)
		all &= ~(unsigned)PACKAGE_INDIRECT;
	return all;
}

/* Entries of the same name and version become the first of them. One without a name is left out. */
static enum status join(struct lock *l, struct err *err)
{
	struct map AUTO(map_fini) seen = MAP_INIT;
	struct slice key;
	uint64_t *slot;
	bool is_new;

	for (size_t i = 0; i < l->entries.len; i++) {
		struct lock_entry *e = &l->entries.at[i];

		if (e->name.len == 0)
			continue;
		if (!arena_printf(l->in.env->arena, &key, "%.*s\n%.*s", SLICE_ARG(e->name), SLICE_ARG(e->version)))
			return err_nomem(err, "a lock file");
		slot = map_slot(&seen, key, &is_new);
		if (!slot)
			return err_nomem(err, "a lock file");
		if (is_new) {
			*slot = i;
			continue;
		}
		l->entries.at[*slot].flags = joined_flags(l->entries.at[*slot].flags, e->flags);
		e->name.len = 0;
	}
	return STATUS_OK;
}

static enum status emit_all(struct lock *l, struct err *err)
{
	TRY(join(l, err));
	for (size_t i = 0; i < l->entries.len; i++) {
		const struct lock_entry *e = &l->entries.at[i];

		if (e->name.len > 0)
			TRY(installed_emit_at(&l->in, e->name, e->version, e->flags, e->line, err));
	}
	return STATUS_OK;
}

enum status lock_end(struct lock *l, enum status st, struct err *err)
{
	if (st == STATUS_OK || st == STATUS_LIMIT || st == STATUS_MALFORMED) {
		struct err why = ERR_INIT;
		enum status emitted = emit_all(l, &why);

		if (emitted != STATUS_OK) {
			*err = why;
			st = emitted;
		}
	}
	if (l->vague > 0) {
		struct slice at = SLICE_EMPTY;

		if (l->first_vague > 0 &&
		    !arena_printf(l->in.env->arena, &at, " (the first in line %u)", l->first_vague))
			at = SLICE_EMPTY;
		diag_emit(l->in.out->diags, DIAG_UNSUPPORTED, l->in.file->path, ERR_NO_OFFSET,
			  "packages that are named without an exact version: %llu%.*s; which one is used is not known",
			  (unsigned long long)l->vague, SLICE_ARG(at));
	}
	if (!is_climbing(l))
		diag_emit(l->in.out->diags, DIAG_LIMIT, l->in.file->path, ERR_NO_OFFSET,
			  "too many folders within folders: who asks for whom was not followed to the end");
	installed_end(&l->in);
	map_fini(&l->ids);
	buf_fini(&l->place);
	return st;
}

enum status lock_json(struct lock *l, enum status (*read)(struct lock *l, const struct json_doc *doc, struct err *err),
		      struct err *err)
{
	struct json_doc doc;
	enum status st = json_parse_file(l->in.file->bytes, l->in.env->limits, &doc, err);

	if (st != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	st = lock_end(l, read(l, &doc, err), err);
	json_doc_free(&doc);
	return st;
}

bool lock_beside(const struct lock *l, const char *name, uint64_t max, struct slice *out)
{
	const struct detect_env *env = l->in.env;
	struct slice dir = path_dir(l->in.file->path), path;
	struct err why = ERR_INIT;

	return env->other && arena_printf(env->arena, &path, "%.*s/%s", SLICE_ARG(dir), name) &&
	       env->other(env->ctx, path, max, out, &why) == STATUS_OK;
}

bool lock_join(struct arena *arena, struct slice dir, struct slice path, struct slice *out)
{
	uint8_t *joined = arena_alloc(arena, dir.len + path.len + 2);
	struct slice rest[2] = { path.len > 0 && path.ptr[0] == '/' ? SLICE_EMPTY : dir, path }, part;
	size_t n = 0;

	if (!joined)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(rest); i++) {
		while (slice_word(&rest[i], '/', &part)) {
			if (slice_eq(part, SLICE(".")))
				continue;
			if (slice_eq(part, SLICE(".."))) {
				if (n == 0)
					return false;
				while (n > 0 && joined[--n] != '/')
					;
				continue;
			}
			if (n > 0)
				joined[n++] = '/';
			memcpy(joined + n, part.ptr, part.len);
			n += part.len;
		}
	}
	*out = slice_make(joined, n);
	return n > 0;
}

bool lock_cut_at(struct slice s, struct slice *name, struct slice *rest)
{
	size_t at = s.len > 0 ? slice_find_byte(slice_from(s, 1), '@') : SIZE_MAX;

	*name = at == SIZE_MAX ? s : slice_take(s, at + 1);
	*rest = at == SIZE_MAX ? SLICE_EMPTY : slice_from(s, at + 2);
	return at != SIZE_MAX;
}

uint32_t line_at(struct line_counter *c, size_t offset)
{
	if (offset > c->text.len)
		return 0;
	if (offset < c->pos) {
		c->pos = 0;
		c->line = 1;
	}
	for (; c->pos < offset; c->pos++)
		c->line += c->text.ptr[c->pos] == '\n';
	return c->line;
}
