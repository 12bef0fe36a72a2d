/* SPDX-License-Identifier: Apache-2.0 */
/* feeds.c - the table of feeds. */
#include "feed/feed.h"

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
