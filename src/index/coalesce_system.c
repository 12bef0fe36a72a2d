/* SPDX-License-Identifier: Apache-2.0 */
/* coalesce_system.c - the distribution of an image, the packages that are its own, its repositories. */
#include "index/coalesce_impl.h"

#include <limits.h>
#include <stdlib.h>

/* Ranks: the places of the rules among all for distributions, os-release(5) being the first two. */
#define RANK_OS_RELEASE 1u
#define RANK_UNKNOWN 100u /* added for files of unknown systems */
#define RANK_NAMELESS 1000u
#define RANK_NONE 10000u

static unsigned place_of_rule(const struct coalesce *c, struct slice wanted)
{
	unsigned place = 0;
	size_t n;
	const struct detector *const *list = rules_detectors(c->rules, &n);

	for (size_t i = 0; i < n; i++)
		for (const struct path_rule *rule = list[i]->rules;
		     list[i]->kind == DETECTOR_DISTRIBUTION && rule->text; rule++, place++)
			if (slice_eq(wanted, slice_cstr(rule->text)))
				return place;
	return place;
}

static unsigned rank_of(const struct coalesce *c, const struct distribution *d, struct slice wanted)
{
	unsigned rank = place_of_rule(c, wanted);

	if (rank > RANK_OS_RELEASE && !distro_by_id(d->did))
		rank += RANK_UNKNOWN;
	return d->did.len > 0 ? rank : rank + RANK_NAMELESS;
}

const struct distribution *coalesce_distribution(struct coalesce *c, unsigned *out_rank)
{
	const struct distribution *best = NULL;

	*out_rank = RANK_NONE;
	for (size_t layer = c->n; layer-- > 0;) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->distributions.len; i++) {
			const struct distribution *d = &r->distributions.at[i];
			unsigned rank = rank_of(c, d, d->alias.len > 0 ? d->alias : d->path);

			if (rank >= *out_rank || !coalesce_survives(c, layer, d->path, d->alias))
				continue;
			*out_rank = rank;
			best = d;
		}
	}
	return best;
}

enum status coalesce_put_distribution(struct coalesce *c, struct err *err)
{
	struct arena *a = c->out_arena;
	unsigned rank;
	const struct distribution *in = coalesce_distribution(c, &rank);
	struct distribution *d;

	if (!in)
		return STATUS_OK;
	d = VEC_PUSH(&c->out->distributions, a);
	if (!d || !arena_copy(a, in->did, &d->did) || !arena_copy(a, in->id_like, &d->id_like) ||
	    !arena_copy(a, in->name, &d->name) || !arena_copy(a, in->version, &d->version) ||
	    !arena_copy(a, in->version_id, &d->version_id) ||
	    !arena_copy(a, in->version_code_name, &d->version_code_name) ||
	    !arena_copy(a, in->pretty_name, &d->pretty_name) || !arena_copy(a, in->cpe, &d->cpe) ||
	    !arena_copy(a, in->variant_id, &d->variant_id) || !arena_copy(a, in->path, &d->path))
		return coalesce_nomem(err);
	return STATUS_OK;
}

static bool is_content_set(const struct layer_repository *r)
{
	return slice_eq(r->key, SLICE(REPOSITORY_CONTENT_SET));
}

/* Of the places of a layer that may list content sets the first one that does counts, as Clair has it. */
static unsigned place_of_sets(struct slice path)
{
	static const char *const folders[] = { "root/buildinfo/content_manifests/",
					       "usr/share/buildinfo/content_manifests/" };
	unsigned i = 0;

	while (i < ARRAY_LEN(folders) && !slice_starts(path, slice_cstr(folders[i])))
		i++;
	return i;
}

static enum status put_repository(struct coalesce *c, const struct layer_repository *in, struct err *err)
{
	struct arena *a = c->out_arena;
	struct layer_repository *out = VEC_PUSH(&c->out->repositories, a);

	return out && arena_copy(a, in->name, &out->name) && arena_copy(a, in->key, &out->key) &&
			       arena_copy(a, in->uri, &out->uri) && arena_copy(a, in->cpe, &out->cpe) &&
			       arena_copy(a, in->path, &out->path)
		       ? STATUS_OK
		       : coalesce_nomem(err);
}

