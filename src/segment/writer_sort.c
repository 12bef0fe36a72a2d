/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_sort.c - the final order of rows, advisories and ids.
 *
 * Texts are sorted once and get ranks; everything else is then sorted by small numbers, in passes that count: the last
 * key first, each pass leaves equal entries in the order of the one before.
 */
#include "segment/writer_impl.h"

#include "segment/layout.h"

#include <stdlib.h>

void writer_order_fini(struct writer_order *o)
{
	free(o->rows);
	free(o->advisories);
	free(o->aliases);
	writer_merge_free(o->merge);
	free(o->rank);
}

/* ---- ranks of texts ---- */

typedef int text_cmp(struct slice a, struct slice b);

/* The head of a text decides most comparisons without a look at the text. */
struct ranked {
	uint64_t head[2];
	uint32_t text;
};

struct ranking {
	const struct strpool *pool;
	text_cmp *cmp;
	bool fold;
	struct ranked *list; /* owned while sorting, in the order of the pool */
	uint32_t *order;     /* owned likewise: places in the list, by text. The sort needs as much again: of numbers */
	uint32_t *rank;	     /* owned; by number of the text; only of texts that were marked */
	size_t n;
};

/* Who asks for ranks alone needs no more than them. */
static void forget_texts(struct ranking *r)
{
	free(r->list);
	free(r->order);
	r->list = NULL;
	r->order = NULL;
}

static void ranking_fini(struct ranking *r)
{
	forget_texts(r);
	free(r->rank);
	r->rank = NULL;
}

static bool ranking_init(struct ranking *r, const struct strpool *pool, text_cmp *cmp, bool fold)
{
	*r = (struct ranking){ .pool = pool, .cmp = cmp, .fold = fold };
	r->rank = calloc(pool->n + 1, sizeof(*r->rank));
	return r->rank != NULL;
}

/* The text will be ranked. */
static void mark(struct ranking *r, uint32_t text)
{
	r->n += r->rank[text] == 0;
	r->rank[text] = 1;
}

static uint64_t head_at(struct slice s, size_t at, bool fold)
{
	uint64_t head = 0;

	for (size_t i = at; i < at + 8; i++)
		head = head << 8 | (i < s.len ? fold ? to_lower(s.ptr[i]) : s.ptr[i] : 0);
	return head;
}

static int by_text(const void *pa, const void *pb, void *ctx)
{
	const struct ranking *r = ctx;
	const struct ranked *a = &r->list[*(const uint32_t *)pa], *b = &r->list[*(const uint32_t *)pb];

	for (size_t i = 0; i < ARRAY_LEN(a->head); i++)
		if (a->head[i] != b->head[i])
			return a->head[i] < b->head[i] ? -1 : 1;
	return r->cmp(strpool_at(r->pool, a->text), strpool_at(r->pool, b->text));
}

static bool rank_marked(struct ranking *r)
{
	uint32_t n = 0;

	r->list = malloc((r->n + 1) * sizeof(*r->list));
	r->order = malloc((r->n + 1) * sizeof(*r->order));
	if (!r->list || !r->order)
		return false;
	for (uint32_t i = 0; i < r->pool->n; i++) {
		struct slice s;

		if (r->rank[i] == 0)
			continue;
		s = strpool_at(r->pool, i);
		r->order[n] = n;
		r->list[n++] = (struct ranked){ { head_at(s, 0, r->fold), head_at(s, 8, r->fold) }, i };
	}
	qsort_r(r->order, n, sizeof(*r->order), by_text, r);
	for (uint32_t i = 0; i < n; i++)
		r->rank[r->list[r->order[i]].text] = i;
	return true;
}

/* The text of a rank. */
static struct slice ranked_text(const struct ranking *r, size_t rank)
{
	return strpool_at(r->pool, r->list[r->order[rank]].text);
}

/* ---- sorting by small numbers ---- */

struct sort {
	const struct segment_writer *w;
	const uint32_t *rank;	 /* of the texts */
	const uint32_t *group;	 /* of the ranks of ids: equal without case */
	uint32_t *items, *spare; /* owned; n each */
	size_t n;
};

