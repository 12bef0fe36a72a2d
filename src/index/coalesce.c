/* SPDX-License-Identifier: Apache-2.0 */
/* coalesce.c - what of the layers' records survives in the image, since when, and under which distribution. */
#include "index/coalesce.h"

#include "index/merged.h"
#include "index/unread.h"

#include <stdlib.h>

#define COALESCE_MEMORY ((size_t)1 << 30)
#define NO_GROUP SIZE_MAX

/* Packages that one detector drew from one file of one layer. */
struct group {
	size_t layer, begin, end;
	struct slice canon;
	struct slice detector;
	size_t older; /* of the same path, or NO_GROUP */
	bool survives;
};

struct ask {
	struct scan_alias alias;
	const struct detector *detector;
	bool last_is_link; /* the wanted path itself is a link: it must lead somewhere */
};

struct coalesce {
	const struct layer_report *const *reports; /* borrowed */
	size_t n;
	const struct rules *rules;
	const struct limits *limits;
	struct merged merged;
	struct arena arena;
	VEC(struct group) groups;
	struct map groups_by_path; /* newest + 1 */
	VEC(struct ask) asks;
	VEC(struct scan_alias) aliases; /* of the asks */
	VEC(struct slice) cycles;	/* wanted paths whose links go in a circle */
	/* the report being made */
	struct owned owned;
	struct arena *out_arena;
	struct index_report *out;
};

/* ---- building ---- */

static enum status nomem(struct err *err)
{
	return err_nomem(err, "coalesced layers");
}

static const struct merged_event *visible_at_top(const struct coalesce *c, struct slice canon)
{
	return c->n > 0 ? merged_visible(&c->merged, canon, c->n - 1) : NULL;
}

static bool survives(const struct coalesce *c, struct slice canon, size_t layer)
{
	const struct merged_event *e = visible_at_top(c, canon);

	return e && e->kind == MERGED_FILE && e->layer == layer;
}

/* The path a file was asked for as; empty if it was read under its own name. */
static struct slice alias_of(const struct layer_report *r, struct slice path, struct slice detector)
{
	for (size_t i = 0; i < r->files.len; i++)
		if (r->files.at[i].alias.len > 0 && slice_eq(r->files.at[i].path, path) &&
		    (detector.len == 0 || slice_eq(r->files.at[i].detector, detector)))
			return r->files.at[i].alias;
	return SLICE_EMPTY;
}

static bool has_aliases(const struct layer_report *r)
{
	for (size_t i = 0; i < r->files.len; i++)
		if (r->files.at[i].alias.len > 0)
			return true;
	return false;
}

/* A file read as something else counts only where the image's links really lead to it. */
static bool alias_holds(struct coalesce *c, struct slice alias, struct slice canon)
{
	struct slice end;
	bool last;

	return alias.len == 0 ||
	       (merged_resolve(&c->merged, alias, &end, &last) != MERGED_END_CYCLE && slice_eq(end, canon));
}

static enum status add_groups(struct coalesce *c, size_t layer, struct err *err)
{
	const struct layer_report *r = c->reports[layer];
	bool aliases = has_aliases(r);

	for (size_t i = 0; i < r->packages.len;) {
		struct slice path = r->packages.at[i].path, detector = r->packages.at[i].detector;
		struct group *g = VEC_PUSH(&c->groups, &c->arena);
		uint64_t *slot;
		bool is_new;

		if (!g)
			return nomem(err);
		g->layer = layer;
		g->begin = i;
		while (i < r->packages.len && slice_eq(r->packages.at[i].path, path) &&
		       slice_eq(r->packages.at[i].detector, detector))
			i++;
		g->end = i;
		g->detector = detector;
		g->canon = merged_canonical(&c->merged, path, layer);
		g->survives = survives(c, g->canon, layer) &&
			      (!aliases || alias_holds(c, alias_of(r, path, detector), g->canon));
		slot = map_slot(&c->groups_by_path, g->canon, &is_new);
		if (!slot)
			return nomem(err);
		g->older = *slot > 0 ? (size_t)*slot - 1 : NO_GROUP;
		*slot = c->groups.len;
	}
	return STATUS_OK;
}

static enum status init(struct coalesce *c, struct err *err)
{
	TRY(merged_init(&c->merged, c->reports, c->n, err));
	for (size_t i = 0; i < c->n; i++)
		TRY(add_groups(c, i, err));
	return STATUS_OK;
}

