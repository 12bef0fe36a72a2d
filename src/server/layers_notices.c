/* SPDX-License-Identifier: Apache-2.0 */
/* layers_notices.c - notifications of Clair v2's API, as their receivers ask for them, page by page. */
#include "server/layers_notices.h"

#include "server/router.h"
#include "service/matcher.h"

#include <inttypes.h>
#include <stdio.h>

/* Manifests that are looked at for one side of a page: where few of them are layers, a page may have less than asked.
 */
#define LOOKED_AT ((size_t)20000)

/* ---- reading ---- */

static enum status damaged(struct err *err)
{
	return err_set(err, STATUS_MALFORMED, "a notice in the store is damaged");
}

static enum status read_rows(yyjson_val *list, struct arena *arena, struct notice_side *out, struct err *err)
{
	struct notify_row *rows = arena_array(arena, yyjson_arr_size(list) + 1, sizeof(*rows));
	yyjson_val *v;
	size_t i, n;

	if (!rows)
		return err_nomem(err, "a notice");
	out->rows = rows;
	yyjson_arr_foreach(list, i, n, v)
	{
		TRY(judge_read(v, &limits_default, arena, &rows[out->n_rows].q, err));
		out->n_rows++;
	}
	return STATUS_OK;
}

static enum status read_side(yyjson_val *v, struct arena *arena, struct notice_side *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);
	yyjson_val *about = json_get(v, "vulnerability");
	char *json;
	size_t len;
	bool good;

	*out = (struct notice_side){ .there = v != NULL };
	if (!v)
		return STATUS_OK;
	json = yyjson_is_obj(about) ? yyjson_val_write(about, 0, &len) : NULL;
	if (!json)
		return damaged(err);
	good = arena_copy(arena, slice_make(json, len), &out->vulnerability);
	free(json);
	if (!good)
		return err_nomem(err, "a notice");
	if (json_get(v, "rows"))
		return read_rows(json_get(v, "rows"), arena, out, err);
	buf_add_cstr(&text, "{\"Vulnerability\":");
	buf_add(&text, out->vulnerability);
	buf_add_byte(&text, '}');
	TRY(buf_check(&text, "a notice", err));
	return layers_advisory_parse(buf_slice(&text), &limits_default, SLICE_EMPTY, arena, &out->advisory, err);
}

enum status notice_parse(struct slice json, struct arena *arena, struct notice *out, struct err *err)
{
	struct json_doc doc;
	enum status st;

	TRY(json_parse(json, &limits_default, &doc, err));
	st = read_side(json_get(doc.root, "old"), arena, &out->old, err);
	if (st == STATUS_OK)
		st = read_side(json_get(doc.root, "new"), arena, &out->new, err);
	json_doc_free(&doc);
	return st;
}

/* ---- a page ---- */

/* Where each side goes on, as Clair v2's tokens say it; NOTICE_END: nowhere. */
struct position {
	int64_t old, new;
};

struct page {
	struct store_notice about;
	struct notice what;
	struct position from, next;
	uint64_t limit;
	struct slice token;
	struct notice_layers old, new;
};

static enum status make_token(struct server_context *ctx, struct position p, struct arena *arena, struct slice *out,
			      struct err *err)
{
	char text[100];

	snprintf(text, sizeof(text), "{\"OldVulnerability\":%" PRId64 ",\"NewVulnerability\":%" PRId64 "}\n", p.old,
		 p.new);
	return layers_token_make(ctx, slice_cstr(text), arena, out, err);
}

static bool read_index(yyjson_val *root, const char *name, int64_t *out)
{
	yyjson_val *v = json_get(root, name);

	*out = v ? yyjson_get_sint(v) : 0;
	return !v || (yyjson_is_int(v) && *out >= NOTICE_END);
}

static enum status read_token(struct server_context *ctx, struct slice token, struct arena *arena, struct position *out,
			      struct err *err)
{
	struct slice text;
	struct json_doc doc;
	bool good;

	TRY(layers_token_read(ctx, token, arena, &text, err));
	TRY(json_parse_first(text, &limits_default, &doc, err));
	good = yyjson_is_obj(doc.root) && read_index(doc.root, "OldVulnerability", &out->old) &&
	       read_index(doc.root, "NewVulnerability", &out->new);
	json_doc_free(&doc);
	return good ? STATUS_OK : err_set(err, STATUS_INVALID, "invalid page format: the token is of something else");
}

static enum status layers_of(struct store *s, const struct notice_side *side, const struct judge_known *known,
			     int64_t start, uint64_t limit, struct arena *arena, struct notice_layers *out,
			     struct err *err)
{
	struct notice_packages packages;

	*out = (struct notice_layers){ .next = NOTICE_END };
	if (!side->there || start == NOTICE_END)
		return STATUS_OK;
	TRY(notice_packages_of(s, side, known, arena, &packages, err));
	return notice_layers_with(s, &packages, start, (size_t)limit, LOOKED_AT, NULL, arena, out, err);
}

static enum status fill(struct server_context *ctx, struct slice id, struct page *p, struct arena *arena,
			struct err *err)
{
	struct judge_known known;
	struct held_set *held;
	struct store *s;
	enum status st;

