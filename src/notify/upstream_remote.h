/* SPDX-License-Identifier: Apache-2.0 */
/* upstream_remote.h - a matcher and an indexer in other processes, asked by HTTP as Clair's notifier does. */
#ifndef LIMPID_NOTIFY_UPSTREAM_REMOTE_H
#define LIMPID_NOTIFY_UPSTREAM_REMOTE_H

#include "notify/upstream.h"

struct notify_remote;

struct notify_remote_options {
	struct slice indexer, matcher; /* notifier.indexer_addr, .matcher_addr; copied */
	struct slice key;	       /* auth.psk's, to sign tokens with; empty: none are sent. Copied */
	const char *ca_file;	       /* NULL: the system's; copied */
	const struct limits *limits;   /* borrowed; NULL: the defaults */
	const _Atomic bool *stop;      /* the caller gave up: STATUS_CANCELLED. May be NULL */
};

enum status notify_remote_new(const struct notify_remote_options *options, struct notify_remote **out,
			      struct err *err) NODISCARD;
void notify_remote_free(struct notify_remote *r); /* NULL is fine */

/*
 * For one thread at a time. A real Clair does as well as a limpid for either; then rows that Clair's documents cannot
 * tell in full are judged by what they tell. A difference is held in memory: STATUS_LIMIT over 256 MiB.
 */
struct notify_upstream notify_upstream_remote(struct notify_remote *r);

/* From the text of an update_diff to changes, for tests: what notify_upstream_remote() makes of an answer. */
enum status notify_diff_parse(struct slice json, enum severity least, const struct limits *limits,
			      const struct notify_changes_sink *sink, struct err *err) NODISCARD;

#endif
