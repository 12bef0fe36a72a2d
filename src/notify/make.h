/* SPDX-License-Identifier: Apache-2.0 */
/* make.h - from an update operation to the entries of its notification. */
#ifndef LIMPID_NOTIFY_MAKE_H
#define LIMPID_NOTIFY_MAKE_H

#include "notify/upstream.h"

struct notify_make_options {
	bool summary;	     /* one entry for a manifest: its most severe change */
	enum severity least; /* changes below it are told to nobody */
	unsigned lease_s;
	const _Atomic bool *stop; /* STATUS_CANCELLED soon after it was set; may be NULL */
};

/*
 * Put changes and entries of a notification that was taken to be made into the store, some at a time: memory grows
 * neither with the manifests nor with the changes. Ending it is the caller's. STATUS_CONFLICT: another one has it.
 */
enum status notify_make(struct store *s, const struct store_notification *n, const struct notify_upstream *upstream,
			const struct notify_make_options *options, struct err *err) NODISCARD;

#endif