	/* Nobody is told of notices here, so there is none. */
	if (!ctx->notifier_store)
		return err_set(err, STATUS_NOTFOUND, LAYERS_NOT_FOUND);
	TRY(store_pool_take(ctx->notifier_store, LAYERS_STORE_WAIT_MS, &s, err));
	st = store_notice_get(s, id, arena, &p->about, err);
	store_pool_give(ctx->notifier_store, s);
	TRY(st);
	TRY(notice_parse(p->about.body, arena, &p->what, err));
	TRY(layers_take(ctx, &s, err));
	held = matcher_hold_known(ctx->matcher, &known);
	st = layers_of(s, &p->what.old, &known, p->from.old, p->limit, arena, &p->old, err);
	if (st == STATUS_OK)
		st = layers_of(s, &p->what.new, &known, p->from.new, p->limit, arena, &p->new, err);
	matcher_let_go(held);
	layers_give(ctx, s);
	p->next = (struct position){ p->old.next, p->new.next };
	return st;
}

/* ---- writing ---- */

static void put_time(struct json_writer *w, const char *name, int64_t unix_s)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, unix_s);
	if (unix_s > 0)
		json_member_cstr(w, name, text);
}

static void put_side(struct json_writer *w, const char *name, const struct notice_side *side,
		     const struct notice_layers *layers)
{
	if (!side->there)
		return;
	json_key(w, name);
	json_object(w);
	json_key(w, "Vulnerability");
	json_raw(w, side->vulnerability);
	if (layers->n > 0) {
		json_key(w, "OrderedLayersIntroducingVulnerability");
		json_array(w);
		for (size_t i = 0; i < layers->n; i++) {
			json_object(w);
			json_member_u64(w, "Index", layers->at[i].index);
			json_member_str(w, "LayerName", layers->at[i].name);
			json_close(w);
		}
		json_close(w);
		json_key(w, "LayersIntroducingVulnerability");
		json_array(w);
		for (size_t i = 0; i < layers->n; i++)
			json_string(w, layers->at[i].name);
		json_close(w);
	}
	json_close(w);
}

static enum status put_page(struct server_context *ctx, const struct request *req, const struct page *p,
			    struct response *resp, struct err *err)
{
	struct slice next = SLICE_EMPTY;
	struct json_writer w;

	if (p->next.old != NOTICE_END || p->next.new != NOTICE_END)
		TRY(make_token(ctx, p->next, req->arena, &next, err));
	json_writer_init(&w, &resp->body, 0);
	w.html_escape = true;
	json_object(&w);
	json_key(&w, "Notification");
	json_object(&w);
	json_member_cstr(&w, "Name", p->about.id);
	put_time(&w, "Created", p->about.created_s);
	put_time(&w, "Notified", p->about.notified_s);
	put_time(&w, "Deleted", p->about.deleted_s);
	if (p->limit > 0)
		json_member_u64(&w, "Limit", p->limit);
	json_member_str(&w, "Page", p->token);
	if (next.len > 0)
		json_member_str(&w, "NextPage", next);
	put_side(&w, "Old", &p->what.old, &p->old);
	put_side(&w, "New", &p->what.new, &p->new);
	json_close(&w);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&resp->body, '\n');
	return STATUS_OK;
}

/* ---- requests ---- */

static enum status not_found(struct response *resp)
{
	return layers_refuse(resp, 404, LAYERS_NOT_FOUND, NULL);
}

static enum status get_notification(struct server_context *ctx, const struct request *req, struct response *resp,
				    struct err *err)
{
	struct page p = { .from = { 0, 0 } };
	struct slice text, id;
	enum status st;

	if (!request_query(req, "limit", &text))
		return layers_refuse(resp, 400, "must provide limit query parameter", NULL);
	if (layers_limit(text, &p.limit, err) != STATUS_OK)
		return layers_refuse(resp, 400, err->msg, NULL);
	if (request_query(req, "page", &p.token)) {
		st = read_token(ctx, p.token, req->arena, &p.from, err);
		if (st == STATUS_INVALID || st == STATUS_MALFORMED)
			return layers_refuse(resp, 400, err->msg, NULL);
	} else {
		st = make_token(ctx, p.from, req->arena, &p.token, err);
	}
	TRY(st);
	if (!percent_decode(layers_rest(req), false, req->arena, &id))
		return not_found(resp);
	st = fill(ctx, id, &p, req->arena, err);
	if (st == STATUS_NOTFOUND)
		return not_found(resp);
	TRY(st);
	return put_page(ctx, req, &p, resp, err);
}

static enum status delete_notification(struct server_context *ctx, const struct request *req, struct response *resp,
				       struct err *err)
{
	struct slice id;
	struct store *s;
	enum status st;

	if (!ctx->notifier_store || !percent_decode(layers_rest(req), false, req->arena, &id))
		return not_found(resp);
	TRY(store_pool_take(ctx->notifier_store, LAYERS_STORE_WAIT_MS, &s, err));
	st = store_notice_delete(s, id, err);
	store_pool_give(ctx->notifier_store, s);
	return st == STATUS_NOTFOUND ? not_found(resp) : st;
}

enum status layers_notification(struct server_context *ctx, const struct request *req, struct response *resp,
				struct err *err)
{
	if (req->method == HTTP_DELETE)
		return layers_run(ctx, req, resp, err, "v1/deleteNotification", delete_notification);
	return layers_run(ctx, req, resp, err, "v1/getNotification", get_notification);
}
