/* SPDX-License-Identifier: Apache-2.0 */
/* notify_impl.h - what the files of the notifier share. Private to notify/. */
#ifndef LIMPID_NOTIFY_NOTIFY_IMPL_H
#define LIMPID_NOTIFY_NOTIFY_IMPL_H

#include "notify/notify.h"

#include <pthread.h>
#include <stdatomic.h>

#define NOTIFY_TAKE_MS 10000u

enum notify_thread { NOTIFY_MAKER, NOTIFY_SENDER, NOTIFY_KEEPER, NOTIFY_THREADS };

/* What a thread is at: the keeper holds it for him. */
struct notify_held {
	bool active;
	bool lost; /* it is another one's, or was deleted */
	struct store_notification n;
	_Atomic bool *stop; /* set when it is lost; may be NULL */
};

struct notifier {
	struct notifier_options options;
	char *where, *where_sources; /* owned */
	atomic_bool stopping, making_stop;
	atomic_bool store_well, upstream_well;
	pthread_t threads[NOTIFY_THREADS];
	bool started[NOTIFY_THREADS];
	int wake[NOTIFY_THREADS];   /* eventfds, owned */
	pthread_mutex_t mutex;	    /* of what follows */
	struct notify_held held[2]; /* of the maker, of the sender */
	/* Of the sender alone: */
	bool unmarked; /* this one was delivered, and the store could not be told so far */
	struct store_notification delivered;
	int64_t paused_until_s; /* the peer cannot be reached */
	unsigned failures;	/* one after the other */
};

void notify_tell(struct notifier *n, const struct notify_event *e);
int64_t notify_now(const struct notifier *n);
void notify_wake(struct notifier *n, enum notify_thread which);
/* From now on, or no longer, the keeper holds it. */
void notify_hold(struct notifier *n, enum notify_thread who, const struct store_notification *what, _Atomic bool *stop);
/* True if it was lost meanwhile. */
bool notify_let_go(struct notifier *n, enum notify_thread who);
/* The pause after this many attempts, in seconds: doubled each time, up to retry_ns, half of it by chance. */
int64_t notify_pause_s(const struct notifier *n, unsigned attempts);

void *notify_run_maker(void *notifier);
void *notify_run_sender(void *notifier);
void *notify_run_keeper(void *notifier);

#endif
