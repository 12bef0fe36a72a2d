/* SPDX-License-Identifier: Apache-2.0 */
/* repositories.c - looks content sets and names of images up in the maps of the database. */
#include "match/repositories.h"

#include "base/map.h"
#include "model/repository_map.h"

struct run {
	size_t first, n;
};

struct resolving {
	const struct segment_set *set;
	struct arena *arena;
	const struct index_report *index;
	VEC(struct layer_repository) out;
	struct map seen;  /* CPE names of the run being made */
	struct map known; /* run of the report -> its place in runs, and one more */
	VEC(struct run) runs;
	VEC(struct index_package) packages;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "repositories");
}

static bool is_unknown(const struct layer_repository *r)
{
	return slice_eq(r->key, SLICE(REPOSITORY_CONTENT_SET)) || slice_eq(r->key, SLICE(REPOSITORY_DNF));
}

/* Images built as they were until 2025: their label is not always what they are shipped as. */
static bool is_labelled(const struct package *p)
{
	return p->type == PACKAGE_OCI && slice_starts(path_base(p->path), SLICE("Dockerfile-"));
}

bool repositories_unknown(const struct index_report *index)
{
	for (size_t i = 0; i < index->packages.len; i++)
		if (is_labelled(&index->packages.at[i].package))
			return true;
	for (size_t i = 0; i < index->repositories.len; i++)
		if (is_unknown(&index->repositories.at[i]))
			return true;
	return false;
}

static enum status put_cpe(struct resolving *r, const void *ctx, struct slice cpe, struct err *err)
{
	const struct layer_repository *of = ctx;
	struct layer_repository *put;
	bool is_new;

	if (!map_slot(&r->seen, cpe, &is_new))
		return nomem(err);
	if (!is_new)
		return STATUS_OK;
	put = VEC_PUSH(&r->out, r->arena);
	if (!put || !arena_copy(r->arena, cpe, &cpe))
		return nomem(err);
	*put = (struct layer_repository){ .name = cpe, .key = SLICE(REPOSITORY_CPE), .cpe = cpe, .path = of->path };
	return STATUS_OK;
}

typedef enum status (*map_fn)(struct resolving *r, const void *of, struct slice value, struct err *err);

/* A damaged map knows less; that is told where the segments are (coverage). */
static enum status look_up(struct resolving *r, const char *scope, struct slice name, map_fn each, const void *of,
			   struct err *err)
{
	for (size_t i = 0; i < segment_set_count(r->set); i++) {
		const struct segment *seg = segment_set_at(r->set, i, NULL);
		struct segment_rows rows = { .n = 0 };
		struct err ignored = ERR_INIT;

		if (!seg || segment_find(seg, slice_cstr(scope), name, &rows, &ignored) != STATUS_OK)
			continue;
		for (uint32_t k = 0; k < rows.n; k++) {
			struct affected row;
			uint32_t advisory;

			if (segment_found_row(seg, &rows, k, r->arena, &row, &advisory, &ignored) != STATUS_OK)
				continue;
			for (size_t v = 0; v < row.n_versions; v++)
				TRY(each(r, of, row.versions[v], err));
		}
	}
	return STATUS_OK;
}

static enum status keep(struct resolving *r, const struct layer_repository *old, struct err *err)
{
	struct layer_repository *put = VEC_PUSH(&r->out, r->arena);

	if (!put)
		return nomem(err);
	*put = *old;
	return STATUS_OK;
}

/* Content sets of which not one is known are kept, for a database that knows them. */
static enum status make_run(struct resolving *r, struct run old, struct run *out, struct err *err)
{
	const struct layer_repository *all = r->index->repositories.at;
	size_t known;

	out->first = r->out.len;
	map_fini(&r->seen);
	for (size_t i = old.first; i < old.first + old.n; i++)
		if (is_unknown(&all[i]))
			TRY(look_up(r, REPOSITORY_MAP_SCOPE, all[i].name, put_cpe, &all[i], err));
	known = r->out.len - out->first;
	for (size_t i = old.first; i < old.first + old.n; i++)
		if (!is_unknown(&all[i]) || known == 0)
			TRY(keep(r, &all[i], err));
	out->n = r->out.len - out->first;
	return STATUS_OK;
}