enum status coalesce_new(const struct layer_report *const *reports, size_t n, const struct rules *rules,
			 const struct limits *limits, struct coalesce **out, struct err *err)
{
	struct coalesce *c = calloc(1, sizeof(*c));
	enum status st;

	if (!c)
		return nomem(err);
	*c = (struct coalesce){ .reports = reports, .n = n, .rules = rules, .limits = limits };
	c->arena = (struct arena)ARENA_INIT(COALESCE_MEMORY);
	st = init(c, err);
	if (st != STATUS_OK)
		coalesce_free(c);
	else
		*out = c;
	return st;
}

void coalesce_free(struct coalesce *c)
{
	if (!c)
		return;
	merged_fini(&c->merged);
	map_fini(&c->groups_by_path);
	owned_fini(&c->owned);
	arena_fini(&c->arena);
	free(c);
}

/* ---- distributions ---- */

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

static const struct distribution *best_distribution(struct coalesce *c, unsigned *out_rank)
{
	const struct distribution *best = NULL;

	*out_rank = RANK_NONE;
	for (size_t layer = c->n; layer-- > 0;) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->distributions.len; i++) {
			const struct distribution *d = &r->distributions.at[i];
			struct slice canon = merged_canonical(&c->merged, d->path, layer);
			struct slice alias = alias_of(r, d->path, SLICE_EMPTY);
			unsigned rank = rank_of(c, d, alias.len > 0 ? alias : d->path);

			if (rank >= *out_rank || !survives(c, canon, layer) || !alias_holds(c, alias, canon))
				continue;
			*out_rank = rank;
			best = d;
		}
	}
	return best;
}

/* ---- links that leave a layer ---- */

static bool is_answered(struct coalesce *c, const struct ask *ask)
{
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->files.len; i++) {
			const struct layer_file *f = &r->files.at[i];
			struct slice alias = f->alias, canon;

			if (alias.len == 0 || !slice_eq(f->detector, slice_cstr(ask->detector->name)))
				continue;
			if (!(ask->alias.dir ? slice_eq(path_dir(alias), ask->alias.wanted)
					     : slice_eq(alias, ask->alias.wanted)))
				continue;
			canon = merged_canonical(&c->merged, f->path, layer);
			if (survives(c, canon, layer) && (ask->alias.dir ? slice_eq(path_dir(canon), ask->alias.real)
									 : slice_eq(canon, ask->alias.real)))
				return true;
		}
	}
	return false;
}

static bool child_rule_of(const struct detector *d, struct slice dir)
{
	for (const struct path_rule *rule = d->rules; rule->text; rule++) {
		struct slice text = slice_cstr(rule->text);

		if (rule->match == PATH_CHILD && text.len == dir.len + 1 && slice_starts(text, dir))
			return true;
	}
	return false;
}

/* Does the detector read the end of the links under its own name anyway? */
static bool is_covered(const struct coalesce *c, const struct ask *ask)
{
	if (ask->alias.dir)
		return child_rule_of(ask->detector, ask->alias.real);
	return rules_of(c->rules, ask->detector, ask->alias.real) != NULL;
}

static enum status ask_rule(struct coalesce *c, const struct detector *d, const struct path_rule *rule, struct err *err)
{
	struct ask ask = { .detector = d, .alias = { .wanted = slice_cstr(rule->text) } };
	struct ask *kept;
	enum merged_end end;

	if (rule->match != PATH_EXACT && rule->match != PATH_CHILD)
		return STATUS_OK;
	ask.alias.dir = rule->match == PATH_CHILD;
	if (ask.alias.dir && slice_ends(ask.alias.wanted, SLICE("/")))
		ask.alias.wanted.len--;
	end = merged_resolve(&c->merged, ask.alias.wanted, &ask.alias.real, &ask.last_is_link);
	if (end == MERGED_END_CYCLE) {
		struct slice *cycle = VEC_PUSH(&c->cycles, &c->arena);

		if (!cycle)
			return nomem(err);
		*cycle = ask.alias.wanted;
		return STATUS_OK;
	}
	if (end == MERGED_END_PLAIN || ask.alias.real.len == 0 || is_covered(c, &ask) || is_answered(c, &ask))
		return STATUS_OK;
	kept = VEC_PUSH(&c->asks, &c->arena);
	if (!kept)
		return nomem(err);
	*kept = ask;
	return STATUS_OK;
}

