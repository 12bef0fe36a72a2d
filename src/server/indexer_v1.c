/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_v1.c - Clair's indexer API: index reports and the indexer's state. */
#include "server/handler.h"
#include "server/negotiate.h"
#include "service/indexer.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <stdio.h>

#define REPORT_TYPE "application/vnd.clair.index_report.v1+json"
#define DIGESTS_MAX 10000 /* of one bulk delete */

/* What a turned away client should wait: a layer of an ordinary image takes a second or two. */
#define RETRY_AFTER_S "5"

static const char *const report_types[] = { REPORT_TYPE, "application/json" };
static const char *const state_types[] = { "application/vnd.clair.index_state.v1+json", "application/json" };

static void put_links(struct response *resp, const char *digest)
{
	response_header_printf(resp, "Link", "</indexer/api/v1/index_report/%s>; rel=\"https://projectquay.io/clair/v1/"
					     "index_report\"",
			       digest);
	response_header_printf(resp, "Link",
			       "</matcher/api/v1/vulnerability_report/%s>; rel=\"https://projectquay.io/clair/v1/"
			       "vulnerability_report\"",
			       digest);
}

static void put_body(struct response *resp, const char *type, struct slice body)
{
	response_content_type(resp, type);
	response_shared(resp, body, NULL, NULL); /* of the request's arena */
}

/* ---- POST index_report ---- */

static bool is_gone(void *ctx)
{
	return request_gone(ctx);
}

static enum status answer_post(const struct indexer_answer *a, const char *digest, struct response *resp)
{
	switch (a->result) {
	case INDEXER_FINISHED:
		resp->code = 201;
		response_etag(resp, indexer_state());
		response_header_printf(resp, "Location", "/indexer/api/v1/index_report/%s", digest);
		put_body(resp, REPORT_TYPE, a->report);
		return STATUS_OK;
	case INDEXER_BAD_LAYER:
	case INDEXER_MISSING_LAYERS:
		return response_error(resp, 400, "failed to start scan: %.*s", SLICE_ARG(a->error));
	case INDEXER_FAILED:
		break;
	}
	return response_error(resp, 500, "failed to start scan: %.*s", SLICE_ARG(a->error));
}

enum status indexer_index_report_post(struct server_context *ctx, const struct request *req, struct response *resp,
				      struct err *err)
{
	struct posted_manifest manifest;
	struct indexer_answer answer;
	struct digest_text text;
	enum status st;

	st = posted_manifest_parse(req->body, &limits_default, req->arena, &manifest, err);
	if (st == STATUS_NOMEM)
		return st;
	if (st == STATUS_INVALID)
		return response_error(resp, 400, "%s", err->msg);
	if (st != STATUS_OK)
		return response_error(resp, 400, "failed to deserialize manifest: %s", err->msg);
	put_links(resp, digest_print(&text, &manifest.digest));
	if (negotiate_not_modified(req, indexer_state())) {
		resp->code = 412;
		return STATUS_OK;
	}
	st = indexer_post(ctx->indexer, &manifest, is_gone, (void *)(uintptr_t)req, req->arena, &answer, err);
	if (st == STATUS_OK)
		return answer_post(&answer, text.text, resp);
	if (st == STATUS_CANCELLED && request_gone(req))
		return st;
	if (st == STATUS_LIMIT || st == STATUS_CANCELLED) {
		response_error(resp, st == STATUS_LIMIT ? 429 : 503, "%s", err->msg);
		response_header(resp, "Retry-After", SLICE(RETRY_AFTER_S));
		return STATUS_OK;
	}
	return response_error(resp, 500, "failed to start scan: %s", err->msg);
}

/* ---- GET, DELETE of one ---- */

static void release(void *body)
{
	report_body_unref(body);
}

enum status indexer_index_report_get(struct server_context *ctx, const struct request *req, struct response *resp,
				     struct err *err)
{
	const char *type = NEGOTIATE_TYPE(req, resp, report_types);
	struct report_body *report;
	enum status st;

	if (!type)
		return STATUS_OK;
	/* As in Clair before anything is looked up: what the client has is of this detector set. */
	if (negotiate_not_modified(req, indexer_state())) {
		resp->code = 304;
		return STATUS_OK;
	}
	st = indexer_get(ctx->indexer, &req->digest, &report, err);
	if (st == STATUS_NOTFOUND)
		return response_error(resp, 404, "index report not found");
	TRY(st);
	response_etag(resp, indexer_state());
	response_content_type(resp, type);
	response_shared(resp, report->bytes, release, report);
	return STATUS_OK;
}

