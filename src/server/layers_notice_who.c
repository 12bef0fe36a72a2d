/* SPDX-License-Identifier: Apache-2.0 */
/* layers_notice_who.c - the posted layers that brought a package which a vulnerability affects. */
#include "server/layers_notices.h"

#include "match/place.h"

#include <stdatomic.h>

#define PAGE 1000u
#define CANDIDATES 500u
#define PAGE_MEMORY ((size_t)64 << 20)
#define PACKAGES_MAX ((size_t)1000000)
#define PREPARED SLICE("prepared") /* no digest */

/* ---- packages ---- */

enum status notice_packages_add(struct notice_packages *p, uint64_t id, struct arena *arena, struct err *err)
{
	if (p->n >= PACKAGES_MAX)
		return err_set(err, STATUS_LIMIT, "more than %zu versions of packages", PACKAGES_MAX);
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 32;
		uint64_t *at = arena_array(arena, room, sizeof(*at));

		if (!at)
			return err_nomem(err, "affected packages");
		if (p->n > 0)
			memcpy(at, p->at, p->n * sizeof(*at));
		p->at = at;
		p->room = room;
	}
	p->at[p->n++] = id;
	return STATUS_OK;
}

/* As the page of a layer has it: by the source's name and version, where the distribution's advisories are about that.
 */
static bool fix_hits(const struct layers_fix *fix, const struct store_package *p)
{
	enum package_type type = package_type_by_purl(p->type);
	const struct version_scheme *scheme = package_type_scheme(type);
	bool source = type == PACKAGE_DEB && p->source_name.len > 0;
	struct slice version = source && p->source_version.len > 0 ? p->source_version : p->version;

	if (!slice_eq(fix->feature, source ? p->source_name : p->name))
		return false;
	if (slice_eq(fix->version, SLICE("None")))
		return true;
	return scheme && scheme->valid(version) && scheme->compare(version, fix->version) < 0;
}

static enum status is_affected(const struct notice_side *side, const struct store_package *p,
			       const struct judge_known *known, struct arena *arena, bool *out, struct err *err)
{
	struct slice space;

	*out = side->n_rows > 0 && notify_rows_affect(side->rows, side->n_rows, p, known);
	if (side->n_rows > 0)
		return STATUS_OK;
	if (!layers_namespace_of_scope(place_scope(p->scope), arena, &space))
		return err_nomem(err, "affected packages");
	for (size_t i = 0; i < side->advisory.n_fixes && !*out && slice_eq(space, side->advisory.space); i++)
		*out = fix_hits(&side->advisory.fixes[i], p);
	return STATUS_OK;
}

static enum status add_named(struct store *s, const struct notice_side *side, struct slice name,
			     const struct judge_known *known, struct arena *arena, struct notice_packages *out,
			     struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(PAGE_MEMORY);
	uint64_t after = 0;
	size_t n = PAGE;

	while (n == PAGE) {
		struct store_package_row *rows;

		arena_reset(&scratch);
		TRY(store_packages_named(s, name, after, PAGE, &scratch, &rows, &n, err));
		for (size_t i = 0; i < n; i++) {
			bool affected;

			after = rows[i].id;
			TRY(is_affected(side, &rows[i].package, known, &scratch, &affected, err));
			if (affected)
				TRY(notice_packages_add(out, rows[i].id, arena, err));
		}
	}
	return STATUS_OK;
}

static struct slice name_at(const struct notice_side *side, size_t i)
{
	return side->n_rows > 0 ? side->rows[i].q.name : side->advisory.fixes[i].feature;
}

enum status notice_packages_of(struct store *s, const struct notice_side *side, const struct judge_known *known,
			       struct arena *arena, struct notice_packages *out, struct err *err)
{
	size_t n = side->n_rows > 0 ? side->n_rows : side->advisory.n_fixes;

	*out = (struct notice_packages){ .n = 0 };
	for (size_t i = 0; side->there && i < n; i++) {
		bool asked = false;

		for (size_t k = 0; k < i && !asked; k++)
			asked = slice_eq(name_at(side, k), name_at(side, i));
		if (!asked)
			TRY(add_named(s, side, name_at(side, i), known, arena, out, err));
	}
	return STATUS_OK;
}

/* ---- which layer a manifest is ---- */

