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

/* A list counts while the image shows it. */
static bool is_shown(struct merged *m, struct slice db, size_t layer, size_t n)
{
	const struct merged_event *e = merged_visible(m, merged_canonical(m, db, layer), n - 1);

	return e && e->kind == MERGED_FILE && e->layer == layer;
}

void owned_answer(struct owned *o, struct merged *m, const struct layer_report *const *reports, size_t n)
{
	for (size_t layer = 0; layer < n && o->by_path.len > 0; layer++) {
		const struct layer_report *r = reports[layer];
		struct slice db = SLICE_EMPTY;
		bool valid = false;

		for (size_t i = 0; i < r->owned.len; i++) {
			const struct layer_owned *f = &r->owned.at[i];

			if (i == 0 || !slice_eq(f->db, db)) {
				db = f->db;
				valid = is_shown(m, db, layer, n);
			}
			if (!valid)
				continue;
			mark(o, f->path);
			mark(o, merged_canonical(m, f->path, n - 1));
		}
	}
}