static enum status find_asks(struct coalesce *c, struct err *err)
{
	const struct detector *const *list;
	unsigned rank;
	size_t n;

	c->asks.len = c->cycles.len = 0;
	best_distribution(c, &rank);
	list = rules_detectors(c->rules, &n);
	for (size_t i = 0; i < n; i++) {
		for (const struct path_rule *rule = list[i]->rules; rule->text; rule++) {
			bool is_os_release = slice_ends(slice_cstr(rule->text), SLICE("/os-release"));

			/* With an os-release at hand the older files are of no use. */
			if (list[i]->kind == DETECTOR_DISTRIBUTION && (rank == 0 || (rank == 1 && !is_os_release)))
				continue;
			TRY(ask_rule(c, list[i], rule, err));
		}
	}
	return STATUS_OK;
}

enum status coalesce_asks(struct coalesce *c, const struct scan_alias **out, size_t *out_n, struct err *err)
{
	TRY(find_asks(c, err));
	c->aliases.len = 0;
	for (size_t i = 0; i < c->asks.len; i++) {
		struct scan_alias *a = VEC_PUSH(&c->aliases, &c->arena);

		if (!a)
			return nomem(err);
		*a = c->asks.at[i].alias;
	}
	*out = c->aliases.at;
	*out_n = c->aliases.len;
	return STATUS_OK;
}

/* ---- packages ---- */

/* What makes a package one; db: of which database, or empty. */
static bool package_key(struct coalesce *c, const struct package *p, struct slice db, struct slice *out)
{
	struct slice parts[] = { p->name, p->version, p->arch, p->module, slice_cstr(package_type_purl(p->type)), db };
	size_t n = ARRAY_LEN(parts);
	uint8_t *key;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		n += parts[i].len;
	key = arena_alloc(&c->arena, n);
	if (!key)
		return false;
	*out = slice_make(key, n);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].len > 0)
			memcpy(key, parts[i].ptr, parts[i].len);
		key += parts[i].len;
		*key++ = 0;
	}
	return true;
}

/* The state of the same file one step further down, as long as nothing hid it in between. */
static const struct group *below(const struct coalesce *c, const struct group *g)
{
	const struct merged_event *e = g->layer > 0 ? merged_visible(&c->merged, g->canon, g->layer - 1) : NULL;

	if (!e || e->kind != MERGED_FILE)
		return NULL;
	for (size_t i = g->older; i != NO_GROUP; i = c->groups.at[i].older)
		if (c->groups.at[i].layer == e->layer && slice_eq(c->groups.at[i].detector, g->detector))
			return &c->groups.at[i];
	return NULL;
}

/* introduced[i]: the lowest layer since which package begin + i has been there. */
static enum status introduce(struct coalesce *c, const struct group *g, size_t *introduced, struct slice *keys,
			     struct err *err)
{
	size_t n = g->end - g->begin, alive = n;

	for (size_t i = 0; i < n; i++) {
		introduced[i] = g->layer;
		if (g->older != NO_GROUP &&
		    !package_key(c, &c->reports[g->layer]->packages.at[g->begin + i], SLICE_EMPTY, &keys[i]))
			return nomem(err);
	}
	for (const struct group *at = below(c, g); at && alive > 0; at = below(c, at)) {
		struct map present = MAP_INIT;
		bool ok = true;
		uint64_t unused;

		for (size_t i = at->begin; ok && i < at->end; i++) {
			struct slice key;

			ok = package_key(c, &c->reports[at->layer]->packages.at[i], SLICE_EMPTY, &key) &&
			     map_put(&present, key, 1);
		}
		alive = 0;
		for (size_t i = 0; ok && i < n; i++) {
			if (keys[i].ptr && map_get(&present, keys[i], &unused)) {
				introduced[i] = at->layer;
				alive++;
			} else {
				keys[i] = SLICE_EMPTY;
			}
		}
		map_fini(&present);
		if (!ok)
			return nomem(err);
	}
	return STATUS_OK;
}

static bool copy_package(struct arena *a, const struct package *in, struct package *out)
{
	*out = *in;
	return arena_copy(a, in->name, &out->name) && arena_copy(a, in->version, &out->version) &&
	       arena_copy(a, in->arch, &out->arch) && arena_copy(a, in->module, &out->module) &&
	       arena_copy(a, in->source_name, &out->source_name) &&
	       arena_copy(a, in->source_version, &out->source_version) && arena_copy(a, in->db, &out->db) &&
	       arena_copy(a, in->path, &out->path) && arena_copy(a, in->detector, &out->detector);
}

