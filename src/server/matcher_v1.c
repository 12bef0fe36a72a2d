/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_v1.c - Clair's matcher API but for update_diff: reports, and the operations of the updaters. */
#include "server/matcher_v1.h"

#include "config/config.h"
#include "server/handler.h"
#include "server/negotiate.h"
#include "service/matcher.h"

#include <stdio.h>
#include <stdlib.h>

#define STORE_WAIT_MS 10000u
/* An index report may be replaced between its identity and its bytes. */
#define TRIES 3
/* Operations that are listed; 10 of 500 sources are 5,000. */
#define OPERATIONS_MAX 100000u

/* ---- vulnerability_report ---- */

static void release(void *body)
{
	report_body_unref(body);
}

static void put_headers(const struct server_context *ctx, struct response *resp, const struct matcher_request *r)
{
	response_etag(resp, slice_cstr(r->tag));
	response_header_printf(resp, "Cache-Control", "max-age=%lld",
			       (long long)(ctx->config->matcher.cache_age / 1000000000));
}

/* What could not be looked up is in the report; a header says that there is something, for those who read no further.
 */
static void put_report(struct response *resp, struct report_body *body)
{
	/* Clair's own, though it names another document. */
	response_content_type(resp, "application/vnd.clair.index_report.v1+json");
	if (body->incomplete)
		response_header(resp, "Limpid-Coverage", SLICE("incomplete"));
	response_shared(resp, body->bytes, release, body);
}

static enum status answer(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	struct matcher_request r;
	struct report_body *body;
	enum status st;

	TRY(matcher_request(ctx->matcher, &req->digest, req->arena, &r, err));
	if (negotiate_not_modified(req, slice_cstr(r.tag))) {
		put_headers(ctx, resp, &r);
		resp->code = 304;
		st = STATUS_OK;
	} else {
		st = matcher_report(&r, req->arena, &body, err);
		if (st == STATUS_OK) {
			put_headers(ctx, resp, &r);
			put_report(resp, body);
		}
	}
	matcher_request_fini(&r);
	return st;
}

enum status matcher_vulnerability_report(struct server_context *ctx, const struct request *req, struct response *resp,
					 struct err *err)
{
	struct digest_text text;
	enum status st = STATUS_CONFLICT;

	if (!matcher_ready(ctx->matcher)) {
		resp->code = 202;
		return STATUS_OK;
	}
	for (int i = 0; i < TRIES && st == STATUS_CONFLICT; i++)
		st = answer(ctx, req, resp, err);
	if (st == STATUS_OK)
		return STATUS_OK;
	if (st == STATUS_NOTFOUND)
		return response_error(resp, 404, "index report for manifest \"%s\" not found",
				      digest_print(&text, &req->digest));
	return response_error(resp, st == STATUS_NOMEM ? 503 : 500, "experienced a server side error: %s", err->msg);
}

/* ---- update_operation ---- */

/* As Go's strconv.ParseBool; what is none is false. */
static bool is_true(struct slice s)
{
	static const char *const words[] = { "1", "t", "T", "TRUE", "true", "True" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(s, slice_cstr(words[i])))
			return true;
	return false;
}

static bool parse_kind(struct slice text, enum store_kind *out)
{
	*out = slice_eq(text, SLICE("enrichment")) ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	return text.len == 0 || *out == STORE_ENRICHMENT || slice_eq(text, SLICE("vulnerability"));
}

static int by_updater(const void *pa, const void *pb)
{
	const struct store_operation *const *a = pa, *const *b = pb;
	int c = slice_cmp((*a)->source, (*b)->source);

	/* The list came newest first. */
	return c != 0 ? c : *a < *b ? -1 : *a > *b;
}

void matcher_put_operation(struct json_writer *w, const struct store_operation *op)
{
	struct date_text date;

	json_object(w);
	json_member_cstr(w, "ref", op->ref);
	json_member_str(w, "updater", op->source);
	json_member_str(w, "fingerprint", op->fingerprint);
	json_member_cstr(w, "date", date_print(&date, op->date_s));
	json_member_cstr(w, "kind", "");
	json_close(w);
}

/* Those of the kind, in the order of the list, sorted by updater; *newest: the first of them. */
static enum status choose(const struct store_operation *ops, size_t n, enum store_kind kind, struct arena *arena,
			  const struct store_operation ***out, size_t *out_n, struct err *err)
{
	const struct store_operation **list = arena_array(arena, n + 1, sizeof(*list));
	size_t k = 0;

	if (!list)
		return err_nomem(err, "update operations");
	for (size_t i = 0; i < n; i++)
		if (ops[i].kind == kind)
			list[k++] = &ops[i];
	*out = list;
	*out_n = k;
	return STATUS_OK;
}

