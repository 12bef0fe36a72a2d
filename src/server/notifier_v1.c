/* SPDX-License-Identifier: Apache-2.0 */
/* notifier_v1.c - Clair's notifier API: what a notification has, page by page, and that it has been dealt with. */
#include "notify/entry.h"
#include "server/handler.h"
#include "server/negotiate.h"
#include "store/pool.h"

#define STORE_WAIT_MS 10000u
#define PAGE_SIZE 500
/*
 * A page has this many at most, whatever was asked for: 10,000 entries are some 10 MB. (Clair takes any number, and a
 * page of 1,000,000,000 ends its process.)
 */
#define PAGE_SIZE_MAX 10000

static const char *const page_types[] = { "application/vnd.clair.notification_page.v1+json", "application/json" };

struct page {
	struct store_notification notification;
	uint8_t after[STORE_ENTRY_ID];
	size_t size;
	struct store_entry_row *rows;
	size_t n;
	bool more;
};

/* 0 and no number at all are the default, as in Clair. */
static bool read_size(const struct request *req, size_t *out)
{
	struct slice text;
	uint64_t n = 0;

	*out = PAGE_SIZE;
	if (!request_query(req, "page_size", &text) || text.len == 0)
		return true;
	if (!slice_to_u64(text, &n) || n > INT64_MAX)
		return false;
	if (n > 0)
		*out = (size_t)MIN(n, PAGE_SIZE_MAX);
	return true;
}

static void put_page(struct json_writer *w, const struct page *p)
{
	struct notify_uuid next;

	json_object(w);
	json_key(w, "page");
	json_object(w);
	if (p->more)
		json_member_cstr(w, "next", notify_uuid_print(&next, p->rows[p->n - 1].entry.id));
	json_member_u64(w, "size", p->size);
	json_close(w);
	json_key(w, "notifications");
	json_array(w);
	for (size_t i = 0; i < p->n; i++)
		notify_put_entry(w, &p->rows[i]);
	json_close(w);
	json_close(w);
}

static enum status read_page(struct store *s, struct slice id, struct page *p, struct arena *arena, struct err *err)
{
	TRY(store_notification_get(s, id, arena, &p->notification, err));
	if (p->notification.state == STORE_NOTIFICATION_MAKING)
		return err_set(err, STATUS_NOTFOUND, "the notification is not made yet");
	TRY(store_notification_entries(s, p->notification.number, p->after, p->size + 1, arena, &p->rows, &p->n, err));
	p->more = p->n > p->size;
	p->n = MIN(p->n, p->size);
	return STATUS_OK;
}

static enum status with_store(struct server_context *ctx, struct slice id, struct page *p, struct arena *arena,
			      struct err *err)
{
	struct store *s;
	enum status st;

	TRY(store_pool_take(ctx->notifier_store, STORE_WAIT_MS, &s, err));
	st = read_page(s, id, p, arena, err);
	store_pool_give(ctx->notifier_store, s);
	return st;
}

/* The id of the path, in canonical form. */
static bool read_id(const struct request *req, struct uuid_text *out)
{
	uint8_t id[16];

	if (!uuid_parse(req->last, id))
		return false;
	uuid_print(out, id);
	return true;
}

static enum status refuse_id(const struct request *req, struct response *resp)
{
	size_t n = req->last.len;

	if (n != 32 && n != 36 && n != 38 && n != 45)
		return response_error(resp, 400, "could not parse notification id: invalid UUID length: %zu", n);
	return response_error(resp, 400, "could not parse notification id: invalid UUID format");
}

enum status notifier_get(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	struct page p = { .n = 0 };
	const char *type;
	struct json_writer w;
	struct uuid_text id;
	struct slice next;
	enum status st;

	if (!read_id(req, &id))
		return refuse_id(req, resp);
	if (!read_size(req, &p.size))
		return response_error(resp, 400, "could not parse \"page_size\" query param into integer");
	if (request_query(req, "next", &next) && next.len > 0 && !uuid_parse(next, p.after))
		return response_error(resp, 400, "could not parse \"next\" query param into integer");
	type = NEGOTIATE_TYPE(req, resp, page_types);
	if (!type)
		return STATUS_OK;
	st = with_store(ctx, slice_cstr(id.text), &p, req->arena, err);
	if (st == STATUS_NOTFOUND)
		return response_error(resp, 404, "%s", err->msg);
	if (st != STATUS_OK)
		return response_failure(resp, "failed to retrieve notifications", err);
	response_content_type(resp, type);
	json_writer_init(&w, &resp->body, 0);
	w.html_escape = true;
	put_page(&w, &p);
	return json_writer_end(&w, err);
}

enum status notifier_delete(struct server_context *ctx, const struct request *req, struct response *resp,
			    struct err *err)
{
	struct uuid_text id;
	struct store *s;
	enum status st;

	if (!read_id(req, &id))
		return refuse_id(req, resp);
	st = store_pool_take(ctx->notifier_store, STORE_WAIT_MS, &s, err);
	if (st == STATUS_OK) {
		st = store_notification_delete(s, slice_cstr(id.text), err);
		store_pool_give(ctx->notifier_store, s);
	}
	if (st == STATUS_NOTFOUND)
		return response_error(resp, 404, "%s", err->msg);
	return st == STATUS_OK ? STATUS_OK : response_failure(resp, "could not delete notification", err);
}
