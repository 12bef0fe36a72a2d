/* SPDX-License-Identifier: Apache-2.0 */
/* mail.h - private to notify/: a notification as a mail (RFC 5322, MIME), plain text. */
#ifndef LIMPID_NOTIFY_MAIL_H
#define LIMPID_NOTIFY_MAIL_H

#include "base/buf.h"
#include "notify/deliverer.h"

/* user@domain without blanks, control bytes and brackets: it can stand in a header and in a command. */
bool mail_is_address(struct slice s);

/*
 * The whole mail with CRLF lines. date is Unix seconds. Its Message-ID comes from the notification's id, so one that is
 * sent twice is told by mail programs. At most set->rollup entries are listed; *out_entries counts all. Entries that
 * are no notification are listed as such.
 */
enum status mail_make(const struct config_smtp *set, const struct limits *limits, const struct delivery_message *m,
		      int64_t date, struct buf *out, uint64_t *out_entries, struct err *err) NODISCARD;

#endif