static void sort_fini(struct sort *s)
{
	free(s->items);
	free(s->spare);
}

static bool sort_init(struct sort *s, const struct segment_writer *w, const uint32_t *rank, size_t n)
{
	*s = (struct sort){ .w = w, .rank = rank, .n = n };
	s->items = malloc((n + 1) * sizeof(*s->items));
	s->spare = malloc((n + 1) * sizeof(*s->spare));
	if (!s->items || !s->spare)
		return false;
	for (uint32_t i = 0; i < n; i++)
		s->items[i] = i;
	return true;
}

typedef uint32_t sort_key(const struct sort *s, uint32_t item);

/* Stable; keys are below n_keys. */
static bool sort_pass(struct sort *s, sort_key *key, size_t n_keys)
{
	uint32_t *counts = calloc(n_keys + 1, sizeof(*counts)), *sorted = s->spare;

	if (!counts)
		return false;
	for (size_t i = 0; i < s->n; i++)
		counts[key(s, s->items[i]) + 1]++;
	for (size_t k = 0; k < n_keys; k++)
		counts[k + 1] += counts[k];
	for (size_t i = 0; i < s->n; i++)
		sorted[counts[key(s, s->items[i])]++] = s->items[i];
	free(counts);
	s->spare = s->items;
	s->items = sorted;
	return true;
}

/* Sort what the passes left equal: runs in which same() holds. */
static void sort_runs(struct sort *s, bool (*same)(const struct sort *s, uint32_t a, uint32_t b),
		      int (*cmp)(const void *a, const void *b, void *ctx))
{
	for (size_t begin = 0, end; begin < s->n; begin = end) {
		for (end = begin + 1; end < s->n && same(s, s->items[begin], s->items[end]); end++)
			;
		if (end - begin > 1)
			qsort_r(s->items + begin, end - begin, sizeof(*s->items), cmp, s);
	}
}

/* Keep the first of each run that cmp calls equal. */
static uint32_t drop_repeats(struct sort *s, int (*cmp)(const void *a, const void *b, void *ctx))
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (n == 0 || cmp(&s->items[n - 1], &s->items[i], s) != 0)
			s->items[n++] = s->items[i];
	return n;
}

static uint32_t *sort_take(struct sort *s)
{
	uint32_t *items = s->items;

	s->items = NULL;
	return items;
}

/* ---- advisories: id, then content ---- */

static uint32_t key_id(const struct sort *s, uint32_t i)
{
	return s->rank[writer_advisory(s->w, i)->id];
}

static bool same_id(const struct sort *s, uint32_t a, uint32_t b)
{
	return writer_advisory(s->w, a)->id == writer_advisory(s->w, b)->id;
}

static int by_content(const void *pa, const void *pb, void *ctx)
{
	const struct sort *s = ctx;
	const struct pending_advisory *a = writer_advisory(s->w, *(const uint32_t *)pa);
	const struct pending_advisory *b = writer_advisory(s->w, *(const uint32_t *)pb);

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->body_len < b->body_len ? -1 : a->body_len > b->body_len;
}

static bool sort_advisories(struct segment_writer *w, const struct ranking *ids, struct writer_order *out)
{
	struct sort AUTO(sort_fini) s = { 0 };

	w->numbers = malloc((w->advisories.len + 1) * sizeof(*w->numbers));
	if (!w->numbers || !sort_init(&s, w, ids->rank, w->advisories.len) || !sort_pass(&s, key_id, ids->n))
		return false;
	sort_runs(&s, same_id, by_content);
	for (uint32_t i = 0; i < s.n; i++)
		w->numbers[s.items[i]] = i;
	out->n_advisories = (uint32_t)s.n;
	out->advisories = sort_take(&s);
	return true;
}

/* ---- rows: scope, package, advisory, detail ---- */

static uint32_t key_row_advisory(const struct sort *s, uint32_t i)
{
	return s->w->numbers[writer_row(s->w, i)->advisory];
}

static uint32_t key_package(const struct sort *s, uint32_t i)
{
	return s->rank[writer_row(s->w, i)->package];
}

static uint32_t key_scope(const struct sort *s, uint32_t i)
{
	return s->rank[writer_row(s->w, i)->scope];
}

