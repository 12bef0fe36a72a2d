/* SPDX-License-Identifier: Apache-2.0 */
/* json_split.c - fuzz target: the splitter and the whole parser agree on what is JSON. */
#include "text/json.h"

#include <stdlib.h>

struct seen {
	struct slice text;
	uint64_t at;
	size_t members, bad;
};

static enum status on_member(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err)
{
	struct seen *s = ctx;

	(void)err, (void)key;
	/* Members come in order, inside the text. */
	if (!value || offset < s->at || offset >= s->text.len)
		abort();
	s->at = offset + 1;
	s->members++;
	return STATUS_OK;
}

static void on_bad(void *ctx, struct slice key, const struct err *err)
{
	struct seen *s = ctx;

	(void)key;
	if (err->offset > s->text.len)
		abort();
	s->bad++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .text = slice_make(data, size) };
	const struct json_split sink = { .visit = on_member, .bad = on_bad, .ctx = &seen };
	struct err err = ERR_INIT, why = ERR_INIT;
	enum status st = json_split(seen.text, &limits_default, &sink, &err);
	struct json_doc doc;

	if (json_parse(seen.text, &limits_default, &doc, &why) == STATUS_OK) {
		bool frame = yyjson_is_obj(doc.root) || yyjson_is_arr(doc.root);

		if (frame && (st != STATUS_OK || seen.bad || seen.members != yyjson_get_len(doc.root)))
			abort();
		if (!frame && st != STATUS_MALFORMED)
			abort();
		json_doc_free(&doc);
	} else if (st == STATUS_OK && seen.bad == 0) {
		abort();
	}
	return 0;
}
