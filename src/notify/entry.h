/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - a notification's entries as Clair's clients see them. */
#ifndef LIMPID_NOTIFY_ENTRY_H
#define LIMPID_NOTIFY_ENTRY_H

#include "store/store.h"
#include "text/json_writer.h"

struct notify_uuid {
	char text[37];
};
const char *notify_uuid_print(struct notify_uuid *out, const uint8_t id[STORE_ENTRY_ID]);

/*
 * The id of an entry: a UUID (version 8) that follows from the notification, the manifest and the change (0: there is
 * one entry for a manifest, whatever changed), so that whoever makes an entry again makes the same one.
 */
enum status notify_entry_id(const char *notification, const struct digest *manifest, uint64_t change,
			    uint8_t out[STORE_ENTRY_ID], struct err *err) NODISCARD;

/* {"id":...,"manifest":...,"reason":...,"vulnerability":{...}} */
void notify_put_entry(struct json_writer *w, const struct store_entry_row *row);

#endif
