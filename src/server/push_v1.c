/* SPDX-License-Identifier: Apache-2.0 */
/* push_v1.c - limpid's own: layers that clients upload, so that a manifest needs no URIs (docs/api.md). */
#include "server/handler.h"
#include "service/indexer.h"
#include "text/json_writer.h"

enum status push_layer_head(struct server_context *ctx, const struct request *req, struct response *resp,
			    struct err *err)
{
	bool known;

	TRY(indexer_layer_known(ctx->indexer, &req->digest, &known, err));
	resp->code = known ? 200 : 404;
	response_etag(resp, indexer_state());
	return STATUS_OK;
}

static int code_of(enum status st)
{
	switch (st) {
	case STATUS_MISMATCH:
	case STATUS_MALFORMED:
		return 400;
	case STATUS_TIMEOUT:
		return 408;
	case STATUS_LIMIT:
		return 413;
	case STATUS_UNSUPPORTED:
		return 404;
	case STATUS_CANCELLED:
		return 503;
	default:
		return 500;
	}
}

enum status push_layer_put(struct server_context *ctx, const struct request *req, struct response *resp,
			   struct err *err)
{
	struct digest_text text;
	struct json_writer w;
	bool known = false;
	enum status st = indexer_push(ctx->indexer, &req->digest, req->stream, &known, err);

	if (st == STATUS_CANCELLED && request_gone(req))
		return st;
	if (st != STATUS_OK)
		return response_error(resp, code_of(st), "layer %s: %s", digest_print(&text, &req->digest), err->msg);
	resp->code = known ? 200 : 201;
	response_etag(resp, indexer_state());
	response_content_type(resp, "application/json");
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	json_member_cstr(&w, "layer", digest_print(&text, &req->digest));
	json_member_bool(&w, "known", known);
	json_close(&w);
	return json_writer_end(&w, err);
}
