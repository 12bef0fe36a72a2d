/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stomp.c - messages to a STOMP broker: delivered when the broker has sent the receipt of each of them.
 *
 * The entries of one notification go in one transaction, as Clair's do. Brokers are asked in the order of the settings;
 * one that answered is kept until it fails or nothing is to be sent.
 */
#include "notify/stomp_link.h"

#include <stdio.h>
#include <stdlib.h>

struct stomp {
	const struct deliverer *d;
	const struct config_stomp *set;
	struct stomp_link link;
	size_t at; /* of uris */
	struct buf body;
	/* the notification at hand */
	char transaction[64];
	uint64_t messages;
};

static bool is_wanted(const struct config *config)
{
	return config->notifier.stomp.present && config->notifier.stomp.uris.n > 0;
}

static bool is_direct(const struct config *config)
{
	return config->notifier.stomp.direct;
}

static enum status stomp_open(const struct deliverer *d, void **out, struct err *err)
{
	struct stomp *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err, "a deliverer");
	s->d = d;
	s->set = &d->setup.config->notifier.stomp;
	s->body = (struct buf)BUF_INIT(d->setup.config->limpid.limits.message_bytes + 16);
	stomp_link_init(&s->link, d);
	*out = s;
	return STATUS_OK;
}

static void stomp_close(void *self)
{
	struct stomp *s = self;

	stomp_link_fini(&s->link);
	buf_fini(&s->body);
	free(s);
}

static void stomp_rest(void *self)
{
	struct stomp *s = self;

	stomp_link_close(&s->link);
	s->at = 0;
}

static enum status control(struct stomp *s, const char *command, bool receipt, struct err *err)
{
	struct stomp_writer w;

	stomp_link_begin(&s->link, &w, command);
	stomp_add(&w, "transaction", slice_cstr(s->transaction));
	return stomp_link_send(&s->link, &w, receipt, SLICE_EMPTY, err);
}

static enum status publish(void *ctx, struct slice body, struct err *err)
{
	struct stomp *s = ctx;
	struct stomp_writer w;

	stomp_link_begin(&s->link, &w, "SEND");
	stomp_add(&w, "destination", s->set->destination);
	stomp_add(&w, "content-type", SLICE("application/json"));
	stomp_add(&w, "persistent", SLICE("true"));
	if (s->set->direct)
		stomp_add(&w, "transaction", slice_cstr(s->transaction));
	TRY(stomp_link_send(&s->link, &w, true, body, err));
	s->messages++;
	/* What came is taken, so that the broker can go on. */
	return stomp_link_listen(&s->link, err);
}

static enum status publish_all(struct stomp *s, const struct delivery_message *m, bool *out_never, struct err *err)
{
	const struct delivery_batches batches = {
		.rollup = s->set->rollup,
		.max_bytes = s->d->setup.config->limpid.limits.message_bytes,
		.flush = publish,
		.ctx = s,
	};

	s->messages = 0;
	if (!s->set->direct) {
		buf_reset(&s->body);
		TRY(deliverer_callback_body(s->set->callback, m->id, &s->body, err));
		TRY(publish(s, buf_slice(&s->body), err));
		return stomp_link_wait(&s->link, 0, err);
	}
	snprintf(s->transaction, sizeof(s->transaction), "limpid-%.*s", (int)MIN(m->id.len, 40),
		 (const char *)m->id.ptr);
	TRY(control(s, "BEGIN", false, err));
	TRY(deliverer_batches(&batches, m, &s->body, out_never, err));
	TRY(control(s, "COMMIT", true, err));
	return stomp_link_wait(&s->link, 0, err);
}

/* STOMP has no codes: RabbitMQ says "message size 1500023 is larger than ...", ActiveMQ "Frame size ... larger than".
 */
static bool is_too_large(const struct err *err)
{
	return err->code == STATUS_REMOTE && strstr(err->msg, "size") && strstr(err->msg, "larger than");
}

static enum delivery stomp_send(void *self, const struct delivery_message *m, struct delivery_result *out,
				struct err *err)
{
	struct stomp *s = self;
	struct slice vhost = deliverer_own(s->d)->stomp_host;
	struct delivery_reasons reasons = { .first = STATUS_OK };
	bool kept = stomp_link_is_alive(&s->link), never = false;
	/* A connection that was kept and is dead after all costs its broker no turn. */
	size_t turns = s->set->uris.n + (kept ? 1 : 0);

	for (size_t turn = 0; turn < turns; turn++) {
		bool fresh = !kept;

		if (fresh)
			stomp_link_close(&s->link);
		kept = false;
		if (!fresh || stomp_link_open(&s->link, s->set, vhost, s->set->uris.at[s->at], err) == STATUS_OK) {
			if (publish_all(s, m, &never, err) == STATUS_OK) {
				out->messages = s->messages;
				out->peer = slice_cstr(s->link.peer);
				return DELIVERY_DONE;
			}
			/* What we could not say, or what the broker has refused: others would be no better. */
			if (never || !s->link.broken || err->code == STATUS_REMOTE)
				break;
		}
		if (err->code == STATUS_CANCELLED)
			break;
		delivery_reasons_add(&reasons, err);
		(void)delivery_reasons_end(&reasons, err);
		if (fresh)
			s->at = (s->at + 1) % s->set->uris.n;
	}
	out->peer = slice_cstr(s->link.peer);
	never = never || is_too_large(err);
	/* Its end also ends the transaction. */
	s->link.broken = true;
	stomp_link_close(&s->link);
	return never ? DELIVERY_NEVER : DELIVERY_AGAIN;
}

const struct deliverer_class deliverer_stomp = {
	.is_wanted = is_wanted,
	.is_direct = is_direct,
	.open = stomp_open,
	.close = stomp_close,
	.rest = stomp_rest,
	.send = stomp_send,
};
