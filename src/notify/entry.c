/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - ids and JSON of entries. */
#include "notify/entry.h"

#include "notify/change.h"

#include <stdio.h>

const char *notify_uuid_print(struct notify_uuid *out, const uint8_t id[STORE_ENTRY_ID])
{
	snprintf(out->text, sizeof(out->text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11], id[12], id[13],
		 id[14], id[15]);
	return out->text;
}

enum status notify_entry_id(const char *notification, const struct digest *manifest, uint64_t change,
			    uint8_t out[STORE_ENTRY_ID], struct err *err)
{
	struct digest_text text;
	struct digest hash;
	char parts[320];
	int n = snprintf(parts, sizeof(parts), "limpid entry %s %s %llu", notification, digest_print(&text, manifest),
			 (unsigned long long)change);

	TRY(digest_of(DIGEST_SHA256, slice_make(parts, MIN((size_t)n, sizeof(parts) - 1)), &hash, err));
	memcpy(out, hash.bytes, STORE_ENTRY_ID);
	out[6] = (uint8_t)(0x80 | (out[6] & 0x0f));
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
	return STATUS_OK;
}

void notify_put_entry(struct json_writer *w, const struct store_entry_row *row)
{
	struct digest_text manifest;
	struct notify_uuid id;

	json_object(w);
	json_member_cstr(w, "id", notify_uuid_print(&id, row->entry.id));
	json_member_cstr(w, "manifest", digest_print(&manifest, &row->entry.manifest));
	json_member_cstr(w, "reason", notify_reason_name(row->change.reason));
	json_key(w, "vulnerability");
	json_raw(w, row->change.summary);
	json_close(w);
}
