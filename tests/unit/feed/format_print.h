/* SPDX-License-Identifier: Apache-2.0 */
/* format_print.h - what a format makes of a document, as lines of JSON: for golden cases and for looking at feeds. */
#ifndef LIMPID_TESTS_UNIT_FEED_FORMAT_PRINT_H
#define LIMPID_TESTS_UNIT_FEED_FORMAT_PRINT_H

#include "feed/feed.h"

/* NULL if there is none of that name. */
const struct feed_format *format_by_name(struct slice name);
/*
 * One line per advisory ({"id": ...}, empty members left out) and per diagnostic ({"diag": ...}) as they come, then
 * {"status": ...}. True if the parse succeeded.
 */
bool format_print(const struct feed_format *format, struct slice param, struct slice bytes, const struct limits *limits,
		  struct buf *out);

#endif
