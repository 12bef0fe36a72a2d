/* SPDX-License-Identifier: Apache-2.0 */
/* upstream_store.c - operations and their segments from the matcher's store, manifests from the indexer's. */
#include "notify/upstream.h"

#include <stdlib.h>

#define TAKE_MS 10000u
#define PAGE 1000u
#define PAGE_MEMORY ((size_t)64 << 20)
#define PACKAGES_MAX ((size_t)1000000) /* versions and places of one name that are affected */
#define OPERATIONS_MAX 10000u

/* ---- who was affected, who is ---- */

struct ids {
	uint64_t *at; /* owned */
	size_t n, cap;
};

static enum status add_id(struct ids *list, uint64_t id, struct err *err)
{
	if (list->n >= PACKAGES_MAX)
		return err_set(err, STATUS_LIMIT, "more than %zu versions of one package", PACKAGES_MAX);
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		uint64_t *at = realloc(list->at, cap * sizeof(*at));

		if (!at)
			return err_nomem(err, "affected packages");
		list->at = at;
		list->cap = cap;
	}
	list->at[list->n++] = id;
	return STATUS_OK;
}

bool notify_rows_affect(const struct notify_row *rows, size_t n, const struct store_package *found,
			const struct judge_known *known)
{
	struct package p = { .type = package_type_by_purl(found->type),
			     .name = found->name,
			     .version = found->version,
			     .arch = found->arch,
			     .module = found->module,
			     .source_name = found->source_name,
			     .source_version = found->source_version };

	for (size_t i = 0; i < n; i++)
		if (judge_affects(&rows[i].q, &p, found->scope, known))
			return true;
	return false;
}

static bool affects(const struct notify_side *side, const struct store_package *found, const struct judge_known *known)
{
	return notify_rows_affect(side->rows, side->n, found, known);
}

/* Packages that were affected, and those that are. */
struct found {
	struct ids before, after;
	bool moved; /* some package is in one of them only */
};

static void found_fini(struct found *f)
{
	free(f->before.at);
	free(f->after.at);
}

static enum status sort_package(struct found *f, const struct notify_change *c, const struct store_package_row *row,
				const struct judge_known *known, struct err *err)
{
	bool before = affects(&c->before, &row->package, known), after = affects(&c->after, &row->package, known);

	if (before)
		TRY(add_id(&f->before, row->id, err));
	if (after)
		TRY(add_id(&f->after, row->id, err));
	f->moved |= before != after;
	return STATUS_OK;
}

static enum status find_packages(struct store *s, const struct notify_change *c, const struct judge_known *known,
				 struct found *f, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(PAGE_MEMORY);
	uint64_t after = 0;
	size_t n = PAGE;

	while (n == PAGE) {
		struct store_package_row *rows;

		arena_reset(&arena);
		TRY(store_packages_named(s, c->package, after, PAGE, &arena, &rows, &n, err));
		for (size_t i = 0; i < n; i++) {
			after = rows[i].id;
			TRY(sort_package(f, c, &rows[i], known, err));
		}
	}
	return STATUS_OK;
}

/* Manifests of one list of packages, one after the other. */
struct stream {
	struct store *store;
	const struct ids *packages;
	struct arena arena;
	struct store_affected *page;
	size_t n, at;
	uint64_t after;
	bool last;
};

static void stream_fini(struct stream *t)
{
	arena_fini(&t->arena);
}

/* The next one; NULL at the end. */
static enum status peek(struct stream *t, const struct store_affected **out, struct err *err)
{
	if (t->at == t->n && !t->last && t->packages->n > 0) {
		arena_reset(&t->arena);
		TRY(store_manifests_with(t->store, t->packages->at, t->packages->n, t->after, PAGE, &t->arena, &t->page,
					 &t->n, err));
		t->at = 0;
		t->last = t->n < PAGE;
		if (t->n > 0)
			t->after = t->page[t->n - 1].manifest;
	}
	*out = t->at < t->n ? &t->page[t->at] : NULL;
	return STATUS_OK;
}

static enum status merge(struct stream *before, struct stream *after, size_t number,
			 const struct notify_affected_sink *sink, struct err *err)
{
	const struct store_affected *b, *a;

	for (;;) {
		bool was, is;

		TRY(peek(before, &b, err));
		TRY(peek(after, &a, err));
		if (!a && !b)
			return STATUS_OK;
		was = b && (!a || b->manifest <= a->manifest);
		is = a && (!b || a->manifest <= b->manifest);
		TRY(sink->affected(sink->ctx, number, is ? &a->digest : &b->digest, was, is, err));
		before->at += was;
		after->at += is;
	}
}

/* Nobody's state has changed, and it is worth telling all the same: one stream is both. */
static enum status all_of(struct stream *t, size_t number, const struct notify_affected_sink *sink, struct err *err)
{
	const struct store_affected *a;

	for (;; t->at++) {
		TRY(peek(t, &a, err));
		if (!a)
			return STATUS_OK;
		TRY(sink->affected(sink->ctx, number, &a->digest, true, true, err));
	}
}