static bool is_system(enum package_type t)
{
	return package_type_scope(t)[0] == '\0';
}

/* A package goes under the distribution only if that is what such packages are of. */
static size_t distribution_for(const struct coalesce *c, enum package_type t)
{
	const struct distro *distro;

	if (!is_system(t) || c->out->distributions.len == 0)
		return INDEX_NO_DISTRIBUTION;
	distro = distro_by_id(c->out->distributions.at[0].did);
	return !distro || distro_package_type(distro) == t ? 0 : INDEX_NO_DISTRIBUTION;
}

static size_t repository_for(const struct coalesce *c, struct slice path)
{
	for (size_t i = 0; i < c->out->repositories.len; i++)
		if (slice_eq(c->out->repositories.at[i].path, path))
			return i;
	return SIZE_MAX;
}

static enum status put_group(struct coalesce *c, const struct group *g, struct map *seen, struct err *err)
{
	const struct layer_report *r = c->reports[g->layer];
	size_t n = g->end - g->begin;
	size_t *introduced = arena_array(&c->arena, n, sizeof(*introduced));
	struct slice *keys = arena_array(&c->arena, n, sizeof(*keys));

	if (!introduced || !keys)
		return nomem(err);
	TRY(introduce(c, g, introduced, keys, err));
	for (size_t i = 0; i < n; i++) {
		const struct package *p = &r->packages.at[g->begin + i];
		struct index_package *kept;
		struct slice key;
		bool is_new;

		if (!package_key(c, p, p->db, &key) || !map_slot(seen, key, &is_new))
			return nomem(err);
		if (!is_new)
			continue; /* a database may list the same package twice */
		kept = VEC_PUSH(&c->out->packages, c->out_arena);
		if (!kept || !copy_package(c->out_arena, p, &kept->package))
			return nomem(err);
		kept->package.path = SLICE_EMPTY;
		if (!arena_copy(c->out_arena, g->canon, &kept->package.path))
			return nomem(err);
		kept->layer = introduced[i];
		kept->distribution = distribution_for(c, p->type);
		kept->repository = repository_for(c, g->canon);
	}
	return STATUS_OK;
}

static enum status put_packages(struct coalesce *c, struct err *err)
{
	struct map seen = MAP_INIT;
	enum status st = STATUS_OK;
	size_t n = 0;

	/* The largest of lists: made in one piece, since an arena keeps the pieces that were outgrown. */
	for (size_t i = 0; i < c->groups.len; i++)
		n += c->groups.at[i].survives ? c->groups.at[i].end - c->groups.at[i].begin : 0;
	c->out->packages.at = n > 0 ? arena_array(c->out_arena, n, sizeof(*c->out->packages.at)) : NULL;
	c->out->packages.cap = c->out->packages.at ? n : 0;
	for (size_t i = 0; i < c->groups.len && st == STATUS_OK; i++)
		if (c->groups.at[i].survives)
			st = put_group(c, &c->groups.at[i], &seen, err);
	map_fini(&seen);
	return st;
}

/* ---- ownership ---- */

/* Could the file be one of a language's packages? Only such files are asked about. */
static bool is_language_file(const struct coalesce *c, struct slice path)
{
	return rules_may_be_owned(c->rules, path);
}

/* Of packages of languages, of files that are not read, and of what went wrong: do the files belong to the system? */
static enum status find_owned(struct coalesce *c, struct err *err)
{
	for (size_t i = 0; i < c->out->packages.len; i++) {
		const struct package *p = &c->out->packages.at[i].package;

		if (!is_system(p->type) && !owned_ask(&c->owned, p->path))
			return nomem(err);
	}
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->diags.len; i++) {
			struct slice where = r->diags.at[i].where;

			if (where.len > 0 && is_language_file(c, where) &&
			    !owned_ask(&c->owned, merged_canonical(&c->merged, where, layer)))
				return nomem(err);
		}
	}
	TRY(unread_ask(&c->owned, &c->merged, c->reports, c->n, c->rules, err));
	owned_answer(&c->owned, &c->merged, c->reports, c->n);
	for (size_t i = 0; i < c->out->packages.len; i++) {
		struct package *p = &c->out->packages.at[i].package;

		if (!is_system(p->type) && owned_has(&c->owned, p->path))
			p->flags |= PACKAGE_OWNED;
	}
	return STATUS_OK;
}