/* Each run of the report is made once, however many packages have it. */
static enum status resolve_package(struct resolving *r, struct index_package *p, struct err *err)
{
	const struct run old = { p->repository, p->n_repositories };
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (old.n == 0)
		return STATUS_OK;
	if (!arena_copy(r->arena, slice_make(&old, sizeof(old)), &key) || !(slot = map_slot(&r->known, key, &is_new)))
		return nomem(err);
	if (is_new) {
		struct run *run = VEC_PUSH(&r->runs, r->arena);

		if (!run)
			return nomem(err);
		*slot = r->runs.len;
		TRY(make_run(r, old, run, err));
	}
	p->repository = r->runs.at[*slot - 1].first;
	p->n_repositories = r->runs.at[*slot - 1].n;
	return STATUS_OK;
}

static enum status resolve(struct resolving *r, struct index_report *index, struct err *err)
{
	for (size_t i = 0; i < index->packages.len; i++)
		TRY(resolve_package(r, &index->packages.at[i], err));
	index->repositories.at = r->out.at;
	index->repositories.len = r->out.len;
	index->repositories.cap = r->out.cap;
	return STATUS_OK;
}

void repositories_products(const struct segment_set *set, struct slice name, struct arena *arena,
			   bool (*each)(void *ctx, struct slice cpe), void *ctx)
{
	for (size_t i = 0; i < segment_set_count(set); i++) {
		const struct segment *seg = segment_set_at(set, i, NULL);
		struct segment_rows rows = { .n = 0 };
		struct err ignored = ERR_INIT;

		if (!seg || segment_find(seg, SLICE(REPOSITORY_MAP_SCOPE), name, &rows, &ignored) != STATUS_OK)
			continue;
		for (uint32_t k = 0; k < rows.n; k++) {
			struct affected row;
			uint32_t advisory;

			if (segment_found_row(seg, &rows, k, arena, &row, &advisory, &ignored) != STATUS_OK)
				continue;
			for (size_t v = 0; v < row.n_versions; v++)
				if (!each(ctx, row.versions[v]))
					return;
		}
	}
}

/* ---- images ---- */

static bool is_listed(const struct resolving *r, const struct index_package *of, struct slice name)
{
	for (size_t i = r->packages.len; i-- > 0;)
		if (r->packages.at[i].package.type == PACKAGE_OCI && slice_eq(r->packages.at[i].package.name, name) &&
		    slice_eq(r->packages.at[i].package.path, of->package.path))
			return true;
	return false;
}

static enum status put_image(struct resolving *r, const void *ctx, struct slice name, struct err *err)
{
	const struct index_package *of = ctx;
	struct index_package *put;

	if (is_listed(r, of, name))
		return STATUS_OK;
	put = VEC_PUSH(&r->packages, r->arena);
	if (!put)
		return nomem(err);
	*put = *of;
	return arena_copy(r->arena, name, &put->package.name) ? STATUS_OK : nomem(err);
}

/* One package for each repository that an image is shipped in; one that the map does not know is called as it says. */
static enum status resolve_images(struct resolving *r, struct index_report *index, struct err *err)
{
	for (size_t i = 0; i < index->packages.len; i++) {
		const struct index_package *p = &index->packages.at[i];
		size_t before = r->packages.len;

		if (is_labelled(&p->package))
			TRY(look_up(r, IMAGE_MAP_SCOPE, p->package.name, put_image, p, err));
		if (r->packages.len == before && (!is_labelled(&p->package) || !is_listed(r, p, p->package.name))) {
			struct index_package *put = VEC_PUSH(&r->packages, r->arena);

			if (!put)
				return nomem(err);
			*put = *p;
		}
	}
	index->packages.at = r->packages.at;
	index->packages.len = r->packages.len;
	index->packages.cap = r->packages.cap;
	return STATUS_OK;
}

enum status repositories_resolve(struct index_report *index, const struct segment_set *set, struct arena *arena,
				 struct err *err)
{
	struct resolving r = { .set = set, .arena = arena, .index = index, .seen = MAP_INIT, .known = MAP_INIT };
	enum status st = STATUS_OK;

	if (set && repositories_unknown(index)) {
		st = resolve(&r, index, err);
		if (st == STATUS_OK)
			st = resolve_images(&r, index, err);
	}
	map_fini(&r.seen);
	map_fini(&r.known);
	return st;
}