static bool same_row(const struct sort *s, uint32_t a, uint32_t b)
{
	const struct pending_row *x = writer_row(s->w, a), *y = writer_row(s->w, b);

	return x->scope == y->scope && x->package == y->package && x->advisory == y->advisory;
}

static int by_detail(const void *pa, const void *pb, void *ctx)
{
	const struct sort *s = ctx;
	uint32_t a = writer_row(s->w, *(const uint32_t *)pa)->detail,
		 b = writer_row(s->w, *(const uint32_t *)pb)->detail;

	return a == b ? 0 : slice_cmp(strpool_at(&s->w->pool, a), strpool_at(&s->w->pool, b));
}

static int by_whole_row(const void *pa, const void *pb, void *ctx)
{
	const struct sort *s = ctx;

	return !same_row(s, *(const uint32_t *)pa, *(const uint32_t *)pb) ||
	       writer_row(s->w, *(const uint32_t *)pa)->detail != writer_row(s->w, *(const uint32_t *)pb)->detail;
}

/* The rows in memory, in order; *out_n without what is said twice. NULL: memory is short. */
static uint32_t *sort_chunk(const struct segment_writer *w, const struct ranking *names, uint32_t *out_n)
{
	struct sort AUTO(sort_fini) s = { 0 };

	if (!sort_init(&s, w, names->rank, w->rows.len) || !sort_pass(&s, key_row_advisory, w->advisories.len) ||
	    !sort_pass(&s, key_package, names->n) || !sort_pass(&s, key_scope, names->n))
		return NULL;
	sort_runs(&s, same_row, by_detail);
	*out_n = drop_repeats(&s, by_whole_row);
	return sort_take(&s);
}

static void mark_rows(const struct segment_writer *w, struct ranking *names)
{
	for (uint32_t i = 0; i < w->rows.len; i++) {
		mark(names, writer_row(w, i)->scope);
		mark(names, writer_row(w, i)->package);
	}
}

/* Each chunk of the file in memory once, through f. */
static enum status each_chunk(struct segment_writer *w,
			      enum status (*f)(struct segment_writer *w, void *ctx, struct err *err), void *ctx,
			      struct err *err)
{
	uint64_t held = w->limits->segment_rows_held;

	for (uint64_t first = 0; first < w->rows_filed; first += held) {
		w->rows.len = (size_t)MIN(held, w->rows_filed - first);
		TRY(writer_rows_get(w, w->row_file, first, w->rows.at, w->rows.len, err));
		TRY(f(w, ctx, err));
	}
	return STATUS_OK;
}

static enum status mark_chunk(struct segment_writer *w, void *ctx, struct err *err)
{
	(void)err;
	mark_rows(w, ctx);
	return STATUS_OK;
}

struct sorting {
	const struct ranking *names;
	struct pending_row *sorted; /* owned; a chunk */
	int fd;
	uint64_t rows;
};

/* Runs are of equal length, so that their places need not be kept: what is said twice stays until they are merged. */
static enum status sort_to_file(struct segment_writer *w, void *ctx, struct err *err)
{
	struct sorting *s = ctx;
	uint32_t n, *order;
	size_t len = w->rows.len;

	order = sort_chunk(w, s->names, &n);
	if (!order)
		return err_nomem(err, "segment");
	for (uint32_t i = 0; i < n; i++)
		s->sorted[i] = *writer_row(w, order[i]);
	for (size_t i = n; i < len; i++)
		s->sorted[i] = s->sorted[n - 1];
	free(order);
	s->rows += len;
	return writer_rows_put(w, &s->fd, s->sorted, len, err);
}

static enum status sort_filed(struct segment_writer *w, struct ranking *names, struct writer_order *out,
			      struct err *err)
{
	struct sorting s = { .names = names, .fd = -1 };
	enum status st = writer_rows_put(w, &w->row_file, w->rows.at, w->rows.len, err);