/* ---- distributions, repositories, diagnostics ---- */

static enum status put_distribution(struct coalesce *c, struct err *err)
{
	struct arena *a = c->out_arena;
	unsigned rank;
	const struct distribution *in = best_distribution(c, &rank);
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
		return nomem(err);
	return STATUS_OK;
}

static enum status put_repositories(struct coalesce *c, struct err *err)
{
	struct arena *a = c->out_arena;

	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->repositories.len; i++) {
			const struct layer_repository *in = &r->repositories.at[i];
			struct slice canon = merged_canonical(&c->merged, in->path, layer);
			struct layer_repository *out;

			if (!survives(c, canon, layer))
				continue;
			out = VEC_PUSH(&c->out->repositories, a);
			if (!out || !arena_copy(a, in->name, &out->name) || !arena_copy(a, in->key, &out->key) ||
			    !arena_copy(a, in->uri, &out->uri) || !arena_copy(a, in->cpe, &out->cpe) ||
			    !arena_copy(a, canon, &out->path))
				return nomem(err);
		}
	}
	return STATUS_OK;
}

static enum status put_diag(struct coalesce *c, size_t layer, enum diag_code code, struct slice where, uint64_t offset,
			    struct slice text, struct err *err)
{
	struct index_diag *d = VEC_PUSH(&c->out->diags, c->out_arena);

	if (!d)
		return nomem(err);
	d->layer = layer;
	d->diag.code = code;
	d->diag.offset = offset;
	if (!arena_copy(c->out_arena, where, &d->diag.where) || !arena_copy(c->out_arena, text, &d->diag.text))
		return nomem(err);
	return STATUS_OK;
}

/*
 * What was wrong with a file that an upper layer replaced or deleted is no concern of the image, and neither is a
 * language's file of a system package: the system's advisories cover it.
 */
static bool is_hidden(struct coalesce *c, size_t layer, struct slice where)
{
	const struct merged_event *e;
	struct slice canon;

	if (where.len == 0 || where.len > c->limits->path_bytes)
		return false;
	canon = merged_canonical(&c->merged, where, layer);
	if (owned_has(&c->owned, canon))
		return true;
	if (!merged_knows(&c->merged, canon))
		return false;
	e = visible_at_top(c, canon);
	return !e || e->layer > layer;
}

static enum status put_diags(struct coalesce *c, struct err *err)
{
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->diags.len; i++) {
			const struct layer_diag *d = &r->diags.at[i];

			if (!is_hidden(c, layer, d->where))
				TRY(put_diag(c, layer, d->code, d->where, d->offset, d->text, err));
		}
		if (r->diags_dropped > 0) {
			struct slice text;

			if (!arena_printf(&c->arena, &text, "%llu more diagnostics were left out",
					  (unsigned long long)r->diags_dropped))
				return nomem(err);
			TRY(put_diag(c, layer, DIAG_LIMIT, SLICE_EMPTY, ERR_NO_OFFSET, text, err));
		}
	}
	return STATUS_OK;
}

/* Links that lead nowhere, where a database or a release file was expected. */
static enum status put_link_diags(struct coalesce *c, struct err *err)
{
	struct err_quote q;
	struct slice text;

	TRY(find_asks(c, err));
	for (size_t i = 0; i < c->asks.len; i++) {
		const struct ask *ask = &c->asks.at[i];

		if (!ask->last_is_link || ask->alias.dir)
			continue;
		if (!arena_printf(&c->arena, &text,
				  "the link leads to %s, which is not in the image or is no regular file",
				  err_slice(&q, ask->alias.real)))
			return nomem(err);
		TRY(put_diag(c, SIZE_MAX, DIAG_LINK, ask->alias.wanted, ERR_NO_OFFSET, text, err));
	}
	for (size_t i = 0; i < c->cycles.len; i++)
		TRY(put_diag(c, SIZE_MAX, DIAG_LINK, c->cycles.at[i], ERR_NO_OFFSET,
			     SLICE("the links on the way go in a circle"), err));
	return STATUS_OK;
}

/* ---- databases without packages ---- */

static bool has_package_of(const struct coalesce *c, const struct detector *d)
{
	for (size_t i = 0; i < c->out->packages.len; i++)
		if (slice_eq(c->out->packages.at[i].package.detector, slice_cstr(d->name)))
			return true;
	return false;
}

