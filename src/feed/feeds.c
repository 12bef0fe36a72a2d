/* SPDX-License-Identifier: Apache-2.0 */
/* feeds.c - the table of feeds, and what their formats share. */
#include "feed/feed.h"

#include "text/json.h"

static const struct feed *const table[] = {
#define FEED(file, name, what) &feed_##file,
#include "feed/feeds.def"
#undef FEED
};

const struct feed *const *feeds(size_t *out_n)
{
	*out_n = ARRAY_LEN(table);
	return table;
}

const struct feed *feed_by_name(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (slice_eq(name, slice_cstr(table[i]->name)))
			return table[i];
	return NULL;
}

enum status feed_json(const struct feed_document *doc, const char *name, const struct limits *limits,
		      struct json_doc *out, struct err *err)
{
	if (doc->bytes.len > limits->record_bytes)
		return err_set(err, STATUS_LIMIT, "%s: the document is larger than %llu bytes", name,
			       (unsigned long long)limits->record_bytes);
	return json_parse(doc->bytes, limits, out, err);
}