static bool is_hint(const struct layer_repository *r)
{
	return slice_eq(r->key, SLICE(REPOSITORY_DNF_HINT));
}

static bool is_origin(const struct layer_repository *r)
{
	return slice_eq(r->key, SLICE(REPOSITORY_DNF));
}

/* What a layer was made from stays so when an upper one deletes the file that says it. */
static enum status put_content_sets(struct coalesce *c, size_t layer, unsigned place, struct err *err)
{
	const struct layer_report *r = c->reports[layer];

	for (size_t i = 0; i < r->repositories.len; i++) {
		const struct layer_repository *in = &r->repositories.at[i];

		if (is_content_set(in) && place_of_sets(in->path) == place)
			TRY(put_repository(c, in, err));
	}
	return STATUS_OK;
}

/* What dnf 5 itself asks is its state; it leaves the history of dnf 4 behind, and that one the records of yum. */
static unsigned place_of_history(struct slice path)
{
	static const char *const places[] = { "usr/lib/sysimage/libdnf5/nevras.toml", "usr/lib/sysimage/libdnf5/",
					      "var/lib/dnf/history.sqlite" };
	unsigned i = 0;

	while (i < ARRAY_LEN(places) && !slice_starts(path, slice_cstr(places[i])))
		i++;
	return i;
}

/* Each repository once, and which packages came from it. */
static enum status put_origins(struct coalesce *c, size_t layer, unsigned place, struct err *err)
{
	const struct layer_report *r = c->reports[layer];
	struct map AUTO(map_fini) seen = MAP_INIT;

	for (size_t i = 0; i < r->repositories.len; i++) {
		const struct layer_repository *in = &r->repositories.at[i];
		uint64_t *slot;
		bool is_new;

		if (!is_origin(in) || place_of_history(in->path) != place)
			continue;
		slot = map_slot(&seen, in->name, &is_new);
		if (!slot)
			return coalesce_nomem(err);
		if (is_new) {
			*slot = c->out->repositories.len;
			TRY(put_repository(c, in, err));
		}
		if (in->package.len > 0 && !map_put(&c->runs[layer].origins, in->package, *slot))
			return coalesce_nomem(err);
	}
	return STATUS_OK;
}

/* The content sets that a manifest lists, unless it points to dnf's history, or there is none: then that counts. */
static enum status put_run(struct coalesce *c, size_t layer, struct err *err)
{
	const struct layer_report *r = c->reports[layer];
	struct repository_run *run = &c->runs[layer];
	unsigned sets = UINT_MAX, hint = UINT_MAX, history = UINT_MAX;

	for (size_t i = 0; i < r->repositories.len; i++) {
		const struct layer_repository *in = &r->repositories.at[i];

		if (is_content_set(in))
			sets = MIN(sets, place_of_sets(in->path));
		else if (is_hint(in))
			hint = MIN(hint, place_of_sets(in->path));
		else if (is_origin(in))
			history = MIN(history, place_of_history(in->path));
	}
	run->first = c->out->repositories.len;
	if (history != UINT_MAX && (sets == UINT_MAX || hint <= sets))
		TRY(put_origins(c, layer, history, err));
	else
		TRY(put_content_sets(c, layer, sets, err));
	run->n = c->out->repositories.len - run->first;
	return STATUS_OK;
}

static int by_path(const void *x, const void *y)
{
	const struct layer_repository *a = x, *b = y;
	int c = slice_cmp(a->path, b->path);

	c = c != 0 ? c : slice_cmp(a->key, b->key);
	return c != 0 ? c : slice_cmp(a->name, b->name);
}

/* By the file that names its packages: the one that says it, or METADATA beside direct_url.json. */
static enum status put_place(struct coalesce *c, size_t at, struct err *err)
{
	const struct layer_repository *r = &c->out->repositories.at[at];
	struct slice key = r->path;
	uint64_t *slot;
	bool is_new;

	if (slice_eq(r->key, SLICE(REPOSITORY_DIRECT_URL)) &&
	    !arena_printf(&c->arena, &key, "%.*s/METADATA", SLICE_ARG(path_dir(key))))
		return coalesce_nomem(err);
	slot = map_slot(&c->repositories, key, &is_new);
	if (!slot)
		return coalesce_nomem(err);
	if (is_new)
		*slot = at;
	return STATUS_OK;
}

