/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - who indexed an image hears of it when an update touches its packages (docs/internals/notify.md).
 *
 * A notifier looks for update operations that are new, makes a notification of each, and delivers it. What it does lies
 * in the store: any number of notifiers share it, each may die at any moment. Four threads do the work; a test does
 * without them and calls the steps.
 */
#ifndef LIMPID_NOTIFY_NOTIFY_H
#define LIMPID_NOTIFY_NOTIFY_H

#include "notify/deliverer.h"
#include "notify/make.h"

struct notifier;

/* What happened, for logs and counters. */
enum notify_event_kind {
	NOTIFY_SEEN,	  /* an update operation; text: "first" if nobody is told of it */
	NOTIFY_MADE,	  /* n: entries */
	NOTIFY_DELIVERED, /* n: messages */
	NOTIFY_AGAIN,	  /* not delivered, or not made; text: why; next_s: when it is tried again */
	NOTIFY_DEAD,	  /* given up; text: why */
	NOTIFY_COLLECTED, /* n: old notifications that were dropped */
	NOTIFY_UNREAD,	  /* n: notices that were dropped though nobody has dealt with them */
	NOTIFY_TROUBLE,	  /* the store or the matcher cannot be asked; text: why */
};
struct notify_event {
	enum notify_event_kind kind;
	const struct store_notification *notification; /* NULL: of none */
	const char *notice;			       /* its id; NULL: it is about none */
	uint64_t n;
	int64_t next_s;
	struct slice peer; /* whom it was for; "" if that is not known */
	struct slice text;
	uint64_t took_ns;
};

/* How notifications leave: deliverer_send() and the like. */
struct notify_delivery {
	enum delivery (*send)(void *ctx, const struct delivery_message *m, struct delivery_result *out,
			      struct err *err);
	void (*rest)(void *ctx); /* nothing is sent for a while; may be NULL */
	bool contained;		 /* entries are sent themselves: nobody will ask for them */
	void *ctx;
	/* Set to end a send() that is under way; may be NULL. stop_fd, an eventfd, is readable then; 0: there is none.
	 */
	_Atomic bool *stop;
	int stop_fd;
};

/* Clair v2's notifications: one for each vulnerability, made beside the notification of an operation. */
struct notify_notices {
	/*
	 * Put those of a notification that is being made into the store; what is there already stays as it is. It is
	 * held meanwhile. NULL: there are none, and what follows is not asked.
	 */
	enum status (*make)(void *ctx, struct store *s, const struct store_notification *n, const _Atomic bool *stop,
			    struct err *err);
	void *ctx;
	struct notify_delivery delivery; /* gets their ids alone */
	int64_t again_s;		 /* one that was taken and is not dealt with is sent again after this time */
	unsigned attempts;		 /* after so many that failed it rests as long; 0: pauses double */
};

struct notifier_options {
	struct store_pool *store; /* of notifications; borrowed */
	const char *where; /* the same as store_open_url() takes it: handles that wait are opened there; copied */
	const char *where_sources; /* of update operations; NULL: it cannot be waited for. Copied */
	struct notify_upstream upstream;
	struct notify_delivery delivery; /* send NULL: operations are looked at for the sake of notices alone */
	struct notify_notices notices;
	bool summary;	      /* one entry for a manifest */
	enum severity least;  /* changes below it are told to nobody */
	bool first;	      /* tell of the first operation of a source, too */
	int64_t poll_ns;      /* the longest time between two looks for operations */
	int64_t delivery_ns;  /* and for notifications to deliver */
	int64_t retry_ns;     /* the longest pause between two attempts */
	unsigned attempts;    /* to deliver one; 0: until it is too old */
	int64_t max_age_s;    /* a notification that is older is given up */
	int64_t retention_s;  /* delivered ones, those given up, and notices are kept this long */
	unsigned lease_s;     /* work of a node that is silent for so long is taken over; 0: 30 */
	int64_t (*now)(void); /* Unix seconds; NULL: date_now() */
	void (*event)(void *ctx, const struct notify_event *e); /* from any of its threads; may be NULL */
	void *event_ctx;
};

enum status notifier_new(const struct notifier_options *options, struct notifier **out, struct err *err) NODISCARD;
/* Threads begin. */
enum status notifier_start(struct notifier *n, struct err *err) NODISCARD;
/* What is under way is ended, and taken up by the next who comes. */
void notifier_stop(struct notifier *n);
/* Stops it first. NULL is fine. */
void notifier_free(struct notifier *n);
/* A look now: what a test or a signal asks for. */
void notifier_wake(struct notifier *n);
/* Did the last look for operations, and the last at the store, succeed? */
bool notifier_is_well(const struct notifier *n);

/* ---- the steps, for tests and for who has threads of his own ---- */

/* Update operations that are new become notifications to be made. */
enum status notifier_look(struct notifier *n, struct err *err) NODISCARD;
/* Make one that is due. STATUS_NOTFOUND: none is; *out_next_s: when one will be, or DATE_NONE. */
enum status notifier_make_one(struct notifier *n, int64_t *out_next_s, struct err *err) NODISCARD;
/* One attempt to deliver one that is due. As notifier_make_one(). */
enum status notifier_deliver_one(struct notifier *n, int64_t *out_next_s, struct err *err) NODISCARD;
/* One attempt to send a notice that is due. As notifier_make_one(). */
enum status notifier_notice_one(struct notifier *n, int64_t *out_next_s, struct err *err) NODISCARD;
enum status notifier_collect(struct notifier *n, struct err *err) NODISCARD;

#endif
