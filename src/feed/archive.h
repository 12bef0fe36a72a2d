/* SPDX-License-Identifier: Apache-2.0 */
/* archive.h - documents in a tar, packed or not: one of them is in memory at a time. Private to feed/. */
#ifndef LIMPID_FEED_ARCHIVE_H
#define LIMPID_FEED_ARCHIVE_H

#include "feed/feed.h"

struct archive_reader {
	const struct limits *limits;
	const struct diag_sink *diags;
	const char *what; /* for errors: "VEX: it is neither a CSAF document nor an archive of them" */
	bool (*wants)(struct slice path);
	/* bytes are the callee's until it returns. A failure ends the walk: what costs one document only is told. */
	enum status (*document)(void *ctx, struct slice path, struct slice bytes, struct err *err);
	/* May be NULL: what of the packed bytes is not needed any more, as feed_document.passed has it. */
	void (*passed)(void *ctx, uint64_t begin, uint64_t offset);
	void *ctx, *passed_ctx;
};

/*
 * Every document that is wanted, in the order of the archive. One above limits.record_bytes is told and left out.
 * STATUS_MALFORMED if bytes are no archive; errors in what was unpacked have no offset.
 */
enum status archive_each(const struct archive_reader *r, struct slice bytes, struct err *err) NODISCARD;

#endif