static enum status put_operations(struct response *resp, const struct store_operation **list, size_t n, struct err *err)
{
	struct json_writer w;

	qsort(list, n, sizeof(*list), by_updater);
	json_writer_init(&w, &resp->body, 0);
	w.html_escape = true;
	json_object(&w);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !slice_eq(list[i]->source, list[i - 1]->source)) {
			if (i > 0)
				json_close(&w);
			json_key_slice(&w, list[i]->source);
			json_array(&w);
		}
		matcher_put_operation(&w, list[i]);
	}
	if (n > 0)
		json_close(&w);
	json_close(&w);
	response_content_type(resp, "application/json");
	return json_writer_end(&w, err);
}

static enum status list_operations(struct server_context *ctx, const struct request *req, enum store_kind kind,
				   struct response *resp, struct err *err)
{
	const struct store_operation **list = NULL;
	struct store_operation *ops;
	struct slice latest = SLICE_EMPTY;
	struct store *s;
	enum status st;
	size_t n;

	request_query(req, "latest", &latest);
	TRY(store_pool_take(ctx->matcher_store, STORE_WAIT_MS, &s, err));
	if (is_true(latest))
		st = store_operations_latest(s, kind, req->arena, &ops, &n, err);
	else
		st = store_operations(s, SLICE_EMPTY, OPERATIONS_MAX, req->arena, &ops, &n, err);
	store_pool_give(ctx->matcher_store, s);
	if (st == STATUS_OK)
		st = choose(ops, n, kind, req->arena, &list, &n, err);
	if (st != STATUS_OK)
		return st;
	if (n > 0 && negotiate_not_modified(req, slice_cstr(list[0]->ref))) {
		resp->code = 304;
		return STATUS_OK;
	}
	if (n > 0)
		response_etag(resp, slice_cstr(list[0]->ref));
	return put_operations(resp, list, n, err);
}

/* As Go's %q of plain text: quotes and backslashes are escaped, and what else err_slice() escapes. */
static struct slice quoted(struct arena *arena, struct slice text)
{
	struct buf AUTO(buf_fini) out = BUF_INIT(1024);
	struct slice copy;
	struct err_quote q;

	text = slice_cstr(err_slice(&q, text));
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			buf_add_byte(&out, '\\');
		buf_add_byte(&out, text.ptr[i]);
	}
	return arena_copy(arena, buf_slice(&out), &copy) ? copy : SLICE_EMPTY;
}

enum status matcher_operations(struct server_context *ctx, const struct request *req, struct response *resp,
			       struct err *err)
{
	struct slice text = SLICE_EMPTY;
	enum store_kind kind;

	request_query(req, "kind", &text);
	if (!parse_kind(text, &kind)) {
		text = quoted(req->arena, text);
		return response_error(resp, 400, "unknown kind: \"%.*s\"", SLICE_ARG(text));
	}
	if (list_operations(ctx, req, kind, resp, err) != STATUS_OK)
		return response_error(resp, 500, "could not get update operations: %s", err->msg);
	return STATUS_OK;
}

/* What Go's uuid.Parse says of a text that is none. */
static enum status refuse_uuid(struct response *resp, struct slice text)
{
	bool length = text.len == 36 || text.len == 45 || text.len == 38 || text.len == 32;

	if (!length)
		return response_error(resp, 400, "could not deserialize manifest: invalid UUID length: %zu", text.len);
	return response_error(resp, 400, "could not deserialize manifest: invalid UUID format");
}

enum status matcher_delete_operation(struct server_context *ctx, const struct request *req, struct response *resp,
				     struct err *err)
{
	struct uuid_text ref;
	uint8_t uuid[16];
	struct store *s;
	enum status st;

	if (!uuid_parse(req->last, uuid))
		return refuse_uuid(resp, req->last);
	st = store_pool_take(ctx->matcher_store, STORE_WAIT_MS, &s, err);
	if (st == STATUS_OK) {
		st = store_operation_delete(s, slice_cstr(uuid_print(&ref, uuid)), err);
		store_pool_give(ctx->matcher_store, s);
	}
	if (st != STATUS_OK)
		return response_error(resp, 500, "could not get update operations: %s", err->msg);
	return STATUS_OK;
}
