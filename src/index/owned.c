/* SPDX-License-Identifier: Apache-2.0 */
/* owned.c - walks the lists of files of the system's packages for the few paths that matter. */
#include "index/owned.h"

void owned_fini(struct owned *o)
{
	map_fini(&o->by_path);
}

bool owned_ask(struct owned *o, struct slice path)
{
	bool is_new;

	return map_slot(&o->by_path, path, &is_new) != NULL;
}

bool owned_has(const struct owned *o, struct slice path)
{
	uint64_t belongs;

	return map_get(&o->by_path, path, &belongs) && belongs != 0;
}

static void mark(struct owned *o, struct slice path)
{
	uint64_t belongs;

	/* Replacing a value needs no memory. */
	if (map_get(&o->by_path, path, &belongs) && !map_put(&o->by_path, path, 1))
		return;
}

bool owned_has_aliases(const struct layer_report *r)
{
	for (size_t i = 0; i < r->files.len; i++)
		if (r->files.at[i].alias.len > 0)
			return true;
	return false;
}

static bool leads_to(struct merged *m, struct slice alias, struct slice path, size_t layer)
{
	struct merged_end end;

	merged_resolve(m, alias, m->n_layers - 1, &end);
	return end.how != MERGED_END_CYCLE && end.source_layer == layer && slice_eq(end.source, path);
}

bool owned_is_shown(struct merged *m, struct slice db, size_t layer, bool aliases)
{
	const struct layer_report *r = m->reports[layer];
	struct merged_seen seen = merged_at_top(m, db);
	bool own = !aliases;

	for (size_t i = 0; i < r->files.len && !own; i++) {
		if (!slice_eq(r->files.at[i].path, db))
			continue;
		if (r->files.at[i].alias.len > 0 && leads_to(m, r->files.at[i].alias, db, layer))
			return true;
		own = r->files.at[i].alias.len == 0;
	}
	return own && seen.kind == MERGED_FILE && seen.layer == layer;
}

void owned_answer(struct owned *o, struct merged *m, const struct layer_report *const *reports, size_t n)
{
	for (size_t layer = 0; layer < n && o->by_path.len > 0; layer++) {
		const struct layer_report *r = reports[layer];
		struct slice db = SLICE_EMPTY;
		bool valid = false, aliases = owned_has_aliases(r);

		for (size_t i = 0; i < r->owned.len; i++) {
			const struct layer_owned *f = &r->owned.at[i];

			if (i == 0 || !slice_eq(f->db, db)) {
				db = f->db;
				valid = owned_is_shown(m, db, layer, aliases);
			}
			if (!valid)
				continue;
			mark(o, f->path);
			mark(o, merged_canonical(m, f->path, n - 1));
		}
	}
}