/* Those of a layer that say nothing of its making and are still there. Files of directories come in any order. */
static enum status put_others(struct coalesce *c, size_t layer, struct err *err)
{
	const struct layer_report *r = c->reports[layer];
	size_t first = c->out->repositories.len, n;

	for (size_t i = 0; i < r->repositories.len; i++) {
		const struct layer_repository *in = &r->repositories.at[i];

		if (!is_content_set(in) && !is_hint(in) && !is_origin(in) &&
		    coalesce_survives(c, layer, in->path, SLICE_EMPTY))
			TRY(put_repository(c, in, err));
	}
	n = c->out->repositories.len - first;
	if (n > 1)
		qsort(c->out->repositories.at + first, n, sizeof(*r->repositories.at), by_path);
	for (size_t i = first; i < first + n; i++)
		TRY(put_place(c, i, err));
	return STATUS_OK;
}

enum status coalesce_put_repositories(struct coalesce *c, struct err *err)
{
	c->runs = arena_array(&c->arena, c->n + 1, sizeof(*c->runs));
	if (!c->runs)
		return coalesce_nomem(err);
	for (size_t layer = 0; layer < c->n; layer++) {
		TRY(put_run(c, layer, err));
		TRY(put_others(c, layer, err));
	}
	return STATUS_OK;
}

/* A layer that does not say it was made from what the last one below it says; else from what the next above says. */
static struct repository_run run_of_layer(const struct coalesce *c, size_t layer)
{
	for (size_t i = layer + 1; i-- > 0;)
		if (c->runs[i].n > 0)
			return c->runs[i];
	for (size_t i = layer + 1; i < c->n; i++)
		if (c->runs[i].n > 0)
			return c->runs[i];
	return (struct repository_run){ .first = SIZE_MAX };
}

/*
 * The repository that dnf had a package from: by the history of the layer that brought it, else of the next one above
 * that knows it. SIZE_MAX: nobody says, or the layer's manifest, which comes first, lists others.
 */
static enum status origin_of(struct coalesce *c, const struct index_package *p, size_t *out, struct err *err)
{
	struct slice version = p->package.version, rest, key = SLICE_EMPTY;
	uint64_t at;

	*out = SIZE_MAX;
	for (size_t i = p->layer; i < c->n; i++) {
		if (c->runs[i].origins.len == 0) {
			if (i == p->layer && c->runs[i].n > 0)
				break;
			continue;
		}
		if (slice_cut(p->package.version, ':', NULL, &rest))
			version = rest;
		if (key.len == 0 && !arena_printf(&c->arena, &key, "%.*s-%.*s.%.*s", SLICE_ARG(p->package.name),
						  SLICE_ARG(version), SLICE_ARG(p->package.arch)))
			return coalesce_nomem(err);
		if (map_get(&c->runs[i].origins, key, &at)) {
			*out = (size_t)at;
			break;
		}
	}
	return STATUS_OK;
}

enum status coalesce_repositories_for(struct coalesce *c, struct index_package *p, struct err *err)
{
	struct repository_run run = { .first = SIZE_MAX };
	uint64_t at;

	if (p->package.type == PACKAGE_RPM) {
		TRY(origin_of(c, p, &run.first, err));
		run.n = run.first != SIZE_MAX;
		if (run.n == 0)
			run = run_of_layer(c, p->layer);
	}
	if (run.n == 0 && map_get(&c->repositories, p->package.path, &at)) {
		run.first = (size_t)at;
		run.n = 1;
	}
	p->repository = run.first;
	p->n_repositories = run.n;
	return STATUS_OK;
}

void coalesce_forget_repositories(struct coalesce *c)
{
	for (size_t i = 0; c->runs && i < c->n; i++)
		map_fini(&c->runs[i].origins);
}

bool coalesce_is_system(enum package_type t)
{
	return package_type_scope(t)[0] == '\0';
}

/* A package goes under the distribution only if that is what such packages are of. */
size_t coalesce_distribution_for(const struct coalesce *c, enum package_type t)
{
	const struct distro *distro;

	if (!coalesce_is_system(t) || c->out->distributions.len == 0)
		return INDEX_NO_DISTRIBUTION;
	distro = distro_by_id(c->out->distributions.at[0].did);
	return !distro || distro_package_type(distro) == t ? 0 : INDEX_NO_DISTRIBUTION;
}
