/* SPDX-License-Identifier: Apache-2.0 */
/* webhook_impl.h - private to notify/: a POST to a URL, of which there are two: Clair v4's and Clair v2's. */
#ifndef LIMPID_NOTIFY_WEBHOOK_IMPL_H
#define LIMPID_NOTIFY_WEBHOOK_IMPL_H

#include "notify/deliverer_impl.h"

/* What one is like; all of it is borrowed while it is open. */
struct webhook_kind {
	struct slice target; /* URL */
	const struct config_tls *tls;
	struct config_pairs headers; /* of the settings, for the target's own origin */
	bool sign;		     /* with auth.psk, if there is one */
	struct slice name;	     /* in the target's certificate; "": the URL's host */
	bool own_proxy;		     /* the one that follows, "" for none; false: that of the environment */
	struct slice proxy;
	struct slice callback;
	/* The body of the request. */
	enum status (*body)(const struct webhook_kind *kind, struct slice id, struct buf *out, struct err *err);
};

/* STATUS_INVALID: headers or a name that cannot be sent. *out is what the class' other functions get. */
enum status webhook_open_kind(const struct deliverer *d, const struct webhook_kind *kind, void **out,
			      struct err *err) NODISCARD;
void webhook_close(void *self);
void webhook_rest(void *self);
enum delivery webhook_send(void *self, const struct delivery_message *m, struct delivery_result *out, struct err *err);

#endif
