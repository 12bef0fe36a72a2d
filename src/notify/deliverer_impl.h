/* SPDX-License-Identifier: Apache-2.0 */
/* deliverer_impl.h - private to notify/: what a way to deliver must have, and what they share. */
#ifndef LIMPID_NOTIFY_DELIVERER_IMPL_H
#define LIMPID_NOTIFY_DELIVERER_IMPL_H

#include "base/buf.h"
#include "notify/deliverer.h"

struct deliverer_class {
	bool is_aside; /* it delivers something else than the others: opened by name only */
	bool (*is_wanted)(const struct config *config);
	bool (*is_direct)(const struct config *config);
	/* *out is what the others get as self. */
	enum status (*open)(const struct deliverer *d, void **out, struct err *err);
	void (*close)(void *self);
	void (*rest)(void *self); /* may be NULL */
	enum delivery (*send)(void *self, const struct delivery_message *m, struct delivery_result *out,
			      struct err *err);
};

struct deliverer {
	const struct deliverer_class *class;
	const char *name;
	struct deliverer_setup setup;
	void *self; /* owned */
};

#define DELIVERER(id, what) extern const struct deliverer_class deliverer_##id;
#include "notify/deliverers.def"
#undef DELIVERER

static inline const struct config_delivery *deliverer_own(const struct deliverer *d)
{
	return &d->setup.config->limpid.notifier;
}
bool deliverer_stopped(const struct deliverer *d);
int64_t deliverer_now(const struct deliverer *d); /* Unix seconds */
/* STATUS_CANCELLED. */
enum status deliverer_cancelled(struct err *err);
enum status deliverer_rewind(const struct delivery_message *m, struct err *err) NODISCARD;
/* {"callback":"...","notification_id":"..."}: `callback` ends in a slash, and may be empty. */
enum status deliverer_callback_body(struct slice callback, struct slice id, struct buf *out, struct err *err) NODISCARD;

/*
 * Entries as JSON arrays, each with a line's end after it, of at most `rollup` (0: 1) entries and max_bytes; each goes
 * to flush(). An entry larger than that is STATUS_LIMIT and *out_never.
 */
struct delivery_batches {
	int64_t rollup;
	uint64_t max_bytes;
	enum status (*flush)(void *ctx, struct slice body, struct err *err);
	void *ctx;
};
enum status deliverer_batches(const struct delivery_batches *b, const struct delivery_message *m, struct buf *body,
			      bool *out_never, struct err *err) NODISCARD;

/* Why each of several brokers failed, in one text. */
struct delivery_reasons {
	char text[400];
	enum status first; /* STATUS_OK: none yet */
	int code;
};
void delivery_reasons_add(struct delivery_reasons *r, const struct err *err);
enum status delivery_reasons_end(const struct delivery_reasons *r, struct err *err);

/*
 * Waits until fd is ready for events (POLLIN, POLLOUT), in steps, so that a stop is noticed. until_ns is
 * date_monotonic_ns()'s. STATUS_TIMEOUT and STATUS_CANCELLED have a message without the object: "no answer in time".
 */
enum status deliverer_wait(const struct deliverer *d, int fd, short events, uint64_t until_ns,
			   struct err *err) NODISCARD;
uint64_t deliverer_until(int64_t duration_ns); /* from now */

#endif
