/* SPDX-License-Identifier: Apache-2.0 */
/* notify_impl.h - what the files of the notifier share. Private to notify/. */
#ifndef LIMPID_NOTIFY_NOTIFY_IMPL_H
#define LIMPID_NOTIFY_NOTIFY_IMPL_H

#include "notify/notify.h"

#include <pthread.h>
#include <stdatomic.h>

#define NOTIFY_TAKE_MS 10000u

enum notify_thread { NOTIFY_MAKER, NOTIFY_SENDER, NOTIFY_NOTER, NOTIFY_KEEPER, NOTIFY_THREADS };

/* What a thread is at: the keeper holds it for him. */
struct notify_held {
	bool active;
	bool lost; /* it is another one's, or was deleted */
	struct store_notification n; /* of the maker and the sender */
	struct store_notice notice;  /* of the noter */
	_Atomic bool *stop;	     /* set when it is lost; may be NULL */
	int stop_fd;		     /* and this one; 0: there is none */
};

/* The peer of a way to deliver that cannot be reached is left alone for a while: of the thread that sends to it. */
struct notify_peer {
	int64_t paused_until_s;
	unsigned failures; /* one after the other */
};

struct notifier {
	struct notifier_options options;
	char *where, *where_sources; /* owned */
	atomic_bool stopping, making_stop;
	atomic_bool store_well, upstream_well;
	struct store *locks; /* owned; of the keeper: where the number is held */
	atomic_uint node;    /* the number that the keeper holds for it; 0: none at the moment */
	pthread_t threads[NOTIFY_THREADS];
	bool started[NOTIFY_THREADS];
	int wake[NOTIFY_THREADS];   /* eventfds, owned */
	pthread_mutex_t mutex;	    /* of what follows */
	struct notify_held held[NOTIFY_KEEPER]; /* of the maker, of the sender, of the noter */
	/* Of the sender alone: */
	bool unmarked; /* this one was delivered, and the store could not be told so far */
	struct store_notification delivered;
	struct notify_peer peer;
	struct notify_peer notices_peer; /* of the noter alone */
};

void notify_tell(struct notifier *n, const struct notify_event *e);
int64_t notify_now(const struct notifier *n);
void notify_wake(struct notifier *n, enum notify_thread which);
/* From now on, or no longer, the keeper holds it; its stop is set if it is lost. */
void notify_hold(struct notifier *n, enum notify_thread who, const struct notify_held *what);
/* True if it was lost meanwhile. */
bool notify_let_go(struct notifier *n, enum notify_thread who);
/* The pause after this many attempts, in seconds: doubled each time, up to retry_ns, half of it by chance. */
int64_t notify_pause_s(const struct notifier *n, unsigned attempts);

/* The peer was not reached, or it was: then others are tried, too. True while it is left alone. */
void notify_peer_ended(struct notifier *n, struct notify_peer *p, enum status why);
bool notify_peer_rests(const struct notifier *n, const struct notify_peer *p, int64_t *out_until_s);
void notify_set_stop(_Atomic bool *stop, int stop_fd, bool on);

/* A number for this node, and what nodes that have died were at is due again. Of the keeper, and before it runs. */
void notify_mind_nodes(struct notifier *n);

void *notify_run_maker(void *notifier);
void *notify_run_sender(void *notifier);
void *notify_run_noter(void *notifier);
void *notify_run_keeper(void *notifier);

#endif
