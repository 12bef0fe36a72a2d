/* SPDX-License-Identifier: Apache-2.0 */
/* match_open.c - liblimpid-match: the handle, and the advisories in force behind it. */
#include "library/match_impl.h"

#include "library/done.h"
#include "store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define BUSY_MS 5000u

struct library_snapshot {
	unsigned uses; /* under the handle's lock */
	struct arena arena;
	struct store_source *sources; /* in the arena */
	size_t n;
	struct segment_set *set; /* owned */
};

struct limpid_match {
	pthread_mutex_t lock;
	struct library_snapshot *now; /* under lock; one use is the handle's */
	char folder[4096];
};

_Static_assert(LIMPID_MATCH_OK == 0 && LIMPID_MATCH_IO == 5 && LIMPID_MATCH_MISSING == 7, "statuses of done.h");

int library_match_done(struct limpid_match_error *error, enum status st, const struct err *err)
{
	if (error)
		error->status = library_done(st, err, LIMPID_MATCH_MISSING, error->message, sizeof(error->message));
	return library_done(st, err, LIMPID_MATCH_MISSING, NULL, 0);
}

const char *limpid_match_version(void)
{
	return LIMPID_VERSION;
}

/* ---- snapshots ---- */

static void snapshot_free(struct library_snapshot *s)
{
	if (!s)
		return;
	segment_set_free(s->set);
	arena_fini(&s->arena);
	free(s);
}

static enum status open_segments(const char *folder, struct library_snapshot *s, struct err *err)
{
	struct segment_set_entry *entries = arena_array(&s->arena, s->n + 1, sizeof(*entries));
	const struct diag_sink quiet = { NULL, NULL }; /* a broken segment is told by coverage */
	char dir[4200];

	if (!entries)
		return err_nomem(err, "sources");
	snprintf(dir, sizeof(dir), "%s/segments", folder);
	for (size_t i = 0; i < s->n; i++)
		entries[i] = (struct segment_set_entry){ .source = s->sources[i].name,
							 .feed = s->sources[i].feed,
							 .digest = s->sources[i].segment,
							 .updated_s = s->sources[i].last_success_s,
							 .failed = s->sources[i].error.len > 0 };
	return segment_set_open(dir, entries, s->n, &quiet, &s->set, err);
}

/* The store is asked once and closed: what was opened stays as it is, and nobody waits for its locks. */
static enum status snapshot_load(const char *folder, struct library_snapshot *s, struct err *err)
{
	const struct store_options options = { .read_only = true, .busy_ms = BUSY_MS };
	struct store *store;
	enum status st = store_open(folder, &options, &store, err);

	if (st == STATUS_NOTFOUND)
		return err_set(err, STATUS_NOTFOUND, "%s holds no database", folder);
	/* Damage is of the folder, not of what the caller gave. */
	if (st != STATUS_OK)
		return st == STATUS_MALFORMED ? (err->code = STATUS_IO) : st;
	st = store_sources(store, &s->arena, &s->sources, &s->n, err);
	store_close(store);
	return st == STATUS_OK ? open_segments(folder, s, err) : st;
}

/* Owned by the caller, who is its first use. */
static enum status snapshot_new(const char *folder, struct library_snapshot **out, struct err *err)
{
	struct library_snapshot *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "a database");
	s->uses = 1;
	s->arena = (struct arena)ARENA_INIT((size_t)64 << 20);
	st = snapshot_load(folder, s, err);
	/* An update that ended meanwhile may have deleted what was in force: once more, with what is now. */
	for (size_t i = 0; st == STATUS_OK && i < s->n; i++) {
		if (segment_set_why(s->set, i).len == 0)
			continue;
		segment_set_free(s->set);
		s->set = NULL;
		arena_reset(&s->arena);
		st = snapshot_load(folder, s, err);
		break;
	}
	if (st == STATUS_OK)
		*out = s;
	else
		snapshot_free(s);
	return st;
}

