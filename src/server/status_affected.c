/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status_affected.c - limpid's own API: manifests that a vulnerability affects, by any of its names.
 *
 * The id's rows in the segments in force are the questions that the inverse index answers; only reports of manifests
 * that it names are looked into, and have the last word.
 */
#include "base/date.h"
#include "segment/segment.h"
#include "server/report_json.h"
#include "server/status_impl.h"
#include "service/indexer_affected.h"
#include "service/matcher.h"
#include "store/pool.h"

#include <stdlib.h>

#define STORE_WAIT_MS 10000u
/* What one answer may take: a client asks on with next. */
#define ANSWER_NS UINT64_C(2000000000)
/* Memory of one report while it is looked through; index reports have at most this. */
#define REPORT_MEMORY ((size_t)512 << 20)
/* Advisories of one segment with the id, rows of all of them: a kernel's CVE has hundreds. */
#define ADVISORIES_MAX 4096u
#define ROWS_MAX 100000u
/* More are not put in the order of their times: each costs a look into the store. */
#define SORTED_MAX 20000u

struct candidate {
	struct digest manifest;
	int64_t updated_s;
};

struct look {
	struct server_context *ctx;
	const struct request *req;
	struct slice id;
	judge_question_list questions; /* of the request's arena */
	struct candidate *at;	       /* owned */
	size_t n;
	uint64_t searched, unreadable, end_ns;
};

static void look_fini(struct look *l)
{
	free(l->at);
}

/* ---- from an id to questions ---- */

static enum status on_row(void *ctx, const struct segment *s, uint32_t row, struct err *err)
{
	struct look *l = ctx;
	struct judge_question *q;
	struct affected a;
	uint32_t advisory;

	if (l->questions.len >= ROWS_MAX)
		return err_set(err, STATUS_LIMIT, "more than %u rows speak of it", ROWS_MAX);
	TRY(segment_row(s, row, l->req->arena, &a, &advisory, err));
	if (a.status != AFFECTED_YES)
		return STATUS_OK;
	q = VEC_PUSH(&l->questions, l->req->arena);
	if (!q)
		return err_nomem(err, "rows of a vulnerability");
	*q = (struct judge_question){ .id = l->id, .name = a.package, .scope = a.scope, .row = a };
	return STATUS_OK;
}

static enum status ask_segment(struct look *l, const struct segment *s, struct err *err)
{
	uint32_t *advisories = arena_array(l->req->arena, ADVISORIES_MAX, sizeof(*advisories));
	struct segment_row_sink sink = { on_row, l };
	size_t n;

	if (!advisories)
		return err_nomem(err, "advisories");
	TRY(segment_by_alias(s, l->id, advisories, ADVISORIES_MAX, &n, err));
	return n == 0 ? STATUS_OK : segment_rows_of(s, advisories, MIN(n, ADVISORIES_MAX), &sink, err);
}

static enum status ask_segments(struct look *l, const struct segment_set *set, struct err *err)
{
	for (size_t i = 0; i < segment_set_count(set); i++) {
		const struct segment *s = segment_set_at(set, i, NULL);

		if (s)
			TRY(ask_segment(l, s, err));
	}
	return STATUS_OK;
}

/* ---- from questions to manifests ---- */

static int newest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int c = (x->updated_s < y->updated_s) - (x->updated_s > y->updated_s);

	return c ? c : memcmp(x->manifest.bytes, y->manifest.bytes, sizeof(x->manifest.bytes));
}

static bool is_gone(void *ctx)
{
	return request_gone(ctx);
}

static enum status put_dates(struct look *l, struct err *err)
{
	struct store *s;

	TRY(store_pool_take(l->ctx->indexer_store, STORE_WAIT_MS, &s, err));
	for (size_t i = 0; i < l->n && l->n <= SORTED_MAX; i++) {
		struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)16 << 20);
		struct store_manifest m;

		/* One that was deleted meanwhile is found out when its report is asked for. */
		if (store_manifest_get(s, &l->at[i].manifest, &arena, &m, NULL, err) == STATUS_OK)
			l->at[i].updated_s = m.updated_s;
	}
	store_pool_give(l->ctx->indexer_store, s);
	if (l->n > 1)
		qsort(l->at, l->n, sizeof(*l->at), newest_first);
	return STATUS_OK;
}

