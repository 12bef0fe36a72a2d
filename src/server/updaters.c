/* SPDX-License-Identifier: Apache-2.0 */
/* updaters.c - limpid's own API of the updaters: how each source and set is doing, and "run it now". */
#include "base/date.h"
#include "server/router.h"
#include "service/updates.h"
#include "store/pool.h"
#include "text/json_writer.h"

#define STORE_WAIT_MS 10000u

static void put_text(struct json_writer *w, const char *key, struct slice s)
{
	json_key(w, key);
	if (s.len == 0)
		json_null(w);
	else
		json_string(w, s);
}

static const struct updates_state *state_of(const struct updates_state *states, size_t n,
					    const struct store_source *source)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(states[i].set, source->feed) || slice_eq(states[i].set, source->name))
			return &states[i];
	return NULL;
}

static void put_source(struct json_writer *w, const struct store_source *s, const struct updates_state *state,
		       int64_t now)
{
	struct digest_text segment;

	json_object(w);
	json_member_str(w, "name", s->name);
	json_member_str(w, "set", s->feed);
	json_member_cstr(w, "kind", s->kind == STORE_ENRICHMENT ? "enrichment" : "vulnerability");
	json_member_str(w, "url", s->url);
	json_member_time(w, "last_attempt", s->last_attempt_s);
	json_member_time(w, "last_success", s->last_success_s);
	json_member_time(w, "last_change", s->last_change_s);
	json_key(w, "age_seconds");
	if (s->last_success_s == DATE_NONE)
		json_null(w);
	else
		json_i64(w, now - s->last_success_s);
	json_member_u64(w, "records", s->records);
	put_text(w, "segment", slice_cstr(digest_print(&segment, &s->segment)));
	put_text(w, "error", s->error);
	/* The hex digest of what was suddenly much smaller: limpid update --accept puts it in force. */
	put_text(w, "held_back", s->held_back);
	json_member_bool(w, "running", state && state->running);
	json_member_time(w, "next_run", state ? state->next_s : DATE_NONE);
	json_close(w);
}

static void put_set(struct json_writer *w, const struct updates_state *s)
{
	json_object(w);
	json_member_str(w, "name", s->set);
	json_member_bool(w, "running", s->running);
	json_member_bool(w, "elsewhere", s->elsewhere);
	json_member_time(w, "last_start", s->started_s);
	json_member_time(w, "last_end", s->ended_s);
	json_key(w, "exit_status");
	if (s->ended_s == DATE_NONE)
		json_null(w);
	else
		json_i64(w, s->exit_status);
	json_member_time(w, "next_run", s->next_s);
	put_text(w, "said", s->said);
	json_close(w);
}

static enum status read_sources(struct server_context *ctx, struct arena *arena, struct store_source **out,
				size_t *out_n, struct err *err)
{
	struct store *s;
	enum status st;

	TRY(store_pool_take(ctx->matcher_store, STORE_WAIT_MS, &s, err));
	st = store_sources(s, arena, out, out_n, err);
	store_pool_give(ctx->matcher_store, s);
	return st;
}

static enum status put_state(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	struct updates_state *states = NULL;
	struct store_source *sources;
	size_t n_states = 0, n;
	int64_t now = date_now();
	struct json_writer w;

	TRY(read_sources(ctx, req->arena, &sources, &n, err));
	if (ctx->updates)
		TRY(updates_states(ctx->updates, req->arena, &states, &n_states, err));
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	json_member_bool(&w, "enabled", ctx->updates != NULL);
	json_key(&w, "sets");
	json_array(&w);
	for (size_t i = 0; i < n_states; i++)
		put_set(&w, &states[i]);
	json_close(&w);
	json_key(&w, "updaters");
	json_array(&w);
	for (size_t i = 0; i < n; i++)
		put_source(&w, &sources[i], state_of(states, n_states, &sources[i]), now);
	json_close(&w);
	json_close(&w);
	response_content_type(resp, "application/json");
	response_header(resp, "Cache-Control", SLICE("no-store"));
	return json_writer_end(&w, err);
}

enum status updaters_get(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	return put_state(ctx, req, resp, err);
}

/* 202: it will run. The last element, which is "updaters" for all of them. */
static enum status trigger(struct server_context *ctx, const struct request *req, struct slice name,
			   struct response *resp, struct err *err)
{
	enum status st;

	if (!ctx->updates)
		return response_error(resp, 409, "this matcher runs no updaters (matcher.disable_updaters)");
	st = updates_trigger(ctx->updates, name, err);
	if (st == STATUS_NOTFOUND)
		return response_error(resp, 404, "%s", err->msg);
	if (st != STATUS_OK)
		return st;
	TRY(put_state(ctx, req, resp, err));
	resp->code = 202;
	return STATUS_OK;
}

enum status updaters_run_all(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	return trigger(ctx, req, SLICE_EMPTY, resp, err);
}

enum status updaters_run(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	struct slice prefix = SLICE("/limpid/v1/updaters/"), name;

	/* Names of sources have slashes ("osv/go"): all of the path after the prefix, not its last element alone. */
	if (!slice_starts(req->path, prefix))
		name = req->last;
	else if (!percent_decode(slice_from(req->path, prefix.len), false, req->arena, &name))
		return response_error(resp, 400, "the path cannot be decoded");
	if (name.len == 0)
		return response_error(resp, 404, "there is no updater without a name");
	return trigger(ctx, req, name, resp, err);
}
