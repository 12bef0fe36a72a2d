/* SPDX-License-Identifier: Apache-2.0 */
/* hook_v1.c - Clair v2's webhook: {"Notification":{"Name":...}}, without a token. */
#include "notify/webhook_impl.h"

#include "text/json_writer.h"

static bool is_wanted(const struct config *config)
{
	return config->limpid.notifier.v1_endpoint.len > 0;
}

static bool is_direct(const struct config *config)
{
	(void)config;
	return false;
}

static enum status put_body(const struct webhook_kind *kind, struct slice id, struct buf *out, struct err *err)
{
	struct json_writer w;

	(void)kind;
	json_writer_init(&w, out, 0);
	w.html_escape = true;
	json_object(&w);
	json_key(&w, "Notification");
	json_object(&w);
	json_member_str(&w, "Name", id);
	json_close(&w);
	json_close(&w);
	return json_writer_end(&w, err);
}

static enum status open_hook(const struct deliverer *d, void **out, struct err *err)
{
	const struct config_delivery *own = deliverer_own(d);
	const struct webhook_kind kind = { .target = own->v1_endpoint,
					   .tls = &own->v1_tls,
					   .name = own->v1_server_name,
					   .own_proxy = true,
					   .proxy = own->v1_proxy,
					   .body = put_body };

	return webhook_open_kind(d, &kind, out, err);
}

const struct deliverer_class deliverer_hook_v1 = {
	.is_aside = true,
	.is_wanted = is_wanted,
	.is_direct = is_direct,
	.open = open_hook,
	.close = webhook_close,
	.rest = webhook_rest,
	.send = webhook_send,
};
