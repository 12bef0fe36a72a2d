/* SPDX-License-Identifier: Apache-2.0 */
/* affected_v1.c - Clair's affected_manifest: which manifests have what these vulnerabilities affect. */
#include "base/map.h"
#include "server/handler.h"
#include "server/negotiate.h"
#include "service/indexer_affected.h"
#include "service/matcher.h"
#include "text/json_writer.h"

#include <stdlib.h>

static const char *const types[] = { "application/vnd.clair.affected_manifests.v1+json", "application/json" };

static bool is_gone(void *ctx)
{
	return request_gone(ctx);
}

/* Those that have an answer; of one id the last, as a member can be there but once. */
static bool put_vulnerabilities(struct json_writer *w, const judge_question_list *questions,
				const struct indexer_affected *pairs, size_t n)
{
	struct map last = MAP_INIT; /* id -> question + 1 */
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++) {
		bool is_new;
		uint64_t *slot = map_slot(&last, questions->at[pairs[i].question].id, &is_new);

		ok = slot != NULL;
		if (ok)
			*slot = MAX(*slot, (uint64_t)pairs[i].question + 1);
	}
	json_key(w, "vulnerabilities");
	json_object(w);
	for (size_t i = 0; i < questions->len && ok; i++) {
		uint64_t which;

		if (!map_get(&last, questions->at[i].id, &which) || which != i + 1)
			continue;
		json_key_slice(w, questions->at[i].id);
		json_raw(w, questions->at[i].json);
	}
	json_close(w);
	map_fini(&last);
	return ok;
}

static void put_manifests(struct json_writer *w, const judge_question_list *questions,
			  const struct indexer_affected *pairs, size_t n)
{
	struct digest_text text;

	json_key(w, "vulnerable_manifests");
	json_object(w);
	for (size_t i = 0; i < n; i++) {
		bool first = i == 0 || !digest_eq(&pairs[i].manifest, &pairs[i - 1].manifest);

		if (first && i > 0)
			json_close(w);
		if (first) {
			json_key(w, digest_print(&text, &pairs[i].manifest));
			json_array(w);
		}
		json_string(w, questions->at[pairs[i].question].id);
	}
	if (n > 0)
		json_close(w);
	json_close(w);
}

/* One that cannot be judged among others costs only its own answer; nothing but such is the client's mistake. */
static const struct judge_question *refused(const judge_question_list *questions)
{
	for (size_t i = 0; i < questions->len; i++)
		if (questions->at[i].refused.len == 0)
			return NULL;
	return questions->len > 0 ? &questions->at[0] : NULL;
}

static enum status answer(const judge_question_list *questions, const struct indexer_affected *pairs, size_t n,
			  struct response *resp, struct err *err)
{
	struct json_writer w;

	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	if (!put_vulnerabilities(&w, questions, pairs, n))
		return err_nomem(err, "affected manifests");
	put_manifests(&w, questions, pairs, n);
	json_close(&w);
	return json_writer_end(&w, err);
}

enum status indexer_affected_manifest(struct server_context *ctx, const struct request *req, struct response *resp,
				      struct err *err)
{
	const char *type = NEGOTIATE_TYPE(req, resp, types);
	judge_question_list questions = { 0 };
	const struct judge_question *bad;
	struct indexer_affected *pairs = NULL;
	struct judge_known known;
	struct held_set *held;
	struct err_quote q;
	size_t n = 0;
	enum status st;

	if (!type)
		return STATUS_OK;
	if (slice_trim(req->body).len == 0)
		return response_error(resp, 400, "failed to deserialize vulnerabilities: EOF");
	st = judge_parse(req->body, &limits_default, req->arena, &questions, err);
	if (st == STATUS_NOMEM)
		return st;
	if (st != STATUS_OK)
		return response_error(resp, 400, "failed to deserialize vulnerabilities: %s", err->msg);
	bad = refused(&questions);
	if (bad)
		return response_error(resp, 400, "vulnerability \"%s\": %.*s", err_slice(&q, bad->id),
				      SLICE_ARG(bad->refused));
	/* The segments are the matcher's, where there is one beside this indexer. */
	held = ctx->matcher ? matcher_hold_known(ctx->matcher, &known) : NULL;
	st = indexer_affected(ctx->indexer, questions.at, questions.len, held ? &known : NULL, is_gone,
			      (void *)(uintptr_t)req, &pairs, &n, err);
	if (held)
		matcher_let_go(held);
	if (st == STATUS_CANCELLED || st == STATUS_LIMIT || st == STATUS_NOMEM)
		return st;
	if (st != STATUS_OK)
		return response_error(resp, 500, "could not retrieve affected manifests: %s", err->msg);
	response_content_type(resp, type);
	st = answer(&questions, pairs, n, resp, err);
	free(pairs);
	return st;
}
