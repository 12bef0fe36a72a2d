/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h - private to notify/: one libcurl handle with the timeouts, the TLS and the stop of a deliverer. */
#ifndef LIMPID_NOTIFY_TRANSFER_H
#define LIMPID_NOTIFY_TRANSFER_H

#include "notify/deliverer_impl.h"

#include <curl/curl.h>

struct transfer {
	const struct deliverer *d;
	CURL *curl;   /* owned */
	CURLM *multi; /* owned; keeps connections between transfers */
	char message[CURL_ERROR_SIZE];
	uint64_t answered_ns; /* when the answer was complete as far as it counts; 0: not yet */
};

enum status transfer_init(struct transfer *t, const struct deliverer *d, struct err *err) NODISCARD;
void transfer_fini(struct transfer *t);
/*
 * Begin with no options but the common ones: timeouts, the stop, no redirects, TLS by `tls`. Peers are told from the
 * system's authorities and tls->root_ca.
 */
void transfer_reset(struct transfer *t, const struct config_tls *tls);
/* Runs it; only the first seconds of what comes after answered_ns was set are waited for. */
CURLcode transfer_run(struct transfer *t);
/* A peer's or libcurl's words for a message: one line of ASCII without control bytes, cut. */
struct transfer_words {
	char text[240];
};
const char *transfer_words(struct transfer_words *w, struct slice text);
/* What went wrong, for a peer as it is shown; the status tells the kind. */
enum status transfer_explain(const struct transfer *t, CURLcode rc, struct slice peer, struct err *err);

#endif
