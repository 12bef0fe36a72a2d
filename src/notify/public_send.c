/* SPDX-License-Identifier: Apache-2.0 */
/* public_send.c - liblimpid-notify: delivering, by Clair's settings. */
#include "limpid/notify.h"
#include "notify/public_impl.h"

#include "notify/deliverer.h"

#include <stdio.h>
#include <stdlib.h>

struct limpid_notify_sender {
	struct config config;
	struct deliverer *deliverer;
};

struct entries {
	const char *const *at;
	size_t n, next;
};

static enum status next_entry(void *ctx, struct slice *out, struct err *err)
{
	struct entries *e = ctx;

	(void)err;
	*out = e->next < e->n ? slice_cstr(e->at[e->next++]) : SLICE_EMPTY;
	return STATUS_OK;
}

static enum status rewind_entries(void *ctx, struct err *err)
{
	struct entries *e = ctx;

	(void)err;
	e->next = 0;
	return STATUS_OK;
}

static enum status open_sender(limpid_notify_sender *s, const char *settings, struct err *err)
{
	const struct config_request request = { .path = "settings", .mode = CONFIG_COMBO, .data_dir = "/nonexistent" };
	struct deliverer_setup setup = { .config = &s->config, .user_agent = "liblimpid-notify/" LIMPID_VERSION };

	TRY(config_load_text(&request, slice_cstr(settings), &s->config, err));
	return deliverer_open(&setup, NULL, &s->deliverer, err);
}

int limpid_notify_sender_new(const char *settings, limpid_notify_sender **out, struct limpid_notify_error *error)
{
	limpid_notify_sender *s = calloc(1, sizeof(*s));
	struct err err = ERR_INIT;
	enum status st;

	*out = NULL;
	if (!s)
		return public_failed(error, (err_nomem(&err, "sender"), &err));
	st = open_sender(s, settings, &err);
	if (st != STATUS_OK)
		limpid_notify_sender_free(s);
	else
		*out = s;
	return public_done(error, st, &err);
}

void limpid_notify_sender_free(limpid_notify_sender *s)
{
	if (!s)
		return;
	deliverer_close(s->deliverer);
	config_fini(&s->config);
	free(s);
}

const char *limpid_notify_sender_name(const limpid_notify_sender *s)
{
	return deliverer_name(s->deliverer);
}

int limpid_notify_sender_is_direct(const limpid_notify_sender *s)
{
	return deliverer_is_direct(s->deliverer);
}

int limpid_notify_send(limpid_notify_sender *s, const char *id, const char *const *entries, size_t n_entries,
		       int64_t *retry_after_s, struct limpid_notify_error *error)
{
	struct entries list = { entries, n_entries, 0 };
	struct delivery_message message = {
		.id = slice_cstr(id), .next = next_entry, .rewind = rewind_entries, .ctx = &list
	};
	struct delivery_result result = { .messages = 0 };
	struct err err = ERR_INIT;
	enum delivery done = deliverer_send(s->deliverer, &message, &result, &err);
	int status = done == DELIVERY_NEVER ? LIMPID_NOTIFY_NEVER : LIMPID_NOTIFY_AGAIN;

	if (retry_after_s)
		*retry_after_s = result.retry_after_s;
	if (done == DELIVERY_DONE)
		return public_done(error, STATUS_OK, &err);
	if (error) {
		error->status = status;
		snprintf(error->message, sizeof(error->message), "%s", err.msg);
	}
	return status;
}