	w->rows_filed += w->rows.len;
	if (st == STATUS_OK)
		st = each_chunk(w, mark_chunk, names, err);
	if (st == STATUS_OK && !rank_marked(names))
		st = err_nomem(err, "segment");
	forget_texts(names);
	if (st == STATUS_OK) {
		s.sorted = malloc(w->limits->segment_rows_held * sizeof(*s.sorted));
		st = s.sorted ? STATUS_OK : err_nomem(err, "segment");
	}
	if (st == STATUS_OK)
		st = each_chunk(w, sort_to_file, &s, err);
	free(s.sorted);
	free(w->rows.at);
	w->rows = (struct vector){ .size = w->rows.size };
	close_fd(&w->row_file);
	out->rank = names->rank;
	names->rank = NULL;
	if (st != STATUS_OK) {
		close_fd(&s.fd);
		return st;
	}
	return writer_merge_open(w, out->rank, s.fd, s.rows, w->limits->segment_rows_held, &out->merge, err);
}

static enum status sort_rows(struct segment_writer *w, struct writer_order *out, struct err *err)
{
	struct ranking AUTO(ranking_fini) names = { 0 };

	if (!ranking_init(&names, &w->pool, slice_cmp, false))
		return err_nomem(err, "segment");
	if (w->rows_filed > 0)
		return sort_filed(w, &names, out, err);
	mark_rows(w, &names);
	if (!rank_marked(&names))
		return err_nomem(err, "segment");
	forget_texts(&names);
	out->rows = sort_chunk(w, &names, &out->n_rows);
	return out->rows ? STATUS_OK : err_nomem(err, "segment");
}

enum status writer_next_row(const struct segment_writer *w, struct writer_order *o, struct pending_row *out,
			    struct err *err)
{
	if (o->merge)
		return writer_merge_next(o->merge, out, err);
	if (o->at == o->n_rows)
		return STATUS_NOTFOUND;
	*out = *writer_row(w, o->rows[o->at++]);
	return STATUS_OK;
}

/* ---- ids and aliases: without case, then advisory; of spellings that differ in case alone the first one ---- */

static uint32_t key_spelling(const struct sort *s, uint32_t i)
{
	return s->rank[writer_alias(s->w, i)->id];
}

static uint32_t key_alias_advisory(const struct sort *s, uint32_t i)
{
	return s->w->numbers[writer_alias(s->w, i)->advisory];
}

static uint32_t key_group(const struct sort *s, uint32_t i)
{
	return s->group[s->rank[writer_alias(s->w, i)->id]];
}

static int by_alias(const void *pa, const void *pb, void *ctx)
{
	const struct sort *s = ctx;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return key_group(s, a) != key_group(s, b) || writer_alias(s->w, a)->advisory != writer_alias(s->w, b)->advisory;
}

static bool sort_aliases(struct segment_writer *w, const struct ranking *ids, struct writer_order *out)
{
	struct sort AUTO(sort_fini) s = { 0 };
	uint32_t *group = calloc(ids->n + 1, sizeof(*group));
	bool good = group && sort_init(&s, w, ids->rank, w->aliases.len);

	for (size_t i = 1; good && i < ids->n; i++)
		group[i] = group[i - 1] + !slice_eq_nocase(ranked_text(ids, i - 1), ranked_text(ids, i));
	s.group = group;
	good = good && sort_pass(&s, key_spelling, ids->n) && sort_pass(&s, key_alias_advisory, w->advisories.len) &&
	       sort_pass(&s, key_group, ids->n);
	if (good) {
		out->n_aliases = drop_repeats(&s, by_alias);
		out->aliases = sort_take(&s);
	}
	free(group);
	return good;
}

enum status writer_sort(struct segment_writer *w, struct writer_order *out, struct err *err)
{
	struct ranking AUTO(ranking_fini) ids = { 0 };

	if (!ranking_init(&ids, &w->pool, layout_id_cmp, true))
		return err_nomem(err, "segment");
	for (uint32_t i = 0; i < w->aliases.len; i++)
		mark(&ids, writer_alias(w, i)->id);
	if (!rank_marked(&ids) || !sort_advisories(w, &ids, out) || !sort_aliases(w, &ids, out))
		return err_nomem(err, "segment");
	ranking_fini(&ids); /* before the rows need memory */
	return sort_rows(w, out, err);
}
