/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - scopes with repositories in one text, and which rows concern them. */
#include "match/place.h"

#include "base/buf.h"
#include "match/repositories.h"
#include "match/scopes.h"
#include "match/scopes_cpe.h"

#define SET "set:"
#define TEXT_MAX ((size_t)1 << 20)
#define MAP_MEMORY ((size_t)16 << 20)

/* A blank ends an item; no name of a repository that has one is Red Hat's. */
static bool is_word(struct slice s)
{
	return s.len > 0 && slice_find_byte(s, ' ') == SIZE_MAX;
}

static void put_repository(struct buf *text, const struct layer_repository *r)
{
	if (r->cpe.len > 0 && is_word(r->cpe) &&
	    (slice_eq(r->key, SLICE(REPOSITORY_CPE)) || slice_eq(r->key, SLICE(REPOSITORY_CONTAINERS)))) {
		buf_add_byte(text, ' ');
		buf_add(text, r->cpe);
	} else if ((slice_eq(r->key, SLICE(REPOSITORY_CONTENT_SET)) || slice_eq(r->key, SLICE(REPOSITORY_DNF))) &&
		   is_word(r->name)) {
		buf_add_cstr(text, " " SET);
		buf_add(text, r->name);
	}
}

static bool is_kept_by_repository(struct slice scope)
{
	struct scopes_cpes assumed;

	if (slice_eq(scope, SLICE(SCOPES_IMAGES)))
		return true;
	scopes_cpes_of(scope, &assumed);
	return assumed.n > 0;
}

bool place_of(const struct index_report *index, const struct index_package *p, struct slice scope, struct arena *arena,
	      struct slice *out)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(TEXT_MAX);

	*out = scope;
	if (p->n_repositories == 0 || !is_kept_by_repository(scope))
		return true;
	buf_add(&text, scope);
	for (size_t i = 0; i < p->n_repositories; i++) {
		const struct layer_repository *r = &index->repositories.at[p->repository + i];

		/* "Red Hat Container Catalog": of any product. */
		if (slice_eq(r->key, SLICE(REPOSITORY_CONTAINERS)) && r->cpe.len == 0)
			return true;
		put_repository(&text, r);
	}
	return text.failed == STATUS_LIMIT || (text.failed == STATUS_OK && arena_copy(arena, buf_slice(&text), out));
}

struct slice place_scope(struct slice place)
{
	struct slice scope;

	slice_cut(place, ' ', &scope, NULL);
	return scope;
}

static bool cpe_holds(struct slice cpe, struct slice row)
{
	const struct layer_repository one = { .cpe = cpe };
	const struct scopes_cpes said = { .said = &one, .n_said = 1 };

	return scopes_cpe_matches(&said, row);
}

struct asking {
	struct slice row; /* a CPE */
	bool known, holds;
};

static bool ask(void *ctx, struct slice cpe)
{
	struct asking *a = ctx;

	a->known = true;
	a->holds |= cpe_holds(cpe, a->row);
	return !a->holds;
}

/* Does one of the items hold? *out_known: some item has a product, so that nothing is assumed. */
static bool items_hold(struct slice items, struct slice row, const struct segment_set *map, bool *out_known)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(MAP_MEMORY);
	struct asking a = { .row = row };
	struct slice item;

	while (!a.holds && slice_word(&items, ' ', &item)) {
		if (slice_starts(item, SLICE("cpe:")))
			ask(&a, item);
		else if (map && slice_starts(item, SLICE(SET)))
			repositories_products(map, slice_from(item, strlen(SET)), &arena, ask, &a);
	}
	*out_known = a.known;
	return a.holds;
}

bool place_holds(struct slice place, struct slice row, const struct segment_set *map)
{
	struct slice scope, items, images = SLICE(SCOPES_IMAGES ":"), repository = SLICE("rhel:cpe:");
	bool is_image = slice_starts(row, images), known, holds;

	slice_cut(place, ' ', &scope, &items);
	if (items.len == 0 || (!is_image && !slice_starts(row, repository)) ||
	    is_image != slice_eq(scope, SLICE(SCOPES_IMAGES)))
		return scopes_holds(row, scope);
	holds = items_hold(items, slice_from(row, is_image ? images.len : strlen("rhel:")), map, &known);
	return known ? holds : scopes_holds(row, scope);
}
