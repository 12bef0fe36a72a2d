/* SPDX-License-Identifier: Apache-2.0 */
/* coalesce_system.c - the distribution of an image, the packages that are its own, its repositories. */
#include "index/coalesce_impl.h"

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

enum status coalesce_put_repositories(struct coalesce *c, struct err *err)
{
	struct arena *a = c->out_arena;

	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->repositories.len; i++) {
			const struct layer_repository *in = &r->repositories.at[i];
			struct layer_repository *out;

			if (!coalesce_survives(c, layer, in->path, SLICE_EMPTY))
				continue;
			out = VEC_PUSH(&c->out->repositories, a);
			if (!out || !arena_copy(a, in->name, &out->name) || !arena_copy(a, in->key, &out->key) ||
			    !arena_copy(a, in->uri, &out->uri) || !arena_copy(a, in->cpe, &out->cpe) ||
			    !arena_copy(a, in->path, &out->path))
				return coalesce_nomem(err);
		}
	}
	return STATUS_OK;
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