static bool is_database(const struct coalesce *c, const struct layer_file *f, const struct detector **out)
{
	const struct path_rule *rule;

	*out = rules_detector(c->rules, f->detector);
	if (!*out || (*out)->kind != DETECTOR_PACKAGE)
		return false;
	rule = rules_of(c->rules, *out, f->alias.len > 0 ? f->alias : f->path);
	return rule && rule->match == PATH_EXACT && rule->need != DETECT_PRESENCE;
}

/* It says what was wrong with it: then it is not empty, but nothing of it could be read. */
static bool was_damaged(const struct coalesce *c, size_t layer, struct slice path)
{
	for (size_t i = 0; i < c->out->diags.len; i++) {
		const struct index_diag *d = &c->out->diags.at[i];

		if (d->layer == layer && slice_eq(d->diag.where, path) &&
		    diag_severity(d->diag.code) >= DIAG_SEVERITY_WARNING)
			return true;
	}
	return false;
}

static enum status judge_database(struct coalesce *c, size_t layer, struct slice path, struct err *err)
{
	if (was_damaged(c, layer, path))
		return put_diag(c, layer, DIAG_DATABASE, path, ERR_NO_OFFSET,
				SLICE("no package could be read from the package database"), err);
	return put_diag(c, layer, DIAG_FILE, path, ERR_NO_OFFSET, SLICE("a package database without a package in it"),
			err);
}

static enum status judge_databases(struct coalesce *c, struct err *err)
{
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->files.len; i++) {
			const struct layer_file *f = &r->files.at[i];
			const struct detector *d;

			if (!is_database(c, f, &d) || !survives(c, merged_canonical(&c->merged, f->path, layer), layer))
				continue;
			c->out->expected_packages = true;
			if (f->read && !has_package_of(c, d))
				TRY(judge_database(c, layer, f->path, err));
		}
	}
	return STATUS_OK;
}

static enum status put_unread(struct coalesce *c, struct err *err)
{
	struct unread_kind kinds[UNREAD_KINDS_MAX];
	size_t n = unread_count(&c->owned, &c->merged, c->reports, c->n, c->rules, kinds);

	for (size_t i = 0; i < n; i++) {
		struct slice text;

		if (!arena_printf(&c->arena, &text, "%s are not read yet: %zu found, this is one of them",
				  kinds[i].what, kinds[i].n))
			return nomem(err);
		TRY(put_diag(c, kinds[i].layer, DIAG_UNSUPPORTED, kinds[i].example, ERR_NO_OFFSET, text, err));
	}
	return STATUS_OK;
}

static int by_identity(const void *left, const void *right)
{
	const struct package *a = &((const struct index_package *)left)->package;
	const struct package *b = &((const struct index_package *)right)->package;
	int c = (int)a->type - (int)b->type;

	if (c == 0)
		c = slice_cmp(a->name, b->name);
	if (c == 0)
		c = slice_cmp(a->version, b->version);
	if (c == 0)
		c = slice_cmp(a->arch, b->arch);
	if (c == 0)
		c = slice_cmp(a->db, b->db);
	if (c == 0)
		c = slice_cmp(a->path, b->path);
	return c != 0 ? c : slice_cmp(a->module, b->module);
}

static void judge_complete(struct coalesce *c)
{
	c->out->complete = true;
	for (size_t i = 0; i < c->n; i++)
		if (!c->reports[i]->complete)
			c->out->complete = false;
	for (size_t i = 0; i < c->out->diags.len; i++)
		if (diag_severity(c->out->diags.at[i].diag.code) >= DIAG_SEVERITY_WARNING)
			c->out->complete = false;
}

enum status coalesce_report(struct coalesce *c, struct arena *arena, struct index_report *out, struct err *err)
{
	c->out = out;
	c->out_arena = arena;
	TRY(put_distribution(c, err));
	TRY(put_repositories(c, err));
	TRY(put_packages(c, err));
	TRY(find_owned(c, err));
	TRY(put_diags(c, err));
	TRY(put_link_diags(c, err));
	TRY(judge_databases(c, err));
	TRY(put_unread(c, err));
	out->expected_packages |= out->distributions.len > 0;
	if (out->packages.len > 1)
		qsort(out->packages.at, out->packages.len, sizeof(*out->packages.at), by_identity);
	judge_complete(c);
	return STATUS_OK;
}
