/* SPDX-License-Identifier: Apache-2.0 */
/* status_v1.c - limpid's own API of the service's state: how it is, which manifests it has, a report in numbers. */
#include "base/date.h"
#include "base/map.h"
#include "config/config.h"
#include "server/handler.h"
#include "server/introspection.h"
#include "server/report_json.h"
#include "server/status_impl.h"
#include "service/indexer.h"
#include "service/matcher.h"
#include "store/pool.h"
#include "text/json_writer.h"

#include <stdio.h>

#define STORE_WAIT_MS 10000u
#define PAGE_DEFAULT 20u

enum status status_end(struct json_writer *w, struct response *resp, struct err *err)
{
	response_content_type(resp, "application/json");
	response_header(resp, "Cache-Control", SLICE("no-store"));
	return json_writer_end(w, err);
}

/* ---- status ---- */

static void put_indexer(struct json_writer *w, struct indexer *ix)
{
	struct indexer_load load;

	json_key(w, "indexer");
	if (!ix) {
		json_null(w);
		return;
	}
	indexer_load(ix, &load);
	json_object(w);
	json_member_str(w, "state", indexer_state());
	json_member_u64(w, "running", load.running);
	json_member_u64(w, "waiting", load.waiting);
	json_member_u64(w, "layers_reading", load.layers);
	json_member_u64(w, "layers_read", load.layers_read);
	json_member_u64(w, "layers_known", load.layers_known);
	json_member_u64(w, "runs_finished", load.runs_finished);
	json_member_u64(w, "runs_failed", load.runs_failed);
	json_close(w);
}

static void put_matcher(struct json_writer *w, struct matcher *m)
{
	struct matcher_state state;

	json_key(w, "matcher");
	if (!m) {
		json_null(w);
		return;
	}
	matcher_state(m, &state);
	json_object(w);
	json_member_bool(w, "ready", matcher_ready(m));
	json_member_u64(w, "sources", state.sources);
	json_member_u64(w, "advisories", state.records);
	json_member_time(w, "newest", state.newest_s);
	json_close(w);
}

enum status status_get(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	struct json_writer w;

	(void)req;
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	json_member_cstr(&w, "version", ctx->version ? ctx->version : "");
	json_member_cstr(&w, "mode", config_mode_name(ctx->config->mode));
	json_member_time(&w, "started", ctx->started);
	json_member_bool(&w, "ready", introspection_is_ready(ctx));
	json_member_bool(&w, "draining", atomic_load(&ctx->draining));
	put_indexer(&w, ctx->indexer);
	put_matcher(&w, ctx->matcher);
	json_close(&w);
	return status_end(&w, resp, err);
}

/* ---- manifests ---- */

/* A number of the query; false (and an answer) if it is none, or not in 1..max. */
bool status_query_number(const struct request *req, struct response *resp, const char *name, uint64_t max, uint64_t *io)
{
	struct slice text;

	if (!request_query(req, name, &text) || text.len == 0)
		return true;
	if (slice_to_u64(text, io) && *io >= 1 && *io <= max)
		return true;
	response_error(resp, 400, "%s must be a number from 1 to %llu", name, (unsigned long long)max);
	return false;
}

static void put_manifest(struct json_writer *w, const struct store_manifest *m)
{
	struct digest_text text;

	json_object(w);
	json_member_cstr(w, "digest", digest_print(&text, &m->digest));
	json_member_u64(w, "layers", m->n_layers);
	json_member_str(w, "state", m->state);
	json_member_bool(w, "success", m->success);
	json_member_str(w, "err", m->error);
	json_member_time(w, "created", m->created_s);
	json_member_time(w, "updated", m->updated_s);
	json_close(w);
}

void status_put_next(struct json_writer *w, uint64_t next)
{
	char text[24];

	json_key(w, "next");
	/* A string: not every reader's numbers have 64 bits. */
	if (next == 0) {
		json_null(w);
	} else {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)next);
		json_cstr(w, text);
	}
}

enum status manifests_get(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	uint64_t before = 0, limit = PAGE_DEFAULT, next;
	struct store_manifest *list;
	struct json_writer w;
	struct store *s;
	enum status st;
	size_t n;

	if (!status_query_number(req, resp, "before", UINT64_MAX, &before) ||
	    !status_query_number(req, resp, "limit", STATUS_PAGE_MAX, &limit))
		return STATUS_OK;
	TRY(store_pool_take(ctx->indexer_store, STORE_WAIT_MS, &s, err));
	st = store_manifests(s, before, (size_t)limit, req->arena, &list, &n, &next, err);
	store_pool_give(ctx->indexer_store, s);
	if (st != STATUS_OK)
		return st;
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	json_key(&w, "manifests");
	json_array(&w);
	for (size_t i = 0; i < n; i++)
		put_manifest(&w, &list[i]);
	json_close(&w);
	status_put_next(&w, next);
	json_close(&w);
	return status_end(&w, resp, err);
}

/* ---- summary ---- */

enum status summary_get(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	struct report_body *body;
	struct report_counts counts;
	struct digest_text text;
	struct json_writer w;
	enum status st;

	if (!matcher_ready(ctx->matcher)) {
		resp->code = 202;
		return STATUS_OK;
	}
	st = report_json_get(ctx->matcher, &req->digest, req->arena, &body, err);
	if (st == STATUS_NOTFOUND)
		return response_error(resp, 404, "index report for manifest \"%s\" not found",
				      digest_print(&text, &req->digest));
	if (st != STATUS_OK)
		return st;
	st = report_json_count(body->bytes, &counts, err);
	report_body_unref(body);
	if (st != STATUS_OK)
		return st;
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	json_member_cstr(&w, "digest", digest_print(&text, &req->digest));
	json_member_u64(&w, "packages", counts.packages);
	json_member_u64(&w, "packages_affected", counts.packages_affected);
	json_member_u64(&w, "findings", counts.findings);
	json_member_u64(&w, "fixable", counts.fixable);
	json_key(&w, "severities");
	json_object(&w);
	for (size_t i = SEVERITY_COUNT; i-- > 0;)
		json_member_u64(&w, severity_name((enum severity)i), counts.by_severity[i]);
	json_close(&w);
	json_member_bool(&w, "complete", counts.complete);
	json_close(&w);
	return status_end(&w, resp, err);
}
