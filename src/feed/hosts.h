/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts.h - manners towards origins during a run: how often one is asked, when it wants to be left alone, when it is
 * given up. Private to feed/; any thread may call.
 */
#ifndef LIMPID_FEED_HOSTS_H
#define LIMPID_FEED_HOSTS_H

#include "base/err.h"
#include "base/slice.h"

struct hosts;

/* Of one host at once. */
#define HOSTS_CONNECTIONS 4u
/* Who asks to be left alone for longer is not waited for in this run. */
#define HOSTS_PATIENCE_S 120u
/* Documents in a row that could not be had, after which the host is not asked any more in this run. */
#define HOSTS_FAILURES 3u

/* NULL: no memory. */
struct hosts *hosts_new(void);
void hosts_free(struct hosts *h);

/* "host:port" of an URL. */
struct slice hosts_name(struct slice url);

/* Wait until the URL's host may be asked once more. STATUS_REMOTE says why it is not asked any more in this run. */
enum status hosts_wait(struct hosts *h, struct slice url, struct err *err) NODISCARD;

enum hosts_outcome {
	HOSTS_ANSWERED, /* whatever it said of the document */
	HOSTS_BUSY,	/* it wants to be left alone for a while */
	HOSTS_FAILED,	/* after all tries */
};
/* What came of asking. wait_s: of HOSTS_BUSY. */
void hosts_told(struct hosts *h, struct slice url, enum hosts_outcome outcome, unsigned wait_s);

#endif
