/* SPDX-License-Identifier: Apache-2.0 */
/* unread.c - counts the files that hold packages nobody here reads, as the merged image shows them. */
#include "index/unread.h"

/* A path's value in the map: the kind, and whether the file belongs to a system package. */
#define OWNED ((uint64_t)1 << 32)

struct unread {
	struct merged *merged;
	const struct layer_report *const *reports;
	size_t n;
	struct map by_path; /* canonical path -> index of its kind, with OWNED */
	struct unread_kind *kinds;
	size_t n_kinds;
};

static bool is_shown(struct unread *u, struct slice canon, size_t layer)
{
	const struct merged_event *e = merged_visible(u->merged, canon, u->n - 1);

	return e && e->kind == MERGED_FILE && e->layer == layer;
}

static struct unread_kind *kind_of(struct unread *u, const char *what)
{
	for (size_t i = 0; i < u->n_kinds; i++)
		if (strcmp(u->kinds[i].what, what) == 0)
			return &u->kinds[i];
	if (u->n_kinds == UNREAD_KINDS_MAX)
		return NULL;
	u->kinds[u->n_kinds] = (struct unread_kind){ .what = what };
	return &u->kinds[u->n_kinds++];
}

static enum status collect(struct unread *u, size_t layer, const struct rules *rules, struct err *err)
{
	const struct layer_report *r = u->reports[layer];

	for (size_t i = 0; i < r->files.len; i++) {
		const struct layer_file *f = &r->files.at[i];
		const struct detector *d = rules_detector(rules, f->detector);
		const struct path_rule *rule = d && f->kind == LAYER_FILE_REGULAR ? rules_of(rules, d, f->path) : NULL;
		struct unread_kind *kind = rule && rule->unread ? kind_of(u, rule->unread) : NULL;
		struct slice canon;

		if (!kind)
			continue;
		canon = merged_canonical(u->merged, f->path, layer);
		if (!is_shown(u, canon, layer))
			continue;
		if (!map_put(&u->by_path, canon, (uint64_t)(kind - u->kinds)))
			return err_nomem(err, "unread files");
	}
	return STATUS_OK;
}

static void mark_owned(struct unread *u, struct slice path)
{
	uint64_t kind;

	/* Replacing a value never needs memory. */
	if (map_get(&u->by_path, path, &kind) && !map_put(&u->by_path, path, kind | OWNED))
		return;
}

static void leave_out_owned(struct unread *u, size_t layer)
{
	const struct layer_report *r = u->reports[layer];
	struct slice db = SLICE_EMPTY;
	bool valid = false;

	for (size_t i = 0; i < r->owned.len; i++) {
		const struct layer_owned *o = &r->owned.at[i];

		if (i == 0 || !slice_eq(o->db, db)) {
			db = o->db;
			valid = is_shown(u, merged_canonical(u->merged, db, layer), layer);
		}
		if (valid)
			mark_owned(u, merged_canonical(u->merged, o->path, u->n - 1));
	}
}

static void count(struct unread *u, size_t layer, const struct rules *rules)
{
	const struct layer_report *r = u->reports[layer];

	for (size_t i = 0; i < r->files.len; i++) {
		const struct layer_file *f = &r->files.at[i];
		const struct detector *d = rules_detector(rules, f->detector);
		const struct path_rule *rule = d ? rules_of(rules, d, f->path) : NULL;
		struct slice canon;
		struct unread_kind *kind;
		uint64_t at;

		if (!rule || !rule->unread)
			continue;
		canon = merged_canonical(u->merged, f->path, layer);
		if (!is_shown(u, canon, layer) || !map_get(&u->by_path, canon, &at) || at & OWNED)
			continue;
		kind = &u->kinds[at];
		if (kind->n++ == 0) {
			kind->example = f->path;
			kind->layer = layer;
		}
	}
}

enum status unread_find(struct merged *m, const struct layer_report *const *reports, size_t n,
			const struct rules *rules, struct unread_kind out[UNREAD_KINDS_MAX], size_t *out_n,
			struct err *err)
{
	struct unread u = { .merged = m, .reports = reports, .n = n, .by_path = MAP_INIT, .kinds = out };
	enum status st = STATUS_OK;

	for (size_t layer = 0; layer < n && st == STATUS_OK; layer++)
		st = collect(&u, layer, rules, err);
	if (st == STATUS_OK && u.by_path.len > 0) {
		for (size_t layer = 0; layer < n; layer++)
			leave_out_owned(&u, layer);
		for (size_t layer = 0; layer < n; layer++)
			count(&u, layer, rules);
	}
	map_fini(&u.by_path);
	*out_n = 0;
	for (size_t i = 0; i < u.n_kinds; i++)
		if (out[i].n > 0)
			out[(*out_n)++] = out[i];
	return st;
}
