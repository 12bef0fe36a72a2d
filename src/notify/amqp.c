/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amqp.c - messages to an AMQP 0-9-1 broker: delivered when the broker has confirmed each of them.
 *
 * Brokers are asked in the order of the settings; one that answered is kept until it fails or nothing is to be sent.
 */
#include "notify/amqp_link.h"

#include <stdio.h>
#include <stdlib.h>

#define PRECONDITION_FAILED 406

struct amqp {
	const struct deliverer *d;
	const struct config_amqp *set;
	struct amqp_link link;
	size_t at; /* of uris */
	struct buf body;
	/* the notification at hand */
	struct slice id;
	uint64_t messages;
};

static bool is_wanted(const struct config *config)
{
	return config->notifier.amqp.present && config->notifier.amqp.uris.n > 0;
}

static bool is_direct(const struct config *config)
{
	return config->notifier.amqp.direct;
}

static enum status amqp_open(const struct deliverer *d, void **out, struct err *err)
{
	struct amqp *a = calloc(1, sizeof(*a));

	if (!a)
		return err_nomem(err, "a deliverer");
	a->d = d;
	a->set = &d->setup.config->notifier.amqp;
	a->body = (struct buf)BUF_INIT(d->setup.config->limpid.limits.message_bytes + 16);
	*out = a;
	return STATUS_OK;
}

static void amqp_close(void *self)
{
	struct amqp *a = self;

	amqp_link_close(&a->link);
	buf_fini(&a->body);
	free(a);
}

static void amqp_rest(void *self)
{
	struct amqp *a = self;

	amqp_link_close(&a->link);
	a->at = 0;
}

static enum status publish(void *ctx, struct slice body, struct err *err)
{
	struct amqp *a = ctx;
	char id[80];

	if (a->set->direct)
		snprintf(id, sizeof(id), "%.40s-%llu", (const char *)a->id.ptr, (unsigned long long)a->messages);
	else
		snprintf(id, sizeof(id), "%.40s", (const char *)a->id.ptr);
	TRY(amqp_link_publish(&a->link, a->set, id, body, err));
	a->messages++;
	return STATUS_OK;
}

static enum status publish_all(struct amqp *a, const struct delivery_message *m, bool *out_never, struct err *err)
{
	const struct delivery_batches batches = {
		.rollup = a->set->rollup,
		.max_bytes = a->d->setup.config->limpid.limits.message_bytes,
		.flush = publish,
		.ctx = a,
	};

	a->messages = 0;
	amqp_link_begin(&a->link);
	if (a->set->direct) {
		TRY(deliverer_batches(&batches, m, &a->body, out_never, err));
	} else {
		buf_reset(&a->body);
		TRY(deliverer_callback_body(a->set->callback, m->id, &a->body, err));
		TRY(publish(a, buf_slice(&a->body), err));
	}
	return amqp_link_settle(&a->link, err);
}

/* The broker's limit, not ours. */
static bool is_too_large(const struct err *err)
{
	return err->sys_errno == PRECONDITION_FAILED && strstr(err->msg, "size") != NULL;
}

static enum delivery amqp_send(void *self, const struct delivery_message *m, struct delivery_result *out,
			       struct err *err)
{
	struct amqp *a = self;
	struct delivery_reasons reasons = { .first = STATUS_OK };
	bool kept = amqp_link_is_alive(&a->link), never = false;
	/* A connection that was kept and is dead after all costs its broker no turn. */
	size_t turns = a->set->uris.n + (kept ? 1 : 0);
	char id[48];

	snprintf(id, sizeof(id), "%.*s", (int)MIN(m->id.len, 40), (const char *)m->id.ptr);
	a->id = slice_cstr(id);
	for (size_t turn = 0; turn < turns; turn++) {
		bool fresh = !kept;

		if (fresh)
			amqp_link_close(&a->link);
		kept = false;
		if (!fresh || amqp_link_open(&a->link, a->d, a->set, a->set->uris.at[a->at], err) == STATUS_OK) {
			if (publish_all(a, m, &never, err) == STATUS_OK) {
				out->messages = a->messages;
				out->peer = slice_cstr(a->link.peer);
				return DELIVERY_DONE;
			}
			if (never || !a->link.broken || is_too_large(err) || err->code == STATUS_CANCELLED)
				break;
		} else if (err->code == STATUS_CANCELLED) {
			break;
		}
		delivery_reasons_add(&reasons, err);
		(void)delivery_reasons_end(&reasons, err);
		if (fresh)
			a->at = (a->at + 1) % a->set->uris.n;
		if (deliverer_stopped(a->d))
			break;
	}
	out->peer = slice_cstr(a->link.peer);
	if (is_too_large(err))
		never = true;
	/* Messages that were sent and not settled would be settled in the next notification's name. */
	if (a->link.state && (a->link.broken || a->link.published != a->link.settled))
		amqp_link_close(&a->link);
	return never ? DELIVERY_NEVER : DELIVERY_AGAIN;
}

const struct deliverer_class deliverer_amqp = {
	.is_wanted = is_wanted,
	.is_direct = is_direct,
	.open = amqp_open,
	.close = amqp_close,
	.rest = amqp_rest,
	.send = amqp_send,
};