static struct slice text_of(const struct digest *manifest, struct digest_text *text)
{
	return slice_cstr(digest_print(text, manifest));
}

enum status notice_layer_put(struct store *s, const struct digest *manifest, struct slice name, struct err *err)
{
	struct digest_text text;

	return store_document_put(s, STORE_DOCUMENT_LAYER_OF, text_of(manifest, &text), SLICE_EMPTY, name, err);
}

enum status notice_layer_forget(struct store *s, const struct digest *manifest, struct err *err)
{
	struct digest_text text;
	bool deleted;

	return store_document_delete(s, STORE_DOCUMENT_LAYER_OF, text_of(manifest, &text), &deleted, err);
}

static enum status prepare_page(struct store *s, const struct store_document *page, size_t n, struct arena *arena,
				struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct layers_chain chain;
		enum status st = layers_chain_parse(page[i].body, &limits_default, arena, &chain, err);

		if (st == STATUS_OK)
			st = notice_layer_put(s, &chain.manifest, page[i].name, err);
		/* A damaged one cannot be asked for either. */
		if (st != STATUS_OK && st != STATUS_MALFORMED)
			return st;
	}
	return STATUS_OK;
}

/* Level by level: layers are listed by the one below them. */
enum status notice_layers_prepare(struct store *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 30);
	VEC(struct slice) owners = { NULL, 0, 0 };
	struct slice *slot = VEC_PUSH(&owners, &arena);
	struct store_document have, *page;
	enum status st = store_document_get(s, STORE_DOCUMENT_LAYER_OF, PREPARED, &arena, &have, err);

	if (st != STATUS_NOTFOUND)
		return st;
	if (!slot)
		return err_nomem(err, "layers");
	*slot = SLICE_EMPTY;
	for (size_t i = 0; i < owners.len; i++) {
		struct slice after = SLICE_EMPTY;
		size_t n = PAGE;

		while (n == PAGE) {
			TRY(store_documents(s, STORE_DOCUMENT_LAYER, owners.at[i], after, PAGE, &arena, &page, &n,
					    err));
			TRY(prepare_page(s, page, n, &arena, err));
			for (size_t k = 0; k < n; k++) {
				slot = VEC_PUSH(&owners, &arena);
				if (!slot)
					return err_nomem(err, "layers");
				*slot = after = page[k].name;
			}
		}
	}
	return store_document_put(s, STORE_DOCUMENT_LAYER_OF, PREPARED, SLICE_EMPTY, SLICE_EMPTY, err);
}

/*
 * name: of the layer that the manifest was. *out_name: the same if it still is, else ""; *parent: of the layer below,
 * DIGEST_NONE if there is none.
 */
static enum status layer_of(struct store *s, const struct digest *manifest, struct slice name, struct arena *arena,
			    struct slice *out_name, struct digest *parent, struct err *err)
{
	struct store_document d, below;
	struct layers_chain chain;
	enum status st;

	*out_name = SLICE_EMPTY;
	*parent = (struct digest){ .algo = DIGEST_NONE };
	st = store_document_get(s, STORE_DOCUMENT_LAYER, name, arena, &d, err);
	if (st == STATUS_OK)
		st = layers_chain_parse(d.body, &limits_default, arena, &chain, err);
	if (st == STATUS_NOTFOUND || st == STATUS_MALFORMED)
		return STATUS_OK;
	TRY(st);
	/* It has been posted on another chain since. */
	if (!digest_eq(&chain.manifest, manifest))
		return STATUS_OK;
	*out_name = d.name;
	if (d.owner.len == 0)
		return STATUS_OK;
	st = store_document_get(s, STORE_DOCUMENT_LAYER, d.owner, arena, &below, err);
	if (st == STATUS_OK)
		st = layers_chain_parse(below.body, &limits_default, arena, &chain, err);
	if (st == STATUS_NOTFOUND || st == STATUS_MALFORMED)
		return STATUS_OK;
	if (st == STATUS_OK)
		*parent = chain.manifest;
	return st;
}

