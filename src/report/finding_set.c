/* SPDX-License-Identifier: Apache-2.0 */
/* finding_set.c - flaws of packages by their ids. */
#include "report/finding_set.h"

#define KEY_BYTES ((size_t)1 << 20)

void finding_set_init(struct finding_set *k, struct arena *arena)
{
	*k = (struct finding_set){ .map = MAP_INIT, .key = BUF_INIT(KEY_BYTES), .arena = arena };
}

void finding_set_fini(struct finding_set *k)
{
	map_fini(&k->map);
	buf_fini(&k->key);
}

static struct slice make_key(struct finding_set *k, size_t package, struct slice id)
{
	buf_reset(&k->key);
	buf_add(&k->key, slice_make(&package, sizeof(package)));
	buf_add(&k->key, id);
	return buf_slice(&k->key);
}

enum status finding_set_add(struct finding_set *k, const struct finding *f, size_t number, struct err *err)
{
	for (size_t i = 0; i <= f->advisory.n_aliases; i++) {
		struct slice key = make_key(k, f->package, finding_id(f, i)), kept;
		uint64_t there;

		TRY(buf_check(&k->key, "the id of an advisory", err));
		if (map_get(&k->map, key, &there))
			continue;
		if (!arena_copy(k->arena, key, &kept) || !map_put(&k->map, kept, number))
			return err_nomem(err, "findings");
	}
	return STATUS_OK;
}

/* The number of what is known of any id of the hit; 0: nothing. */
size_t finding_set_find(struct finding_set *k, size_t package, const struct hit *h)
{
	uint64_t number;

	for (size_t i = 0; i < h->line.n; i++)
		for (size_t m = 0; m <= h->line.findings[i]->advisory.n_aliases; m++)
			if (map_get(&k->map, make_key(k, package, finding_id(h->line.findings[i], m)), &number))
				return (size_t)number;
	return 0;
}