enum status indexer_index_report_delete(struct server_context *ctx, const struct request *req, struct response *resp,
					struct err *err)
{
	bool deleted;

	if (indexer_delete(ctx->indexer, &req->digest, 1, &deleted, err) != STATUS_OK)
		return response_error(resp, 500, "unable to delete manifest: %s", err->msg);
	resp->code = 204;
	return STATUS_OK;
}

/* ---- bulk delete ---- */

static enum status read_digests(struct slice body, struct arena *arena, struct digest **out, size_t *out_n,
				struct err *err)
{
	yyjson_arr_iter iter;
	yyjson_val *v;
	struct json_doc doc;
	enum status st = STATUS_OK;

	*out_n = 0;
	if (slice_trim(body).len == 0)
		return err_set(err, STATUS_MALFORMED, "EOF");
	TRY(json_parse_first(body, &limits_default, &doc, err));
	*out = arena_array(arena, yyjson_arr_size(doc.root) + 1, sizeof(**out));
	if (!*out)
		st = err_nomem(err, "digests");
	else if (yyjson_arr_size(doc.root) > DIGESTS_MAX)
		st = err_set(err, STATUS_LIMIT, "more than %d digests", DIGESTS_MAX);
	else if (!yyjson_is_ctn(doc.root) && !yyjson_is_null(doc.root))
		st = err_set(err, STATUS_MALFORMED, "expected an array of digests, found %s",
			     yyjson_get_type_desc(doc.root));
	if (st == STATUS_OK && yyjson_arr_iter_init(doc.root, &iter))
		while (st == STATUS_OK && (v = yyjson_arr_iter_next(&iter)))
			st = digest_read(json_str(v), &(*out)[(*out_n)++], err);
	json_doc_free(&doc);
	return st;
}

/* Those that were there, each once, in the order of the request; null if there were none. */
static void put_deleted(struct response *resp, const struct digest *digests, const bool *deleted, size_t n)
{
	struct digest_text text;
	struct json_writer w;
	bool any = false;

	json_writer_init(&w, &resp->body, 0);
	for (size_t i = 0; i < n; i++) {
		bool again = false;

		for (size_t j = 0; j < i && !again && deleted[i]; j++)
			again = deleted[j] && digest_eq(&digests[i], &digests[j]);
		if (!deleted[i] || again)
			continue;
		if (!any)
			json_array(&w);
		any = true;
		json_cstr(&w, digest_print(&text, &digests[i]));
	}
	if (any)
		json_close(&w);
	else
		json_null(&w);
}

enum status indexer_index_report_bulk_delete(struct server_context *ctx, const struct request *req,
					     struct response *resp, struct err *err)
{
	struct digest *digests = NULL;
	bool *deleted;
	size_t n;
	enum status st = read_digests(req->body, req->arena, &digests, &n, err);

	if (st == STATUS_NOMEM)
		return st;
	if (st != STATUS_OK)
		return response_error(resp, 400, "failed to deserialize bulk delete: %s", err->msg);
	deleted = arena_array(req->arena, n + 1, sizeof(*deleted));
	if (!deleted)
		return err_nomem(err, "digests");
	if (n > 0 && indexer_delete(ctx->indexer, digests, n, deleted, err) != STATUS_OK)
		return response_error(resp, 500, "could not delete manifests: %s", err->msg);
	response_content_type(resp, "application/json");
	put_deleted(resp, digests, deleted, n);
	return STATUS_OK;
}

/* ---- index_state ---- */

enum status indexer_index_state(struct server_context *ctx, const struct request *req, struct response *resp,
				struct err *err)
{
	const char *type = NEGOTIATE_TYPE(req, resp, state_types);

	(void)ctx;
	(void)err;
	if (!type)
		return STATUS_OK;
	response_etag(resp, indexer_state());
	if (negotiate_not_modified(req, indexer_state())) {
		resp->code = 304;
		return STATUS_OK;
	}
	response_content_type(resp, type);
	buf_printf(&resp->body, "{\"state\":\"%.*s\"}", SLICE_ARG(indexer_state()));
	return STATUS_OK;
}