/* Has the layer one of the packages that the layer below has not? */
static enum status brings(struct store *s, const struct digest *manifest, const struct digest *parent,
			  const struct notice_packages *p, struct arena *arena, bool *out, struct err *err)
{
	bool *has = arena_array(arena, p->n + 1, sizeof(*has)), *had = arena_array(arena, p->n + 1, sizeof(*had));

	*out = parent->algo == DIGEST_NONE;
	if (*out)
		return STATUS_OK;
	if (!has || !had)
		return err_nomem(err, "layers");
	TRY(store_manifest_has(s, manifest, p->at, p->n, has, err));
	TRY(store_manifest_has(s, parent, p->at, p->n, had, err));
	for (size_t i = 0; i < p->n && !*out; i++)
		*out = has[i] && !had[i];
	return STATUS_OK;
}

struct search {
	struct store *store;
	const struct notice_packages *packages;
	size_t max;
	struct notice_layers *out;
	struct arena *arena;
};

/* *full: the page has all it may have, and this one would be the next. */
static enum status look_at(struct search *q, const struct store_affected *a, struct slice known, struct arena *scratch,
			   bool *full, struct err *err)
{
	struct notice_layer *at = &q->out->at[q->out->n];
	struct digest parent;
	struct slice name;
	bool brought;

	if (known.len == 0)
		return STATUS_OK;
	TRY(layer_of(q->store, &a->digest, known, scratch, &name, &parent, err));
	if (name.len == 0)
		return STATUS_OK;
	TRY(brings(q->store, &a->digest, &parent, q->packages, scratch, &brought, err));
	if (!brought)
		return STATUS_OK;
	*full = q->out->n == q->max;
	if (*full) {
		q->out->next = (int64_t)a->manifest;
		return STATUS_OK;
	}
	at->index = a->manifest;
	q->out->n++;
	return arena_copy(q->arena, name, &at->name) ? STATUS_OK : err_nomem(err, "layers");
}

/* The layers that the manifests of a page are: names[i] is "" for one that is none. One question for all of them. */
static enum status names_of(struct store *s, const struct store_affected *page, size_t n, struct arena *arena,
			    struct slice names[CANDIDATES], struct err *err)
{
	struct digest_text *texts = arena_array(arena, n + 1, sizeof(*texts));
	struct slice *keys = arena_array(arena, n + 1, sizeof(*keys));
	struct store_document *found;
	size_t n_found;

	if (!texts || !keys)
		return err_nomem(err, "layers");
	for (size_t i = 0; i < n; i++) {
		keys[i] = text_of(&page[i].digest, &texts[i]);
		names[i] = SLICE_EMPTY;
	}
	TRY(store_documents_named(s, STORE_DOCUMENT_LAYER_OF, keys, n, arena, &found, &n_found, err));
	for (size_t k = 0; k < n_found; k++)
		for (size_t i = 0; i < n; i++)
			if (slice_eq(keys[i], found[k].name))
				names[i] = found[k].body;
	return STATUS_OK;
}

enum status notice_layers_with(struct store *s, const struct notice_packages *packages, int64_t start, size_t max,
			       size_t looked_at, const _Atomic bool *stop, struct arena *arena,
			       struct notice_layers *out, struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT((size_t)256 << 20);
	struct search q = { .store = s, .packages = packages, .max = max, .out = out, .arena = arena };
	struct slice names[CANDIDATES];
	uint64_t after = start > 0 ? (uint64_t)start - 1 : 0;
	size_t n = CANDIDATES, looked = 0;
	bool full = false;

	*out = (struct notice_layers){ .at = arena_array(arena, max + 1, sizeof(*out->at)), .next = NOTICE_END };
	if (!out->at)
		return err_nomem(err, "layers");
	while (start != NOTICE_END && packages->n > 0 && n == CANDIDATES && !full) {
		struct store_affected *page;

		if (stop && atomic_load(stop))
			return err_set(err, STATUS_CANCELLED, "stopped");
		if (looked_at > 0 && looked >= looked_at) {
			out->next = (int64_t)after + 1;
			return STATUS_OK;
		}
		arena_reset(&scratch);
		TRY(store_manifests_with(s, packages->at, packages->n, after, CANDIDATES, &scratch, &page, &n, err));
		TRY(names_of(s, page, n, &scratch, names, err));
		for (size_t i = 0; i < n && !full; i++) {
			after = page[i].manifest;
			TRY(look_at(&q, &page[i], names[i], &scratch, &full, err));
		}
		looked += n;
	}
	return STATUS_OK;
}