enum status notify_affected_in(struct store *s, const struct notify_change *change, size_t number,
			       const struct judge_known *known, const struct notify_affected_sink *sink,
			       struct err *err)
{
	struct found AUTO(found_fini) f = { .moved = false };
	struct stream AUTO(stream_fini)
		before = { .store = s, .packages = &f.before, .arena = ARENA_INIT(PAGE_MEMORY) };
	struct stream AUTO(stream_fini) after = { .store = s, .packages = &f.after, .arena = ARENA_INIT(PAGE_MEMORY) };

	TRY(find_packages(s, change, known, &f, err));
	if (!f.moved)
		return change->differs ? all_of(&after, number, sink, err) : STATUS_OK;
	return merge(&before, &after, number, sink, err);
}

static enum status affected(void *ctx, const struct notify_change *changes, size_t n,
			    const struct notify_affected_sink *sink, struct err *err)
{
	struct notify_local *l = ctx;
	struct judge_known known = { .set = NULL };
	enum status st = STATUS_OK;
	struct store *s;
	void *held;

	TRY(store_pool_take(l->indexer, TAKE_MS, &s, err));
	held = l->hold ? l->hold(l->segment_ctx, &known) : NULL;
	for (size_t i = 0; i < n && st == STATUS_OK; i++)
		st = notify_affected_in(s, &changes[i], i, held ? &known : NULL, sink, err);
	if (held)
		l->let_go(held);
	store_pool_give(l->indexer, s);
	return st;
}

/* ---- operations ---- */

static enum status latest(void *ctx, struct arena *arena, struct notify_operation **out, size_t *out_n, struct err *err)
{
	struct notify_local *l = ctx;
	struct store_operation *ops;
	struct notify_operation *list;
	struct store *s;
	enum status st;
	size_t n = 0;

	TRY(store_pool_take(l->matcher, TAKE_MS, &s, err));
	st = store_operations_latest(s, STORE_VULNERABILITY, arena, &ops, &n, err);
	store_pool_give(l->matcher, s);
	TRY(st);
	list = arena_array(arena, n + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "update operations");
	for (size_t i = 0; i < n; i++) {
		list[i].source = ops[i].source;
		memcpy(list[i].ref, ops[i].ref, sizeof(list[i].ref));
	}
	*out = list;
	*out_n = n;
	return STATUS_OK;
}

static enum status open_one(struct notify_local *l, const struct store_operation *op, struct segment **out,
			    struct err *err)
{
	*out = NULL;
	return op->segment.algo == DIGEST_NONE ? STATUS_OK : l->open_segment(l->segment_ctx, &op->segment, out, err);
}

/* The operation named, or the oldest one of the source. *out_found: there was one. */
static enum status find_previous(struct store *s, struct slice source, const char *previous, const char *current,
				 struct arena *arena, struct store_operation *out, bool *out_found, struct err *err)
{
	struct store_operation *ops;
	enum status st;
	size_t n;

	*out_found = previous[0] != '\0';
	if (!*out_found)
		return STATUS_OK;
	st = store_operation_get(s, slice_cstr(previous), arena, out, err);
	if (st != STATUS_NOTFOUND)
		return st;
	TRY(store_operations(s, source, OPERATIONS_MAX, arena, &ops, &n, err));
	*out_found = n > 0 && strcmp(ops[n - 1].ref, current) != 0;
	if (*out_found)
		*out = ops[n - 1];
	return STATUS_OK;
}

static enum status find_both(struct notify_local *l, struct slice source, const char *previous, const char *current,
			     struct arena *arena, struct store_operation ops[2], bool *out_found, struct err *err)
{
	struct store *s;
	enum status st;

	TRY(store_pool_take(l->matcher, TAKE_MS, &s, err));
	st = find_previous(s, source, previous, current, arena, &ops[0], out_found, err);
	if (st == STATUS_OK)
		st = store_operation_get(s, slice_cstr(current), arena, &ops[1], err);
	store_pool_give(l->matcher, s);
	return st;
}

void notify_pair_fini(struct notify_pair *p)
{
	segment_free(p->before);
	segment_free(p->after);
}

enum status notify_local_pair(struct notify_local *l, struct slice source, const char *previous, const char *current,
			      struct notify_pair *out, bool *out_any, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(PAGE_MEMORY);
	struct store_operation ops[2];
	bool found = false;

	*out = (struct notify_pair){ NULL, NULL };
	*out_any = false;
	TRY(find_both(l, source, previous, current, &arena, ops, &found, err));
	/* Nothing is left to compare with: to tell everybody of everything would help nobody. */
	if (!found && previous[0] != '\0')
		return STATUS_OK;
	if (found)
		TRY(open_one(l, &ops[0], &out->before, err));
	TRY(open_one(l, &ops[1], &out->after, err));
	*out_any = out->after != NULL;
	return STATUS_OK;
}

static enum status diff(void *ctx, struct slice source, const char *previous, const char *current, enum severity least,
			const struct notify_changes_sink *sink, struct err *err)
{
	struct notify_pair AUTO(notify_pair_fini) pair = { NULL, NULL };
	bool any;

	TRY(notify_local_pair(ctx, source, previous, current, &pair, &any, err));
	return any ? notify_diff(pair.before, pair.after, least, sink, err) : STATUS_OK;
}

struct notify_upstream notify_upstream_local(struct notify_local *local)
{
	return (struct notify_upstream){ latest, diff, affected, local };
}