static enum status find(struct look *l, struct err *err)
{
	struct indexer_affected *pairs = NULL;
	struct judge_known known;
	struct held_set *held = l->ctx->matcher ? matcher_hold_known(l->ctx->matcher, &known) : NULL;
	enum status st;
	size_t n = 0;

	st = indexer_affected(l->ctx->indexer, l->questions.at, l->questions.len, held ? &known : NULL, is_gone,
			      (void *)(uintptr_t)l->req, &pairs, &n, err);
	if (held)
		matcher_let_go(held);
	TRY(st);
	l->at = calloc(n + 1, sizeof(*l->at));
	for (size_t i = 0; l->at && i < n; i++)
		if (i == 0 || !digest_eq(&pairs[i].manifest, &pairs[i - 1].manifest))
			l->at[l->n++].manifest = pairs[i].manifest;
	free(pairs);
	return l->at ? put_dates(l, err) : err_nomem(err, "affected manifests");
}

/* ---- the answer ---- */

static enum status look_into(struct look *l, const struct candidate *c, struct json_writer *w, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(REPORT_MEMORY);
	struct err inner = ERR_INIT;
	struct report_body *body;
	enum status st = report_json_get(l->ctx->matcher, &c->manifest, &arena, &body, &inner);

	l->searched++;
	/* Deleted meanwhile. */
	if (st == STATUS_NOTFOUND)
		return STATUS_OK;
	if (st != STATUS_OK) {
		l->unreadable++;
		return STATUS_OK;
	}
	st = report_json_affected(body->bytes, l->id, &c->manifest, c->updated_s, w, err);
	report_body_unref(body);
	return st;
}

static enum status put(struct look *l, uint64_t from, uint64_t limit, struct json_writer *w, struct err *err)
{
	size_t i = (size_t)MIN(from, l->n);

	json_object(w);
	json_member_str(w, "id", l->id);
	json_key(w, "affected");
	json_array(w);
	for (; i < l->n && l->searched < limit && date_monotonic_ns() < l->end_ns; i++) {
		TRY(look_into(l, &l->at[i], w, err));
		if (request_gone(l->req))
			return err_set(err, STATUS_CANCELLED, "nobody waits for the answer");
	}
	json_close(w);
	json_member_u64(w, "candidates", l->n);
	json_member_u64(w, "searched", l->searched);
	json_member_u64(w, "unreadable", l->unreadable);
	status_put_next(w, i < l->n ? i : 0);
	json_close(w);
	return STATUS_OK;
}

static enum status answer(struct look *l, uint64_t from, uint64_t limit, struct response *resp, struct err *err)
{
	const struct segment_set *set;
	struct held_set *held = matcher_hold(l->ctx->matcher, &set);
	enum status st = ask_segments(l, set, err);
	struct json_writer w;

	/* Rows borrow from the segments. */
	if (st == STATUS_OK)
		st = find(l, err);
	matcher_let_go(held);
	TRY(st);
	json_writer_init(&w, &resp->body, 0);
	TRY(put(l, from, limit, &w, err));
	return status_end(&w, resp, err);
}

enum status affected_get(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	struct look AUTO(look_fini) l = { .ctx = ctx, .req = req, .end_ns = date_monotonic_ns() + ANSWER_NS };
	uint64_t from = 0, limit = STATUS_PAGE_MAX;

	if (!request_query(req, "id", &l.id) || slice_trim(l.id).len == 0)
		return response_error(resp, 400, "id is missing: the id of a vulnerability, as CVE-2014-0160");
	l.id = slice_trim(l.id);
	if (!status_query_number(req, resp, "before", UINT64_MAX, &from) ||
	    !status_query_number(req, resp, "limit", STATUS_PAGE_MAX, &limit))
		return STATUS_OK;
	if (!ctx->indexer_store || !ctx->indexer)
		return response_error(resp, 409, "this process has no indexer: it does not know the manifests");
	if (!matcher_ready(ctx->matcher)) {
		resp->code = 202;
		return STATUS_OK;
	}
	return answer(&l, from, limit, resp, err);
}
