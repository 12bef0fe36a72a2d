/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_affected.c - from a vulnerability over the inverse index to manifests. */
#include "service/indexer_affected.h"

#include "service/indexer_impl.h"

#include <stdlib.h>

#define PAGE_PACKAGES 1000
#define PAGE_MANIFESTS 1000
#define PAGE_MEMORY ((size_t)64 << 20)
#define PACKAGES_MAX ((size_t)1000000) /* versions and places of one name that are affected */

struct search {
	const struct judge_question *questions;
	const struct judge_known *known;
	struct store *store;
	struct indexer_affected *pairs; /* owned */
	size_t n, cap;
	uint64_t *packages; /* owned: numbers of the affected ones, of the question at hand */
	size_t n_packages, cap_packages;
};

static bool grow(void **at, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap ? 2 * *cap : 256;
	void *p = n < *cap ? *at : realloc(*at, more * size);

	if (!p)
		return false;
	if (n >= *cap)
		*cap = more;
	*at = p;
	return true;
}

static enum status add_pair(struct search *s, const struct digest *manifest, size_t question, struct err *err)
{
	if (s->n >= INDEXER_AFFECTED_MAX)
		return err_set(err, STATUS_LIMIT, "more than %zu answers: ask about fewer vulnerabilities",
			       INDEXER_AFFECTED_MAX);
	if (!grow((void **)&s->pairs, &s->cap, s->n, sizeof(*s->pairs)))
		return err_nomem(err, "affected manifests");
	s->pairs[s->n++] = (struct indexer_affected){ *manifest, question };
	return STATUS_OK;
}

/* ---- packages ---- */

static bool is_affected(const struct search *s, const struct judge_question *q, const struct store_package *found)
{
	struct package p = { .type = package_type_by_purl(found->type),
			     .name = found->name,
			     .version = found->version,
			     .arch = found->arch,
			     .module = found->module,
			     .source_name = found->source_name,
			     .source_version = found->source_version };

	return judge_affects(q, &p, found->scope, s->known);
}

static enum status page_of_packages(struct search *s, const struct judge_question *q, struct arena *arena,
				    uint64_t *after, bool *out_last, struct err *err)
{
	struct store_package_row *rows;
	size_t n;

	TRY(store_packages_named(s->store, q->name, *after, PAGE_PACKAGES, arena, &rows, &n, err));
	for (size_t i = 0; i < n; i++) {
		*after = rows[i].id;
		if (!is_affected(s, q, &rows[i].package))
			continue;
		if (s->n_packages >= PACKAGES_MAX)
			return err_set(err, STATUS_LIMIT, "more than %zu versions of one package", PACKAGES_MAX);
		if (!grow((void **)&s->packages, &s->cap_packages, s->n_packages, sizeof(*s->packages)))
			return err_nomem(err, "affected packages");
		s->packages[s->n_packages++] = rows[i].id;
	}
	*out_last = n < PAGE_PACKAGES;
	return STATUS_OK;
}

static enum status find_packages(struct search *s, const struct judge_question *q, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(PAGE_MEMORY);
	uint64_t after = 0;
	bool last = false;

	s->n_packages = 0;
	while (!last) {
		TRY(page_of_packages(s, q, &arena, &after, &last, err));
		arena_reset(&arena);
	}
	return STATUS_OK;
}

/* ---- manifests ---- */

static enum status find_manifests(struct search *s, size_t question, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(PAGE_MEMORY);
	struct store_affected *found;
	uint64_t after = 0;
	size_t n = s->n_packages > 0 ? PAGE_MANIFESTS : 0;

	while (n == PAGE_MANIFESTS) {
		TRY(store_manifests_with(s->store, s->packages, s->n_packages, after, PAGE_MANIFESTS, &arena, &found,
					 &n, err));
		for (size_t i = 0; i < n; i++) {
			after = found[i].manifest;
			TRY(add_pair(s, &found[i].digest, question, err));
		}
		arena_reset(&arena);
	}
	return STATUS_OK;
}

static int by_manifest(const void *a, const void *b, void *ctx)
{
	const struct indexer_affected *x = a, *y = b;
	const struct judge_question *q = ctx;
	int c = memcmp(&x->manifest.bytes, &y->manifest.bytes, sizeof(x->manifest.bytes));

	if (c == 0)
		c = (x->manifest.algo > y->manifest.algo) - (x->manifest.algo < y->manifest.algo);
	if (c == 0)
		c = (q[x->question].severity < q[y->question].severity) -
		    (q[x->question].severity > q[y->question].severity);
	return c != 0 ? c : (x->question > y->question) - (x->question < y->question);
}

static enum status search(struct search *s, size_t n, bool (*stop)(void *ctx), void *ctx, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (s->questions[i].refused.len > 0)
			continue;
		if (stop && stop(ctx))
			return err_set(err, STATUS_CANCELLED, "nobody waits for the answer");
		TRY(find_packages(s, &s->questions[i], err));
		TRY(find_manifests(s, i, err));
	}
	if (s->n > 1)
		qsort_r(s->pairs, s->n, sizeof(*s->pairs), by_manifest, (void *)(uintptr_t)s->questions);
	return STATUS_OK;
}

enum status indexer_affected(struct indexer *ix, const struct judge_question *questions, size_t n,
			     const struct judge_known *known, bool (*stop)(void *ctx), void *ctx,
			     struct indexer_affected **out, size_t *out_n, struct err *err)
{
	struct search s = { .questions = questions, .known = known };
	enum status st;

	TRY(indexer_take(ix, &s.store, err));
	st = search(&s, n, stop, ctx, err);
	store_pool_give(ix->options.store, s.store);
	free(s.packages);
	if (st != STATUS_OK) {
		free(s.pairs);
		return st;
	}
	*out = s.pairs;
	*out_n = s.n;
	return STATUS_OK;
}
