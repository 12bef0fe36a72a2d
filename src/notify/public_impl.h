/* SPDX-License-Identifier: Apache-2.0 */
/* public_impl.h - what the files of liblimpid-notify share. Private to notify/. */
#ifndef LIMPID_NOTIFY_PUBLIC_IMPL_H
#define LIMPID_NOTIFY_PUBLIC_IMPL_H

#include "base/err.h"

struct limpid_notify_error;

/* From a failure of the house to one of the library; error may be NULL. Both give the public status. */
int public_failed(struct limpid_notify_error *error, const struct err *err);
int public_done(struct limpid_notify_error *error, enum status st, const struct err *err);

#endif