struct library_snapshot *library_snapshot_get(limpid_match *m)
{
	struct library_snapshot *s;

	pthread_mutex_lock(&m->lock);
	s = m->now;
	s->uses++;
	pthread_mutex_unlock(&m->lock);
	return s;
}

void library_snapshot_put(limpid_match *m, struct library_snapshot *s)
{
	bool last;

	pthread_mutex_lock(&m->lock);
	last = --s->uses == 0;
	pthread_mutex_unlock(&m->lock);
	if (last)
		snapshot_free(s);
}

const struct segment_set *library_snapshot_set(const struct library_snapshot *s)
{
	return s->set;
}

static bool same(const struct library_snapshot *a, const struct library_snapshot *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = slice_eq(a->sources[i].name, b->sources[i].name) &&
			digest_eq(&a->sources[i].segment, &b->sources[i].segment);
	return equal;
}

/* ---- the handle ---- */

int limpid_match_open(const char *folder, limpid_match **out, struct limpid_match_error *error)
{
	struct err err = ERR_INIT;
	enum status st = STATUS_OK;
	limpid_match *m;

	*out = NULL;
	if (!folder || !folder[0] || strlen(folder) >= sizeof(m->folder))
		return library_match_done(error, err_set(&err, STATUS_INVALID, "no folder, or its name is too long"),
					  &err);
	m = calloc(1, sizeof(*m));
	if (!m || pthread_mutex_init(&m->lock, NULL) != 0) {
		free(m);
		return library_match_done(error, err_nomem(&err, "a handle"), &err);
	}
	snprintf(m->folder, sizeof(m->folder), "%s", folder);
	st = snapshot_new(m->folder, &m->now, &err);
	if (st == STATUS_OK)
		*out = m;
	else
		limpid_match_close(m);
	return library_match_done(error, st, &err);
}

void limpid_match_close(limpid_match *m)
{
	if (!m)
		return;
	snapshot_free(m->now);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

int limpid_match_refresh(limpid_match *m, int *changed, struct limpid_match_error *error)
{
	struct library_snapshot *fresh, *old;
	struct err err = ERR_INIT;
	enum status st = snapshot_new(m->folder, &fresh, &err);

	if (st != STATUS_OK)
		return library_match_done(error, st, &err);
	pthread_mutex_lock(&m->lock);
	old = m->now;
	m->now = fresh;
	if (changed)
		*changed = !same(old, fresh);
	pthread_mutex_unlock(&m->lock);
	library_snapshot_put(m, old);
	return library_match_done(error, STATUS_OK, &err);
}

static enum status tell_sources(const struct library_snapshot *s, limpid_match_source_callback callback, void *ctx,
				struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct store_source *from = &s->sources[i];
		struct digest_text segment = { "" };
		bool none = from->segment.algo == DIGEST_NONE;
		/* What an arena has copied ends with a NUL, which the store's texts are. */
		const struct limpid_match_source to = { .name = (const char *)from->name.ptr,
							.set = from->feed.len > 0 ? (const char *)from->feed.ptr : "",
							.segment = none ? "" : digest_print(&segment, &from->segment),
							.advisories = from->records,
							.updated = from->last_success_s,
							.failed = from->error.len > 0,
							.damaged = segment_set_why(s->set, i).len > 0 };

		if (callback(ctx, &to) != 0)
			return err_set(err, STATUS_CANCELLED, "the callback asked to stop");
	}
	return STATUS_OK;
}

int limpid_match_sources(limpid_match *m, limpid_match_source_callback callback, void *ctx,
			 struct limpid_match_error *error)
{
	struct library_snapshot *s = library_snapshot_get(m);
	struct err err = ERR_INIT;
	enum status st = tell_sources(s, callback, ctx, &err);

	library_snapshot_put(m, s);
	return library_match_done(error, st, &err);
}
