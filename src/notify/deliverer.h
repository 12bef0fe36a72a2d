/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliverer.h - handing notifications to whoever wants them: one row of deliverers.def for each way.
 *
 * A deliverer is opened from settings and sends one notification at a time. It has no thread and no queue, keeps
 * nothing on disk and never sleeps: when to try again is the caller's. Connections are kept between calls, found out
 * when they are dead, and made anew; of several brokers the next is asked when one fails. One deliverer is used by one
 * thread at a time; several may be open at once.
 *
 * "A notification" is what one update operation means for the indexed manifests: a set of entries under one id. Most
 * peers get a message with a URL to fetch the entries from (callback); direct ones get the entries themselves.
 */
#ifndef LIMPID_NOTIFY_DELIVERER_H
#define LIMPID_NOTIFY_DELIVERER_H

#include "config/config.h"

struct deliverer;

struct deliverer_setup {
	const struct config *config; /* borrowed while the deliverer is open */
	const char *user_agent;	     /* "limpid/1.2"; NULL: "limpid" */
	int64_t (*now)(void *ctx);   /* Unix seconds, for tokens and dates; NULL: the clock */
	void *now_ctx;
	/*
	 * Set by another thread: what waits ends soon with DELIVERY_AGAIN and STATUS_CANCELLED, within a second; a
	 * handshake with an AMQP broker within limpid.notifier.connect_timeout. May be NULL.
	 */
	const _Atomic bool *stop;
	int stop_fd; /* readable when stop was set: what waits ends at once; 0: there is none */
};

/* Rows of deliverers.def that the settings ask for, in the order of the table: the first one counts. NULL past the
 * last. */
const char *deliverer_wanted(const struct config *config, size_t index);
/* What a row is, in words; NULL if there is none of this name. */
const char *deliverer_text(const char *name);

/*
 * By name; NULL: the first that the settings ask for, STATUS_NOTFOUND if they ask for none. Nothing is connected yet:
 * STATUS_INVALID is about settings only.
 */
enum status deliverer_open(const struct deliverer_setup *setup, const char *name, struct deliverer **out,
			   struct err *err) NODISCARD;
/* NULL is fine. */
void deliverer_close(struct deliverer *d);
const char *deliverer_name(const struct deliverer *d);
/* Its peers get the entries themselves, and need no callback: after DELIVERY_DONE nobody will ask for them. */
bool deliverer_is_direct(const struct deliverer *d);
/*
 * Nothing is to be sent for a while: connections are closed in good order. Without it they are kept until the peer
 * ends them. Sending connects again.
 */
void deliverer_rest(struct deliverer *d);

struct delivery_message {
	struct slice id; /* of the notification, a UUID as text */
	/*
	 * The next entry, as JSON text of one notification object (html-escaped, as the API's), or an empty slice after
	 * the last; valid until the next call. Asked only by deliverers that read entries. A failure of it ends the
	 * delivery with DELIVERY_AGAIN.
	 */
	enum status (*next)(void *ctx, struct slice *out, struct err *err);
	/* Begin with the first entry again; always called before the first next(). The order is the same each time. */
	enum status (*rewind)(void *ctx, struct err *err);
	void *ctx;
};

enum delivery {
	DELIVERY_DONE,	/* the peer has said that it has it all */
	DELIVERY_AGAIN, /* not delivered, or that is not known: the same message may be sent again */
	DELIVERY_NEVER, /* the peer refuses this message, and would again */
};

struct delivery_result {
	int64_t retry_after_s; /* the peer asked not to be asked before; 0: it did not say */
	uint64_t messages;     /* that the peer got for it: more than one if entries are sent in several */
	struct slice
		peer; /* which one, for the log: "https://hook.example/clair"; without secrets. Until the next call */
};

/*
 * Send one notification, and wait until the peer has said that it has it. Takes no longer than limpid.notifier.timeout
 * for each answer and limpid.notifier.connect_timeout for each connection. *err says why, if the result is not
 * DELIVERY_DONE; its status tells the kind: STATUS_AUTH, STATUS_REMOTE (the peer's words), STATUS_IO, STATUS_TIMEOUT,
 * STATUS_INVALID, STATUS_LIMIT, STATUS_CANCELLED or what next() said. *out is filled in any case.
 */
enum delivery deliverer_send(struct deliverer *d, const struct delivery_message *m, struct delivery_result *out,
			     struct err *err) NODISCARD;

#endif
